//! Sums of neighbours, line by line: what blurs share.

use handful_image::Pixels;

use super::tone::with_bytes;
use crate::border::Border;
use crate::wide::wide;

/// Bits behind the point of a weight.
const WEIGHT_BITS: u32 = 12;

/// Weights in fixed point that add up to one; what rounding leaves goes to the largest.
pub(super) fn fixed(weights: &[f64]) -> Vec<u32> {
    let sum: f64 = weights.iter().sum();
    let one = 1u32 << WEIGHT_BITS;
    let mut fixed: Vec<u32> = weights
        .iter()
        .map(|w| (w / sum * f64::from(one)).round() as u32)
        .collect();
    let largest = (0..fixed.len()).max_by_key(|&i| fixed[i]).unwrap_or(0);
    let rest = i64::from(one) - fixed.iter().map(|w| i64::from(*w)).sum::<i64>();
    fixed[largest] = (i64::from(fixed[largest]) + rest) as u32;
    fixed
}

/// Each pixel becomes a weighted sum of others: `taps` are steps to the right and down, and weights of [`fixed`]. Beyond the edge the
/// picture is mirrored.
pub(super) fn sum_of(image: &mut Pixels, taps: &[([i64; 2], u32)]) {
    let (width, height) = (image.width, image.height);
    let reach = |axis: usize| {
        taps.iter()
            .map(|(step, _)| step[axis].unsigned_abs() as usize)
            .max()
    };
    let (across, down) = (reach(0).unwrap_or(0), reach(1).unwrap_or(0));
    let line = 3 * (width + 2 * across);
    let n = line * (height + 2 * down);
    with_bytes(n, |padded| {
        for (row, out) in padded.chunks_exact_mut(line).enumerate() {
            let y = mirrored(row as i64 - down as i64, height);
            let source = &image.data[3 * y * width..][..3 * width];
            out[3 * across..][..3 * width].copy_from_slice(source);
            for i in 0..across {
                let left = mirrored(i as i64 - across as i64, width);
                let right = mirrored((width + i) as i64, width);
                out[3 * i..][..3].copy_from_slice(&source[3 * left..][..3]);
                out[3 * (across + width + i)..][..3].copy_from_slice(&source[3 * right..][..3]);
            }
        }
        let mut sums = vec![0u32; 3 * width];
        for (y, out) in image.data.chunks_exact_mut(3 * width).enumerate() {
            sums.fill(1 << (WEIGHT_BITS - 1));
            for ([right, below], weight) in taps {
                let row = (y as i64 + down as i64 + below) as usize;
                let start = line * row + 3 * (across as i64 + right) as usize;
                add(&mut sums, &padded[start..][..3 * width], *weight);
            }
            wide!(|| {
                for (out, sum) in out.iter_mut().zip(&sums) {
                    *out = (sum >> WEIGHT_BITS) as u8;
                }
            });
        }
    });
}

fn add(sums: &mut [u32], values: &[u8], weight: u32) {
    wide!(|| {
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum += u32::from(*value) * weight;
        }
    });
}

fn mirrored(i: i64, n: usize) -> usize {
    Border::Reflect.place(i, n).expect("a mirror has no colour")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_add_up_to_one() {
        for n in 1..40 {
            let weights: Vec<f64> = (0..n).map(|i| 1.0 / (1.0 + i as f64)).collect();
            assert_eq!(fixed(&weights).iter().sum::<u32>(), 1 << WEIGHT_BITS);
        }
    }

    #[test]
    fn a_step_to_the_right_brings_what_lies_there() {
        let mut image = Pixels {
            width: 4,
            height: 1,
            data: (0..12).collect(),
        };
        sum_of(&mut image, &[([1, 0], 1 << WEIGHT_BITS)]);
        assert_eq!(image.data, [3, 4, 5, 6, 7, 8, 9, 10, 11, 6, 7, 8]);
    }
}
