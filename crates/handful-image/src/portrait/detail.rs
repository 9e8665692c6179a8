//! Is there detail as fine as the pixels, or was a smaller picture enlarged?
//!
//! Pictures of the world have about as much contrast in every octave of detail, so their power falls with the square of
//! the frequency. Enlarging makes pixels and no detail: above the old limit the spectrum breaks off. So the spectrum of
//! rows and columns is levelled by that square, compared with its own coarse part, and the finest frequency that still
//! holds a small share of it is looked for.
//!
//! Source of the law: D. J. Field, J. Opt. Soc. Am. A 4 (1987), 2379-2394.

use super::luma::Luma;
use std::f64::consts::TAU;

/// Lengths of the pieces of rows and columns, in pixels; the longest that fits is taken.
const PIECE_LENGTHS: [usize; 3] = [64, 32, 16];

/// At most so many pieces in each direction, spread evenly: their mean is settled long before.
const MOST_PIECES: usize = 256;

/// Share of the coarse part's levelled power below which a frequency holds no detail.
///
/// Chosen on the development sets: 99 % of their pictures reach 0.75 and nearly all 1 (0.15 is far below what is left
/// in them), and of 800 photos made smaller, enlarged again and saved at quality 85 the median is 0.55 (at twice the
/// side) and 0.4 (at three times). At 0.08 the noise of JPEG passes for detail, at 0.3 soft pictures are called enlarged.
const LEAST_POWER: f64 = 0.15;

/// Below this mean power of the coarse part, in levels squared, there is nothing to compare with.
const FLAT_POWER: f64 = 0.5;

/// The finest frequency with detail as a share of the finest that the pixels can hold, in 0..=1; 1 for pictures that are
/// smaller than 16 px or flat.
pub(super) fn share(luma: &Luma) -> f32 {
    let shorter = luma.width.min(luma.height);
    let Some(length) = PIECE_LENGTHS.into_iter().find(|length| *length <= shorter) else {
        return 1.0;
    };
    let mut power = vec![0.0; length / 2 + 1];
    let transform = Transform::of(length);
    // Rows, then columns.
    for (n_lines, side, line_step, step) in [
        (luma.height, luma.width, luma.width, 1),
        (luma.width, luma.height, 1, luma.width),
    ] {
        let a_line = side / length;
        let n_pieces = n_lines * a_line;
        let n_taken = n_pieces.min(MOST_PIECES);
        for taken in 0..n_taken {
            let piece = taken * n_pieces / n_taken;
            let start = piece / a_line * line_step + piece % a_line * length * step;
            let values = (0..length).map(|i| f32::from(luma.data[start + i * step]));
            transform.add_power(values, 1.0 / n_taken as f64, &mut power);
        }
    }
    cut_off(&power)
}

/// Where the levelled spectrum breaks off, as a share of its length.
fn cut_off(power: &[f64]) -> f32 {
    let finest = power.len() - 1;
    let levelled = |k: usize| power[k] * (k * k) as f64;
    // The window spreads the mean over frequencies 0 and 1, so the coarse part starts at 2; it ends at a quarter.
    let coarse = 2..=finest / 4;
    let n_coarse = coarse.clone().count() as f64;
    if coarse.clone().map(|k| power[k]).sum::<f64>() / n_coarse < FLAT_POWER {
        return 1.0;
    }
    let reference = coarse.map(levelled).sum::<f64>() / n_coarse;
    // JPEG's blocks of 8 pixels draw lines at the multiples of an eighth of a cycle a pixel.
    let is_of_blocks = |k: usize| k.is_multiple_of(finest / 4);
    let last = (1..finest)
        .rev()
        .find(|k| !is_of_blocks(*k) && levelled(*k) >= LEAST_POWER * reference)
        .unwrap_or(1);
    // Up to the next frequency that could be told.
    ((last + 1) as f64 / finest as f64) as f32
}

/// A windowed Fourier transform of one length; as a matrix, because the lengths are short and few.
struct Transform {
    length: usize,
    /// Hann's window.
    window: Vec<f32>,
    /// Cosines, then sines of all frequencies, for each place: `[length, 2, length / 2 + 1]`. Frequencies stand side by
    /// side, so that they are summed side by side.
    waves: Vec<f32>,
}

impl Transform {
    fn of(length: usize) -> Transform {
        let turn: Vec<f64> = (0..length)
            .map(|i| TAU * i as f64 / length as f64)
            .collect();
        let (cosines, sines): (Vec<f32>, Vec<f32>) = turn
            .iter()
            .map(|t| (t.cos() as f32, t.sin() as f32))
            .unzip();
        let at = |i: usize, table: &[f32]| -> Vec<f32> {
            (0..=length / 2).map(|k| table[i * k % length]).collect()
        };
        let half_step = TAU / 2.0 / length as f64;
        Transform {
            length,
            window: turn
                .iter()
                .map(|t| (0.5 - 0.5 * (t + half_step).cos()) as f32)
                .collect(),
            waves: (0..length)
                .flat_map(|i| [at(i, &cosines), at(i, &sines)].concat())
                .collect(),
        }
    }

    /// Adds `weight` times the power of a piece at each frequency, its mean left out, in levels squared.
    fn add_power(&self, values: impl Iterator<Item = f32> + Clone, weight: f64, power: &mut [f64]) {
        let mean = values.clone().sum::<f32>() / self.length as f32;
        let mut sums = vec![0.0_f32; 2 * power.len()];
        let waves = self.waves.chunks_exact(2 * power.len());
        for ((value, window), waves) in values.zip(&self.window).zip(waves) {
            let windowed = (value - mean) * window;
            for (sum, wave) in sums.iter_mut().zip(waves) {
                *sum += windowed * wave;
            }
        }
        let (cosines, sines) = sums.split_at(power.len());
        for ((power, cosine), sine) in power.iter_mut().zip(cosines).zip(sines) {
            *power += weight * f64::from(cosine * cosine + sine * sine) / self.length as f64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Pixels;
    use crate::resize::resize;
    use crate::{Limits, decode, encode_jpeg};

    /// Discs of all sizes and greys over each other: edges at all scales, as in pictures of the world.
    fn leaves(side: usize) -> Pixels {
        let mut image = Pixels::filled(side, side, [120; 3]);
        let mut state = 5_u64;
        let mut next = |n: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % n
        };
        for i in 0..900 {
            let (cx, cy, grey) = (next(side), next(side), next(256) as u8);
            // Radii that fall with the square root: as many small as large, by area.
            let radius = side / (8 + i / 12) + 1;
            for y in cy.saturating_sub(radius)..(cy + radius).min(side) {
                for x in cx.saturating_sub(radius)..(cx + radius).min(side) {
                    if x.abs_diff(cx).pow(2) + y.abs_diff(cy).pow(2) < radius * radius {
                        image.data[(y * side + x) * 3..][..3].fill(grey);
                    }
                }
            }
        }
        image
    }

    fn detail(image: &Pixels) -> f32 {
        share(&Luma::of(image))
    }

    #[test]
    fn an_enlarged_picture_has_the_detail_of_the_small_one() {
        let large = leaves(256);
        assert!(detail(&large) > 0.9, "{}", detail(&large));
        for factor in [2, 3, 4] {
            let small = resize(&large, 256 / factor, 256 / factor);
            let enlarged = resize(&small, 256, 256);
            let saved = decode(&encode_jpeg(&enlarged, 85), &Limits::default());
            for picture in [&enlarged, &saved.expect("our own file").pixels] {
                let is = detail(picture);
                let should = 1.0 / factor as f32;
                assert!((is - should).abs() < 0.35 * should + 0.1, "{factor}: {is}");
            }
        }
    }

    #[test]
    fn tiny_and_flat_pictures_are_not_judged() {
        assert_eq!(detail(&leaves(15)), 1.0);
        assert_eq!(detail(&Pixels::filled(100, 100, [9, 9, 9])), 1.0);
        assert_eq!(detail(&Pixels::filled(1, 3000, [9, 9, 9])), 1.0);
    }
}
