//! Something covers a part of the picture.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::cover::cover;
use super::{Change, Kind, Op};
use crate::range::Range;

/// Furthest ratio of the rectangle's sides, and its inverse.
const RATIO: f64 = 3.3;
/// Least part of the largest area.
const LEAST: f64 = 0.1;

/// Covers one rectangle of up to this share of the area with the mean colour.
///
/// Source: Z. Zhong et al., "Random erasing data augmentation" (AAAI 2020), algorithm 1.
pub struct Erasing;

impl Op for Erasing {
    fn name(&self) -> &'static str {
        "erasing"
    }

    fn summary(&self) -> &'static str {
        "covers a rectangle"
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
        let area = f64::from(amount) * random.random_range(LEAST..=1.0);
        let furthest = RATIO.ln();
        let ratio = random.random_range(-furthest..=furthest).exp();
        let sides = [
            (area * ratio).sqrt().min(1.0),
            (area / ratio).sqrt().min(1.0),
        ];
        let mut place = |side: usize, share: f64| {
            let length = ((side as f64 * share).round() as usize).clamp(1, side);
            let start = random.random_range(0..=side - length);
            start..start + length
        };
        let (columns, rows) = (place(width, sides[0]), place(height, sides[1]));
        let rectangle = [(columns, rows)];
        Change::values(move |image| cover(image, &rectangle))
    }
}
