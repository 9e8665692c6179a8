//! Light parts as in a negative.

use rand::rngs::ChaCha8Rng;

use super::{Change, Kind, Op};
use crate::range::Range;
use crate::wide::wide;

/// Inverts values from a threshold on, as `solarize` of torchvision and Pillow. The amount is the threshold.
pub struct Solarize;

impl Op for Solarize {
    fn name(&self) -> &'static str {
        "solarize"
    }

    fn summary(&self) -> &'static str {
        "inverts light parts"
    }

    fn kind(&self) -> Kind {
        Kind::Colour
    }

    fn range(&self) -> Range {
        Range {
            neutral: 256.0,
            low: 0.0,
            high: 256.0,
            unit: "levels",
            is_whole: true,
        }
    }

    fn change(&self, amount: f32, _: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        let threshold = amount.ceil();
        if threshold > 255.0 {
            return Change::Nothing;
        }
        let threshold = threshold as u8;
        Change::values(move |image| {
            wide!(|| {
                for value in &mut image.data {
                    let inverts = *value >= threshold;
                    *value = if inverts { !*value } else { *value };
                }
            });
        })
    }
}
