//! Photos as points: standardised, blocks weighed alike, and the few directions in which they differ most.

use crate::LearnError;
use crate::algebra::{Matrix, eigen, outer_gram, product, transposed_product};

/// Directions that heads learn in; more cost time and change no verdict.
const MOST_DIRECTIONS: usize = 128;
/// A feature is divided by its spread, but by no less than this share of the typical spread in its block: what hardly varies among the
/// photos, as edges in an empty corner, would otherwise outweigh all else as soon as a change touches it.
const LEAST_SPREAD: f64 = 0.5;
/// Directions whose variance is below this share of the largest one are rounding.
const FLAT: f64 = 1e-9;

/// The space that clean photos span.
pub(super) struct Space {
    mean: Vec<f64>,
    scale: Vec<f64>,
    /// All clean photos, standardised: `[m, d]`.
    pub clean: Matrix,
    /// `[d, r]`
    directions: Matrix,
    /// Clean photos in these directions: `[m, r]`.
    pub projected: Matrix,
}

/// Changed photos in the same space.
pub(super) struct Points {
    /// In the directions of clean photos: `[m, r]`.
    pub projected: Matrix,
    /// Squared distances to all clean photos, in all directions: `[m, m]`.
    pub squared: Matrix,
}

impl Space {
    /// `seen` `[m, d]` of clean photos, in blocks of these widths.
    pub fn new(seen: &[f32], widths: &[usize]) -> Result<Space, LearnError> {
        let d: usize = widths.iter().sum();
        let m = seen.len() / d;
        let mut mean = vec![0.0; d];
        for row in seen.chunks_exact(d) {
            mean.iter_mut()
                .zip(row)
                .for_each(|(s, v)| *s += f64::from(*v));
        }
        mean.iter_mut().for_each(|s| *s /= m as f64);
        let mut spread = vec![0.0; d];
        for row in seen.chunks_exact(d) {
            for ((s, v), mean) in spread.iter_mut().zip(row).zip(&mean) {
                *s += (f64::from(*v) - mean).powi(2);
            }
        }
        spread.iter_mut().for_each(|s| *s /= m as f64);
        let mut scale = Vec::with_capacity(d);
        for &width in widths {
            let block = &spread[scale.len()..scale.len() + width];
            let typical = (block.iter().sum::<f64>() / width as f64).sqrt();
            let weight = 1.0 / (width as f64).sqrt();
            scale.extend(block.iter().map(|variance| {
                let spread = variance.sqrt().max(LEAST_SPREAD * typical);
                if spread > 0.0 { weight / spread } else { 0.0 }
            }));
        }
        let mut space = Space {
            scale,
            mean,
            clean: Matrix::zeros(0, 0),
            directions: Matrix::zeros(0, 0),
            projected: Matrix::zeros(0, 0),
        };
        space.clean = space.standardised(seen);
        // Principal components through the smaller side: m photos, d features.
        let (values, vectors) = eigen(&outer_gram(&space.clean)).ok_or(LearnError::Algebra {
            what: "the directions in which photos differ",
        })?;
        let largest = values.iter().copied().fold(0.0, f64::max);
        let mut order: Vec<usize> = (0..m).collect();
        order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
        order.truncate(MOST_DIRECTIONS);
        order.retain(|&i| values[i] > FLAT * largest);
        let mut coefficients = Matrix::zeros(m, order.len());
        for row in 0..m {
            for (j, &i) in order.iter().enumerate() {
                coefficients.row_mut(row)[j] = vectors.row(row)[i] / values[i].sqrt();
            }
        }
        space.directions = transposed_product(&space.clean, &coefficients);
        space.projected = product(&space.clean, &space.directions);
        Ok(space)
    }

    fn standardised(&self, seen: &[f32]) -> Matrix {
        let d = self.mean.len();
        let scaled = |(i, v): (usize, &f32)| {
            let i = i % d;
            (f64::from(*v) - self.mean[i]) * self.scale[i]
        };
        let values = seen.iter().enumerate().map(scaled).collect();
        Matrix::new(seen.len() / d, d, values)
    }

    /// Changed photos, one for each clean one.
    pub fn points(&self, seen: &[f32]) -> Points {
        let changed = self.standardised(seen);
        Points {
            projected: product(&changed, &self.directions),
            squared: squared_distances(&changed, &self.clean),
        }
    }

    /// Squared distances between clean photos, `[m, m]`.
    pub fn clean_distances(&self) -> Matrix {
        squared_distances(&self.clean, &self.clean)
    }
}

fn squared_distances(a: &Matrix, b: &Matrix) -> Matrix {
    let length = |row: &[f64]| row.iter().map(|v| v * v).sum::<f64>();
    let of_b: Vec<f64> = (0..b.n_rows).map(|j| length(b.row(j))).collect();
    let mut out = product(a, &b.transposed());
    for i in 0..a.n_rows {
        let of_a = length(a.row(i));
        for (value, of_b) in out.row_mut(i).iter_mut().zip(&of_b) {
            *value = (of_a + of_b - 2.0 * *value).max(0.0);
        }
    }
    out
}
