//! The features of all images of a run, and the algebra that all its folds share.

use std::sync::OnceLock;

use crate::LearnError;
use crate::algebra::{Matrix, gram};

/// Feature vectors of images, made of blocks (one a backbone stage) that are weighed alike.
#[derive(Debug)]
pub struct FeatureSet {
    n: usize,
    widths: Vec<usize>,
    /// `[n, d]`, row-major.
    values: Vec<f32>,
    /// Mean of each feature over all images. Subtracting it first keeps sums of squares precise; it cancels exactly.
    shift: Vec<f64>,
    gram: OnceLock<Matrix>,
}

impl FeatureSet {
    /// Joins blocks of `(width, values [n_rows, width])`.
    ///
    /// # Errors
    /// [`LearnError::Shape`] when a block has another number of values; [`LearnError::NonFinite`].
    pub fn new(n_rows: usize, blocks: Vec<(usize, Vec<f32>)>) -> Result<FeatureSet, LearnError> {
        for (idx, (width, values)) in blocks.iter().enumerate() {
            if values.len() != n_rows * width {
                return Err(LearnError::Shape {
                    what: format!("block {idx} of the features"),
                    expected: format!("{n_rows} × {width} values"),
                    found: values.len().to_string(),
                });
            }
            if let Some(at) = values.iter().position(|v| !v.is_finite()) {
                return Err(LearnError::NonFinite {
                    what: format!("block {idx} of the features, row {}", at / width),
                });
            }
        }
        let widths: Vec<usize> = blocks.iter().map(|(width, _)| *width).collect();
        let row = |r: usize| {
            blocks
                .iter()
                .flat_map(move |(width, values)| &values[r * width..(r + 1) * width])
        };
        let values: Vec<f32> = (0..n_rows).flat_map(row).copied().collect();
        let d = widths.iter().sum();
        let mut shift = vec![0.0; d];
        for row in values.chunks_exact(d) {
            shift
                .iter_mut()
                .zip(row)
                .for_each(|(s, v)| *s += f64::from(*v));
        }
        shift.iter_mut().for_each(|s| *s /= n_rows as f64);
        Ok(FeatureSet {
            n: n_rows,
            widths,
            values,
            shift,
            gram: OnceLock::new(),
        })
    }

    /// Number of images.
    pub fn n_rows(&self) -> usize {
        self.n
    }

    /// Number of features, over all blocks.
    pub fn width(&self) -> usize {
        self.widths.iter().sum()
    }

    /// Number of features of each block.
    pub fn widths(&self) -> &[usize] {
        &self.widths
    }

    /// Features of these images as they are, `[rows.len(), d]`, row-major.
    pub fn rows(&self, rows: &[usize]) -> Vec<f64> {
        rows.iter()
            .flat_map(|&r| self.row(r))
            .map(|v| f64::from(*v))
            .collect()
    }

    /// Features of all images as they are, `[n, d]`, row-major.
    pub fn all_rows(&self) -> Vec<f64> {
        self.values.iter().map(|v| f64::from(*v)).collect()
    }

    pub(super) fn row(&self, row: usize) -> &[f32] {
        let d = self.width();
        &self.values[row * d..][..d]
    }

    /// What is subtracted in [`FeatureSet::shifted`].
    pub(super) fn shift(&self) -> &[f64] {
        &self.shift
    }

    fn shifted(&self, rows: &[usize]) -> Matrix {
        let row = |r: &usize| {
            self.row(*r)
                .iter()
                .zip(&self.shift)
                .map(|(v, s)| f64::from(*v) - s)
        };
        Matrix::new(
            rows.len(),
            self.width(),
            rows.iter().flat_map(row).collect(),
        )
    }

    /// XᵀX of these rows with the shift subtracted. The Gram matrix of all rows is computed once; a training fold then
    /// costs only its held-out rows.
    pub(super) fn gram_of(&self, rows: &[usize]) -> Matrix {
        let mut is_in = vec![false; self.n];
        rows.iter().for_each(|&r| is_in[r] = true);
        let held_out: Vec<usize> = (0..self.n).filter(|r| !is_in[*r]).collect();
        if held_out.len() > rows.len() {
            return gram(&self.shifted(rows));
        }
        let all = self
            .gram
            .get_or_init(|| gram(&self.shifted(&(0..self.n).collect::<Vec<_>>())));
        let mut out = all.clone();
        if !held_out.is_empty() {
            let part = gram(&self.shifted(&held_out));
            out.values
                .iter_mut()
                .zip(&part.values)
                .for_each(|(a, b)| *a -= b);
        }
        out
    }
}
