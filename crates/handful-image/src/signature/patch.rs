//! The picture on which two photos are laid over each other.

use super::plane::{Plane, SIDE};
use crate::pixels::Pixels;
use crate::resize::resize;

/// Side of a [`Patch`], in pixels.
pub const PATCH_SIDE_PX: usize = SIDE;

/// Side of its colours, in pixels: JPEG keeps colours at half the resolution or less.
pub const COLOURS_SIDE_PX: usize = 16;

/// Weights of a Gaussian blur with a standard deviation of 1 pixel, at distances 0 to 3; both sides sum to 1.
const BLUR: [f32; 4] = [0.399_05, 0.242_036, 0.054_006, 0.004_433];

/// A small grey picture, and a smaller coloured one, for comparing two photos in detail.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// Grey levels in 0..=255, `[PATCH_SIDE_PX, PATCH_SIDE_PX]`, slightly blurred so that a pixel's shift is no
    /// difference.
    pub levels: Vec<f32>,
    /// Red, green and blue in 0..=255, `[COLOURS_SIDE_PX, COLOURS_SIDE_PX, 3]`.
    pub colours: Vec<f32>,
    /// The shorter side of the picture itself, in pixels: how much detail there was.
    pub short_side_px: usize,
}

/// The whole picture squashed to a grey square of [`PATCH_SIDE_PX`], blurred by 1 pixel, and to a coloured one of
/// [`COLOURS_SIDE_PX`]. Recipe A9, which has no colours: two shirts of one cut differ in nothing else.
pub fn aligned_patch(image: &Pixels) -> Patch {
    let plane = Plane::of(image);
    let across = blurred(&plane.levels, 1, SIDE);
    Patch {
        levels: blurred(&across, SIDE, 1),
        colours: resize(image, COLOURS_SIDE_PX, COLOURS_SIDE_PX)
            .data
            .into_iter()
            .map(f32::from)
            .collect(),
        short_side_px: image.width.min(image.height),
    }
}

/// Blurs along one axis: neighbours lie `step` apart, lines `line_step`. Edges are repeated.
fn blurred(levels: &[f32], step: usize, line_step: usize) -> Vec<f32> {
    let mut out = vec![0.0; levels.len()];
    for line in 0..SIDE {
        let at = |i: usize| line * line_step + i.min(SIDE - 1) * step;
        for i in 0..SIDE {
            out[at(i)] = BLUR[0] * levels[at(i)]
                + (1..BLUR.len())
                    .map(|d| BLUR[d] * (levels[at(i.saturating_sub(d))] + levels[at(i + d)]))
                    .sum::<f32>();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_colour_keeps_its_level_and_a_point_spreads_evenly() {
        let flat = aligned_patch(&Pixels::filled(20, 10, [100, 100, 100]));
        assert!(flat.levels.iter().all(|v| (v - 100.0).abs() < 1e-2));
        let mut point = Pixels::filled(SIDE, SIDE, [0, 0, 0]);
        point.data[(20 * SIDE + 30) * 3..][..3].fill(255);
        let spread = aligned_patch(&point).levels;
        let at = |x: usize, y: usize| spread[y * SIDE + x];
        assert_eq!(at(29, 20), at(31, 20));
        assert_eq!(at(30, 18), at(32, 20));
        assert!((spread.iter().sum::<f32>() - 255.0).abs() < 0.1);
    }
}
