//! All levels equally often.

use rand::rngs::ChaCha8Rng;

use super::tone::{histograms, look_up};
use super::{Change, Kind, Op};
use crate::range::Range;

/// Equalizes the histogram of each channel, with the steps of `equalize` of torchvision and Pillow.
pub struct Equalize;

impl Op for Equalize {
    fn name(&self) -> &'static str {
        "equalize"
    }

    fn summary(&self) -> &'static str {
        "makes all levels equally frequent"
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
            let tables = histograms(&image.data).map(|counts| table(&counts));
            look_up(&mut image.data, &tables);
        })
    }
}

/// Each level becomes the share of pixels below it. The lightest level that occurs doesn't count, so that it becomes white.
fn table(counts: &[u32; 256]) -> [u8; 256] {
    let lightest = counts.iter().rev().find(|&&n| n > 0).copied();
    let step = (counts.iter().sum::<u32>() - lightest.unwrap_or(0)) / 255;
    if step == 0 {
        return std::array::from_fn(|v| v as u8);
    }
    let mut below = step / 2;
    counts.map(|n| {
        let level = (below / step).min(255) as u8;
        below += n;
        level
    })
}
