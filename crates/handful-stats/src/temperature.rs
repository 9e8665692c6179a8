//! One number that makes logits honest: what they are divided by before the softmax.

/// Bounds of 1/T: T from e⁻³ to e⁴ (recipe A6).
const INVERSE_BOUNDS: (f64, f64) = (0.018_315_638_888_734_18, 20.085_536_923_187_668);
/// Relative change of 1/T that ends the search: far below what any output shows.
const CLOSE_ENOUGH: f64 = 1e-10;
const MOST_STEPS: usize = 100;

/// Brings each row of logits `[n, classes]` to probabilities, in place.
pub fn softmax_rows(logits: &mut [f64], n_classes: usize) {
    for row in logits.chunks_exact_mut(n_classes) {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut sum = 0.0;
        for value in row.iter_mut() {
            *value = (*value - largest).exp();
            sum += *value;
        }
        row.iter_mut().for_each(|v| *v /= sum);
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
    let sharpest = INVERSE_BOUNDS.1;
    let inverse = minimise(logits, labels, n_classes, 0.0);
    if inverse < sharpest * (1.0 - 1e-6) {
        return 1.0 / inverse;
    }
    1.0 / minimise(logits, labels, n_classes, 1.0 / (labels.len() as f64 + 2.0))
}

/// The best 1/T when the share `missing` of each target lies on the other classes.
fn minimise(logits: &[f64], labels: &[usize], n_classes: usize, missing: f64) -> f64 {
    let (mut low, mut high) = INVERSE_BOUNDS;
    let mut at = start(logits, n_classes).clamp(low, high);
    for _ in 0..MOST_STEPS {
        let (slope, curvature) = derivatives(logits, labels, n_classes, missing, at);
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
fn start(logits: &[f64], n_classes: usize) -> f64 {
    let spread: f64 = logits
        .chunks_exact(n_classes)
        .map(|row| {
            let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            largest - row.iter().sum::<f64>() / n_classes as f64
        })
        .sum();
    let n = (logits.len() / n_classes) as f64;
    if spread > 0.0 { 3.0 * n / spread } else { 1.0 }
}

/// First and second derivative of the summed log-loss by 1/T: Σ(E_p[z] − z_target) and Σ Var_p(z).
fn derivatives(
    logits: &[f64],
    labels: &[usize],
    n_classes: usize,
    missing: f64,
    inverse: f64,
) -> (f64, f64) {
    let (mut slope, mut curvature) = (0.0, 0.0);
    for (row, &label) in logits.chunks_exact(n_classes).zip(labels) {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (mut total, mut first, mut second, mut sum) = (0.0, 0.0, 0.0, 0.0);
        for &value in row {
            let z = value - largest;
            let e = (z * inverse).exp();
            total += e;
            first += e * z;
            second += e * z * z;
            sum += z;
        }
        let mean = first / total;
        let own = row[label] - largest;
        let others = (sum - own) / (n_classes - 1) as f64;
        slope += mean - (1.0 - missing) * own - missing * others;
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
