//! More or less difference between light and dark.

use rand::rngs::ChaCha8Rng;

use super::tone::{blend_with, greys, with_bytes};
use super::{Change, Kind, Op};
use crate::range::Range;
use crate::wide::wide;

/// A blend with the mean brightness, as `adjust_contrast` of torchvision and Pillow's `ImageEnhance.Contrast`.
pub struct Contrast;

impl Op for Contrast {
    fn name(&self) -> &'static str {
        "contrast"
    }

    fn summary(&self) -> &'static str {
        "spreads light and dark, or brings them together"
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
        Change::values(move |image| {
            let mean = mean_grey(&image.data);
            blend_with(&mut image.data, mean, amount);
        })
    }
}

/// The mean brightness, rounded as Pillow does.
fn mean_grey(values: &[u8]) -> u8 {
    let n = values.len() / 3;
    let sum: u64 = with_bytes(n, |buffer| {
        greys(values, buffer);
        // 2²⁴ bytes at most fit a sum of 32 bits.
        let parts = buffer.chunks(1 << 24);
        parts
            .map(|part| u64::from(wide!(|| part.iter().map(|&v| u32::from(v)).sum::<u32>())))
            .sum()
    });
    let n = n.max(1) as u64;
    ((2 * sum + n) / (2 * n)) as u8
}
