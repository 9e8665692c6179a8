//! Turns by quarters, which need no values between pixels.

use rand::rngs::ChaCha8Rng;

use super::{Change, Kind, Op};
use crate::matrix::Matrix;
use crate::range::Range;
use crate::warp::Warp;

/// Turns a picture by so many quarters, clockwise. One that is no square keeps its sides: what lies beyond its edge is border.
pub struct QuarterTurns;

impl Op for QuarterTurns {
    fn name(&self) -> &'static str {
        "quarter_turns"
    }

    fn summary(&self) -> &'static str {
        "turns the picture by quarters"
    }

    fn kind(&self) -> Kind {
        Kind::Geometry
    }

    fn range(&self) -> Range {
        Range {
            is_whole: true,
            ..Range::up_to(3.0, "quarters")
        }
    }

    fn change(&self, amount: f32, _: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        // The way back turns the other way round; whole numbers, so that pixels stay pixels.
        let [cos, sin] = match amount as i64 {
            1 => [0.0, 1.0],
            2 => [-1.0, 0.0],
            3 => [0.0, -1.0],
            _ => return Change::Nothing,
        };
        Change::Warp(Warp::straight(Matrix::affine(
            [cos, sin, 0.0],
            [-sin, cos, 0.0],
        )))
    }
}
