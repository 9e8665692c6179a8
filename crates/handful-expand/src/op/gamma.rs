//! Lighter or darker middle tones; black and white stay.

use rand::rngs::ChaCha8Rng;

use super::tone::look_up;
use super::{Change, Kind, Op};
use crate::range::Range;

/// Raises values, as shares of white, to the power of 2 to the amount: `adjust_gamma` of torchvision, with an amount that is the same
/// step up and down. Above 0 the picture gets darker.
pub struct Gamma;

impl Op for Gamma {
    fn name(&self) -> &'static str {
        "gamma"
    }

    fn summary(&self) -> &'static str {
        "makes middle tones darker or lighter; black and white stay"
    }

    fn kind(&self) -> Kind {
        Kind::Colour
    }

    fn range(&self) -> Range {
        Range::both(2.0, "stops")
    }

    fn change(&self, amount: f32, _: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        let power = f64::from(amount).exp2();
        let table = std::array::from_fn(|v| (255.0 * (v as f64 / 255.0).powf(power)).round() as u8);
        Change::values(move |image| look_up(&mut image.data, &[table; 3]))
    }
}
