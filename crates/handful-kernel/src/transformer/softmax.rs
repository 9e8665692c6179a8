//! The softmax of each row.

use rayon::prelude::*;

use super::exponential::exp;
use crate::rows::{assert_rows, piece, sum_of};

/// exp(scale · x) / Σ exp(scale · x) of each row of `row` numbers.
///
/// # Panics
/// If the slices differ in length or are not whole rows.
pub fn softmax(x: &[f32], row: usize, scale: f32, out: &mut [f32]) {
    assert_rows(x.len(), row);
    assert_eq!(x.len(), out.len());
    let pieces = x.par_chunks(piece(row)).zip(out.par_chunks_mut(piece(row)));
    pieces.for_each(|(x, out)| {
        out.copy_from_slice(x);
        softmax_rows(out, row, scale);
    });
}

/// The same of rows where they are, by this thread alone.
pub(super) fn softmax_rows(rows: &mut [f32], row: usize, scale: f32) {
    for x in rows.chunks_exact_mut(row) {
        x.iter_mut().for_each(|x| *x *= scale);
        let most = largest(x);
        x.iter_mut().for_each(|x| *x = exp(*x - most));
        let share = 1.0 / sum_of(x, x, |e, _| e);
        x.iter_mut().for_each(|e| *e *= share);
    }
}

/// The gradient of what [`softmax`] was given, from what came out: scale · y · (g − Σ g · y).
///
/// # Panics
/// If the slices differ in length or are not whole rows.
pub fn softmax_gradient(y: &[f32], row: usize, scale: f32, gradient: &[f32], out: &mut [f32]) {
    assert_rows(y.len(), row);
    assert_eq!(y.len(), gradient.len());
    assert_eq!(y.len(), out.len());
    let pieces = y
        .par_chunks(piece(row))
        .zip(gradient.par_chunks(piece(row)));
    (pieces.zip(out.par_chunks_mut(piece(row)))).for_each(|((y, gradient), out)| {
        out.copy_from_slice(gradient);
        softmax_gradient_rows(y, row, scale, out);
    });
}

/// The same of gradients where they are, by this thread alone.
pub(super) fn softmax_gradient_rows(y: &[f32], row: usize, scale: f32, gradient: &mut [f32]) {
    for (y, gradient) in y.chunks_exact(row).zip(gradient.chunks_exact_mut(row)) {
        let mean = sum_of(y, gradient, |y, g| y * g);
        for (y, g) in y.iter().zip(gradient) {
            *g = scale * y * (*g - mean);
        }
    }
}

/// The largest number of a row, several at a time.
fn largest(x: &[f32]) -> f32 {
    const LANES: usize = 16;
    let (whole, rest) = x.as_chunks::<LANES>();
    let mut most = [f32::NEG_INFINITY; LANES];
    for x in whole {
        for i in 0..LANES {
            most[i] = if x[i] > most[i] { x[i] } else { most[i] };
        }
    }
    (most.iter().chain(rest)).fold(f32::NEG_INFINITY, |a, b| a.max(*b))
}
