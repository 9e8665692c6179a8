//! Nearest class mean: an image goes to the class whose mean direction is nearest.

use handful_stats::fit_temperature;

use super::fitted::to_unit_length;
use super::{Fitted, Head, TrainingFold};
use crate::LearnError;
use crate::algebra::{Matrix, dot};

/// z = L2(x − mean of the training fold), c_k = L2(mean of z over class k), logit_k = z·c_k.
///
/// Blocks are brought to equal variance first, each by one factor, so that with a single block this is the method of
/// the paper. The temperature is fitted on predictions that leave each unit out.
///
/// # Source
/// Y. Wang et al., SimpleShot (arXiv:1911.04623), "CL2N".
pub struct Centroid;

impl Head for Centroid {
    fn name(&self) -> &'static str {
        "centroid"
    }

    fn summary(&self) -> &'static str {
        "nearest class mean"
    }

    fn is_affine(&self) -> bool {
        false
    }

    fn fit(&self, fold: &TrainingFold) -> Result<Fitted, LearnError> {
        let (scale, z) = unit_rows(fold);
        let sums = class_sums(&z, &fold.labels, fold.present.len());
        let mut weights = Matrix::zeros(z.n_cols, fold.present.len());
        for (class, sum) in sums.iter().enumerate() {
            let mut centre = sum.clone();
            to_unit_length(&mut centre);
            centre
                .iter()
                .enumerate()
                .for_each(|(j, c)| weights.row_mut(j)[class] = *c);
        }
        let (logits, labels) = left_out(&z, &sums, fold);
        let bias = vec![0.0; fold.present.len()];
        Ok(Fitted {
            unit_length: true,
            temperature: fit_temperature(&logits, &labels, fold.present.len()),
            ..Fitted::of_present(self.name(), fold, scale, &weights, &bias)
        })
    }
}

/// What centred features are multiplied by, `[d]`, and the rows of the fold times that, brought to length 1, `[n, d]`.
pub(super) fn unit_rows(fold: &TrainingFold) -> (Vec<f64>, Matrix) {
    let scale = block_scales(fold);
    let mut z = fold.scaled(&scale);
    (0..z.n_rows).for_each(|i| to_unit_length(z.row_mut(i)));
    (scale, z)
}

/// One factor a block: 1/√(sum of the variances of its features).
fn block_scales(fold: &TrainingFold) -> Vec<f64> {
    let centred = fold.scaled(&vec![1.0; fold.mean.len()]);
    let n = centred.n_rows as f64;
    let mut start = 0;
    let mut scales = Vec::with_capacity(fold.mean.len());
    for &width in fold.features.widths() {
        let squares: f64 = (0..centred.n_rows)
            .flat_map(|i| &centred.row(i)[start..start + width])
            .map(|v| v * v)
            .sum();
        let scale = if squares > 0.0 {
            (n / squares).sqrt()
        } else {
            0.0
        };
        scales.extend(std::iter::repeat_n(scale, width));
        start += width;
    }
    scales
}

/// For each class, the sum of its rows.
fn class_sums(z: &Matrix, labels: &[usize], n_classes: usize) -> Vec<Vec<f64>> {
    let mut sums = vec![vec![0.0; z.n_cols]; n_classes];
    for (i, &label) in labels.iter().enumerate() {
        sums[label]
            .iter_mut()
            .zip(z.row(i))
            .for_each(|(s, v)| *s += v);
    }
    sums
}

/// Logits of each row by class means without its unit, and the labels, for rows whose class has another unit.
fn left_out(z: &Matrix, sums: &[Vec<f64>], fold: &TrainingFold) -> (Vec<f64>, Vec<usize>) {
    let usable = fold.can_be_left_out();
    let (mut logits, mut labels) = (Vec::new(), Vec::new());
    let squares: Vec<f64> = sums.iter().map(|s| s.iter().map(|v| v * v).sum()).collect();
    for rows in fold.rows_by_unit() {
        let unit_labels: Vec<usize> = rows.iter().map(|&i| fold.labels[i]).collect();
        let own = class_sums(&z.pick(&rows), &unit_labels, sums.len());
        for &i in rows.iter().filter(|i| usable[**i]) {
            for (class, sum) in sums.iter().enumerate() {
                // Only the classes of the unit lose something.
                let cosine = if unit_labels.contains(&class) {
                    let mut rest: Vec<f64> =
                        sum.iter().zip(&own[class]).map(|(s, o)| s - o).collect();
                    to_unit_length(&mut rest);
                    dot(z.row(i), &rest)
                } else {
                    dot(z.row(i), sum) / squares[class].sqrt().max(f64::MIN_POSITIVE)
                };
                logits.push(cosine);
            }
            labels.push(fold.labels[i]);
        }
    }
    (logits, labels)
}
