//! What every head comes out as: an affine map of standardised features, or the votes of near images, and a temperature.

use handful_stats::softmax_rows;

use super::TrainingFold;
use crate::algebra::Matrix;

/// The images that vote, instead of weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbours {
    /// How many of them vote.
    pub k: usize,
    /// z of each, of length 1, `[n, d]`.
    pub rows: Vec<f32>,
    /// Class of each.
    pub classes: Vec<usize>,
}

/// How fast votes grow with similarity; see [`super::Knn`].
const VOTE_TEMPERATURE: f64 = 0.07;

impl Neighbours {
    /// Similarity and class of the `most` nearest of `found` (similarity, image), nearest first; of equals the earlier ones.
    pub(super) fn nearest(
        found: impl Iterator<Item = (f64, usize)>,
        most: usize,
        class: impl Fn(usize) -> usize,
    ) -> Vec<(f64, usize)> {
        let mut nearest: Vec<(f64, usize)> = Vec::with_capacity(most + 1);
        for (similarity, image) in found {
            if nearest.len() == most && similarity <= nearest[most - 1].0 {
                continue;
            }
            let place = nearest.partition_point(|(other, _)| *other >= similarity);
            nearest.insert(place, (similarity, class(image)));
            nearest.truncate(most);
        }
        nearest
    }

    /// Logits `[n_classes]` by votes of `nearest` (similarity, class), of which `k` were asked for.
    pub(super) fn votes(nearest: &[(f64, usize)], k: usize, n_classes: usize) -> Vec<f64> {
        let loudest = nearest.first().map_or(0.0, |(similarity, _)| *similarity);
        let mut votes = vec![0.0; n_classes];
        for (similarity, class) in nearest {
            votes[*class] += ((similarity - loudest) / VOTE_TEMPERATURE).exp();
        }
        let all: f64 = votes.iter().sum();
        let share = |vote: &f64| if all > 0.0 { vote / all } else { 0.0 };
        let (k, n) = (k as f64, n_classes as f64);
        votes
            .iter()
            .map(|vote| ((k * share(vote) + 0.5) / (k + 0.5 * n)).ln())
            .collect()
    }

    /// What votes say of z, `[classes]`.
    fn logits(&self, z: &[f64], n_classes: usize) -> Vec<f64> {
        let rows = self.rows.chunks_exact(z.len()).enumerate();
        let similarity = |(image, row): (usize, &[f32])| (dot(row, z), image);
        let nearest =
            Neighbours::nearest(rows.map(similarity), self.k, |image| self.classes[image]);
        Neighbours::votes(&nearest, self.k, n_classes)
    }
}

/// Sums in eight lanes of a fixed order, which vector registers hold.
fn dot(a: &[f32], b: &[f64]) -> f64 {
    let mut lanes = [0.0f64; 8];
    let (a8, b8) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (x, y) in a8.0.iter().zip(b8.0) {
        for lane in 0..8 {
            lanes[lane] += f64::from(x[lane]) * y[lane];
        }
    }
    let rest = a8.1.iter().zip(b8.1);
    lanes.iter().sum::<f64>() + rest.map(|(x, y)| f64::from(*x) * y).sum::<f64>()
}

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
    pub n_rows: usize,
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
            n_rows: fold.n_rows(),
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
        let k = self.bias.len();
        let mut p = self.logits(features);
        p.iter_mut().for_each(|l| *l /= self.temperature);
        softmax_rows(&mut p, k);
        let n_absent = self
            .bias
            .iter()
            .filter(|b| **b == f64::NEG_INFINITY)
            .count();
        if n_absent > 0 {
            let share = 0.5 / (self.n_rows as f64 + 0.5 * k as f64);
            let rest = 1.0 - share * n_absent as f64;
            for row in p.chunks_exact_mut(k) {
                for (value, bias) in row.iter_mut().zip(&self.bias) {
                    *value = if *bias == f64::NEG_INFINITY {
                        share
                    } else {
                        *value * rest
                    };
                }
            }
        }
        p
    }
}

/// Scales a vector to length 1; a vector of zeros stays one.
pub(super) fn to_unit_length(z: &mut [f64]) {
    let length = z.iter().map(|v| v * v).sum::<f64>().sqrt();
    if length > 0.0 {
        z.iter_mut().for_each(|v| *v /= length);
    }
}
