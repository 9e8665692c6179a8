//! What stands around the subject?
//!
//! If the edge alone tells the class, a model may learn the table and not the thing on it. Recipe A10 (c).

use crate::pixels::Pixels;

/// Width of the ring as a share of the shorter side.
const RING_SHARE: f64 = 0.08;

/// Bins of a channel, 32 levels each.
pub(super) const BINS: usize = 8;

/// The ring at the edge of a picture, 8 % of its shorter side wide (at least a pixel).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Border {
    /// Mean of red, green and blue, in levels 0 to 255.
    pub mean: [f32; 3],
    /// Standard deviation of red, green and blue, in levels.
    pub deviation: [f32; 3],
    /// Shares of the levels 0 to 31, 32 to 63 and so on, of red, green and blue; those of a channel sum to 1.
    pub histogram: [[f32; BINS]; 3],
}

impl Border {
    pub(super) fn of(image: &Pixels) -> Border {
        let (w, h) = (image.width, image.height);
        let ring = ((w.min(h) as f64 * RING_SHARE).round() as usize).max(1);
        let (mut sums, mut squares) = ([0_u64; 3], [0_u64; 3]);
        let mut counts = [[0_u64; BINS]; 3];
        let mut n = 0_u64;
        let mut add = |pixels: &[u8]| {
            for pixel in pixels.chunks_exact(3) {
                for (channel, level) in pixel.iter().enumerate() {
                    sums[channel] += u64::from(*level);
                    squares[channel] += u64::from(*level).pow(2);
                    counts[channel][usize::from(level / 32)] += 1;
                }
            }
            n += pixels.len() as u64 / 3;
        };
        for (y, row) in image.data.chunks_exact(w * 3).enumerate() {
            if y < ring || y >= h.saturating_sub(ring) || w <= 2 * ring {
                add(row);
            } else {
                add(&row[..ring * 3]);
                add(&row[(w - ring) * 3..]);
            }
        }
        let n = n as f64;
        let mean = sums.map(|sum| sum as f64 / n);
        let deviation = |channel: usize| {
            let variance = squares[channel] as f64 / n - mean[channel].powi(2);
            variance.max(0.0).sqrt() as f32
        };
        Border {
            mean: mean.map(|value| value as f32),
            deviation: [0, 1, 2].map(deviation),
            histogram: counts.map(|bins| bins.map(|count| (count as f64 / n) as f32)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_does_not_show_in_the_ring() {
        let mut image = Pixels::filled(100, 50, [10, 200, 40]);
        for y in 4..46 {
            image.data[(y * 100 + 4) * 3..(y * 100 + 96) * 3].fill(255);
        }
        let border = Border::of(&image);
        assert_eq!(
            (border.mean, border.deviation),
            ([10.0, 200.0, 40.0], [0.0; 3])
        );
        assert_eq!(
            border.histogram[1],
            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]
        );
        // One step further in it does.
        image.data[(3 * 100 + 50) * 3] = 0;
        assert!(Border::of(&image).deviation[0] > 0.0);
    }

    #[test]
    fn a_picture_that_is_all_edge_is_counted_once() {
        for (width, height) in [(1, 1), (1, 9), (2, 2), (9, 1)] {
            let border = Border::of(&Pixels::filled(width, height, [31, 32, 255]));
            assert_eq!(border.mean, [31.0, 32.0, 255.0]);
            assert_eq!(
                border.histogram.map(|bins| bins.iter().sum::<f32>()),
                [1.0; 3]
            );
        }
    }
}
