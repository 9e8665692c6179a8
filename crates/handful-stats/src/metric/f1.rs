//! Is each class found, and is what is called by its name it? Precision and recall in one number a class.

use super::argmax;

/// What the F1 of a class is made of; sums of images, which need not be whole.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ClassCounts {
    /// Images of the class that were predicted right.
    pub right: f64,
    /// Images that were predicted to be of the class.
    pub predicted: f64,
    /// Images of the class.
    pub actual: f64,
}

/// Mean over the classes that occur in `labels` of F1 = 2·right/(predicted + actual).
///
/// A class that occurs and is never predicted has F1 0. One that doesn't occur is left out; images that are taken for it
/// are misses of their own classes. It is scikit-learn's `f1_score(average="macro", labels=…, zero_division=0)` with the
/// labels that occur; without `labels=` scikit-learn would count a class that is only predicted, too, as 0.
///
/// # Panics
/// When the table is not `[labels.len(), n_classes]`.
pub fn macro_f1(probabilities: &[f64], labels: &[usize], n_classes: usize) -> f64 {
    assert_eq!(
        probabilities.len(),
        labels.len() * n_classes,
        "one row an image, one column a class"
    );
    let mut counts = vec![ClassCounts::default(); n_classes];
    for (p, &label) in probabilities.chunks_exact(n_classes).zip(labels) {
        let predicted = argmax(p);
        counts[label].actual += 1.0;
        counts[predicted].predicted += 1.0;
        counts[label].right += f64::from(predicted == label);
    }
    mean_f1(&counts)
}

/// Mean F1 of the classes that occur.
pub(crate) fn mean_f1(counts: &[ClassCounts]) -> f64 {
    let occurring = counts.iter().filter(|c| c.actual > 0.0);
    let (mut sum, mut n) = (0.0, 0.0);
    for c in occurring {
        sum += 2.0 * c.right / (c.predicted + c.actual);
        n += 1.0;
    }
    sum / n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_never_predicted_is_nothing_and_one_that_does_not_occur_is_left_out() {
        // Truth 0 0 0 1, predicted 0 0 2 0: class 0 has right 2 of 3 predicted and 3 actual; class 1 nothing.
        let table = |predicted: &[usize]| -> Vec<f64> {
            let row = |p: &usize| (0..3).map(|k| f64::from(k == *p)).collect::<Vec<_>>();
            predicted.iter().flat_map(row).collect()
        };
        let f1 = macro_f1(&table(&[0, 0, 2, 0]), &[0, 0, 0, 1], 3);
        assert!((f1 - (4.0 / 6.0) / 2.0).abs() < 1e-12, "{f1}");
        assert_eq!(macro_f1(&table(&[0, 1]), &[0, 1], 3), 1.0);
    }
}
