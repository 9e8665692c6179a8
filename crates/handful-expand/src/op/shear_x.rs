//! A shear along the width.

use rand::rngs::ChaCha8Rng;

use super::{Change, Kind, Op};
use crate::matrix::Matrix;
use crate::range::Range;
use crate::warp::Warp;

/// Shifts lines sideways, the further from the middle the more, in pixels a pixel: the `ShearX` of AutoAugment (E. Cubuk et al., CVPR 2019, appendix), round
/// the middle of the picture.
pub struct ShearX;

impl Op for ShearX {
    fn name(&self) -> &'static str {
        "shear_x"
    }

    fn summary(&self) -> &'static str {
        "slants the picture along its width"
    }

    fn kind(&self) -> Kind {
        Kind::Geometry
    }

    fn range(&self) -> Range {
        Range::both(0.99, "")
    }

    fn change(&self, amount: f32, _: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        let slant = f64::from(amount);
        Change::Warp(Warp::straight(Matrix::affine(
            [1.0, slant, 0.0],
            [0.0, 1.0, 0.0],
        )))
    }
}
