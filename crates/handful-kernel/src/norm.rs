//! Batch normalisation by the statistics of the batch itself, with the activation behind it, and its gradients.
//!
//! Source: S. Ioffe, C. Szegedy, Batch normalization (ICML 2015). One pass over memory finds mean and variance, one writes the
//! result; two more go back.

use rayon::prelude::*;

use crate::buffer::Buffer;
use crate::clamp::Clamp;
use crate::rows::{add_up, parts};

/// Statistics of each channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// `[channels]`
    pub mean: Vec<f32>,
    /// `[channels]`, divided by the number of pixels (biased).
    pub variance: Vec<f32>,
}

impl Moments {
    /// Of `x` `[pixels, channels]`: sums of parts, each around its own mean, joined in double precision (T. Chan, G. Golub,
    /// R. LeVeque, 1983). All zero if there are no pixels.
    ///
    /// # Panics
    /// If pixels are not whole.
    pub fn of(x: &[f32], channels: usize) -> Moments {
        let parts = parts(x.len(), channels);
        let mut sums = Buffer::new(parts.len() * 2 * channels);
        (sums.par_chunks_exact_mut(2 * channels).zip(&parts)).for_each(|(sums, part)| {
            let pixels = &x[part.start * channels..part.end * channels];
            let (mean, squares) = sums.split_at_mut(channels);
            mean.fill(0.0);
            squares.fill(0.0);
            for pixel in pixels.chunks_exact(channels) {
                for (mean, x) in mean.iter_mut().zip(pixel) {
                    *mean += x;
                }
            }
            let share = 1.0 / part.len() as f32;
            mean.iter_mut().for_each(|mean| *mean *= share);
            for pixel in pixels.chunks_exact(channels) {
                for ((square, mean), x) in squares.iter_mut().zip(&*mean).zip(pixel) {
                    *square += (x - mean) * (x - mean);
                }
            }
        });
        let (mut mean, mut squares) = (vec![0.0f64; channels], vec![0.0f64; channels]);
        let mut before = 0.0;
        for (sums, part) in sums.chunks_exact(2 * channels).zip(&parts) {
            let n = part.len() as f64;
            let share = n / (before + n);
            for c in 0..channels {
                let apart = f64::from(sums[c]) - mean[c];
                mean[c] += apart * share;
                squares[c] += f64::from(sums[channels + c]) + apart * apart * before * share;
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
pub struct NormPass<'a> {
    /// What was normalised.
    pub x: &'a [f32],
    /// What came out.
    pub out: &'a [f32],
    /// The gradient of what came out.
    pub gradient: &'a [f32],
}

/// What comes out of them.
#[derive(Debug)]
pub struct NormGradients<'a> {
    /// Of what was normalised, `[pixels, channels]`.
    pub x: &'a mut [f32],
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
    pub fn forward(&self, x: &[f32], added: Option<&[f32]>, out: &mut [f32]) {
        let channels = self.channels();
        assert_eq!(x.len(), out.len());
        assert!(added.is_none_or(|added| added.len() == out.len()));
        let gain: Vec<f32> = (self.weight.iter().zip(self.deviations()))
            .map(|(weight, inverse)| weight * inverse)
            .collect();
        let Clamp { low, high } = self.clamp;
        let len = piece(x.len(), channels);
        (out.par_chunks_mut(len).enumerate()).for_each(|(idx, out)| {
            let here = idx * len..idx * len + out.len();
            let x = x[here.clone()].chunks_exact(channels);
            for (pixel, (out, x)) in out.chunks_exact_mut(channels).zip(x).enumerate() {
                let of_channels =
                    (x.iter().zip(&self.moments.mean)).zip(gain.iter().zip(self.bias));
                match added {
                    None => {
                        for (out, ((x, mean), (gain, bias))) in out.iter_mut().zip(of_channels) {
                            *out = ((x - mean) * gain + bias).max(low).min(high);
                        }
                    }
                    Some(added) => {
                        let added = &added[here.start + pixel * channels..][..channels];
                        let all = out.iter_mut().zip(added).zip(of_channels);
                        for ((out, added), ((x, mean), (gain, bias))) in all {
                            *out = ((x - mean) * gain + bias + added).max(low).min(high);
                        }
                    }
                }
            }
        });
    }

    /// The gradients, through mean and variance as well. That of what was added is [`Clamp::gradient`].
    ///
    /// # Panics
    /// If the lengths don't fit each other.
    pub fn gradients(&self, pass: NormPass, to: NormGradients) {
        let channels = self.channels();
        let NormPass { x, out, gradient } = pass;
        assert_eq!(x.len(), out.len());
        assert_eq!(x.len(), gradient.len());
        assert_eq!(x.len(), to.x.len());
        assert_eq!(to.weight.len(), channels);
        assert_eq!(to.bias.len(), channels);
        let inverse = self.deviations();
        let mean = &self.moments.mean;
        let parts = parts(x.len(), channels);
        let mut sums = Buffer::new(parts.len() * 2 * channels);
        (sums.par_chunks_exact_mut(2 * channels).zip(&parts)).for_each(|(sums, part)| {
            let here = part.start * channels..part.end * channels;
            let (weight, bias) = sums.split_at_mut(channels);
            weight.fill(0.0);
            bias.fill(0.0);
            let pixels = (x[here.clone()].chunks_exact(channels))
                .zip(out[here.clone()].chunks_exact(channels))
                .zip(gradient[here].chunks_exact(channels));
            for ((x, out), gradient) in pixels {
                for c in 0..channels {
                    let g = if self.clamp.lets_through(out[c]) {
                        gradient[c]
                    } else {
                        0.0
                    };
                    bias[c] += g;
                    weight[c] += g * (x[c] - mean[c]);
                }
            }
        });
        let mut totals = vec![0.0; 2 * channels];
        add_up(&sums, &mut totals);
        let (weight, bias) = totals.split_at(channels);
        let pixels = (x.len() / channels).max(1) as f32;
        // dx = gain · (g − Σg / n − (x − mean) · inverse² · Σ g (x − mean) / n)
        let gain: Vec<f32> = (0..channels).map(|c| self.weight[c] * inverse[c]).collect();
        let slope: Vec<f32> = (0..channels)
            .map(|c| gain[c] * inverse[c] * inverse[c] * weight[c] / pixels)
            .collect();
        let offset: Vec<f32> = (0..channels).map(|c| gain[c] * bias[c] / pixels).collect();
        let len = piece(x.len(), channels);
        (to.x.par_chunks_mut(len).enumerate()).for_each(|(idx, to)| {
            let here = idx * len..idx * len + to.len();
            let pixels = (x[here.clone()].chunks_exact(channels))
                .zip(out[here.clone()].chunks_exact(channels))
                .zip(gradient[here].chunks_exact(channels));
            for (to, ((x, out), gradient)) in to.chunks_exact_mut(channels).zip(pixels) {
                let (gain, slope, offset, mean) = (
                    &gain[..channels],
                    &slope[..channels],
                    &offset[..channels],
                    &mean[..channels],
                );
                for c in 0..channels {
                    let g = if self.clamp.lets_through(out[c]) {
                        gradient[c]
                    } else {
                        0.0
                    };
                    to[c] = gain[c] * g - offset[c] - slope[c] * (x[c] - mean[c]);
                }
            }
        });
        for c in 0..channels {
            to.weight[c] = weight[c] * inverse[c];
            to.bias[c] = bias[c];
        }
    }
}

/// Whole pixels that are a piece of work.
fn piece(len: usize, channels: usize) -> usize {
    const PIECE: usize = 1 << 14;
    assert!(
        len.is_multiple_of(channels),
        "{len} numbers are not whole pixels of {channels}"
    );
    (PIECE / channels).max(1) * channels
}
