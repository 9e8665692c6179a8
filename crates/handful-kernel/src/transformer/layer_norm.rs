//! The norm of each row. Source: J. L. Ba, J. R. Kiros, G. E. Hinton, Layer normalization (2016).

use rayon::prelude::*;

use crate::buffer::Buffer;
use crate::rows::{add_up, assert_rows, parts, piece, sum_of};

/// (x − mean) / √(variance + ε) · weight + bias, by mean and variance of each row.
#[derive(Clone, Copy, Debug)]
pub struct LayerNorm<'a> {
    /// γ, as long as a row.
    pub weight: &'a [f32],
    /// β, as long as a row.
    pub bias: &'a [f32],
    /// Added to the variance.
    pub epsilon: f32,
}

/// The gradients of a [`LayerNorm`].
#[derive(Debug)]
pub struct LayerNormGradients<'a> {
    /// Of what was normalised, `[rows, row]`.
    pub x: &'a mut [f32],
    /// Of γ, `[row]`.
    pub weight: &'a mut [f32],
    /// Of β, `[row]`.
    pub bias: &'a mut [f32],
}

impl LayerNorm<'_> {
    fn row(&self, len: usize) -> usize {
        let row = self.weight.len();
        assert_eq!(self.bias.len(), row);
        assert_rows(len, row);
        row
    }

    /// Mean and 1 / √(variance + ε) of a row.
    fn moments(&self, x: &[f32]) -> (f32, f32) {
        let n = x.len() as f32;
        let mean = sum_of(x, x, |x, _| x) / n;
        let variance = sum_of(x, x, |x, _| (x - mean) * (x - mean)) / n;
        (mean, 1.0 / (variance + self.epsilon).sqrt())
    }

    /// Writes the result for `x` and `out` `[rows, row]`.
    ///
    /// # Panics
    /// If the lengths don't fit each other.
    pub fn forward(&self, x: &[f32], out: &mut [f32]) {
        let row = self.row(x.len());
        assert_eq!(x.len(), out.len());
        let pieces = x.par_chunks(piece(row)).zip(out.par_chunks_mut(piece(row)));
        pieces.for_each(|(x, out)| {
            for (x, out) in x.chunks_exact(row).zip(out.chunks_exact_mut(row)) {
                let (mean, inverse) = self.moments(x);
                let affine = self.weight.iter().zip(self.bias);
                for ((x, out), (weight, bias)) in x.iter().zip(out).zip(affine) {
                    *out = (x - mean) * inverse * weight + bias;
                }
            }
        });
    }

    /// The gradients for `x` and `gradient` `[rows, row]`.
    ///
    /// # Panics
    /// If the lengths don't fit each other.
    pub fn gradients(&self, x: &[f32], gradient: &[f32], to: LayerNormGradients) {
        let row = self.row(x.len());
        assert_eq!(x.len(), gradient.len());
        assert_eq!(x.len(), to.x.len());
        assert_eq!((to.weight.len(), to.bias.len()), (row, row));
        let parts = parts(x.len(), row);
        let mut sums = Buffer::new(parts.len() * 2 * row);
        let mut rest = to.x;
        let mut outs = Vec::with_capacity(parts.len());
        for part in &parts {
            let (out, behind) = rest.split_at_mut(part.len() * row);
            outs.push(out);
            rest = behind;
        }
        let tasks = sums.par_chunks_exact_mut(2 * row).zip(&parts).zip(outs);
        tasks.for_each(|((sums, part), out)| {
            sums.fill(0.0);
            let here = part.start * row..part.end * row;
            let (of_weight, of_bias) = sums.split_at_mut(row);
            let rows = x[here.clone()]
                .chunks_exact(row)
                .zip(gradient[here].chunks_exact(row));
            let mut weighted = vec![0.0; row];
            for ((x, g), out) in rows.zip(out.chunks_exact_mut(row)) {
                let (mean, inverse) = self.moments(x);
                for i in 0..row {
                    let normal = (x[i] - mean) * inverse;
                    of_weight[i] += g[i] * normal;
                    of_bias[i] += g[i];
                    weighted[i] = g[i] * self.weight[i];
                    out[i] = normal;
                }
                let n = row as f32;
                let direct = sum_of(&weighted, &weighted, |w, _| w) / n;
                let along = sum_of(&weighted, out, |w, normal| w * normal) / n;
                for (out, weighted) in out.iter_mut().zip(&weighted) {
                    *out = inverse * (weighted - direct - *out * along);
                }
            }
        });
        let mut totals = vec![0.0; 2 * row];
        add_up(&sums, &mut totals);
        to.weight.copy_from_slice(&totals[..row]);
        to.bias.copy_from_slice(&totals[row..]);
    }
}
