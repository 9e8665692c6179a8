//! Loops that several changes of values share.

use std::cell::RefCell;

use crate::wide::wide;

/// A weighted sum of a value and another one, weights adding up to 1: the blend of Pillow's enhancers and of torchvision's `adjust_*`.
///
/// Products of 16 bits, which take half as many instructions as any of more: the factor has 11 bits behind the point, the sum 4, which
/// is off by less than 0.1 levels before it is rounded.
#[derive(Clone, Copy)]
pub(super) struct Blend {
    /// 16 times the factor, without what is behind the point.
    whole: i16,
    /// What is behind the point, in 128ths.
    rest: i16,
}

impl Blend {
    /// Weight `factor` for the value, `1 - factor` for the other one. Factors below 0 and from 8 on don't fit; no range goes as far.
    pub(super) fn new(factor: f32) -> Blend {
        let fixed = (factor * 2048.0).round() as i16;
        Blend {
            whole: fixed >> 7,
            rest: fixed & 127,
        }
    }

    /// `value · factor + other · (1 − factor)`, rounded and kept within 0..=255.
    #[inline(always)]
    pub(super) fn of(self, value: u8, other: u8) -> u8 {
        let other = i16::from(other);
        let away = i16::from(value) - other;
        let away = away * self.whole + ((away * self.rest + 64) >> 7);
        ((other * 16 + away + 8) >> 4).clamp(0, 255) as u8
    }
}

/// Blends all values with one value.
pub(super) fn blend_with(values: &mut [u8], other: u8, factor: f32) {
    let blend = Blend::new(factor);
    wide!(|| {
        for value in values {
            *value = blend.of(*value, other);
        }
    });
}

/// Pixels whose channels lie side by side at a time: they stay in the fastest memory.
pub(super) const APART: usize = 256;

/// Runs on so many pixels at a time, their channels apart from each other: loops that mix channels fill whole registers only then.
///
/// `apart!(values, |first, channels| ...)`: the place of the first pixel, and its channels `[[u8; APART]; 3]`. Behind the last pixel
/// of a picture lies anything. A macro for the reason that `wide!` has.
macro_rules! apart {
    ($values:expr, |$first:pat_param, $channels:pat_param| $change:expr) => {
        $crate::op::tone::change_apart(
            $values,
            #[inline(always)]
            |$first: usize, $channels: &mut [[u8; $crate::op::tone::APART]; 3]| $change,
        )
    };
}

pub(super) use apart;

/// What [`apart!`] calls.
#[inline(always)]
pub(super) fn change_apart(values: &mut [u8], change: impl Fn(usize, &mut [[u8; APART]; 3])) {
    wide!(|| {
        let mut channels = [[0u8; APART]; 3];
        for (block, values) in values.chunks_mut(3 * APART).enumerate() {
            let pixels = values.as_chunks_mut::<3>().0;
            for (i, pixel) in pixels.iter().enumerate().take(APART) {
                channels[0][i] = pixel[0];
                channels[1][i] = pixel[1];
                channels[2][i] = pixel[2];
            }
            change(block * APART, &mut channels);
            for (i, pixel) in pixels.iter_mut().enumerate().take(APART) {
                pixel[0] = channels[0][i];
                pixel[1] = channels[1][i];
                pixel[2] = channels[2][i];
            }
        }
    });
}

/// Every value by the table of its channel.
pub(super) fn look_up(values: &mut [u8], tables: &[[u8; 256]; 3]) {
    for pixel in values.as_chunks_mut::<3>().0 {
        *pixel = std::array::from_fn(|c| tables[c][usize::from(pixel[c])]);
    }
}

/// How often each value of each channel occurs.
pub(super) fn histograms(values: &[u8]) -> [[u32; 256]; 3] {
    // Two counts a channel: neighbours are often equal, and a count that was just written is slow to read.
    let mut counts = [[0u32; 256]; 6];
    let (pairs, last) = values.as_chunks::<6>();
    for pair in pairs {
        for (counts, &value) in counts.iter_mut().zip(pair) {
            counts[usize::from(value)] += 1;
        }
    }
    for (counts, &value) in counts.iter_mut().zip(last) {
        counts[usize::from(value)] += 1;
    }
    std::array::from_fn(|c| std::array::from_fn(|v| counts[c][v] + counts[c + 3][v]))
}

/// Brightness of a pixel as people see it: (0.299, 0.587, 0.114), in 16 bits behind the point and rounded, as Pillow's `L`.
#[inline(always)]
pub(super) fn grey(pixel: [u8; 3]) -> u8 {
    // Upper and lower halves of the weights apart: all products and sums fit 16 bits, of which registers hold twice as many.
    const WEIGHTS: [u16; 3] = [19_595, 38_470, 7_471];
    let [r, g, b] = pixel.map(u16::from);
    let sum = |[of_r, of_g, of_b]: [u16; 3]| r * of_r + g * of_g + b * of_b;
    let upper = sum(WEIGHTS.map(|w| w >> 8));
    let lower = sum(WEIGHTS.map(|w| w & 255));
    ((upper + (lower >> 8) + 128) >> 8) as u8
}

/// The brightness of every pixel.
pub(super) fn greys(values: &[u8], greys: &mut [u8]) {
    wide!(|| {
        for (grey_of, pixel) in greys.iter_mut().zip(values.as_chunks::<3>().0) {
            *grey_of = grey(*pixel);
        }
    });
}

/// The nearest level of a number.
#[inline(always)]
pub(super) fn level(value: f32) -> u8 {
    // Adding 2²³ leaves the rounded number in the lowest bits; `as u8` alone takes several times as long.
    (value.clamp(0.0, 255.0) + 8_388_608.0).to_bits() as u8
}

thread_local! {
    /// One buffer a thread, so that no picture waits for memory.
    static BYTES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Runs with a buffer of so many bytes, whatever they are.
pub(super) fn with_bytes<R>(n: usize, run: impl FnOnce(&mut [u8]) -> R) -> R {
    BYTES.with_borrow_mut(|bytes| {
        if bytes.len() < n {
            bytes.resize(n, 0);
        }
        run(&mut bytes[..n])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blend_is_the_rounded_sum() {
        for factor in [0.0f32, 0.05, 0.5, 1.0, 1.37, 5.0] {
            let blend = Blend::new(factor);
            for value in 0..=255u8 {
                for other in (0..=255u8).step_by(5) {
                    let exact = f32::from(value) * factor + f32::from(other) * (1.0 - factor);
                    let off = f32::from(blend.of(value, other)) - exact.clamp(0.0, 255.0);
                    assert!(
                        off.abs() < 0.6,
                        "{value} {other} by {factor}: {off} beside {exact}"
                    );
                }
                assert_eq!(Blend::new(1.0).of(value, 77), value);
            }
        }
    }

    #[test]
    fn grey_stays_grey_and_others_are_rounded() {
        for v in 0..=255u8 {
            assert_eq!(grey([v; 3]), v);
            let pixel = [v, v.wrapping_mul(7), 255 - v];
            let [r, g, b] = pixel.map(f64::from);
            let exact = 0.299 * r + 0.587 * g + 0.114 * b;
            assert!((f64::from(grey(pixel)) - exact).abs() < 0.501);
        }
    }

    #[test]
    fn levels_are_rounded_and_kept() {
        let of = [-3.0, 0.49, 0.51, 254.6, 900.0].map(level);
        assert_eq!(of, [0, 0, 1, 255, 255]);
    }
}
