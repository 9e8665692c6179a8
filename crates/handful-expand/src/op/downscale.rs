//! Fewer pixels than there were.

use handful_image::{Pixels, resize};
use rand::rngs::ChaCha8Rng;

use super::{Change, Kind, Op};
use crate::range::Range;

/// Reduces each side by this share, and enlarges again: details are gone.
pub struct Downscale;

impl Op for Downscale {
    fn name(&self) -> &'static str {
        "downscale"
    }

    fn summary(&self) -> &'static str {
        "takes details away"
    }

    fn kind(&self) -> Kind {
        Kind::Quality
    }

    fn range(&self) -> Range {
        Range::up_to(0.9, "of the side")
    }

    fn change(&self, amount: f32, _: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        let left = 1.0 - amount;
        if amount <= 0.0 {
            return Change::Nothing;
        }
        Change::values(move |image: &mut Pixels| {
            let size = [image.width, image.height];
            let [width, height] = size.map(|side| ((side as f32 * left).round() as usize).max(1));
            *image = resize(&resize(image, width, height), size[0], size[1]);
        })
    }
}
