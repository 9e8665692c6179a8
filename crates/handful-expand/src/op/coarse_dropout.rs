//! Small things cover the picture here and there.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::cover::cover;
use super::{Change, Kind, Op};
use crate::range::Range;

/// Squares that cover it.
const SQUARES: usize = 8;

/// Covers so much of the area, or less where squares overlap, with eight squares of the mean colour.
///
/// Source: T. DeVries, G. Taylor, "Improved regularization of convolutional neural networks with cutout" (2017), with several holes.
pub struct CoarseDropout;

impl Op for CoarseDropout {
    fn name(&self) -> &'static str {
        "coarse_dropout"
    }

    fn summary(&self) -> &'static str {
        "covers small squares"
    }

    fn kind(&self) -> Kind {
        Kind::Cover
    }

    fn range(&self) -> Range {
        Range::up_to(0.5, "of the area")
    }

    fn change(&self, amount: f32, [width, height]: [usize; 2], random: &mut ChaCha8Rng) -> Change {
        if amount <= 0.0 {
            return Change::Nothing;
        }
        let area = f64::from(amount) * (width * height) as f64 / SQUARES as f64;
        let side = (area.sqrt().round() as usize).max(1);
        let mut place = |of: usize| {
            let length = side.min(of);
            let start = random.random_range(0..=of - length);
            start..start + length
        };
        let squares: Vec<_> = (0..SQUARES)
            .map(|_| (place(width), place(height)))
            .collect();
        Change::values(move |image| cover(image, &squares))
    }
}
