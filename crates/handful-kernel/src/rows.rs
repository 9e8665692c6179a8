//! Rows of numbers, as pixels are: cut into pieces for threads, and summed in parts that are cut by shape alone, so that the bits of sums
//! do not depend on the number of threads.

use std::ops::Range;

use crate::even::pieces;

/// Numbers that are worth a thread.
pub(crate) const PIECE: usize = 1 << 14;
/// Numbers of a part: they stay in the nearest caches.
const PART: usize = 1 << 13;
/// Parts at most, so that what they sum up is less than what they read.
const MOST_PARTS: usize = 512;

/// # Panics
/// If the numbers are not whole rows, or there are none in a row.
pub(crate) fn assert_rows(len: usize, row: usize) {
    assert!(
        row > 0 && len.is_multiple_of(row),
        "{len} numbers are not whole rows of {row}"
    );
}

/// Numbers of whole rows that are a piece of work.
pub(crate) fn piece(row: usize) -> usize {
    (PIECE / row).max(1) * row
}

/// Cuts the pixels of `len` numbers.
///
/// # Panics
/// If pixels are not whole.
pub(crate) fn parts(len: usize, channels: usize) -> Vec<Range<usize>> {
    assert_rows(len, channels);
    let pixels = len / channels;
    let most = (PART / channels).max(pixels.div_ceil(MOST_PARTS)).max(1);
    pieces(pixels, most).collect()
}

/// Sums at a time: adding goes on without waiting for the last sum, in an order that is always the same.
const SUMS: usize = 16;

/// Σ f(a, b) over two rows of one length.
#[inline(always)]
pub(crate) fn sum_of(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut sums = [0.0f32; SUMS];
    let (whole_a, rest_a) = a.as_chunks::<SUMS>();
    let (whole_b, rest_b) = b.as_chunks::<SUMS>();
    for (a, b) in whole_a.iter().zip(whole_b) {
        for i in 0..SUMS {
            sums[i] += f(a[i], b[i]);
        }
    }
    for (sum, (a, b)) in sums.iter_mut().zip(rest_a.iter().zip(rest_b)) {
        *sum += f(*a, *b);
    }
    sums.iter().sum()
}

/// Adds sums `[part, n]` in order, in double precision.
pub(crate) fn add_up(sums: &[f32], out: &mut [f32]) {
    let mut totals = vec![0.0f64; out.len()];
    for sums in sums.chunks_exact(out.len()) {
        for (total, sum) in totals.iter_mut().zip(sums) {
            *total += f64::from(*sum);
        }
    }
    for (out, total) in out.iter_mut().zip(totals) {
        *out = total as f32;
    }
}
