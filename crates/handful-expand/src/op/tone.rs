//! Loops that several changes of values share.

use crate::wide::wide;

/// Bits behind the point of a factor.
const FACTOR_BITS: u32 = 14;
/// What is left of a factor in 16.16: far above any range.
const MOST: f32 = 64.0;

/// `value · factor + other · (1 − factor)`, rounded and kept within 0..=255, for every value; `other` by the place of the value.
/// This is the blend of Pillow's enhancers and of torchvision's `adjust_*`.
#[inline(always)]
pub(super) fn blend(values: &mut [u8], other: impl Fn(usize) -> u8, factor: f32) {
    let one = 1 << FACTOR_BITS;
    let factor = (factor.clamp(-MOST, MOST) * one as f32).round() as i32;
    wide(|| {
        for (i, value) in values.iter_mut().enumerate() {
            let sum = i32::from(*value) * factor + i32::from(other(i)) * (one - factor);
            *value = ((sum + one / 2) >> FACTOR_BITS).clamp(0, 255) as u8;
        }
    });
}

/// Every value by the table of its channel.
pub(super) fn look_up(values: &mut [u8], tables: &[[u8; 256]; 3]) {
    for pixel in values.as_chunks_mut::<3>().0 {
        *pixel = std::array::from_fn(|c| tables[c][usize::from(pixel[c])]);
    }
}

/// Brightness of a pixel as people see it: (0.299, 0.587, 0.114), in 16 bits behind the point and rounded, as Pillow's `L`.
#[inline(always)]
pub(super) fn grey([r, g, b]: [u8; 3]) -> u8 {
    let sum = 19_595 * u32::from(r) + 38_470 * u32::from(g) + 7_471 * u32::from(b);
    ((sum + 0x8000) >> 16) as u8
}
