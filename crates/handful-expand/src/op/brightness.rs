//! More or less light.

use rand::rngs::ChaCha8Rng;

use super::tone::blend_with;
use super::{Change, Kind, Op};
use crate::range::Range;

/// Multiplies all values: a blend with black, as `adjust_brightness` of torchvision and Pillow's `ImageEnhance.Brightness`.
pub struct Brightness;

impl Op for Brightness {
    fn name(&self) -> &'static str {
        "brightness"
    }

    fn summary(&self) -> &'static str {
        "makes the picture lighter or darker"
    }

    fn kind(&self) -> Kind {
        Kind::Colour
    }

    fn range(&self) -> Range {
        Range {
            high: 5.0,
            ..Range::factor(0.99)
        }
    }

    fn change(&self, amount: f32, _: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        Change::values(move |image| blend_with(&mut image.data, 0, amount))
    }
}
