//! Multinomial logistic regression: the best log-loss from ten images a class on.

use handful_stats::{fit_temperature, log_loss, softmax_rows};

use super::inner::{self, Inner};
use super::{Fitted, Head, TrainingFold, lbfgs};
use crate::LearnError;
use crate::algebra::{Matrix, product, transposed_product};

/// Minimises −(1/n)Σ ln softmax(Wᵀz_i + b)_{y_i} + (λ/2)‖W‖²; λ is the one of a path whose predictions on inner splits
/// have the least log-loss at their best temperature. scikit-learn's C is 1/(nλ).
///
/// Solved in the basis of the features' singular vectors, where the bound ½Λ/n + λ on the curvature (Böhning) is
/// diagonal: in units of its root, L-BFGS needs tens of steps.
///
/// # Source
/// D. Böhning, Ann. Inst. Statist. Math. 44 (1992), 197–200; small-data.md A5.
pub struct Logistic;

/// λ = tr(ZZᵀ)/n · 10^a for these a, largest first, each started from the solution before.
const EXPONENTS: [f64; 9] = [-1.0, -1.5, -2.0, -2.5, -3.0, -3.5, -4.0, -4.5, -5.0];
/// λ where nothing can be held out.
const FALLBACK: usize = 2;
/// The path ends after so many λ in a row that were worse than the best.
const PATIENCE: usize = 2;
/// Largest component of the gradient that ends an inner fit: choosing needs no more.
const INNER_TOLERANCE: f64 = 1e-4;
/// The same for the fit that is kept.
const TOLERANCE: f64 = 1e-6;
const MOST_STEPS: usize = 300;

impl Head for Logistic {
    fn name(&self) -> &'static str {
        "logistic"
    }

    fn summary(&self) -> &'static str {
        "multinomial logistic regression, λ by inner folds"
    }

    fn fit(&self, fold: &TrainingFold) -> Result<Fitted, LearnError> {
        let spectrum = fold.spectrum()?;
        let lambdas = lambdas(fold)?;
        let (chosen, temperature) = choose(fold, &spectrum.scores, &spectrum.values, &lambdas);
        let problem = Problem::new(
            spectrum.scores.clone(),
            fold.labels.clone(),
            fold.present.len(),
            &spectrum.values,
        );
        let mut solution = problem.start();
        for (idx, lambda) in lambdas[..=chosen].iter().enumerate() {
            let tolerance = if idx == chosen {
                TOLERANCE
            } else {
                INNER_TOLERANCE
            };
            problem.solve(*lambda, tolerance, &mut solution);
        }
        Ok(Fitted {
            temperature,
            setting: Some(lambdas[chosen]),
            ..finish(fold, &solution)?
        })
    }
}

fn finish(fold: &TrainingFold, solution: &Solution) -> Result<Fitted, LearnError> {
    let weights = fold.spectrum()?.coefficients(&solution.weights);
    Ok(Fitted::of_present(
        Logistic.name(),
        fold,
        fold.scale.clone(),
        &weights,
        &solution.bias,
    ))
}

/// The path of λ, largest first.
fn lambdas(fold: &TrainingFold) -> Result<Vec<f64>, LearnError> {
    let trace = fold.spectrum()?.values.iter().sum::<f64>() / fold.n_rows() as f64;
    let unit = if trace > 0.0 { trace } else { 1.0 };
    Ok(EXPONENTS.iter().map(|a| unit * 10f64.powf(*a)).collect())
}

/// The solution at a given λ, at temperature 1.
#[cfg(test)]
pub(super) fn at(fold: &TrainingFold, lambda: f64, tolerance: f64) -> Result<Fitted, LearnError> {
    let spectrum = fold.spectrum()?;
    let problem = Problem::new(
        spectrum.scores.clone(),
        fold.labels.clone(),
        fold.present.len(),
        &spectrum.values,
    );
    let mut solution = problem.start();
    problem.solve(lambda, tolerance, &mut solution);
    finish(fold, &solution)
}

/// Index of the λ with the least log-loss on inner splits, and its temperature.
fn choose(fold: &TrainingFold, scores: &Matrix, values: &[f64], lambdas: &[f64]) -> (usize, f64) {
    let k = fold.present.len();
    let splits = inner::splits(fold);
    if splits.is_empty() {
        return (FALLBACK, 1.0);
    }
    let problems: Vec<(Problem, Matrix, &Inner)> = splits
        .iter()
        .map(|split| {
            let labels = split.fit.iter().map(|&i| fold.labels[i]).collect();
            (
                Problem::new(scores.pick(&split.fit), labels, k, values),
                scores.pick(&split.judge),
                split,
            )
        })
        .collect();
    let mut solutions: Vec<Solution> = problems
        .iter()
        .map(|(problem, ..)| problem.start())
        .collect();
    let judged: Vec<usize> = splits.iter().flat_map(|s| &s.judge).copied().collect();
    let (mut best, mut since) = ((f64::INFINITY, FALLBACK, 1.0), 0);
    for (idx, lambda) in lambdas.iter().enumerate() {
        let mut logits = Vec::with_capacity(judged.len() * k);
        for ((problem, held_out, _), solution) in problems.iter().zip(&mut solutions) {
            problem.solve(*lambda, INNER_TOLERANCE, solution);
            logits.extend_from_slice(&solution.logits(held_out).values);
        }
        let (mut logits, labels) = fold.of_images(&judged, logits, k);
        let temperature = fit_temperature(&logits, &labels, k);
        logits.iter_mut().for_each(|l| *l /= temperature);
        softmax_rows(&mut logits, k);
        let loss = log_loss(&logits, &labels, k);
        if loss < best.0 {
            (best, since) = ((loss, idx, temperature), 0);
        } else {
            since += 1;
            if since == PATIENCE {
                break;
            }
        }
    }
    (best.1, best.2)
}

/// Coefficients for scores.
#[derive(Clone)]
struct Solution {
    /// `[r, k]`
    weights: Matrix,
    /// `[k]`
    bias: Vec<f64>,
}

impl Solution {
    fn logits(&self, scores: &Matrix) -> Matrix {
        let mut out = product(scores, &self.weights);
        for i in 0..out.n_rows {
            out.row_mut(i)
                .iter_mut()
                .zip(&self.bias)
                .for_each(|(l, b)| *l += b);
        }
        out
    }
}

/// Scores and labels to fit, with the curvature of their features.
struct Problem {
    scores: Matrix,
    labels: Vec<usize>,
    k: usize,
    /// Λ/n: mean square of each score over the whole fold.
    variances: Vec<f64>,
}

impl Problem {
    fn new(scores: Matrix, labels: Vec<usize>, k: usize, values: &[f64]) -> Problem {
        let n = scores.n_rows as f64;
        Problem {
            labels,
            k,
            variances: values.iter().map(|v| v / n).collect(),
            scores,
        }
    }

    /// No weights, and the smoothed class shares.
    fn start(&self) -> Solution {
        let mut counts = vec![0.5f64; self.k];
        self.labels.iter().for_each(|&l| counts[l] += 1.0);
        let bias = counts.iter().map(|c| c.ln()).collect();
        Solution {
            weights: Matrix::zeros(self.scores.n_cols, self.k),
            bias,
        }
    }

    /// Moves the solution to the minimum at this λ.
    fn solve(&self, lambda: f64, tolerance: f64, solution: &mut Solution) {
        let (n, r, k) = (self.scores.n_rows, self.scores.n_cols, self.k);
        // In units u = w·√(½Λ/n + λ) the curvature is at most 1 in every direction.
        let unit: Vec<f64> = self
            .variances
            .iter()
            .map(|v| (0.5 * v + lambda).sqrt())
            .collect();
        let mut scaled = self.scores.clone();
        for i in 0..n {
            scaled
                .row_mut(i)
                .iter_mut()
                .zip(&unit)
                .for_each(|(s, u)| *s /= u);
        }
        let penalty: Vec<f64> = unit.iter().map(|u| lambda / (u * u)).collect();
        let mut x = vec![0.0; (r + 1) * k];
        for j in 0..r {
            let weights = solution.weights.row(j);
            x[j * k..][..k]
                .iter_mut()
                .zip(weights)
                .for_each(|(x, w)| *x = w * unit[j]);
        }
        x[r * k..].copy_from_slice(&solution.bias);
        lbfgs::minimise(&mut x, tolerance, MOST_STEPS, &mut |x, gradient| {
            let at = Solution {
                weights: Matrix::new(r, k, x[..r * k].to_vec()),
                bias: x[r * k..].to_vec(),
            };
            let mut p = at.logits(&scaled);
            softmax_rows(&mut p.values, k);
            let loss = log_loss(&p.values, &self.labels, k);
            for (i, &label) in self.labels.iter().enumerate() {
                p.row_mut(i)[label] -= 1.0;
            }
            p.values.iter_mut().for_each(|v| *v /= n as f64);
            gradient[..r * k].copy_from_slice(&transposed_product(&scaled, &p).values);
            gradient[r * k..].fill(0.0);
            for i in 0..n {
                gradient[r * k..]
                    .iter_mut()
                    .zip(p.row(i))
                    .for_each(|(g, v)| *g += v);
            }
            let mut shrinkage = 0.0;
            for j in 0..r {
                for (u, g) in x[j * k..][..k].iter().zip(&mut gradient[j * k..][..k]) {
                    *g += penalty[j] * u;
                    shrinkage += 0.5 * penalty[j] * u * u;
                }
            }
            loss + shrinkage
        });
        for j in 0..r {
            let weights = solution.weights.row_mut(j);
            weights
                .iter_mut()
                .zip(&x[j * k..][..k])
                .for_each(|(w, x)| *w = x / unit[j]);
        }
        solution.bias.copy_from_slice(&x[r * k..]);
    }
}
