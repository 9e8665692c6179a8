//! A shear along the height.

use rand::rngs::ChaCha8Rng;

use super::{Change, Kind, Op};
use crate::matrix::Matrix;
use crate::range::Range;
use crate::warp::Warp;

/// Shifts columns up or down, the further from the middle the more, in pixels a pixel: the `ShearY` of AutoAugment (E. Cubuk et al., CVPR 2019, appendix), round
/// the middle of the picture.
pub struct ShearY;

impl Op for ShearY {
    fn name(&self) -> &'static str {
        "shear_y"
    }

    fn summary(&self) -> &'static str {
        "slants the picture along its height"
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
            [1.0, 0.0, 0.0],
            [slant, 1.0, 0.0],
        )))
    }
}
