//! No colour.

use rand::rngs::ChaCha8Rng;

use super::tone::{APART, apart, grey};
use super::{Change, Kind, Op};
use crate::range::Range;

/// Brightness in all three channels, as `rgb_to_grayscale` of torchvision and Pillow's `L`.
pub struct Grayscale;

impl Op for Grayscale {
    fn name(&self) -> &'static str {
        "grayscale"
    }

    fn summary(&self) -> &'static str {
        "takes all colour away"
    }

    fn kind(&self) -> Kind {
        Kind::Colour
    }

    fn range(&self) -> Range {
        Range::switch()
    }

    fn change(&self, amount: f32, _: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        if amount == 0.0 {
            return Change::Nothing;
        }
        Change::values(|image| {
            apart!(&mut image.data, |_, channels| {
                let [red, green, blue] = channels;
                for i in 0..APART {
                    let grey = grey([red[i], green[i], blue[i]]);
                    (red[i], green[i], blue[i]) = (grey, grey, grey);
                }
            });
        })
    }
}
