//! A part of the picture, at the size of the whole.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::{Change, Kind, Op};
use crate::range::Range;
use crate::warp::Warp;

/// Furthest ratio of a part's sides, and its inverse.
const RATIO: f64 = 4.0 / 3.0;
/// Draws of sides before the middle is taken.
const TRIES: usize = 10;

/// Cuts away up to this share of the area, anywhere, and stretches what is left: `RandomResizedCrop` of torchvision, whose default, a scale
/// from 0.08, is 0.92 here. Ratios go as far as theirs where a quarter of the area or more may go, and no further than the area
/// allows below, so that nothing cut away is nothing changed.
///
/// Source: C. Szegedy et al., "Going deeper with convolutions" (CVPR 2015), section 6.
pub struct Crop;

impl Op for Crop {
    fn name(&self) -> &'static str {
        "crop"
    }

    fn summary(&self) -> &'static str {
        "shows a part of the picture"
    }

    fn kind(&self) -> Kind {
        Kind::Geometry
    }

    fn range(&self) -> Range {
        Range::up_to(0.92, "of the area")
    }

    fn change(&self, amount: f32, size: [usize; 2], random: &mut ChaCha8Rng) -> Change {
        let amount = f64::from(amount);
        if amount <= 0.0 {
            return Change::Nothing;
        }
        let furthest = RATIO.ln().min(-(1.0 - amount).ln());
        for _ in 0..TRIES {
            let area = random.random_range(1.0 - amount..=1.0);
            let ratio = random.random_range(-furthest..=furthest).exp();
            let sides = [(area * ratio).sqrt(), (area / ratio).sqrt()];
            if sides.iter().all(|side| *side <= 1.0) {
                let middle = sides.map(|side| {
                    let free = (1.0 - side) / 2.0;
                    random.random_range(-free..=free)
                });
                return Change::Warp(Warp::window(middle, sides, size));
            }
        }
        let side = (1.0 - amount / 2.0).sqrt();
        Change::Warp(Warp::window([0.0; 2], [side; 2], size))
    }
}
