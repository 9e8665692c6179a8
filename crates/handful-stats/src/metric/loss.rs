//! Log-loss: what decides between candidates, because it tells them apart with fewer images than accuracy does.

/// Probabilities below this count as this. Heads smooth, so it should never be reached.
pub(crate) const FLOOR: f64 = 1e-12;

/// −ln of the probability given to the true class, in nats.
pub(crate) fn image_loss(probabilities: &[f64], label: usize) -> f64 {
    -probabilities[label].max(FLOOR).ln()
}

/// Mean log-loss in nats.
///
/// # Panics
/// When the table is not `[labels.len(), n_classes]`.
pub fn log_loss(probabilities: &[f64], labels: &[usize], n_classes: usize) -> f64 {
    assert_eq!(
        probabilities.len(),
        labels.len() * n_classes,
        "one row an image, one column a class"
    );
    let rows = probabilities.chunks_exact(n_classes).zip(labels);
    rows.map(|(p, &label)| image_loss(p, label)).sum::<f64>() / labels.len() as f64
}
