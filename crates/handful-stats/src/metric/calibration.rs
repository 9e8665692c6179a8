//! Does 80 % mean 80 %?

use super::argmax;

/// Bins, for many images.
const MOST_BINS: usize = 15;
/// Images a bin needs.
const IMAGES_PER_BIN: usize = 20;

fn n_bins(n: usize) -> usize {
    (n / IMAGES_PER_BIN).clamp(1, MOST_BINS)
}

/// Expected calibration error of the top probability, in bins of equal mass: Σ (|bin|/n)·|accuracy − confidence| over
/// min(15, n/20) bins of images sorted by confidence. See [`ece_bias`] for what a perfect model gets.
///
/// # Panics
/// When the table is not `[labels.len(), n_classes]`.
///
/// # Source
/// Recipe A6; equal mass: K. Nguyen, B. O'Connor, EMNLP 2015.
pub fn ece_equal_mass(probabilities: &[f64], labels: &[usize], n_classes: usize) -> f64 {
    assert_eq!(
        probabilities.len(),
        labels.len() * n_classes,
        "one row an image, one column a class"
    );
    let n = labels.len();
    let mut tops: Vec<(f64, f64)> = probabilities
        .chunks_exact(n_classes)
        .zip(labels)
        .map(|(p, &label)| {
            let top = argmax(p);
            (p[top], f64::from(top == label))
        })
        .collect();
    // Stable, so that equal confidences stay in the order of the images.
    tops.sort_by(|a, b| a.0.total_cmp(&b.0));
    let bins = n_bins(n);
    let gap = |bin: usize| {
        let images = &tops[bin * n / bins..(bin + 1) * n / bins];
        images
            .iter()
            .map(|(confidence, hit)| hit - confidence)
            .sum::<f64>()
            .abs()
    };
    (0..bins).map(gap).sum::<f64>() / n as f64
}

/// What [`ece_equal_mass`] shows for a perfectly calibrated model of this accuracy on `n` images, by chance alone:
/// √(2·acc·(1−acc)·M/(πn)) for M bins.
///
/// # Source
/// Recipe A6: the mean of |N(0, acc(1−acc)M/n)|, the same in each of M bins.
pub fn ece_bias(accuracy: f64, n: usize) -> f64 {
    let per_image = n_bins(n) as f64 / n as f64;
    (2.0 * accuracy * (1.0 - accuracy) * per_image / std::f64::consts::PI).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;
    use rand::RngExt;

    #[test]
    fn a_calibrated_model_shows_the_stated_bias() {
        const N: usize = 300;
        const SETS: u64 = 200;
        let mean: f64 = (0..SETS)
            .map(|set| {
                let mut random = Seed(set).stream("ece", 0);
                let labels: Vec<usize> = (0..N)
                    .map(|_| usize::from(random.random::<f64>() >= 0.8))
                    .collect();
                let p: Vec<f64> = (0..N).flat_map(|_| [0.8, 0.2]).collect();
                ece_equal_mass(&p, &labels, 2)
            })
            .sum::<f64>()
            / SETS as f64;
        // A tenth of it is the error of replacing counts of 20 by a normal distribution, and of 200 sets.
        assert!(
            (mean / ece_bias(0.8, N) - 1.0).abs() < 0.1,
            "{mean} {}",
            ece_bias(0.8, N)
        );
    }

    #[test]
    fn overconfidence_is_its_size() {
        let p: Vec<f64> = (0..100).flat_map(|_| [0.9, 0.1]).collect();
        let labels: Vec<usize> = (0..100).map(|i| usize::from(i % 2 == 0)).collect();
        assert!((ece_equal_mass(&p, &labels, 2) - 0.4).abs() < 1e-12);
    }
}
