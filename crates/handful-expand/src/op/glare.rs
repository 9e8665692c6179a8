//! Light that shines into the lens, or is thrown back by something smooth.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::veil::veil;
use super::{Change, Kind, Op};
use crate::range::Range;

/// A white spot somewhere, of which the middle hides this share of the picture, fading as a bell curve.
pub struct Glare;

impl Op for Glare {
    fn name(&self) -> &'static str {
        "glare"
    }

    fn summary(&self) -> &'static str {
        "puts a bright spot over the picture"
    }

    fn kind(&self) -> Kind {
        Kind::Cover
    }

    fn range(&self) -> Range {
        Range::up_to(1.0, "of the light")
    }

    fn change(&self, amount: f32, _: [usize; 2], random: &mut ChaCha8Rng) -> Change {
        let mut place = || random.random_range(-0.9..=0.9f32);
        let (u, v) = (place(), place());
        let radius = random.random_range(0.2..=0.6f32);
        if amount <= 0.0 {
            return Change::Nothing;
        }
        Change::values(move |image| {
            veil(image, [255; 3], |x, y| {
                let squared = (x - u).powi(2) + (y - v).powi(2);
                amount * (-squared / (2.0 * radius * radius)).exp()
            });
        })
    }
}
