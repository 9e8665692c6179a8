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
/// min(15, n/20) bins of images sorted by confidence, of which equal ones are never parted. See [`ece_bias`] for what a
/// perfect model gets.
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
    let rows = || probabilities.chunks_exact(n_classes).zip(labels);
    let confidences: Vec<f64> = rows().map(|(p, _)| p[argmax(p)]).collect();
    let excess: Vec<f64> = rows()
        .map(|(p, &label)| f64::from(argmax(p) == label) - p[argmax(p)])
        .collect();
    let gap = |rows: Vec<usize>| rows.iter().map(|&row| excess[row]).sum::<f64>().abs();
    let gaps = equal_mass_bins(&confidences).into_iter().map(gap);
    gaps.sum::<f64>() / labels.len() as f64
}

/// Rows by ascending confidence, parted into min(15, n/20) bins of as many, one at least.
///
/// Images of one confidence stay together, so that the order of the images doesn't matter: an edge that would part them
/// goes to the nearer end of their run, and bins that become empty are left out.
pub(super) fn equal_mass_bins(confidences: &[f64]) -> Vec<Vec<usize>> {
    let n = confidences.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| confidences[a].total_cmp(&confidences[b]));
    let bins = n_bins(n);
    let edge = |bin: usize| {
        let at = bin * n / bins;
        if at == 0 || at == n {
            return at;
        }
        let own = confidences[order[at]];
        let first = order.partition_point(|&row| confidences[row].total_cmp(&own).is_lt());
        let next = order.partition_point(|&row| confidences[row].total_cmp(&own).is_le());
        if at - first <= next - at { first } else { next }
    };
    let edges: Vec<usize> = (0..=bins).map(edge).collect();
    let whole = edges.windows(2).filter(|ends| ends[0] < ends[1]);
    whole.map(|ends| order[ends[0]..ends[1]].to_vec()).collect()
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
                // Nearly the same confidences, and none twice: equal ones would share a bin.
                let p: Vec<f64> = (0..N)
                    .map(|i| 0.8 + 1e-9 * i as f64)
                    .flat_map(|top| [top, 1.0 - top])
                    .collect();
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

    #[test]
    fn equal_confidences_share_a_bin_whatever_their_order() {
        // 100 images in five bins of 20; the 50 of one confidence lie over two edges.
        let confidences: Vec<f64> = (0..100)
            .map(|i| if i < 50 { 0.9 } else { i as f64 / 1000.0 })
            .collect();
        let sizes = |c: &[f64]| -> Vec<usize> { equal_mass_bins(c).iter().map(Vec::len).collect() };
        assert_eq!(sizes(&confidences), [20, 20, 10, 50]);
        assert_eq!(sizes(&[0.5; 100]), [100]);
        assert!(sizes(&[]).is_empty());

        let half_right = |first: usize| -> f64 {
            let labels: Vec<usize> = (0..100).map(|i| usize::from(i / 50 == first)).collect();
            ece_equal_mass(&[0.9, 0.1].repeat(100), &labels, 2)
        };
        assert!((half_right(0) - half_right(1)).abs() < 1e-12);
    }
}
