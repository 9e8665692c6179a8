//! What is left of a photo's features when its class is taken away?

use crate::algebra::{self, Matrix};
use crate::head::FeatureSet;

/// Degrees of freedom (photos beyond one a class) that each kept direction must be estimated from; fewer, and whitening
/// blows up directions that are nothing but the noise of their estimate.
const FREEDOM_A_DIRECTION: usize = 4;
/// Photos that the within-class variation is estimated from: ten times as many as the kept directions need.
const MOST_ESTIMATED_FROM: usize = 4_000;
/// Directions with less than this share of the largest variance are rounding.
const NO_VARIANCE: f64 = 1e-9;

/// The rest of each photo, `[n, d]` rows of length 1 (zeros for the only photo of a class).
#[derive(Debug)]
pub(super) struct Residuals {
    width: usize,
    rows: Vec<f32>,
}

/// Cosine of two photos' rests.
pub(super) fn similarity(residuals: &Residuals, a: usize, b: usize) -> f32 {
    let row = |photo: usize| &residuals.rows[photo * residuals.width..][..residuals.width];
    dot(row(a), row(b))
}

/// Features divided by their spread, minus the mean of the *other* photos of the class, in the `most` directions in which
/// photos of a class differ most, each divided by its standard deviation; then of length 1.
///
/// `None` where photos are too few to tell any direction, or all alike.
pub(super) fn residuals(
    features: &FeatureSet,
    labels: &[usize],
    n_classes: usize,
    most: usize,
) -> Option<Residuals> {
    let (n, d) = (labels.len(), features.width());
    let mut rows = Matrix::new(n, d, features.all_rows());
    scale_columns(&mut rows);
    let counts = take_classes_away(&mut rows, labels, n_classes);
    let n_present = counts.iter().filter(|&&count| count > 0).count();
    let freedom = n.saturating_sub(n_present);
    let kept = most.min(freedom / FREEDOM_A_DIRECTION).min(d);
    if kept == 0 {
        return None;
    }

    // Every k-th photo: an even sample of all classes, as photos are listed class by class.
    let every = n.div_ceil(MOST_ESTIMATED_FROM);
    let sample: Vec<usize> = (0..n).step_by(every).collect();
    let mut covariance = algebra::gram(&rows.pick(&sample));
    let scale = 1.0 / sample.len() as f64;
    covariance.values.iter_mut().for_each(|v| *v *= scale);
    let (variances, directions) = algebra::eigen(&covariance)?;
    let kept = (0..kept)
        .take_while(|&k| variances[k] > NO_VARIANCE * variances[0].max(f64::MIN_POSITIVE))
        .count();
    if kept == 0 {
        return None;
    }
    let mut whitening = Matrix::zeros(d, kept);
    for column in 0..d {
        for k in 0..kept {
            whitening.row_mut(column)[k] = directions.row(column)[k] / variances[k].sqrt();
        }
    }
    let white = algebra::product(&rows, &whitening);
    let mut units = Vec::with_capacity(n * kept);
    for photo in 0..n {
        let row = white.row(photo);
        let length = row.iter().map(|v| v * v).sum::<f64>().sqrt();
        let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
        units.extend(row.iter().map(|v| (v * scale) as f32));
    }
    Some(Residuals {
        width: kept,
        rows: units,
    })
}

/// Divides each column by its standard deviation; columns that never change become 0.
fn scale_columns(rows: &mut Matrix) {
    let (n, d) = (rows.n_rows, rows.n_cols);
    let (mut mean, mut square) = (vec![0.0; d], vec![0.0; d]);
    for photo in 0..n {
        for (m, v) in mean.iter_mut().zip(rows.row(photo)) {
            *m += v / n as f64;
        }
    }
    for photo in 0..n {
        for ((s, v), m) in square.iter_mut().zip(rows.row(photo)).zip(&mean) {
            *s += (v - m).powi(2) / n as f64;
        }
    }
    let largest = square.iter().copied().fold(0.0, f64::max);
    let factor: Vec<f64> = square
        .iter()
        .map(|&s| {
            if s > NO_VARIANCE * largest {
                1.0 / s.sqrt()
            } else {
                0.0
            }
        })
        .collect();
    for photo in 0..n {
        rows.row_mut(photo)
            .iter_mut()
            .zip(&factor)
            .for_each(|(v, f)| *v *= f);
    }
}

/// Subtracts from each row the mean of the other rows of its class, and returns the size of each class. The only photo
/// of a class keeps nothing.
fn take_classes_away(rows: &mut Matrix, labels: &[usize], n_classes: usize) -> Vec<usize> {
    let d = rows.n_cols;
    let mut counts = vec![0usize; n_classes];
    let mut means = Matrix::zeros(n_classes, d);
    for (photo, &class) in labels.iter().enumerate() {
        counts[class] += 1;
        means
            .row_mut(class)
            .iter_mut()
            .zip(rows.row(photo))
            .for_each(|(m, v)| *m += v);
    }
    for (class, &count) in counts.iter().enumerate() {
        means
            .row_mut(class)
            .iter_mut()
            .for_each(|m| *m /= count.max(1) as f64);
    }
    for (photo, &class) in labels.iter().enumerate() {
        // x − mean of the others = (x − mean of all)·n/(n − 1).
        let n = counts[class] as f64;
        let others = if n > 1.0 { n / (n - 1.0) } else { 0.0 };
        rows.row_mut(photo)
            .iter_mut()
            .zip(means.row(class))
            .for_each(|(v, m)| *v = (*v - m) * others);
    }
    counts
}

/// Sums in eight lanes of a fixed order: the same bits on any number of threads.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    let (a8, a_rest) = a.as_chunks::<8>();
    let (b8, b_rest) = b.as_chunks::<8>();
    for (x, y) in a8.iter().zip(b8) {
        for lane in 0..8 {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_photos_of_a_class_share_is_taken_away() {
        let mut rows = Matrix::new(4, 2, vec![5.0, 1.0, 5.0, 3.0, -7.0, 0.0, 2.0, 2.0]);
        let counts = take_classes_away(&mut rows, &[0, 0, 1, 2], 3);
        assert_eq!(counts, [2, 1, 1]);
        // 1 − 3 and 3 − 1: each minus the other; the only photos of their classes keep nothing.
        assert_eq!(rows.values, [0.0, -2.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn too_few_photos_have_no_directions() {
        let features = FeatureSet::new(3, vec![(2, vec![1.0, 2.0, 3.0, 1.0, 0.0, 5.0])]).unwrap();
        assert!(residuals(&features, &[0, 0, 1], 2, 8).is_none());
    }
}
