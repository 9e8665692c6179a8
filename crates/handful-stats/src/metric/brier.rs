//! How far are the probabilities from the truth, squared? Bounded, where the log-loss of one bold mistake is not.

/// Brier score: mean over images of Σ_k (p_k − y_k)², with y the indicator of the true class; 0 to 2, less is better.
///
/// # Panics
/// When the table is not `[labels.len(), n_classes]`.
///
/// # Source
/// G. W. Brier, Monthly Weather Review 78 (1950), 1–3, in its original form: of two classes both count, so that it is
/// twice what is often given for them.
pub fn brier(probabilities: &[f64], labels: &[usize], n_classes: usize) -> f64 {
    assert_eq!(
        probabilities.len(),
        labels.len() * n_classes,
        "one row an image, one column a class"
    );
    let of_image = |(p, &label): (&[f64], &usize)| -> f64 {
        let term = |(k, p): (usize, &f64)| (p - f64::from(k == label)).powi(2);
        p.iter().enumerate().map(term).sum()
    };
    let rows = probabilities.chunks_exact(n_classes).zip(labels);
    rows.map(of_image).sum::<f64>() / labels.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certainty_costs_nothing_or_two_and_a_coin_half() {
        assert_eq!(brier(&[1.0, 0.0], &[0], 2), 0.0);
        assert_eq!(brier(&[1.0, 0.0], &[1], 2), 2.0);
        assert_eq!(brier(&[0.5, 0.5, 0.5, 0.5], &[0, 1], 2), 0.5);
    }
}
