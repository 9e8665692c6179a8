//! A shift down or up.

use rand::rngs::ChaCha8Rng;

use super::{Change, Kind, Op};
use crate::matrix::Matrix;
use crate::range::Range;
use crate::warp::Warp;

/// Shifts a picture down or up, by a share of its height.
pub struct TranslateY;

impl Op for TranslateY {
    fn name(&self) -> &'static str {
        "translate_y"
    }

    fn summary(&self) -> &'static str {
        "shifts the picture down or up"
    }

    fn kind(&self) -> Kind {
        Kind::Geometry
    }

    fn range(&self) -> Range {
        Range::both(0.5, "of the height")
    }

    fn change(&self, amount: f32, size: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        let shift = f64::from(amount) * size[1] as f64;
        Change::Warp(Warp::straight(Matrix::affine(
            [1.0, 0.0, 0.0],
            [0.0, 1.0, -shift],
        )))
    }
}
