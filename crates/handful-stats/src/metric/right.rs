//! What was predicted, and how often it is right.

/// Index of the largest value, the first of equal ones.
///
/// # Panics
/// When there is no value.
pub fn argmax(values: &[f64]) -> usize {
    (1..values.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best })
}

/// Mean over the classes that occur of the share of their images that were predicted right.
///
/// # Panics
/// When the table is not `[labels.len(), n_classes]`.
pub fn balanced_accuracy(probabilities: &[f64], labels: &[usize], n_classes: usize) -> f64 {
    assert_eq!(
        probabilities.len(),
        labels.len() * n_classes,
        "one row an image, one column a class"
    );
    let mut totals = vec![(0.0, 0.0); n_classes];
    for (p, &label) in probabilities.chunks_exact(n_classes).zip(labels) {
        totals[label].0 += 1.0;
        totals[label].1 += f64::from(argmax(p) == label);
    }
    let recalls: Vec<f64> = totals
        .iter()
        .filter(|(n, _)| *n > 0.0)
        .map(|(n, right)| right / n)
        .collect();
    recalls.iter().sum::<f64>() / recalls.len() as f64
}
