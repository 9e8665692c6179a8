//! Noise of too little light.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::noise::add_noise;
use super::{Change, Kind, Op};
use crate::range::Range;

/// Adds noise as of counted photons: its variance grows with the light, to so many levels squared at white. A Poisson distribution of 20 photons and more, which a bell curve comes near to.
pub struct ShotNoise;

impl Op for ShotNoise {
    fn name(&self) -> &'static str {
        "shot_noise"
    }

    fn summary(&self) -> &'static str {
        "adds the noise of little light"
    }

    fn kind(&self) -> Kind {
        Kind::Quality
    }

    fn range(&self) -> Range {
        Range::up_to(64.0, "levels at white")
    }

    fn change(&self, amount: f32, _: [usize; 2], random: &mut ChaCha8Rng) -> Change {
        let key: u64 = random.random();
        if amount <= 0.0 {
            return Change::Nothing;
        }
        // The square root of a share of 255 levels.
        let per_root = amount / 255f32.sqrt();
        Change::values(move |image| add_noise(&mut image.data, key, 0.0, per_root))
    }
}
