//! The features of all images of a run, and the algebra that all its folds share.

use std::sync::{Arc, OnceLock};

use crate::LearnError;
use crate::algebra::{Matrix, gram};
use crate::features::{Over, mean_over};

/// Feature vectors of images, made of blocks (one a backbone stage) that are weighed alike. An image has one row, or one of each of its
/// views: heads are then fitted on all of them, and asked about their mean or about the first.
#[derive(Debug)]
pub struct FeatureSet {
    n_images: usize,
    /// Rows of each image.
    views: usize,
    /// Whether heads are asked about the first view of an image, and not about the mean of all.
    asks_first: bool,
    widths: Vec<usize>,
    /// `[n_images · views, d]`, row-major, the views of an image one after the other.
    values: Arc<[f32]>,
    /// Mean of each feature over all rows. Subtracting it first keeps sums of squares precise; it cancels exactly.
    shift: Vec<f64>,
    gram: OnceLock<Matrix>,
}

impl FeatureSet {
    /// Joins blocks of `(width, values [n_images, width])`.
    ///
    /// # Errors
    /// [`LearnError::Shape`] when a block has another number of values; [`LearnError::NonFinite`].
    pub fn new(n_images: usize, blocks: Vec<(usize, Vec<f32>)>) -> Result<FeatureSet, LearnError> {
        FeatureSet::of_views(n_images, 1, blocks)
    }

    /// Joins blocks of `(width, values [n_images · views, width])`, the views of an image one after the other. Heads are asked about the
    /// mean of the views.
    ///
    /// # Errors
    /// Those of [`FeatureSet::new`].
    pub fn of_views(
        n_images: usize,
        views: usize,
        blocks: Vec<(usize, Vec<f32>)>,
    ) -> Result<FeatureSet, LearnError> {
        let n_rows = n_images * views;
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
        let values: Arc<[f32]> = (0..n_rows).flat_map(row).copied().collect();
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
            n_images,
            views,
            asks_first: false,
            widths,
            values,
            shift,
            gram: OnceLock::new(),
        })
    }

    /// Number of images.
    pub fn n_images(&self) -> usize {
        self.n_images
    }

    /// Rows of each image.
    pub fn n_views(&self) -> usize {
        self.views
    }

    pub(super) fn n_rows(&self) -> usize {
        self.n_images * self.views
    }

    /// Number of features, over all blocks.
    pub fn width(&self) -> usize {
        self.widths.iter().sum()
    }

    /// Number of features of each block.
    pub fn widths(&self) -> &[usize] {
        &self.widths
    }

    /// What heads are asked about these images, not standardised, `[images.len(), d]`, row-major.
    pub fn rows(&self, images: &[usize]) -> Vec<f64> {
        let size = self.views * self.width();
        let of_image = |&image: &usize| self.asked(&self.values[image * size..][..size]);
        images.iter().flat_map(of_image).collect()
    }

    /// What heads are asked about all images, not standardised, `[n_images, d]`, row-major.
    pub fn all_rows(&self) -> Vec<f64> {
        self.asked(&self.values)
    }

    /// The same images, whose views teach a head so.
    pub fn over(&self, over: Over) -> FeatureSet {
        let (values, views) = match over {
            Over::Mean if self.views > 1 => {
                let means = mean_over(self.views, &self.values, self.width());
                (means.iter().map(|v| *v as f32).collect(), 1)
            }
            _ => (Arc::clone(&self.values), self.views),
        };
        FeatureSet {
            n_images: self.n_images,
            views,
            asks_first: over == Over::Training,
            widths: self.widths.clone(),
            values,
            shift: self.shift.clone(),
            gram: OnceLock::new(),
        }
    }

    /// Whether both hold the very same numbers, whatever is asked of them.
    pub fn holds_those_of(&self, other: &FeatureSet) -> bool {
        Arc::ptr_eq(&self.values, &other.values)
    }

    /// Every number that heads are fitted on, `[n_images · views, d]`, row-major.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    fn asked(&self, of_images: &[f32]) -> Vec<f64> {
        let d = self.width();
        if self.asks_first {
            let firsts = of_images
                .chunks_exact(self.views * d)
                .flat_map(|of| &of[..d]);
            return firsts.map(|v| f64::from(*v)).collect();
        }
        mean_over(self.views, of_images, d)
    }

    /// What an affine head says of what it is asked about, `[images, k]`, from what it says of all their views, `[images · views, k]`.
    pub(super) fn logits_asked(&self, of_views: Vec<f64>, k: usize) -> Vec<f64> {
        if self.views == 1 {
            return of_views;
        }
        let of = |of_image: &[f64], class: usize| match self.asks_first {
            true => of_image[class],
            false => of_image[class..].iter().step_by(k).sum::<f64>() / self.views as f64,
        };
        let of_images = of_views.chunks_exact(self.views * k);
        let asked = of_images.flat_map(|of_image| (0..k).map(move |class| of(of_image, class)));
        asked.collect()
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
        let mut is_in = vec![false; self.n_rows()];
        rows.iter().for_each(|&r| is_in[r] = true);
        let held_out: Vec<usize> = (0..self.n_rows()).filter(|r| !is_in[*r]).collect();
        if held_out.len() > rows.len() {
            return gram(&self.shifted(rows));
        }
        let all = self
            .gram
            .get_or_init(|| gram(&self.shifted(&(0..self.n_rows()).collect::<Vec<_>>())));
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
