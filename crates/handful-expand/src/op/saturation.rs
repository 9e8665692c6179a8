//! More or less colour.

use rand::rngs::ChaCha8Rng;

use super::tone::{APART, Blend, apart, grey};
use super::{Change, Kind, Op};
use crate::range::Range;

/// A blend with the same picture in grey, as `adjust_saturation` of torchvision and Pillow's `ImageEnhance.Color`.
pub struct Saturation;

impl Op for Saturation {
    fn name(&self) -> &'static str {
        "saturation"
    }

    fn summary(&self) -> &'static str {
        "makes colours stronger or paler"
    }

    fn kind(&self) -> Kind {
        Kind::Colour
    }

    fn range(&self) -> Range {
        Range {
            high: 5.0,
            ..Range::factor(1.0)
        }
    }

    fn change(&self, amount: f32, _: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        let blend = Blend::new(amount);
        Change::values(move |image| {
            apart!(&mut image.data, |_, channels| {
                let [red, green, blue] = channels;
                for i in 0..APART {
                    let grey = grey([red[i], green[i], blue[i]]);
                    red[i] = blend.of(red[i], grey);
                    green[i] = blend.of(green[i], grey);
                    blue[i] = blend.of(blue[i], grey);
                }
            });
        })
    }
}
