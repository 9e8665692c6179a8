//! Linear discriminant analysis with a shrunk covariance: good from two images a class on.

use handful_stats::fit_temperature;

use super::{Fitted, Head, TrainingFold, inner};
use crate::LearnError;
use crate::algebra::{Matrix, dot, gram, outer_gram, product, solve, transposed_product};

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
        let Learned {
            judged,
            logits,
            model,
        } = fold.discriminants()?;
        let k = fold.present.len();
        let (logits, labels) = fold.of_images(judged, logits.clone(), k);
        let weights = fold.spectrum()?.coefficients(&model.weights);
        Ok(Fitted {
            temperature: fit_temperature(&logits, &labels, k),
            setting: Some(model.shrinkage),
            ..Fitted::of_present(self.name(), fold, fold.scale.clone(), &weights, &model.bias)
        })
    }
}

/// What comes of the rows of a fold, whatever is asked of it.
pub(super) struct Learned {
    /// Rows that were held out of inner splits.
    judged: Vec<usize>,
    /// What was said of them, `[judged, k]`.
    logits: Vec<f64>,
    /// Of all rows.
    model: Discriminants,
}

impl Learned {
    pub fn of(fold: &TrainingFold) -> Result<Learned, LearnError> {
        let spectrum = fold.spectrum()?;
        let (scores, d) = (&spectrum.scores, fold.features.width());
        let (k, views) = (fold.present.len(), fold.features.n_views());
        let (mut logits, mut judged) = (Vec::new(), Vec::new());
        for split in inner::splits(fold) {
            let held_out = scores.pick(&split.judge);
            let labels: Vec<usize> = split.fit.iter().map(|&i| fold.labels[i]).collect();
            let rows = Rows {
                x: &scores.pick(&split.fit),
                labels: &labels,
                views,
                k,
            };
            let model = discriminate(rows, &spectrum.values, &held_out, d)?;
            let found = product(&held_out, &model.weights);
            for i in 0..found.n_rows {
                logits.extend(found.row(i).iter().zip(&model.bias).map(|(l, b)| l + b));
            }
            judged.extend(split.judge);
        }
        let rows = Rows {
            x: scores,
            labels: &fold.labels,
            views,
            k,
        };
        let none = Matrix::zeros(0, spectrum.rank());
        let model = discriminate(rows, &spectrum.values, &none, d)?;
        Ok(Learned {
            judged,
            logits,
            model,
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

/// Rows to fit on.
#[derive(Clone, Copy)]
struct Rows<'a> {
    /// `[n, r]`, coordinates in an r-dimensional part of the features' space.
    x: &'a Matrix,
    /// Class of each.
    labels: &'a [usize],
    /// How many of them are views of one image, one after the other.
    views: usize,
    /// Number of classes.
    k: usize,
}

impl Rows<'_> {
    /// Rows of each class, and their means `[k, r]`. A class that is not among the rows has its mean in the middle.
    fn classes(&self) -> (Vec<f64>, Matrix) {
        let mut counts = vec![0.0f64; self.k];
        let mut means = Matrix::zeros(self.k, self.x.n_cols);
        for (i, &label) in self.labels.iter().enumerate() {
            counts[label] += 1.0;
            let mean = means.row_mut(label).iter_mut();
            mean.zip(self.x.row(i)).for_each(|(m, v)| *m += v);
        }
        for (class, count) in counts.iter().enumerate() {
            let mean = means.row_mut(class).iter_mut();
            mean.for_each(|m| *m /= count.max(1.0));
        }
        (counts, means)
    }

    /// Σ over pairs of views of an image of (r_v·r_w)² = ‖Σ_v r_v·r_vᵀ‖², summed over images, of rows r less their class means.
    fn fourth(&self, means: &Matrix) -> f64 {
        let mut apart = self.x.clone();
        for (i, &label) in self.labels.iter().enumerate() {
            let row = apart.row_mut(i).iter_mut();
            row.zip(means.row(label)).for_each(|(v, m)| *v -= m);
        }
        let of_image = |first: usize| -> f64 {
            let rows = first..first + self.views;
            let pairs = rows.clone().flat_map(|v| rows.clone().map(move |w| (v, w)));
            pairs
                .map(|(v, w)| dot(apart.row(v), apart.row(w)).powi(2))
                .sum()
        };
        let firsts = (0..self.labels.len()).step_by(self.views);
        firsts.map(of_image).sum()
    }
}

/// Discriminants of rows x in a d-dimensional space, where Σ over x and the `held_out` rows of their squares is the diagonal `all`. Outside
/// of x's part all rows are zero, so the covariance there is the shrinkage target alone and says nothing.
fn discriminate(
    rows: Rows,
    all: &[f64],
    held_out: &Matrix,
    d: usize,
) -> Result<Discriminants, LearnError> {
    let (n, r, k, views) = (
        rows.x.n_rows as f64,
        rows.x.n_cols,
        rows.k,
        rows.views as f64,
    );
    let (counts, means) = rows.classes();
    // What is taken from all squares: those of rows that are held out, and of the class means.
    let mut taken = held_out.clone();
    for (class, count) in counts.iter().enumerate() {
        let weighed = means.row(class).iter().map(|m| count.sqrt() * m);
        taken.values.extend(weighed);
        taken.n_rows += 1;
    }
    let scatter = Scatter::new(all, taken);
    let average = scatter.trace() / n / d as f64;
    let fourth = rows.fourth(&means) / n;
    let squares = scatter.squares() / (n * n);
    let mut shrinkage = shrinkage(squares, average, fourth, (n, views), d as f64);
    let total = rows.x.values.iter().map(|v| v * v).sum::<f64>() / n;
    let columns = means.transposed();
    let weights = match average <= NO_SPREAD * total / d as f64 {
        // One image a class: nothing is known of how images of one class differ, so any as much as all do.
        true => {
            shrinkage = 1.0;
            let total = total.max(f64::MIN_POSITIVE);
            let values = columns.values.iter().map(|m| m / total).collect();
            Some(Matrix::new(r, k, values))
        }
        false => scatter.solve((1.0 - shrinkage) / n, shrinkage * average, &columns),
    };
    let weights = weights.ok_or(LearnError::Algebra {
        what: "the covariance of a fold",
    })?;
    let bias = (0..k)
        .map(|class| {
            let quadratic: f64 = (0..r)
                .map(|j| means.row(class)[j] * weights.row(j)[class])
                .sum();
            let prior = (counts[class] / views + 0.5) / (n / views + 0.5 * k as f64);
            prior.ln() - 0.5 * quadratic
        })
        .collect();
    Ok(Discriminants {
        weights,
        bias,
        shrinkage,
    })
}

/// A sum of squares W = Λ − TᵀT: the diagonal Λ `[r]` less that of a few rows T `[t, r]`.
struct Scatter<'a> {
    all: &'a [f64],
    taken: Matrix,
    /// W itself, where T has many rows or nearly all of Λ is taken: differences of its parts would be rounding.
    whole: Option<Matrix>,
}

/// Below this share of Λ's trace, W is too small to be known from parts.
const NEARLY_ALL_TAKEN: f64 = 0.01;

impl Scatter<'_> {
    fn new(all: &[f64], taken: Matrix) -> Scatter<'_> {
        let mut scatter = Scatter {
            all,
            taken,
            whole: None,
        };
        let is_small = scatter.trace() < NEARLY_ALL_TAKEN * all.iter().sum::<f64>();
        if is_small || scatter.taken.n_rows >= all.len() {
            let mut whole = gram(&scatter.taken);
            whole.values.iter_mut().for_each(|v| *v = -*v);
            let all = all.iter().enumerate();
            all.for_each(|(j, value)| whole.row_mut(j)[j] += value);
            scatter.whole = Some(whole);
        }
        scatter
    }

    fn trace(&self) -> f64 {
        if let Some(whole) = &self.whole {
            return (0..whole.n_rows).map(|j| whole.row(j)[j]).sum();
        }
        let taken: f64 = self.taken.values.iter().map(|v| v * v).sum();
        self.all.iter().sum::<f64>() - taken
    }

    /// ‖W‖² = ‖Λ‖² − 2·Σ Λ_j·T_ij² + ‖T·Tᵀ‖²
    fn squares(&self) -> f64 {
        if let Some(whole) = &self.whole {
            return whole.values.iter().map(|v| v * v).sum();
        }
        let of_all: f64 = self.all.iter().map(|v| v * v).sum();
        let between = |i: usize| -> f64 {
            let row = self.taken.row(i).iter().zip(self.all);
            row.map(|(t, a)| a * t * t).sum()
        };
        let between: f64 = (0..self.taken.n_rows).map(between).sum();
        let taken = outer_gram(&self.taken);
        let taken: f64 = taken.values.iter().map(|v| v * v).sum();
        of_all - 2.0 * between + taken
    }

    /// (c·W + s·I)⁻¹·b for s > 0; none where rounding hides that it has a solution.
    fn solve(&self, c: f64, s: f64, b: &Matrix) -> Option<Matrix> {
        if let Some(whole) = &self.whole {
            let mut matrix = whole.clone();
            matrix.values.iter_mut().for_each(|v| *v *= c);
            (0..matrix.n_rows).for_each(|j| matrix.row_mut(j)[j] += s);
            return solve(&matrix, b);
        }
        // With A = c·Λ + s·I: A⁻¹b + c·A⁻¹Tᵀ·(I − c·T·A⁻¹·Tᵀ)⁻¹·T·A⁻¹b, by Sherman, Morrison and Woodbury.
        let inverse: Vec<f64> = self.all.iter().map(|v| 1.0 / (c * v + s)).collect();
        let mut near = b.clone();
        for (j, value) in inverse.iter().enumerate() {
            near.row_mut(j).iter_mut().for_each(|v| *v *= value);
        }
        let t = self.taken.n_rows;
        let mut weighed = self.taken.clone();
        for i in 0..t {
            let row = weighed.row_mut(i).iter_mut();
            row.zip(&inverse).for_each(|(v, a)| *v *= a.sqrt());
        }
        let mut inner = outer_gram(&weighed);
        inner.values.iter_mut().for_each(|v| *v *= -c);
        (0..t).for_each(|i| inner.row_mut(i)[i] += 1.0);
        let mut correction = solve(&inner, &product(&self.taken, &near))?;
        correction.values.iter_mut().for_each(|v| *v *= c);
        let correction = transposed_product(&self.taken, &correction);
        for (j, value) in inverse.iter().enumerate() {
            let row = near.row_mut(j).iter_mut();
            row.zip(correction.row(j))
                .for_each(|(v, more)| *v += value * more);
        }
        Some(near)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_rows_and_many_are_taken_from_a_diagonal_to_the_same_solution() {
        let all: Vec<f64> = (0..6).map(|j| 8.0 - j as f64).collect();
        let b = Matrix::new(6, 2, (0..12).map(|i| (i % 5) as f64 - 2.0).collect());
        let row =
            |i: usize| (0..6).map(move |j| 0.4 * (((i * 6 + j) * 7 % 11) as f64 / 11.0 - 0.5));
        for n_taken in [0, 2, 5, 9] {
            let taken = Matrix::new(n_taken, 6, (0..n_taken).flat_map(row).collect());
            let mut matrix = gram(&taken);
            matrix.values.iter_mut().for_each(|v| *v = -*v);
            (0..6).for_each(|j| matrix.row_mut(j)[j] += all[j]);
            let scatter = Scatter::new(&all, taken);
            let trace: f64 = (0..6).map(|j| matrix.row(j)[j]).sum();
            let squares: f64 = matrix.values.iter().map(|v| v * v).sum();
            assert!((scatter.trace() - trace).abs() < 1e-12 * trace);
            assert!((scatter.squares() - squares).abs() < 1e-12 * squares);
            for c in [0.0, 0.7] {
                let x = scatter.solve(c, 0.1, &b).unwrap();
                let mut shrunk = matrix.clone();
                shrunk.values.iter_mut().for_each(|v| *v *= c);
                (0..6).for_each(|j| shrunk.row_mut(j)[j] += 0.1);
                for (found, expected) in product(&shrunk, &x).values.iter().zip(&b.values) {
                    assert!((found - expected).abs() < 1e-12, "{n_taken} {c}");
                }
            }
        }
    }

    #[test]
    fn a_small_rest_is_not_rounding() {
        // Rows that are taken are all of Λ but for a hundred-millionth.
        let rest: f64 = 1e-8;
        let all = [4.0, 3.0, rest];
        let mut taken = Matrix::zeros(2, 3);
        taken.row_mut(0)[0] = (all[0] - rest).sqrt();
        taken.row_mut(1)[1] = (all[1] - rest).sqrt();
        let one = Scatter::new(&all, taken);
        assert!((one.squares() / (3.0 * rest * rest) - 1.0).abs() < 1e-6);
        let x = one
            .solve(1.0, rest, &Matrix::new(3, 1, vec![1.0; 3]))
            .unwrap();
        assert!(x.values.iter().all(|x| (x * 2.0 * rest - 1.0).abs() < 1e-6));
    }
}
