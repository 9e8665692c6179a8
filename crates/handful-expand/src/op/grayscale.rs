//! No colour.

use rand::rngs::ChaCha8Rng;

use super::tone::grey;
use super::{Change, Kind, Op};
use crate::range::Range;
use crate::wide::wide;

/// Brightness in all three channels, as `rgb_to_grayscale` of torchvision and Pillow's `L`.
pub struct Grayscale;

impl Op for Grayscale {
    fn name(&self) -> &'static str {
        "grayscale"
    }

    fn summary(&self) -> &'static str {
        "takes all colour away"
    }

    fn kind(&self) -> Kind {
        Kind::Colour
    }

    fn range(&self) -> Range {
        Range::switch()
    }

    fn change(&self, amount: f32, _: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        if amount == 0.0 {
            return Change::Nothing;
        }
        Change::values(|image| {
            wide(|| {
                for pixel in image.data.as_chunks_mut::<3>().0 {
                    *pixel = [grey(*pixel); 3];
                }
            });
        })
    }
}
