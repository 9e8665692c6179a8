//! Weights times a gain of each channel of the output: how a norm becomes a part of its convolution.

use rayon::prelude::*;

use crate::rows::{PIECE, sum_of};

/// Each channel's weights times its gain.
///
/// # Shapes
/// `weight` and `out` `[channels, weights of a channel]`, `gain` `[channels]`.
///
/// # Panics
/// If the lengths don't fit each other.
pub fn scale_channels(weight: &[f32], gain: &[f32], out: &mut [f32]) {
    let own = own(weight, gain);
    assert_eq!(weight.len(), out.len());
    let channels = weight
        .par_chunks_exact(own)
        .zip(out.par_chunks_exact_mut(own));
    (channels.zip(gain).with_min_len(PIECE.div_ceil(own))).for_each(|((weight, out), gain)| {
        for (out, weight) in out.iter_mut().zip(weight) {
            *out = weight * gain;
        }
    });
}

/// The gradients of weights and gains from that of the product.
///
/// # Shapes
/// As [`scale_channels`].
///
/// # Panics
/// If the lengths don't fit each other.
pub fn scale_channels_gradients(
    weight: &[f32],
    gain: &[f32],
    gradient: &[f32],
    of_weight: &mut [f32],
    of_gain: &mut [f32],
) {
    let own = own(weight, gain);
    assert_eq!(weight.len(), gradient.len());
    assert_eq!(weight.len(), of_weight.len());
    assert_eq!(gain.len(), of_gain.len());
    let pass = weight
        .par_chunks_exact(own)
        .zip(gradient.par_chunks_exact(own))
        .zip(gain);
    let to = of_weight.par_chunks_exact_mut(own).zip(of_gain);
    (pass.zip(to).with_min_len(PIECE.div_ceil(own))).for_each(
        |(((weight, gradient), gain), (of_weight, of_gain))| {
            for (to, g) in of_weight.iter_mut().zip(gradient) {
                *to = g * gain;
            }
            *of_gain = sum_of(weight, gradient, |w, g| w * g);
        },
    );
}

/// Weights of a channel.
fn own(weight: &[f32], gain: &[f32]) -> usize {
    assert!(!gain.is_empty() && !weight.is_empty() && weight.len().is_multiple_of(gain.len()));
    weight.len() / gain.len()
}
