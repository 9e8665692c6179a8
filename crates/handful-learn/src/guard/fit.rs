//! Small ridge regressions of one strength, on sums that are kept.

use handful_stats::{argmax, softmax_rows};

use crate::algebra::{Matrix, gram, product, solve, transposed_product};

/// Sums over rows, from which a regression follows.
#[derive(Clone)]
pub(super) struct Sums {
    n: f64,
    x: Vec<f64>,
    /// `[r, r]`
    xx: Matrix,
    /// `[r, classes]`
    xy: Matrix,
    y: Vec<f64>,
}

impl Sums {
    /// Of these rows of `points`, with their classes.
    pub fn of(points: &Matrix, rows: &[usize], labels: &[usize], n_classes: usize) -> Sums {
        let x = points.pick(rows);
        let mut y = Matrix::zeros(rows.len(), n_classes);
        let (mut x_sum, mut y_sum) = (vec![0.0; points.n_cols], vec![0.0; n_classes]);
        for (i, &row) in rows.iter().enumerate() {
            y.row_mut(i)[labels[row]] = 1.0;
            y_sum[labels[row]] += 1.0;
            x_sum.iter_mut().zip(x.row(i)).for_each(|(s, v)| *s += v);
        }
        Sums {
            n: rows.len() as f64,
            x: x_sum,
            xx: gram(&x),
            xy: transposed_product(&x, &y),
            y: y_sum,
        }
    }

    /// Both together, each row counting half.
    pub fn half_and_half(&self, other: &Sums) -> Sums {
        let vector = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| 0.5 * (a + b)).collect();
        let matrix = |a: &Matrix, b: &Matrix| Matrix {
            values: vector(&a.values, &b.values),
            ..*a
        };
        Sums {
            n: 0.5 * (self.n + other.n),
            x: vector(&self.x, &other.x),
            xx: matrix(&self.xx, &other.xx),
            xy: matrix(&self.xy, &other.xy),
            y: vector(&self.y, &other.y),
        }
    }

    /// Ridge on 0/1 targets with λ the mean of the eigenvalues' sum over the rows, as everywhere that nothing is chosen (recipe A8). None
    /// where the system has no solution.
    pub fn regression(&self) -> Option<Regression> {
        let r = self.x.len();
        let mut a = self.xx.clone();
        let mut b = self.xy.clone();
        for i in 0..r {
            let x_mean = self.x[i] / self.n;
            for j in 0..r {
                a.row_mut(i)[j] -= x_mean * self.x[j];
            }
            for (value, y) in b.row_mut(i).iter_mut().zip(&self.y) {
                *value -= x_mean * y;
            }
        }
        let trace: f64 = (0..r).map(|i| a.row(i)[i]).sum();
        let lambda = (trace / self.n).max(f64::MIN_POSITIVE);
        (0..r).for_each(|i| a.row_mut(i)[i] += lambda);
        let weights = solve(&a, &b)?;
        let mut intercept: Vec<f64> = self.y.iter().map(|y| y / self.n).collect();
        for i in 0..r {
            let x_mean = self.x[i] / self.n;
            for (value, w) in intercept.iter_mut().zip(weights.row(i)) {
                *value -= x_mean * w;
            }
        }
        Some(Regression { weights, intercept })
    }
}

/// A fitted ridge regression.
#[derive(Clone)]
pub(super) struct Regression {
    /// `[r, classes]`
    weights: Matrix,
    intercept: Vec<f64>,
}

impl Regression {
    /// Scores of these rows, `[rows, classes]`.
    pub fn scores(&self, points: &Matrix, rows: &[usize]) -> Matrix {
        let mut scores = product(&points.pick(rows), &self.weights);
        for i in 0..rows.len() {
            for (value, b) in scores.row_mut(i).iter_mut().zip(&self.intercept) {
                *value += b;
            }
        }
        scores
    }
}

/// What is read in scores.
pub(super) fn read(scores: &Matrix) -> Vec<usize> {
    (0..scores.n_rows).map(|i| argmax(scores.row(i))).collect()
}

/// The probability that scores give to each row's class.
pub(super) fn of_true(scores: &Matrix, labels: &[usize], temperature: f64) -> Vec<f64> {
    let mut logits: Vec<f64> = scores.values.iter().map(|s| s / temperature).collect();
    softmax_rows(&mut logits, scores.n_cols);
    let rows = logits.chunks_exact(scores.n_cols);
    rows.zip(labels).map(|(row, &label)| row[label]).collect()
}
