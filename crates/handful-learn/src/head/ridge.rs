//! Ridge regression on class indicators: exact predictions for left-out images at every λ from one decomposition.

use std::collections::BTreeMap;

use handful_stats::{fit_temperature, log_loss, softmax_rows};

use super::spectrum::Spectrum;
use super::{Fitted, Head, TrainingFold};
use crate::LearnError;
use crate::algebra::{Matrix, outer_gram, product, solve, transposed_product};

/// W = (ZᵀZ + λI)⁻¹ZᵀY on centred 0/1 targets Y with a free intercept; λ is the one of 25 whose leave-one-out (with
/// units: leave-unit-out) predictions have the least log-loss at their best temperature.
///
/// # Source
/// R. Rifkin, R. Lippert, MIT-CSAIL-TR-2007-025; small-data.md A5.
pub struct Ridge;

/// λ = tr(ZZᵀ)/n · 10^a for a from −4 to 3.
const N_LAMBDAS: usize = 25;
const LEAST_EXPONENT: f64 = -4.0;
const LARGEST_EXPONENT: f64 = 3.0;
/// λ = tr(ZZᵀ)/n where nothing can be left out.
const FALLBACK_EXPONENT: f64 = 0.0;
/// 1 − h never counts as less: an image that alone decides its own prediction has no left-out one.
const LEAST_FREEDOM: f64 = 1e-8;
/// Multiplications that all λ may cost on large units; above it the grid is searched from coarse to fine.
const MOST_WORK: f64 = 2e10;
/// Every so many λ are tried first when searching from coarse to fine.
const COARSE_STEP: usize = 4;

impl Head for Ridge {
    fn name(&self) -> &'static str {
        "ridge"
    }

    fn summary(&self) -> &'static str {
        "ridge regression on class indicators, λ by leaving out"
    }

    fn fit(&self, fold: &TrainingFold) -> Result<Fitted, LearnError> {
        let system = System::new(fold)?;
        let (lambda, temperature) = system.choose();
        let (weights, bias) = system.at(lambda);
        Ok(Fitted {
            temperature,
            setting: Some(lambda),
            ..Fitted::of_present(self.name(), fold, fold.scale.clone(), &weights, &bias)
        })
    }
}

/// The regression of one fold for any λ.
pub(super) struct System<'a> {
    fold: &'a TrainingFold<'a>,
    spectrum: &'a Spectrum,
    /// Share of each class.
    shares: Vec<f64>,
    /// scoresᵀ·(centred targets), `[r, k]`.
    moments: Matrix,
    /// Squared scores, `[n, r]`: with them all hᵢᵢ of a λ are one product.
    leverage: Matrix,
}

impl<'a> System<'a> {
    pub fn new(fold: &'a TrainingFold) -> Result<System<'a>, LearnError> {
        let spectrum = fold.spectrum()?;
        let n = fold.n_rows() as f64;
        let shares: Vec<f64> = fold.counts().iter().map(|c| c / n).collect();
        let mut targets = Matrix::zeros(fold.n_rows(), shares.len());
        for (i, &label) in fold.labels.iter().enumerate() {
            let row = targets.row_mut(i);
            row.iter_mut().zip(&shares).for_each(|(t, s)| *t = -s);
            row[label] += 1.0;
        }
        let moments = transposed_product(&spectrum.scores, &targets);
        let squares = spectrum.scores.values.iter().map(|v| v * v).collect();
        let leverage = Matrix::new(spectrum.scores.n_rows, spectrum.scores.n_cols, squares);
        Ok(System {
            fold,
            spectrum,
            shares,
            moments,
            leverage,
        })
    }

    /// Coefficients `[d, k]` and intercepts `[k]` at a λ.
    pub fn at(&self, lambda: f64) -> (Matrix, Vec<f64>) {
        (
            self.spectrum.coefficients(&self.shrunk(lambda)),
            self.shares.clone(),
        )
    }

    /// Coefficients for scores, `[r, k]`.
    fn shrunk(&self, lambda: f64) -> Matrix {
        let mut out = self.moments.clone();
        for (j, value) in self.spectrum.values.iter().enumerate() {
            out.row_mut(j).iter_mut().for_each(|m| *m /= value + lambda);
        }
        out
    }

    /// The grid of λ, ascending.
    pub fn lambdas(&self) -> Vec<f64> {
        let step = (LARGEST_EXPONENT - LEAST_EXPONENT) / (N_LAMBDAS - 1) as f64;
        (0..N_LAMBDAS)
            .map(|i| self.trace() * 10f64.powf(LEAST_EXPONENT + step * i as f64))
            .collect()
    }

    /// tr(ZZᵀ)/n, n images: a view of V weighs 1/V.
    fn trace(&self) -> f64 {
        let trace = self.spectrum.values.iter().sum::<f64>() / self.fold.n_images() as f64;
        // Features without any spread: λ has nothing to weigh against, but must not be 0.
        if trace > 0.0 { trace } else { 1.0 }
    }

    /// λ and temperature by what is left out.
    fn choose(&self) -> (f64, f64) {
        let usable = self.fold.can_be_left_out();
        if !usable.contains(&true) {
            return (self.trace() * 10f64.powf(FALLBACK_EXPONENT), 1.0);
        }
        let usable: Vec<usize> = (0..usable.len()).filter(|i| usable[*i]).collect();
        let lambdas = self.lambdas();
        // Log-loss and temperature of each λ that was tried.
        let mut tried: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
        let attempt = |tried: &mut BTreeMap<usize, (f64, f64)>, idx: usize| {
            tried
                .entry(idx)
                .or_insert_with(|| self.judge(lambdas[idx], &usable));
        };
        let mut step = if self.work() <= MOST_WORK {
            1
        } else {
            COARSE_STEP
        };
        (0..lambdas.len())
            .step_by(step)
            .for_each(|idx| attempt(&mut tried, idx));
        while step > 1 {
            step /= 2;
            let middle = least(&tried);
            let around = [
                middle.checked_sub(step),
                Some(middle + step).filter(|idx| *idx < lambdas.len()),
            ];
            around
                .into_iter()
                .flatten()
                .for_each(|idx| attempt(&mut tried, idx));
        }
        let best = least(&tried);
        (lambdas[best], tried[&best].1)
    }

    /// Log-loss of what is left out at its best temperature, and that temperature.
    fn judge(&self, lambda: f64, usable: &[usize]) -> (f64, f64) {
        let (all, k) = (self.left_out(lambda), self.shares.len());
        let logits = all.pick(usable).values;
        let (mut logits, labels) = self.fold.of_images(usable, logits, k);
        let temperature = fit_temperature(&logits, &labels, k);
        logits.iter_mut().for_each(|l| *l /= temperature);
        softmax_rows(&mut logits, k);
        (log_loss(&logits, &labels, k), temperature)
    }

    /// Multiplications for the hat matrices of all units at all λ.
    fn work(&self) -> f64 {
        let squares: f64 = self
            .fold
            .rows_by_unit()
            .iter()
            .filter(|u| u.len() > 1)
            .map(|u| (u.len() as f64).powi(2))
            .sum();
        squares * self.spectrum.rank() as f64 * N_LAMBDAS as f64
    }

    /// Predictions `[n, k]` for each row by the regression without its unit, exactly.
    pub fn left_out(&self, lambda: f64) -> Matrix {
        let (n, k) = (self.fold.n_rows(), self.shares.len());
        let mut out = product(&self.spectrum.scores, &self.shrunk(lambda));
        let inverse: Vec<f64> = self
            .spectrum
            .values
            .iter()
            .map(|v| 1.0 / (v + lambda))
            .collect();
        let h = product(
            &self.leverage,
            &Matrix::new(inverse.len(), 1, inverse.clone()),
        );
        let target = |i: usize, class: usize| f64::from(self.fold.labels[i] == class);
        for i in 0..n {
            out.row_mut(i)
                .iter_mut()
                .zip(&self.shares)
                .for_each(|(p, s)| *p += s);
        }
        for rows in self.fold.rows_by_unit() {
            if let [i] = rows[..] {
                let freedom = (1.0 - 1.0 / n as f64 - h.values[i]).max(LEAST_FREEDOM);
                for (class, p) in out.row_mut(i).iter_mut().enumerate() {
                    let y = target(i, class);
                    *p = y - (y - *p) / freedom;
                }
                continue;
            }
            // (I − H_gg)⁻¹ e_g with H_gg = 1/n + S_g·diag(1/(Λ+λ))·S_gᵀ.
            let mut part = self.spectrum.scores.pick(&rows);
            for i in 0..rows.len() {
                part.row_mut(i)
                    .iter_mut()
                    .zip(&inverse)
                    .for_each(|(s, v)| *s *= v.sqrt());
            }
            let mut freedom = outer_gram(&part);
            freedom
                .values
                .iter_mut()
                .for_each(|v| *v = -(*v + 1.0 / n as f64));
            (0..rows.len()).for_each(|i| freedom.row_mut(i)[i] += 1.0 + LEAST_FREEDOM);
            let mut errors = Matrix::zeros(rows.len(), k);
            for (at, &i) in rows.iter().enumerate() {
                let row = errors.row_mut(at);
                row.iter_mut()
                    .zip(out.row(i))
                    .enumerate()
                    .for_each(|(class, (e, p))| *e = target(i, class) - p);
            }
            // Where a unit alone decides some direction, leaving it out is not defined; its own errors stand in.
            let errors = solve(&freedom, &errors).unwrap_or(errors);
            for (at, &i) in rows.iter().enumerate() {
                let row = out.row_mut(i);
                row.iter_mut()
                    .zip(errors.row(at))
                    .enumerate()
                    .for_each(|(class, (p, e))| *p = target(i, class) - e);
            }
        }
        out
    }
}

/// The one with the least loss; of equal ones the largest λ.
fn least(tried: &BTreeMap<usize, (f64, f64)>) -> usize {
    let best = tried.iter().rev().min_by(|a, b| a.1.0.total_cmp(&b.1.0));
    *best.expect("some λ were tried").0
}
