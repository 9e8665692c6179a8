//! The small grey square that signatures and patches are made of.

use super::{THUMBNAIL_LENGTH, THUMBNAIL_SIDE_PX};
use crate::pixels::Pixels;
use crate::resize::resize;

/// Side of the square, in pixels.
pub(super) const SIDE: usize = 64;

/// Shares of red, green and blue in a grey level (ITU-R BT.601), in 1/1000.
const LUMA: [u32; 3] = [299, 587, 114];

/// Grey levels 0..=255, `[SIDE, SIDE]`: the whole picture squashed, antialiased.
pub(super) struct Plane {
    pub levels: Vec<f32>,
}

impl Plane {
    pub fn of(image: &Pixels) -> Plane {
        let square = resize(image, SIDE, SIDE);
        let grey = |pixel: &[u8; 3]| {
            let sum: u32 = pixel
                .iter()
                .zip(LUMA)
                .map(|(&v, share)| u32::from(v) * share)
                .sum();
            sum as f32 / 1000.0
        };
        Plane {
            levels: square.data.as_chunks::<3>().0.iter().map(grey).collect(),
        }
    }

    pub fn mirrored(&self) -> Plane {
        let rows = self.levels.chunks_exact(SIDE);
        Plane {
            levels: rows.flat_map(|row| row.iter().rev().copied()).collect(),
        }
    }

    /// Standard deviation of the levels.
    pub fn deviation(&self) -> f32 {
        let n = self.levels.len() as f32;
        let mean = self.levels.iter().sum::<f32>() / n;
        let squares: f32 = self.levels.iter().map(|v| (v - mean) * (v - mean)).sum();
        (squares / n).sqrt()
    }

    /// Means of equal rectangles, `[rows, columns]`; a pixel on a border is shared by its parts.
    pub fn means(&self, rows: usize, columns: usize) -> Vec<f32> {
        let mut narrow = vec![0.0; SIDE * columns];
        for (row, out) in self
            .levels
            .chunks_exact(SIDE)
            .zip(narrow.chunks_exact_mut(columns))
        {
            shares(columns, |part, pixel, share| {
                out[part] += row[pixel] * share
            });
        }
        let mut means = vec![0.0; rows * columns];
        shares(rows, |part, pixel, share| {
            for x in 0..columns {
                means[part * columns + x] += narrow[pixel * columns + x] * share;
            }
        });
        means
    }

    /// `[side, side]` means less their mean, of norm 1; zeros where all are equal.
    pub fn thumbnail(&self) -> [f32; THUMBNAIL_LENGTH] {
        let small = self.means(THUMBNAIL_SIDE_PX, THUMBNAIL_SIDE_PX);
        let mut small: [f32; THUMBNAIL_LENGTH] = small.try_into().expect("so many means");
        let mean = small.iter().sum::<f32>() / small.len() as f32;
        small.iter_mut().for_each(|v| *v -= mean);
        let norm = small.iter().map(|v| v * v).sum::<f32>().sqrt();
        // Below a thousandth of a level all that is left is rounding.
        let scale = if norm > 1e-3 { 1.0 / norm } else { 0.0 };
        small.iter_mut().for_each(|v| *v *= scale);
        small
    }
}

/// Calls `add(part, pixel, share)` for every pixel of a line that lies in a part; the shares of a part sum to 1.
fn shares(parts: usize, mut add: impl FnMut(usize, usize, f32)) {
    let length = SIDE as f32 / parts as f32;
    for part in 0..parts {
        let (from, to) = (part as f32 * length, (part + 1) as f32 * length);
        for pixel in from as usize..SIDE.min(to.ceil() as usize) {
            let inside = (to.min((pixel + 1) as f32) - from.max(pixel as f32)).max(0.0);
            add(part, pixel, inside / length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_of_a_ramp_are_the_middles_of_its_parts_also_where_borders_cut_pixels() {
        let plane = Plane {
            levels: (0..SIDE * SIDE).map(|i| (i % SIDE) as f32 + 0.5).collect(),
        };
        let means = plane.means(2, 9);
        for part in 0..9 {
            let middle = (part as f32 + 0.5) * SIDE as f32 / 9.0;
            assert!(
                (means[part] - middle).abs() < 0.1,
                "{} {middle}",
                means[part]
            );
            assert_eq!(means[part], means[9 + part]);
        }
    }
}
