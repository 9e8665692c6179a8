//! More or less colour.

use rand::rngs::ChaCha8Rng;

use super::tone::{Blend, grey};
use super::{Change, Kind, Op};
use crate::range::Range;
use crate::wide::wide;

/// A blend with the same picture in grey, as `adjust_saturation` of torchvision and Pillow's `ImageEnhance.Color`.
pub struct Saturation;

impl Op for Saturation {
    fn name(&self) -> &'static str {
        "saturation"
    }

    fn summary(&self) -> &'static str {
        "makes colours stronger or paler"
    }

    fn kind(&self) -> Kind {
        Kind::Colour
    }

    fn range(&self) -> Range {
        Range {
            high: 5.0,
            ..Range::factor(1.0)
        }
    }

    fn change(&self, amount: f32, _: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        let blend = Blend::new(amount);
        Change::values(move |image| {
            wide(|| {
                for pixel in image.data.as_chunks_mut::<3>().0 {
                    let grey = grey(*pixel);
                    *pixel = pixel.map(|value| blend.of(value, grey));
                }
            });
        })
    }
}
