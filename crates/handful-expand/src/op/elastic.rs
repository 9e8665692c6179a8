//! The picture as if printed on rubber.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::{Change, Kind, Op};
use crate::range::Range;
use crate::warp::{Bend, Warp};

/// Cells of the grid along each side: bends are as wide as a quarter of the picture.
const CELLS: usize = 4;

/// Shifts each node of a coarse grid by up to this share of the side, smoothly in between.
///
/// Source: P. Simard et al., "Best practices for convolutional neural networks" (ICDAR 2003), with a spline in place of smoothed noise.
pub struct Elastic;

impl Op for Elastic {
    fn name(&self) -> &'static str {
        "elastic"
    }

    fn summary(&self) -> &'static str {
        "bends the picture"
    }

    fn kind(&self) -> Kind {
        Kind::Geometry
    }

    fn range(&self) -> Range {
        Range::up_to(0.15, "of the side")
    }

    fn change(&self, amount: f32, [width, height]: [usize; 2], random: &mut ChaCha8Rng) -> Change {
        if amount <= 0.0 {
            return Change::Nothing;
        }
        let sides = [width, height].map(|side| side as f64);
        let mut shift = |side: f64| (side as f32) * amount * random.random_range(-1.0..=1.0f32);
        let shifts = (0..(CELLS + 3).pow(2)).map(|_| sides.map(&mut shift));
        Change::Warp(Warp::bent(Bend {
            cells: CELLS,
            sides,
            shifts: shifts.collect(),
        }))
    }
}
