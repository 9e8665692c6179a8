//! One decomposition that ridge, logistic regression and LDA share: with it every regularisation costs next to nothing.

use super::TrainingFold;
use crate::LearnError;
use crate::algebra::{Matrix, eigen, gram, outer_gram, product, transposed_product};

/// Directions whose eigenvalue is below this share of the largest are rounding.
const NEGLIGIBLE: f64 = 1e-11;

/// The thin singular value decomposition of standardised features Z `[n, d]` of rank r: Z = scores·directionsᵀ.
pub(super) struct Spectrum {
    /// Squared singular values, largest first, `[r]`.
    pub values: Vec<f64>,
    /// Z·directions: orthogonal columns of squared length `values`, `[n, r]`.
    pub scores: Matrix,
    /// Orthonormal columns, `[d, r]`.
    pub directions: Matrix,
}

impl Spectrum {
    /// From ZᵀZ where there are more images than features, else from ZZᵀ.
    pub fn of(fold: &TrainingFold) -> Result<Spectrum, LearnError> {
        let z = fold.standardised();
        if z.n_rows > z.n_cols {
            let (values, directions) = decompose(&standardised_gram(fold))?;
            let scores = product(&z, &directions);
            return Ok(Spectrum {
                values,
                scores,
                directions,
            });
        }
        let (values, mut scores) = decompose(&outer_gram(&z))?;
        let roots: Vec<f64> = values.iter().map(|v| v.sqrt()).collect();
        for i in 0..scores.n_rows {
            scores
                .row_mut(i)
                .iter_mut()
                .zip(&roots)
                .for_each(|(u, root)| *u *= root);
        }
        let mut directions = transposed_product(&z, &scores);
        for j in 0..directions.n_rows {
            directions
                .row_mut(j)
                .iter_mut()
                .zip(&values)
                .for_each(|(v, value)| *v /= value);
        }
        Ok(Spectrum {
            values,
            scores,
            directions,
        })
    }

    /// Number of directions.
    pub fn rank(&self) -> usize {
        self.values.len()
    }

    /// Coefficients for standardised features `[d, k]` from those for scores `[r, k]`.
    pub fn coefficients(&self, for_scores: &Matrix) -> Matrix {
        product(&self.directions, for_scores)
    }
}

/// Eigenvalues that are not negligible, and their vectors as columns.
fn decompose(symmetric: &Matrix) -> Result<(Vec<f64>, Matrix), LearnError> {
    let (mut values, vectors) = eigen(symmetric).ok_or(LearnError::Algebra {
        what: "the features of a fold",
    })?;
    let largest = values.first().copied().unwrap_or(0.0);
    let rank = values
        .iter()
        .take_while(|v| **v > NEGLIGIBLE * largest && **v > 0.0)
        .count();
    values.truncate(rank);
    let mut kept = Vec::with_capacity(vectors.n_rows * rank);
    (0..vectors.n_rows).for_each(|i| kept.extend_from_slice(&vectors.row(i)[..rank]));
    Ok((values, Matrix::new(vectors.n_rows, rank, kept)))
}

/// ZᵀZ from the sums that folds share: with the features' shift s, D(XᵀX − n(m−s)(m−s)ᵀ)D for means m and scales D.
fn standardised_gram(fold: &TrainingFold) -> Matrix {
    let features = fold.features;
    if features.n_rows() <= 2 * fold.n_rows() {
        let n = fold.n_rows() as f64;
        let mut out = features.gram_of(fold.rows());
        let m: Vec<f64> = fold
            .mean
            .iter()
            .zip(features.shift())
            .map(|(m, s)| m - s)
            .collect();
        for i in 0..out.n_rows {
            let (own, scale) = (m[i], fold.scale[i]);
            for (j, value) in out.row_mut(i).iter_mut().enumerate() {
                *value = (*value - n * own * m[j]) * scale * fold.scale[j];
            }
        }
        return out;
    }
    gram(&fold.standardised())
}
