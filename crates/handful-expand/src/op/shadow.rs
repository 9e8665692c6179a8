//! The shadow of something outside of the picture.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::veil::{shade, smooth_step};
use super::{Change, Kind, Op};
use crate::range::Range;

/// Darkens one side of a line across the picture by this share of its light. The line runs anywhere near the middle, with a soft edge.
pub struct Shadow;

impl Op for Shadow {
    fn name(&self) -> &'static str {
        "shadow"
    }

    fn summary(&self) -> &'static str {
        "casts a shadow over a part of the picture"
    }

    fn kind(&self) -> Kind {
        Kind::Cover
    }

    fn range(&self) -> Range {
        Range::up_to(0.9, "of the light")
    }

    fn change(&self, amount: f32, _: [usize; 2], random: &mut ChaCha8Rng) -> Change {
        let angle = random.random_range(0.0..std::f32::consts::TAU);
        let offset = random.random_range(-0.6..=0.6f32);
        let edge = random.random_range(0.05..=0.6f32);
        if amount <= 0.0 {
            return Change::Nothing;
        }
        let (sin, cos) = angle.sin_cos();
        Change::values(move |image| {
            shade(image, |x, y| {
                amount * smooth_step((cos * x + sin * y - offset) / edge)
            });
        })
    }
}
