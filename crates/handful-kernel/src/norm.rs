//! Batch normalisation by the statistics of the batch itself, with the activation behind it, and its gradients.
//!
//! Source: S. Ioffe, C. Szegedy, Batch normalization (ICML 2015). One pass over memory finds mean and variance, one writes the
//! result; two more go back.

use std::ops::Range;

use rayon::prelude::*;

use crate::buffer::Buffer;
use crate::clamp::Clamp;
use crate::element::Element;
use crate::norm_pixels::{MomentSums, NormGradient, NormPixels, NormResult, NormSums};
use crate::rows::{add_up, assert_rows, parts, piece};
use crate::simd::Isa;

/// Statistics of each channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// `[channels]`
    pub mean: Vec<f32>,
    /// `[channels]`, divided by the number of pixels (biased).
    pub variance: Vec<f32>,
}

impl Moments {
    /// Of `x` `[pixels, channels]`: sums of parts, each around its first pixel so that nothing cancels out, joined in double
    /// precision (T. Chan, G. Golub, R. LeVeque, 1983). All zero if there are no pixels.
    ///
    /// # Panics
    /// If pixels are not whole.
    pub fn of<E: Element>(x: &[E], channels: usize) -> Moments {
        let parts = parts(x.len(), channels);
        let mut sums = Buffer::new(parts.len() * 2 * channels);
        let isa = Isa::best();
        (sums.par_chunks_exact_mut(2 * channels).zip(&parts)).for_each(|(sums, part)| {
            let (apart, squares) = sums.split_at_mut(channels);
            let sums = MomentSums {
                x: &x[part.start * channels..part.end * channels],
                channels,
                apart: apart.as_mut_ptr(),
                squares: squares.as_mut_ptr(),
            };
            // SAFETY: a part has pixels, each sum is as long as one, and the machine has the instructions, since there is an Isa of them.
            unsafe { (E::loops(isa).moment_sums)(&sums) };
        });
        let (mut mean, mut squares) = (vec![0.0f64; channels], vec![0.0f64; channels]);
        let mut before = 0.0;
        for (sums, part) in sums.chunks_exact(2 * channels).zip(&parts) {
            let n = part.len() as f64;
            let share = n / (before + n);
            let first = &x[part.start * channels..];
            for c in 0..channels {
                let from_first = f64::from(sums[c]) / n;
                let of_part = f64::from(sums[channels + c]) - from_first * from_first * n;
                let apart = f64::from(first[c].to_f32()) + from_first - mean[c];
                mean[c] += apart * share;
                squares[c] += of_part.max(0.0) + apart * apart * before * share;
            }
            before += n;
        }
        let pixels = before.max(1.0);
        Moments {
            mean: mean.iter().map(|m| *m as f32).collect(),
            variance: squares.iter().map(|s| (s / pixels) as f32).collect(),
        }
    }
}

/// Batch normalisation of one batch: clamp((x − mean) · gain + bias + added).
#[derive(Clone, Copy, Debug)]
pub struct Norm<'a> {
    /// Of the batch.
    pub moments: &'a Moments,
    /// Added to the variance.
    pub epsilon: f32,
    /// γ, `[channels]`
    pub weight: &'a [f32],
    /// β, `[channels]`
    pub bias: &'a [f32],
    /// The activation.
    pub clamp: Clamp,
}

/// What goes into the gradients of a [`Norm`]: all `[pixels, channels]`.
#[derive(Clone, Copy, Debug)]
pub struct NormPass<'a, E: Element = f32> {
    /// What was normalised.
    pub x: &'a [E],
    /// What came out, where something was added before the activation; otherwise it follows from x.
    pub out: Option<&'a [E]>,
    /// The gradient of what came out.
    pub gradient: &'a [E],
}

/// What comes out of them.
#[derive(Debug)]
pub struct NormGradients<'a, E: Element = f32> {
    /// Of what was normalised, `[pixels, channels]`.
    pub x: &'a mut [E],
    /// Of γ, `[channels]`.
    pub weight: &'a mut [f32],
    /// Of β, `[channels]`.
    pub bias: &'a mut [f32],
}

impl Norm<'_> {
    fn deviations(&self) -> Vec<f32> {
        let inverse = |v: &f32| (1.0 / (f64::from(*v) + f64::from(self.epsilon)).sqrt()) as f32;
        self.moments.variance.iter().map(inverse).collect()
    }

    fn gain(&self, inverse: &[f32]) -> Vec<f32> {
        let both = self.weight.iter().zip(inverse);
        both.map(|(weight, inverse)| weight * inverse).collect()
    }

    fn channels(&self) -> usize {
        let channels = self.weight.len();
        assert!(channels > 0);
        assert_eq!(self.bias.len(), channels);
        assert_eq!(self.moments.mean.len(), channels);
        assert_eq!(self.moments.variance.len(), channels);
        channels
    }

    /// Writes the result for `x`, `added` and `out` `[pixels, channels]`.
    ///
    /// # Panics
    /// If the lengths don't fit each other.
    pub fn forward<E: Element>(&self, x: &[E], added: Option<&[E]>, out: &mut [E]) {
        let channels = self.channels();
        assert_rows(x.len(), channels);
        assert_eq!(x.len(), out.len());
        assert!(added.is_none_or(|added| added.len() == out.len()));
        let gain = self.gain(&self.deviations());
        let len = piece(channels);
        let isa = Isa::best();
        (out.par_chunks_mut(len).enumerate()).for_each(|(idx, out)| {
            let here = idx * len..idx * len + out.len();
            let result = NormResult {
                x: &x[here.clone()],
                added: added.map(|added| &added[here]),
                mean: &self.moments.mean,
                gain: &gain,
                bias: self.bias,
                clamp: self.clamp,
                out: out.as_mut_ptr(),
            };
            // SAFETY: all slices are of the same pixels, and the machine has the instructions, since there is an Isa of them.
            unsafe { (E::loops(isa).norm_result)(&result) };
        });
    }

    /// The gradients, through mean and variance as well. That of what was added is [`Clamp::gradient`].
    ///
    /// # Panics
    /// If the lengths don't fit each other.
    pub fn gradients<E: Element>(&self, pass: NormPass<E>, to: NormGradients<E>) {
        let channels = self.channels();
        let NormPass { x, out, gradient } = pass;
        assert!(out.is_none_or(|out| out.len() == x.len()));
        assert_eq!(x.len(), gradient.len());
        assert_eq!(x.len(), to.x.len());
        assert_eq!(to.weight.len(), channels);
        assert_eq!(to.bias.len(), channels);
        let isa = Isa::best();
        let inverse = self.deviations();
        let gain = self.gain(&inverse);
        let pixels = |here: Range<usize>| NormPixels {
            x: &x[here.clone()],
            gradient: &gradient[here.clone()],
            out: out.map(|out| &out[here]),
            mean: &self.moments.mean,
            gain: &gain,
            bias: self.bias,
            clamp: self.clamp,
        };
        let parts = parts(x.len(), channels);
        let mut sums = Buffer::new(parts.len() * 2 * channels);
        (sums.par_chunks_exact_mut(2 * channels).zip(&parts)).for_each(|(sums, part)| {
            let (weight, bias) = sums.split_at_mut(channels);
            let sums = NormSums {
                pixels: pixels(part.start * channels..part.end * channels),
                weight: weight.as_mut_ptr(),
                bias: bias.as_mut_ptr(),
            };
            // SAFETY: all slices are of the same pixels, and the machine has the instructions, since there is an Isa of them.
            unsafe { (E::loops(isa).norm_sums)(&sums) };
        });
        let mut totals = vec![0.0; 2 * channels];
        add_up(&sums, &mut totals);
        let (weight, bias) = totals.split_at(channels);
        let n = (x.len() / channels).max(1) as f32;
        // dx = gain · (g − Σg / n − (x − mean) · inverse² · Σ g (x − mean) / n)
        let slope: Vec<f32> = (0..channels)
            .map(|c| gain[c] * inverse[c] * inverse[c] * weight[c] / n)
            .collect();
        let offset: Vec<f32> = (0..channels).map(|c| gain[c] * bias[c] / n).collect();
        let len = piece(channels);
        (to.x.par_chunks_mut(len).enumerate()).for_each(|(idx, to)| {
            let gradient = NormGradient {
                pixels: pixels(idx * len..idx * len + to.len()),
                offset: &offset,
                slope: &slope,
                to: to.as_mut_ptr(),
            };
            // SAFETY: as above, and `to` is as long.
            unsafe { (E::loops(isa).norm_gradient)(&gradient) };
        });
        for c in 0..channels {
            to.weight[c] = weight[c] * inverse[c];
            to.bias[c] = bias[c];
        }
    }
}
