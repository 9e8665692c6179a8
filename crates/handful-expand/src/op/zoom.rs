//! Nearer or further.

use rand::rngs::ChaCha8Rng;

use super::{Change, Kind, Op};
use crate::matrix::Matrix;
use crate::range::Range;
use crate::warp::Warp;

/// Enlarges a picture round its middle for amounts above 1; below, the border shows.
pub struct Zoom;

impl Op for Zoom {
    fn name(&self) -> &'static str {
        "zoom"
    }

    fn summary(&self) -> &'static str {
        "enlarges or shrinks what is shown"
    }

    fn kind(&self) -> Kind {
        Kind::Geometry
    }

    fn range(&self) -> Range {
        Range {
            neutral: 1.0,
            low: 0.5,
            high: 2.0,
            unit: "times",
            is_whole: false,
        }
    }

    fn change(&self, amount: f32, _: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        let back = 1.0 / f64::from(amount);
        Change::Warp(Warp::straight(Matrix::affine(
            [back, 0.0, 0.0],
            [0.0, back, 0.0],
        )))
    }
}
