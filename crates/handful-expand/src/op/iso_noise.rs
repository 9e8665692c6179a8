//! Noise of a sensor that is asked for too much.

use handful_image::Pixels;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::noise::normal;
use super::{Change, Kind, Op};
use crate::range::Range;
use crate::wide::wide;

/// Share of the noise that colours it.
const COLOUR: f32 = 0.6;

/// Noise in light and colour: a draw with a standard deviation of so many levels for all channels of a pixel, and one of 0.6 of that for
/// each channel. What a camera's own smoothing of colours leaves is not modelled.
pub struct IsoNoise;

impl Op for IsoNoise {
    fn name(&self) -> &'static str {
        "iso_noise"
    }

    fn summary(&self) -> &'static str {
        "adds noise in light and colour"
    }

    fn kind(&self) -> Kind {
        Kind::Quality
    }

    fn range(&self) -> Range {
        Range::up_to(48.0, "levels")
    }

    fn change(&self, amount: f32, _: [usize; 2], random: &mut ChaCha8Rng) -> Change {
        let keys: [u32; 2] = [random.random(), random.random()];
        if amount <= 0.0 {
            return Change::Nothing;
        }
        Change::values(move |image: &mut Pixels| {
            let pixels = image.data.as_chunks_mut::<3>().0;
            wide(|| {
                for (place, pixel) in pixels.iter_mut().enumerate() {
                    let place = place as u32;
                    let light = amount * normal(place, keys[0]);
                    for (c, value) in pixel.iter_mut().enumerate() {
                        let colour = COLOUR * amount * normal(3 * place + c as u32, keys[1]);
                        let noisy = f32::from(*value) + light + colour;
                        *value = (noisy.clamp(0.0, 255.0) + 0.5) as u8;
                    }
                }
            });
        })
    }
}
