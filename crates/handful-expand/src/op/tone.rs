//! Loops that several changes of values share.

use std::cell::RefCell;

use crate::wide::wide;

/// A weighted sum of a value and another one, weights adding up to 1: the blend of Pillow's enhancers and of torchvision's `adjust_*`.
///
/// 16-bit lanes, so that a register holds twice as many: the factor has 12 bits behind the point, the sum 4, which is off by less
/// than 0.07 levels before it is rounded.
#[derive(Clone, Copy)]
pub(super) struct Blend(i16);

impl Blend {
    /// Weight `factor` for the value, `1 - factor` for the other one. Factors from 8 on don't fit; no range goes as far.
    pub(super) fn new(factor: f32) -> Blend {
        Blend((factor * 4096.0).round() as i16)
    }

    /// `value · factor + other · (1 − factor)`, rounded and kept within 0..=255.
    #[inline(always)]
    pub(super) fn of(self, value: u8, other: u8) -> u8 {
        let other = i16::from(other);
        let away = (i16::from(value) - other) << 7;
        // One instruction: the upper half of a product, rounded.
        let product = i32::from(away) * i32::from(self.0);
        let away = (((product >> 14) + 1) >> 1) as i16;
        ((other * 16 + away + 8) >> 4).clamp(0, 255) as u8
    }
}

/// Blends all values with one value.
pub(super) fn blend_with(values: &mut [u8], other: u8, factor: f32) {
    let blend = Blend::new(factor);
    wide(|| {
        for value in values {
            *value = blend.of(*value, other);
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

/// Brightness of a pixel as people see it: (0.299, 0.587, 0.114).
///
/// 16-bit lanes: a level below Pillow's `L` where the sum is within 3/256 of being rounded the other way.
#[inline(always)]
pub(super) fn grey([r, g, b]: [u8; 3]) -> u8 {
    let part = |value: u8, weight: u32| (((u32::from(value) << 8) * weight) >> 16) as u16;
    ((part(r, 19_595) + part(g, 38_470) + part(b, 7_471) + 128) >> 8) as u8
}

/// The brightness of every pixel.
pub(super) fn greys(values: &[u8], greys: &mut [u8]) {
    wide(|| {
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
                        off.abs() < 0.57,
                        "{value} {other} by {factor}: {off} beside {exact}"
                    );
                }
                assert_eq!(Blend::new(1.0).of(value, 77), value);
            }
        }
    }

    #[test]
    fn grey_stays_grey_and_others_are_within_a_level() {
        for v in 0..=255u8 {
            assert_eq!(grey([v; 3]), v);
            let pixel = [v, v.wrapping_mul(7), 255 - v];
            let [r, g, b] = pixel.map(f64::from);
            let exact = 0.299 * r + 0.587 * g + 0.114 * b;
            assert!((f64::from(grey(pixel)) - exact).abs() < 0.52);
        }
    }

    #[test]
    fn levels_are_rounded_and_kept() {
        let of = [-3.0, 0.49, 0.51, 254.6, 900.0].map(level);
        assert_eq!(of, [0, 0, 1, 255, 255]);
    }
}
