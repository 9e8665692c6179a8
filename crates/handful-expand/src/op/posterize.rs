//! Fewer levels.

use rand::rngs::ChaCha8Rng;

use super::{Change, Kind, Op};
use crate::range::Range;
use crate::wide::wide;

/// Keeps the upper bits of each value, as `posterize` of torchvision and Pillow. The amount is how many.
pub struct Posterize;

impl Op for Posterize {
    fn name(&self) -> &'static str {
        "posterize"
    }

    fn summary(&self) -> &'static str {
        "keeps fewer levels of each colour"
    }

    fn kind(&self) -> Kind {
        Kind::Colour
    }

    fn range(&self) -> Range {
        Range {
            neutral: 8.0,
            low: 1.0,
            high: 8.0,
            unit: "bits",
            is_whole: true,
        }
    }

    fn change(&self, amount: f32, _: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        let lost = 8 - amount.round().clamp(0.0, 8.0) as u32;
        let kept = (0xFFu32 << lost) as u8;
        Change::values(move |image| {
            wide!(|| {
                for value in &mut image.data {
                    *value &= kept;
                }
            });
        })
    }
}
