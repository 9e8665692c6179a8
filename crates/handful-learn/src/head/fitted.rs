//! What every head comes out as: an affine map of standardised features, or the votes of near images, and a temperature.

use handful_stats::softmax_rows;

use super::{Neighbours, TrainingFold};
use crate::algebra::Matrix;

/// A fitted head. With z = (x − mean)·scale, brought to length 1 where `unit_length`, logits are z·weights + bias, and
/// probabilities softmax(logits/temperature).
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// Name of the head.
    pub head: String,
    /// Means of the features over the training fold, `[d]`.
    pub mean: Vec<f64>,
    /// What centred features are multiplied by, `[d]`.
    pub scale: Vec<f64>,
    /// Whether z is brought to length 1.
    pub unit_length: bool,
    /// `[d, classes]`, row-major; zeros where images vote.
    pub weights: Vec<f64>,
    /// The images that vote, for the head that asks them: their votes are added to the logits.
    pub neighbours: Option<Neighbours>,
    /// `[classes]`; −∞ for a class that the training fold did not have.
    pub bias: Vec<f64>,
    /// What logits are divided by.
    pub temperature: f64,
    /// λ, ρ or the number of neighbours, if the head has one.
    pub setting: Option<f64>,
    /// Images it was fitted on.
    pub n_images: usize,
}

impl Fitted {
    /// From the coefficients for the classes that the fold has.
    ///
    /// `weights` `[d, present]`, `bias` `[present]`.
    pub(super) fn of_present(
        head: &str,
        fold: &TrainingFold,
        scale: Vec<f64>,
        weights: &Matrix,
        bias: &[f64],
    ) -> Fitted {
        let k = fold.n_classes;
        let mut all_weights = vec![0.0; weights.n_rows * k];
        let mut all_bias = vec![f64::NEG_INFINITY; k];
        for (at, &class) in fold.present.iter().enumerate() {
            all_bias[class] = bias[at];
            for j in 0..weights.n_rows {
                all_weights[j * k + class] = weights.row(j)[at];
            }
        }
        Fitted {
            head: head.to_owned(),
            mean: fold.mean.clone(),
            scale,
            unit_length: false,
            weights: all_weights,
            neighbours: None,
            bias: all_bias,
            temperature: 1.0,
            setting: None,
            n_images: fold.n_images(),
        }
    }

    /// Logits `[n, classes]` of raw features `[n, d]`, both row-major. Each row depends on that row alone, bit for bit.
    ///
    /// # Panics
    /// When the features are not whole rows.
    pub fn logits(&self, features: &[f64]) -> Vec<f64> {
        let (d, k) = (self.mean.len(), self.bias.len());
        assert_eq!(features.len() % d, 0, "features come in whole rows");
        let mut out = Vec::with_capacity(features.len() / d * k);
        let mut z = vec![0.0; d];
        for x in features.chunks_exact(d) {
            for j in 0..d {
                z[j] = (x[j] - self.mean[j]) * self.scale[j];
            }
            if self.unit_length {
                to_unit_length(&mut z);
            }
            let start = out.len();
            out.extend_from_slice(&self.bias);
            let logits = &mut out[start..];
            if let Some(neighbours) = &self.neighbours {
                let votes = neighbours.logits(&z, k);
                logits.iter_mut().zip(votes).for_each(|(l, v)| *l += v);
                continue;
            }
            for (value, weights) in z.iter().zip(self.weights.chunks_exact(k)) {
                logits
                    .iter_mut()
                    .zip(weights)
                    .for_each(|(l, w)| *l += value * w);
            }
        }
        out
    }

    /// Calibrated probabilities `[n, classes]` of raw features `[n, d]`, both row-major.
    ///
    /// A class that the training fold did not have gets (0 + ½)/(n + K/2), its smoothed share; never 0.
    pub fn probabilities(&self, features: &[f64]) -> Vec<f64> {
        self.probabilities_of(self.logits(features))
    }

    /// The same of logits `[n, classes]` that [`Fitted::logits`] gave.
    pub fn probabilities_of(&self, logits: Vec<f64>) -> Vec<f64> {
        calibrated(logits, self.bias.len(), self.temperature, self.n_images)
    }
}

/// softmax(logits/temperature) of each row of `[n, classes]`; a class whose logit is −∞, because the `n_images` images that were learned
/// from had none of it, gets (0 + ½)/(n_images + K/2), its smoothed share.
pub fn calibrated(mut p: Vec<f64>, k: usize, temperature: f64, n_images: usize) -> Vec<f64> {
    let share = 0.5 / (n_images as f64 + 0.5 * k as f64);
    for row in p.chunks_exact_mut(k) {
        let is_absent: Vec<bool> = row.iter().map(|z| *z == f64::NEG_INFINITY).collect();
        row.iter_mut().for_each(|z| *z /= temperature);
        softmax_rows(row, k);
        let n_absent = is_absent.iter().filter(|absent| **absent).count();
        if n_absent > 0 {
            let rest = 1.0 - share * n_absent as f64;
            for (value, absent) in row.iter_mut().zip(is_absent) {
                *value = if absent { share } else { *value * rest };
            }
        }
    }
    p
}

/// Scales a vector to length 1; a vector of zeros stays one.
pub(super) fn to_unit_length(z: &mut [f64]) {
    let length = z.iter().map(|v| v * v).sum::<f64>().sqrt();
    if length > 0.0 {
        z.iter_mut().for_each(|v| *v /= length);
    }
}
