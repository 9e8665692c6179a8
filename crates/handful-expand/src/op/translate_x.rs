//! A shift to the right or left.

use rand::rngs::ChaCha8Rng;

use super::{Change, Kind, Op};
use crate::matrix::Matrix;
use crate::range::Range;
use crate::warp::Warp;

/// Shifts a picture to the right or left, by a share of its width.
pub struct TranslateX;

impl Op for TranslateX {
    fn name(&self) -> &'static str {
        "translate_x"
    }

    fn summary(&self) -> &'static str {
        "shifts the picture to the right or left"
    }

    fn kind(&self) -> Kind {
        Kind::Geometry
    }

    fn range(&self) -> Range {
        Range::both(0.5, "of the width")
    }

    fn change(&self, amount: f32, size: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        let shift = f64::from(amount) * size[0] as f64;
        Change::Warp(Warp::straight(Matrix::affine(
            [1.0, 0.0, -shift],
            [0.0, 1.0, 0.0],
        )))
    }
}
