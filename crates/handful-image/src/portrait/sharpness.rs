//! How sharp is a picture at the size that a network sees?
//!
//! Measured with the longer side at 128 px, the smallest size that the backbone is used at, so that pictures of different
//! sizes can be compared: what is blurred over a pixel of 12 millions is sharp here. Smaller pictures are not enlarged,
//! they are measured as they are.

use super::luma::Luma;
use crate::pixels::Pixels;
use crate::resize::thumbnail;

/// Longer side at which sharpness is measured, in pixels.
const WORKING_SIDE_PX: usize = 128;

/// Pixels averaged by the second blur, in one direction. As in the paper.
const BLUR_WIDTH_PX: usize = 9;

/// Steps between neighbours of at most so many levels don't count: light that falls off over a wall and JPEG's rounding
/// make them everywhere, and a sharp thing on a plain ground would be called blurred for its ground. A departure from the
/// paper; on photos of `waste` (things on a white board) it lowers the highest hundredth from 0.53 to 0.51.
const STEP_LEVELS: f64 = 2.0;

/// Share of the steps that must count, else there is nothing to be sharp or blurred.
const LEAST_STEPS: f64 = 0.005;

/// Sharpness at a longer side of at most 128 px.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sharpness {
    /// Variance of the Laplacian (four neighbours less four times the pixel) of the brightness in levels. Large when sharp;
    /// grows with the square of the contrast and with the texture.
    pub laplacian: f32,
    /// The blur effect, in 0..=1: how much of the variation between neighbours a strong blur leaves; the larger of both
    /// directions. Small when sharp, near 1 when the picture was blurred already; contrast hardly changes it. 0 for a
    /// picture without edges.
    ///
    /// # Source
    /// F. Crété, T. Dolmiere, P. Ladret, M. Nicolas, "The blur effect", SPIE Human Vision and Electronic Imaging XII
    /// (2007).
    pub blur: f32,
}

impl Sharpness {
    pub(super) fn of(image: &Pixels) -> Sharpness {
        let luma = Luma::of(&thumbnail(image, WORKING_SIDE_PX));
        let (w, h) = (luma.width, luma.height);
        let rows = Lines {
            data: &luma.data,
            n: h,
            length: w,
            line_step: w,
            step: 1,
        };
        let columns = Lines {
            data: &luma.data,
            n: w,
            length: h,
            line_step: 1,
            step: w,
        };
        Sharpness {
            laplacian: laplacian_variance(&luma) as f32,
            blur: rows.blur().max(columns.blur()) as f32,
        }
    }
}

/// 0 for pictures without an inner pixel.
fn laplacian_variance(luma: &Luma) -> f64 {
    let (w, h) = (luma.width, luma.height);
    if w < 3 || h < 3 {
        return 0.0;
    }
    let (mut sum, mut squares) = (0_i64, 0_i64);
    for y in 1..h - 1 {
        for x in 1..w - 1 {
            let at = |x: usize, y: usize| i64::from(luma.data[y * w + x]);
            let around = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1);
            let value = around - 4 * at(x, y);
            sum += value;
            squares += value * value;
        }
    }
    let n = ((w - 2) * (h - 2)) as f64;
    squares as f64 / n - (sum as f64 / n).powi(2)
}

/// The rows or the columns of a picture.
struct Lines<'a> {
    data: &'a [u8],
    n: usize,
    length: usize,
    /// From a line to the next, in pixels of `data`.
    line_step: usize,
    /// From a pixel to the next of its line.
    step: usize,
}

impl Lines<'_> {
    /// The blur effect along the lines.
    ///
    /// With `v` the steps between neighbours and `b` those after averaging, it is 1 - sum(max(0, v - b)) / sum(v).
    fn blur(&self) -> f64 {
        let half = BLUR_WIDTH_PX / 2;
        let (mut variation, mut lost, mut n_counted) = (0.0, 0.0, 0_u32);
        let mut sums = vec![0.0_f64; self.length + 1];
        for line in 0..self.n {
            let at = |i: usize| f64::from(self.data[line * self.line_step + i * self.step]);
            for i in 0..self.length {
                sums[i + 1] = sums[i] + at(i);
            }
            // At the ends the average takes what is there.
            let averaged = |i: usize| {
                let (from, to) = (i.saturating_sub(half), (i + half + 1).min(self.length));
                (sums[to] - sums[from]) / (to - from) as f64
            };
            for i in 1..self.length {
                let step = (at(i) - at(i - 1)).abs();
                if step <= STEP_LEVELS {
                    continue;
                }
                n_counted += 1;
                variation += step;
                lost += (step - (averaged(i) - averaged(i - 1)).abs()).max(0.0);
            }
        }
        let n_steps = self.n * self.length.saturating_sub(1);
        if n_counted == 0 || f64::from(n_counted) < LEAST_STEPS * n_steps as f64 {
            return 0.0;
        }
        1.0 - lost / variation
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resize::resize;

    /// Stripes and a disc, with `contrast` levels between dark and bright.
    fn scene(side: usize, contrast: u8) -> Pixels {
        let mut image = Pixels::filled(side, side, [100; 3]);
        for y in 0..side {
            for x in 0..side {
                let (u, v) = (x * 96 / side, y * 96 / side);
                let inside = u.abs_diff(30).pow(2) + v.abs_diff(40).pow(2) < 400;
                if inside || (u > 60 && v / 8 % 2 == 0) || (v > 70 && u / 6 % 2 == 0) {
                    image.data[(y * side + x) * 3..][..3].fill(100 + contrast);
                }
            }
        }
        image
    }

    /// Made small and large again.
    fn blurred(image: &Pixels, factor: usize) -> Pixels {
        let small = resize(image, image.width / factor, image.height / factor);
        resize(&small, image.width, image.height)
    }

    #[test]
    fn blurring_raises_the_blur_and_lowers_the_laplacian() {
        let [sharp, soft, lost] = [1, 4, 10].map(|f| Sharpness::of(&blurred(&scene(128, 90), f)));
        assert!(
            sharp.blur < 0.3 && sharp.blur < soft.blur && soft.blur < lost.blur,
            "{lost:?}"
        );
        assert!(sharp.laplacian > 2.0 * soft.laplacian && soft.laplacian > 2.0 * lost.laplacian);
    }

    #[test]
    fn low_contrast_is_no_blur() {
        let (strong, weak) = (
            Sharpness::of(&scene(128, 120)),
            Sharpness::of(&scene(128, 12)),
        );
        assert!(
            (strong.blur - weak.blur).abs() < 0.02,
            "{strong:?} {weak:?}"
        );
        assert!(strong.laplacian > 50.0 * weak.laplacian);
    }

    #[test]
    fn the_size_of_the_file_does_not_matter() {
        let [once, twice, often] = [192, 384, 960].map(|side| Sharpness::of(&scene(side, 90)));
        assert!((once.blur - often.blur).abs() < 0.05, "{once:?} {often:?}");
        assert!(
            (twice.laplacian / often.laplacian - 1.0).abs() < 0.35,
            "{twice:?} {often:?}"
        );
    }

    #[test]
    fn nothing_to_see_is_neither_sharp_nor_blurred() {
        for (width, height) in [(1, 1), (2, 900), (300, 300)] {
            let of = Sharpness::of(&Pixels::filled(width, height, [70, 80, 90]));
            assert_eq!((of.laplacian, of.blur), (0.0, 0.0));
        }
    }
}
