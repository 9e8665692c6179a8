//! Left and right change places.

use rand::rngs::ChaCha8Rng;

use super::{Change, Kind, Op};
use crate::matrix::Matrix;
use crate::range::Range;
use crate::warp::Warp;

/// Mirrors a picture at its vertical middle line.
pub struct HorizontalFlip;

impl Op for HorizontalFlip {
    fn name(&self) -> &'static str {
        "horizontal_flip"
    }

    fn summary(&self) -> &'static str {
        "mirrors left and right"
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
                [-1.0, 0.0, 0.0],
                [0.0, 1.0, 0.0],
            ))),
        }
    }
}
