//! Top and bottom change places.

use rand::rngs::ChaCha8Rng;

use super::{Change, Kind, Op};
use crate::matrix::Matrix;
use crate::range::Range;
use crate::warp::Warp;

/// Mirrors a picture at its horizontal middle line.
pub struct VerticalFlip;

impl Op for VerticalFlip {
    fn name(&self) -> &'static str {
        "vertical_flip"
    }

    fn summary(&self) -> &'static str {
        "mirrors top and bottom"
    }

    fn kind(&self) -> Kind {
        Kind::Geometry
    }

    fn range(&self) -> Range {
        Range::switch()
    }

    fn change(&self, amount: f32, _: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        match amount {
            0.0 => Change::Nothing,
            _ => Change::Warp(Warp::straight(Matrix::affine(
                [1.0, 0.0, 0.0],
                [0.0, -1.0, 0.0],
            ))),
        }
    }
}
