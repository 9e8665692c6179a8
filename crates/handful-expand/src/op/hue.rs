//! Other colours of the same lightness.

use rand::rngs::ChaCha8Rng;

use super::tone::{APART, apart, level};
use super::{Change, Kind, Op};
use crate::range::Range;

/// Turns the wheel of colours by a share of a turn, as `adjust_hue` of torchvision: what is red becomes green at a third.
pub struct Hue;

impl Op for Hue {
    fn name(&self) -> &'static str {
        "hue"
    }

    fn summary(&self) -> &'static str {
        "turns the wheel of colours"
    }

    fn kind(&self) -> Kind {
        Kind::Colour
    }

    fn range(&self) -> Range {
        Range::both(0.5, "turns")
    }

    fn change(&self, amount: f32, _: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        let shift = 6.0 * amount;
        Change::values(move |image| {
            if shift == 0.0 {
                return;
            }
            apart!(&mut image.data, |_, channels| {
                let [red, green, blue] = channels;
                for i in 0..APART {
                    [red[i], green[i], blue[i]] = turned([red[i], green[i], blue[i]], shift);
                }
            });
        })
    }
}

/// A colour whose hue is shifted by so many sixths of a turn: largest and smallest channel keep their values.
///
/// Source: A. R. Smith, "Color gamut transform pairs", SIGGRAPH 1978, the hexcone model.
#[inline(always)]
fn turned(pixel: [u8; 3], shift: f32) -> [u8; 3] {
    let (r, g, b) = (
        f32::from(pixel[0]),
        f32::from(pixel[1]),
        f32::from(pixel[2]),
    );
    let most = r.max(g).max(b);
    let least = r.min(g).min(b);
    let spread = most - least;
    // All grey: the hue is 0 and has no effect.
    let per_spread = 1.0 / spread.max(1.0);
    let of_red = (g - b) * per_spread;
    let of_green = 2.0 + (b - r) * per_spread;
    let of_blue = 4.0 + (r - g) * per_spread;
    let of_others = if most == g { of_green } else { of_blue };
    let hue = if most == r { of_red } else { of_others } + shift;
    // Within -4..8 so far: brought to 0..6.
    let hue = if hue < 0.0 { hue + 6.0 } else { hue };
    let hue = if hue >= 6.0 { hue - 6.0 } else { hue };
    [
        between(least, spread, (hue - 3.0).abs() - 1.0),
        between(least, spread, 2.0 - (hue - 2.0).abs()),
        between(least, spread, 2.0 - (hue - 4.0).abs()),
    ]
}

#[inline(always)]
fn between(least: f32, spread: f32, share: f32) -> u8 {
    level(least + spread * share.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::turned;

    #[test]
    fn a_third_of_a_turn_passes_the_channels_on() {
        for pixel in [[200, 30, 90], [10, 10, 10], [0, 255, 128], [7, 9, 9]] {
            let [r, g, b] = pixel;
            assert_eq!(turned(pixel, 2.0), [b, r, g]);
            assert_eq!(turned(pixel, -2.0), [g, b, r]);
            assert_eq!(turned(pixel, 0.0), pixel);
        }
    }

    #[test]
    fn half_a_turn_swaps_a_colour_for_the_one_across() {
        assert_eq!(turned([255, 0, 0], 3.0), [0, 255, 255]);
        assert_eq!(turned([255, 0, 0], -3.0), [0, 255, 255]);
        assert_eq!(turned([40, 80, 60], 3.0), [80, 40, 60]);
    }
}
