//! Noise of a sensor that is asked for too much.

use handful_image::Pixels;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::noise::{DRAWS, normals};
use super::tone::{APART, apart, level};
use super::{Change, Kind, Op};
use crate::range::Range;

/// Draws are made for the pixels that lie side by side.
const _: () = assert!(DRAWS == APART);

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
        let keys: [u64; 4] = std::array::from_fn(|_| random.random());
        if amount <= 0.0 {
            return Change::Nothing;
        }
        Change::values(move |image: &mut Pixels| {
            apart!(&mut image.data, |first, channels| {
                let (mut light, mut colour) = ([0.0; DRAWS], [0.0; DRAWS]);
                normals(keys[0], first as u32, &mut light);
                for (channel, key) in channels.iter_mut().zip(&keys[1..]) {
                    normals(*key, first as u32, &mut colour);
                    for i in 0..DRAWS {
                        let noise = amount * (light[i] + COLOUR * colour[i]);
                        channel[i] = level(f32::from(channel[i]) + noise);
                    }
                }
            });
        })
    }
}
