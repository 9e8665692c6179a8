//! Linear discriminant analysis with a shrunk covariance: good from two images a class on.

use handful_stats::fit_temperature;

use super::{Fitted, Head, TrainingFold, inner};
use crate::LearnError;
use crate::algebra::{Matrix, gram, outer_gram, product, solve};

/// logit_k = zᵀΣ⁻¹μ_k − ½μ_kᵀΣ⁻¹μ_k + ln π_k with Σ the covariance within classes, shrunk towards a multiple of the
/// identity by the Ledoit-Wolf share ρ, and π_k = (n_k + ½)/(n + K/2).
///
/// ρ is computed from the rows centred by their class means, taken together; scikit-learn's `shrinkage="auto"` shrinks
/// each class apart. Views of one image are no independent rows: the variance of S, which ρ weighs, is that of a mean over images. The
/// temperature is fitted on inner splits.
///
/// # Source
/// O. Ledoit, M. Wolf, J. Multivariate Analysis 88 (2004), 365–411; small-data.md A5.
pub struct Lda;

/// Least ρ: with less the covariance can't be inverted where rows repeat.
const LEAST_SHRINKAGE: f64 = 1e-4;
/// Spread within classes below this share of the spread of all is rounding.
const NO_SPREAD: f64 = 1e-9;

impl Head for Lda {
    fn name(&self) -> &'static str {
        "lda"
    }

    fn summary(&self) -> &'static str {
        "linear discriminant analysis, covariance shrunk by Ledoit and Wolf's rule"
    }

    fn fit(&self, fold: &TrainingFold) -> Result<Fitted, LearnError> {
        let spectrum = fold.spectrum()?;
        let (scores, d) = (&spectrum.scores, fold.features.width());
        let (k, views) = (fold.present.len(), fold.features.n_views());
        let (mut logits, mut judged) = (Vec::new(), Vec::new());
        for split in inner::splits(fold) {
            let held_out = scores.pick(&split.judge);
            // Σ over the fit rows is the diagonal of all rows minus what is held out.
            let mut sums = gram(&held_out);
            sums.values.iter_mut().for_each(|v| *v = -*v);
            spectrum
                .values
                .iter()
                .enumerate()
                .for_each(|(j, value)| sums.row_mut(j)[j] += value);
            let fit_labels: Vec<usize> = split.fit.iter().map(|&i| fold.labels[i]).collect();
            let model = discriminate(&scores.pick(&split.fit), views, &fit_labels, sums, k, d)?;
            let found = product(&held_out, &model.weights);
            for i in 0..found.n_rows {
                logits.extend(found.row(i).iter().zip(&model.bias).map(|(l, b)| l + b));
            }
            judged.extend(split.judge);
        }
        let (logits, labels) = fold.of_images(&judged, logits, k);
        let mut sums = Matrix::zeros(spectrum.rank(), spectrum.rank());
        spectrum
            .values
            .iter()
            .enumerate()
            .for_each(|(j, value)| sums.row_mut(j)[j] = *value);
        let model = discriminate(scores, views, &fold.labels, sums, k, d)?;
        let weights = spectrum.coefficients(&model.weights);
        Ok(Fitted {
            temperature: fit_temperature(&logits, &labels, k),
            setting: Some(model.shrinkage),
            ..Fitted::of_present(self.name(), fold, fold.scale.clone(), &weights, &model.bias)
        })
    }
}

struct Discriminants {
    /// `[r, k]`
    weights: Matrix,
    /// `[k]`
    bias: Vec<f64>,
    shrinkage: f64,
}

/// Discriminants of rows x `[n, r]`, so many `views` of each image, that are coordinates in an r-dimensional part of a d-dimensional space;
/// `sums` is xᵀx. Outside that part all rows are zero, so the covariance there is the shrinkage target alone and says nothing.
fn discriminate(
    x: &Matrix,
    views: usize,
    labels: &[usize],
    mut sums: Matrix,
    k: usize,
    d: usize,
) -> Result<Discriminants, LearnError> {
    let (n, r) = (x.n_rows as f64, x.n_cols);
    let mut counts = vec![0.0f64; k];
    let mut means = Matrix::zeros(k, r);
    for (i, &label) in labels.iter().enumerate() {
        counts[label] += 1.0;
        means
            .row_mut(label)
            .iter_mut()
            .zip(x.row(i))
            .for_each(|(m, v)| *m += v);
    }
    for class in 0..k {
        // A class that is not among the rows has its mean in the middle and the smallest prior.
        means
            .row_mut(class)
            .iter_mut()
            .for_each(|m| *m /= counts[class].max(1.0));
    }
    let total = (0..r).map(|j| sums.row(j)[j]).sum::<f64>() / n;
    for class in 0..k {
        for a in 0..r {
            let own = counts[class] * means.row(class)[a];
            sums.row_mut(a)
                .iter_mut()
                .zip(means.row(class))
                .for_each(|(s, m)| *s -= own * m);
        }
    }
    let mut covariance = sums;
    covariance.values.iter_mut().for_each(|v| *v /= n);

    let squares: f64 = covariance.values.iter().map(|v| v * v).sum();
    let average = (0..r).map(|j| covariance.row(j)[j]).sum::<f64>() / d as f64;
    let mut apart = x.clone();
    for (i, &label) in labels.iter().enumerate() {
        let row = apart.row_mut(i).iter_mut();
        row.zip(means.row(label)).for_each(|(v, m)| *v -= m);
    }
    // Σ over pairs of views of an image of (r_v·r_w)² = ‖Σ_v r_v·r_vᵀ‖²
    let rows: Vec<usize> = (0..labels.len()).collect();
    let of_image = |rows: &[usize]| -> f64 {
        let products = outer_gram(&apart.pick(rows));
        products.values.iter().map(|v| v * v).sum()
    };
    let fourth = rows.chunks_exact(views).map(of_image).sum::<f64>() / n;
    let shrinkage = shrinkage(squares, average, fourth, (n, views as f64), d as f64);
    for j in 0..r {
        let row = covariance.row_mut(j);
        row.iter_mut().for_each(|v| *v *= 1.0 - shrinkage);
        row[j] += shrinkage * average;
    }
    let mut columns = Matrix::zeros(r, k);
    for class in 0..k {
        means
            .row(class)
            .iter()
            .enumerate()
            .for_each(|(j, m)| columns.row_mut(j)[class] = *m);
    }
    if average <= NO_SPREAD * total / d as f64 {
        // One image a class: nothing is known of how images of one class differ, so any as much as all do.
        covariance = Matrix::zeros(r, r);
        (0..r).for_each(|j| covariance.row_mut(j)[j] = total.max(f64::MIN_POSITIVE));
    }
    let weights = solve(&covariance, &columns).ok_or(LearnError::Algebra {
        what: "the covariance of a fold",
    })?;
    let bias = (0..k)
        .map(|class| {
            let quadratic: f64 = (0..r)
                .map(|j| means.row(class)[j] * weights.row(j)[class])
                .sum();
            let of_views = views as f64;
            let prior = (counts[class] / of_views + 0.5) / (n / of_views + 0.5 * k as f64);
            prior.ln() - 0.5 * quadratic
        })
        .collect();
    Ok(Discriminants {
        weights,
        bias,
        shrinkage,
    })
}

/// ρ = min(β, δ)/δ with δ = (‖S‖² − d·μ̄²)/d and β = (mean ‖r_i‖⁴ − ‖S‖²)/(d·n) for n independent rows. Where each image has V of
/// them, n of all, β = (Σ_images ‖Σ_v r_v·r_vᵀ‖²/n − V·‖S‖²)/(d·n), the same for the images' means of r·rᵀ.
fn shrinkage(squares: f64, average: f64, fourth: f64, (n, views): (f64, f64), d: f64) -> f64 {
    let delta = (squares - d * average * average) / d;
    let beta = (fourth - views * squares) / (d * n);
    if delta <= 0.0 {
        1.0
    } else {
        (beta.min(delta) / delta).clamp(LEAST_SHRINKAGE, 1.0)
    }
}
