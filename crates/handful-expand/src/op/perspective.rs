//! Another point of view.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::{Change, Kind, Op};
use crate::matrix::Matrix;
use crate::range::Range;
use crate::warp::Warp;

/// Moves each corner inwards, by up to this share of half a side along each axis: `RandomPerspective` of torchvision with its
/// `distortion_scale`.
pub struct Perspective;

impl Op for Perspective {
    fn name(&self) -> &'static str {
        "perspective"
    }

    fn summary(&self) -> &'static str {
        "shows the picture from another side"
    }

    fn kind(&self) -> Kind {
        Kind::Geometry
    }

    fn range(&self) -> Range {
        // At 1 all corners could meet in the middle.
        Range::up_to(0.8, "of half a side")
    }

    fn change(&self, amount: f32, [width, height]: [usize; 2], random: &mut ChaCha8Rng) -> Change {
        let half = [width as f64 / 2.0, height as f64 / 2.0];
        const CORNERS: [[f64; 2]; 4] = [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]];
        let from = CORNERS.map(|corner| [0, 1].map(|axis| corner[axis] * half[axis]));
        let to = from.map(|corner| {
            corner.map(|at| at * (1.0 - f64::from(amount) * random.random_range(0.0..=1.0)))
        });
        // The way back: where the corners went is where they come from.
        match Matrix::of_points(to, from) {
            Some(back) if amount > 0.0 => Change::Warp(Warp::straight(back)),
            _ => Change::Nothing,
        }
    }
}
