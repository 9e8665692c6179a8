//! Which colours are there, and how much of each?
//!
//! Hue, saturation, value as in A. R. Smith, SIGGRAPH 1978, in integers, so that every platform counts alike.

use crate::pixels::Pixels;

const HUES: usize = 8;
const SATURATIONS: usize = 4;
const VALUES: usize = 4;
pub(super) const LENGTH: usize = HUES * SATURATIONS * VALUES;

/// A sixth of the colour circle, in the units of [`hue`].
const SIXTH: i32 = 256;

/// Any size; only shares count.
pub(super) fn describe(image: &Pixels) -> Vec<f32> {
    let mut counts = [0_u32; LENGTH];
    for pixel in image.data.as_chunks::<3>().0 {
        counts[bin(*pixel)] += 1;
    }
    let n_pixels = (image.data.len() / 3) as f64;
    counts
        .iter()
        .map(|count| (f64::from(*count) / n_pixels).sqrt() as f32)
        .collect()
}

fn bin(pixel: [u8; 3]) -> usize {
    let [red, green, blue] = pixel.map(i32::from);
    let value = red.max(green).max(blue);
    let chroma = value - red.min(green).min(blue);
    let saturation = if value == 0 { 0 } else { chroma * 255 / value };
    let part = |level: i32, parts: usize| level as usize * parts / 256;
    let hue_idx = hue(red, green, blue, value, chroma) as usize * HUES / (6 * SIXTH) as usize;
    (hue_idx * SATURATIONS + part(saturation, SATURATIONS)) * VALUES + part(value, VALUES)
}

/// Place on the colour circle in 0..1536; red is 0. A grey, which has none, is counted as red: its saturation says that
/// it means nothing.
fn hue(red: i32, green: i32, blue: i32, value: i32, chroma: i32) -> i32 {
    if chroma == 0 {
        return 0;
    }
    let turned = if value == red {
        SIXTH * (green - blue) / chroma
    } else if value == green {
        SIXTH * 2 + SIXTH * (blue - red) / chroma
    } else {
        SIXTH * 4 + SIXTH * (red - green) / chroma
    };
    turned.rem_euclid(6 * SIXTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pure_colours_lie_a_sixth_apart_on_the_circle() {
        let at = |r: i32, g: i32, b: i32| {
            let value = r.max(g).max(b);
            hue(r, g, b, value, value - r.min(g).min(b))
        };
        let circle = [
            at(255, 0, 0),
            at(255, 255, 0),
            at(0, 255, 0),
            at(0, 255, 255),
            at(0, 0, 255),
            at(255, 0, 255),
        ];
        assert_eq!(circle, [0, 256, 512, 768, 1024, 1280]);
    }

    #[test]
    fn every_colour_has_a_bin() {
        for red in (0..=255).step_by(5) {
            for green in (0..=255).step_by(5) {
                for blue in (0..=255).step_by(3) {
                    assert!(bin([red, green, blue]) < LENGTH);
                }
            }
        }
    }

    #[test]
    fn the_squares_of_a_histogram_sum_to_one() {
        // Rounding of 128 square roots to f32.
        const TOLERANCE: f32 = 1e-5;
        let data = (0..50 * 40 * 3).map(|i| (i * 7 % 256) as u8).collect();
        let features = describe(&Pixels {
            width: 50,
            height: 40,
            data,
        });
        let sum: f32 = features.iter().map(|v| v * v).sum();
        assert!((sum - 1.0).abs() < TOLERANCE, "{sum}");
    }

    #[test]
    fn a_mirrored_picture_has_the_same_colours() {
        let data: Vec<u8> = (0..20 * 3).map(|i| (i * 11 % 256) as u8).collect();
        let mirrored = data
            .as_chunks::<3>()
            .0
            .iter()
            .rev()
            .flatten()
            .copied()
            .collect();
        let forth = Pixels {
            width: 20,
            height: 1,
            data,
        };
        assert_eq!(
            describe(&forth),
            describe(&Pixels {
                data: mirrored,
                ..forth.clone()
            })
        );
    }
}
