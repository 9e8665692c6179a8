//! One number that makes logits honest: what they are divided by before the softmax.

use crate::exponential::exponentials;

/// Bounds of 1/T: T from e⁻³ to e⁴ (recipe A6).
const INVERSE_BOUNDS: (f64, f64) = (0.018_315_638_888_734_18, 20.085_536_923_187_668);
/// Relative change of 1/T that ends the search: far below what any output shows.
const CLOSE_ENOUGH: f64 = 1e-10;
const MOST_STEPS: usize = 100;

/// Brings each row of logits `[n, classes]` to probabilities, in place.
pub fn softmax_rows(logits: &mut [f64], n_classes: usize) {
    below_largest(logits, n_classes);
    exponentials(logits);
    for row in logits.chunks_exact_mut(n_classes) {
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|v| *v /= sum);
    }
}

/// Takes the largest value of each row from all of them.
fn below_largest(logits: &mut [f64], n_classes: usize) {
    for row in logits.chunks_exact_mut(n_classes) {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        row.iter_mut().for_each(|v| *v -= largest);
    }
}

/// The temperature T that minimises the mean log-loss of softmax(logits/T), between e⁻³ and e⁴.
///
/// `logits` `[n, classes]` must not come from the model that was fitted on these labels. Where every row is right,
/// T → 0 would be best; the targets then are 1 − 1/(n+2) for the true class, the rest spread over the others.
///
/// # Panics
/// When the table is not `[labels.len(), n_classes]`.
///
/// # Source
/// C. Guo et al., ICML 2017, section 4.2; the search is Newton's in 1/T, in which the loss is convex.
pub fn fit_temperature(logits: &[f64], labels: &[usize], n_classes: usize) -> f64 {
    assert_eq!(
        logits.len(),
        labels.len() * n_classes,
        "one row an image, one column a class"
    );
    if labels.is_empty() || n_classes < 2 {
        return 1.0;
    }
    let mut below = logits.to_vec();
    below_largest(&mut below, n_classes);
    let sharpest = INVERSE_BOUNDS.1;
    let inverse = minimise(&below, labels, n_classes, 0.0);
    if inverse < sharpest * (1.0 - 1e-6) {
        return 1.0 / inverse;
    }
    1.0 / minimise(&below, labels, n_classes, 1.0 / (labels.len() as f64 + 2.0))
}

/// The best 1/T when the share `missing` of each target lies on the other classes; the largest logit of each row is 0.
fn minimise(below: &[f64], labels: &[usize], n_classes: usize, missing: f64) -> f64 {
    let (mut low, mut high) = INVERSE_BOUNDS;
    let mut at = start(below, n_classes).clamp(low, high);
    let of_targets = of_targets(below, labels, n_classes, missing);
    for _ in 0..MOST_STEPS {
        let (slope, curvature) = derivatives(below, n_classes, of_targets, at);
        if slope > 0.0 {
            high = at;
        } else {
            low = at;
        }
        let newton = at - slope / curvature;
        // A step that leaves what is known to hold the minimum, or is no number, is replaced by halving.
        let next = if newton > low && newton < high {
            newton
        } else if newton >= high && high == INVERSE_BOUNDS.1
            || newton <= low && low == INVERSE_BOUNDS.0
        {
            newton.clamp(low, high)
        } else {
            (low * high).sqrt()
        };
        if (next - at).abs() <= CLOSE_ENOUGH * at {
            return next;
        }
        at = next;
    }
    at
}

/// One over the mean spread of a row, which is right to a factor of a few.
fn start(below: &[f64], n_classes: usize) -> f64 {
    let spread = -below.iter().sum::<f64>() / n_classes as f64;
    let n = (below.len() / n_classes) as f64;
    if spread > 0.0 { 3.0 * n / spread } else { 1.0 }
}

/// Σ z_target.
fn of_targets(below: &[f64], labels: &[usize], n_classes: usize, missing: f64) -> f64 {
    let of_row = |(row, &label): (&[f64], &usize)| {
        let own = row[label];
        let others = (row.iter().sum::<f64>() - own) / (n_classes - 1) as f64;
        (1.0 - missing) * own + missing * others
    };
    below
        .chunks_exact(n_classes)
        .zip(labels)
        .map(of_row)
        .sum::<f64>()
}

/// First and second derivative of the summed log-loss by 1/T: ΣE_p\[z\] − Σz_target and Σ Var_p(z).
fn derivatives(below: &[f64], n_classes: usize, of_targets: f64, inverse: f64) -> (f64, f64) {
    let mut e: Vec<f64> = below.iter().map(|z| z * inverse).collect();
    exponentials(&mut e);
    let (mut slope, mut curvature) = (-of_targets, 0.0);
    let rows = below.chunks_exact(n_classes);
    for (row, of_row) in rows.zip(e.chunks_exact(n_classes)) {
        let (mut total, mut first, mut second) = (0.0, 0.0, 0.0);
        for (z, e) in row.iter().zip(of_row) {
            total += e;
            first += e * z;
            second += e * z * z;
        }
        let mean = first / total;
        slope += mean;
        curvature += second / total - mean * mean;
    }
    (slope, curvature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log_loss;

    fn loss_at(logits: &[f64], labels: &[usize], k: usize, t: f64) -> f64 {
        let mut p: Vec<f64> = logits.iter().map(|z| z / t).collect();
        softmax_rows(&mut p, k);
        log_loss(&p, labels, k)
    }

    #[test]
    fn no_other_temperature_has_less_loss() {
        let labels: Vec<usize> = (0..60).map(|i| i % 3).collect();
        // Right in 45 of 60 rows, by margins that vary.
        let logits: Vec<f64> = (0..60)
            .flat_map(|i| {
                let mut row = [0.0, 0.03, -0.05];
                row[if i % 4 == 0 { (i + 1) % 3 } else { i % 3 }] += 0.2 + 0.01 * (i % 7) as f64;
                row
            })
            .collect();
        let t = fit_temperature(&logits, &labels, 3);
        let best = loss_at(&logits, &labels, 3, t);
        for factor in [0.5, 0.9, 0.999, 1.001, 1.1, 2.0] {
            assert!(
                loss_at(&logits, &labels, 3, t * factor) >= best,
                "{t} {factor}"
            );
        }
        // Scaling the logits scales the temperature.
        let scaled: Vec<f64> = logits.iter().map(|z| 7.0 * z).collect();
        assert!((fit_temperature(&scaled, &labels, 3) / t - 7.0).abs() < 1e-6);
    }

    #[test]
    fn all_right_does_not_mean_certain() {
        let logits = [4.0, 0.0, 0.0, 4.0, 4.0, 0.0, 0.0, 4.0];
        let t = fit_temperature(&logits, &[0, 1, 0, 1], 2);
        let mut p: Vec<f64> = logits.iter().map(|z| z / t).collect();
        softmax_rows(&mut p, 2);
        assert!((p[0] - 5.0 / 6.0).abs() < 1e-9, "{p:?}");
    }

    #[test]
    fn logits_that_say_nothing_are_flattened() {
        let labels = [0, 1, 0, 1, 0, 1, 0, 1];
        let logits: Vec<f64> = (0..8)
            .flat_map(|i| if i < 4 { [1.0, 0.0] } else { [0.0, 1.0] })
            .collect();
        assert!(fit_temperature(&logits, &labels, 2) > 50.0);
        assert!(fit_temperature(&[0.0; 4], &[0, 1], 2).is_finite());
    }
}
