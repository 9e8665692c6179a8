//! GELU: x · Φ(x). Source: D. Hendrycks, K. Gimpel, Gaussian error linear units (2016).

use rayon::prelude::*;

use super::exponential::{exp, normal};
use crate::rows::piece;

/// 1 / √(2π)
const DENSITY: f32 = 0.398_942_3;

/// x · Φ(x) of each number.
///
/// # Panics
/// If the slices differ in length.
pub fn gelu(x: &[f32], out: &mut [f32]) {
    assert_eq!(x.len(), out.len());
    let pieces = x.par_chunks(piece(1)).zip(out.par_chunks_mut(piece(1)));
    pieces.for_each(|(x, out)| {
        for (x, out) in x.iter().zip(out) {
            *out = x * normal(*x);
        }
    });
}

/// The gradient of what [`gelu`] was given: g · (Φ(x) + x · φ(x)).
///
/// # Panics
/// If the slices differ in length.
pub fn gelu_gradient(x: &[f32], gradient: &[f32], out: &mut [f32]) {
    assert_eq!(x.len(), gradient.len());
    assert_eq!(x.len(), out.len());
    let pieces = x.par_chunks(piece(1)).zip(gradient.par_chunks(piece(1)));
    (pieces.zip(out.par_chunks_mut(piece(1)))).for_each(|((x, gradient), out)| {
        for ((x, g), out) in x.iter().zip(gradient).zip(out) {
            *out = g * (normal(*x) + x * DENSITY * exp(-0.5 * x * x));
        }
    });
}
