//! Noise that is the same in light and shadow.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::noise::add_noise;
use super::{Change, Kind, Op};
use crate::range::Range;

/// Adds noise with a standard deviation of so many levels to every value by itself.
pub struct GaussianNoise;

impl Op for GaussianNoise {
    fn name(&self) -> &'static str {
        "gaussian_noise"
    }

    fn summary(&self) -> &'static str {
        "adds noise"
    }

    fn kind(&self) -> Kind {
        Kind::Quality
    }

    fn range(&self) -> Range {
        Range::up_to(64.0, "levels")
    }

    fn change(&self, amount: f32, _: [usize; 2], random: &mut ChaCha8Rng) -> Change {
        let key: u64 = random.random();
        if amount <= 0.0 {
            return Change::Nothing;
        }
        Change::values(move |image| add_noise(&mut image.data, key, amount, 0.0))
    }
}
