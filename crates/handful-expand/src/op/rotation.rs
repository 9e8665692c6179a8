//! A turn by any angle.

use rand::rngs::ChaCha8Rng;

use super::{Change, Kind, Op};
use crate::matrix::Matrix;
use crate::range::Range;
use crate::warp::Warp;

/// Turns a picture round its middle, clockwise for amounts above 0, in degrees.
pub struct Rotation;

impl Op for Rotation {
    fn name(&self) -> &'static str {
        "rotation"
    }

    fn summary(&self) -> &'static str {
        "turns the picture"
    }

    fn kind(&self) -> Kind {
        Kind::Geometry
    }

    fn range(&self) -> Range {
        Range::both(180.0, "degrees")
    }

    fn change(&self, amount: f32, _: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        // The way back turns the other way round; y points down.
        let (sin, cos) = f64::from(amount).to_radians().sin_cos();
        Change::Warp(Warp::straight(Matrix::affine(
            [cos, sin, 0.0],
            [-sin, cos, 0.0],
        )))
    }
}
