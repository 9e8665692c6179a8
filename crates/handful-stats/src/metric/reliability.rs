//! Where does a model promise too much? Its confidences beside what came true.

use serde::{Deserialize, Serialize};

use super::argmax;
use super::calibration::equal_mass_bins;
use crate::{Interval, StatsError, effective_groups, wilson};

/// Images of similar confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Mean top probability.
    pub confidence: f64,
    /// Share that was predicted right; Wilson's interval on the effective groups of the bin.
    pub accuracy: Interval,
    /// How many images.
    pub n_images: usize,
}

/// The reliability curve of the top probability, in the bins of [`super::ece_equal_mass`], by ascending confidence;
/// no bin for no image.
///
/// `probabilities` `[n, classes]`; `labels` and `groups` have one entry an image; `level` in (0, 1).
///
/// # Errors
/// [`StatsError::Length`]; [`StatsError::Range`].
///
/// # Panics
/// When the table is not `[labels.len(), n_classes]`.
pub fn reliability(
    probabilities: &[f64],
    labels: &[usize],
    groups: &[usize],
    n_classes: usize,
    level: f64,
) -> Result<Vec<ReliabilityBin>, StatsError> {
    assert_eq!(
        probabilities.len(),
        labels.len() * n_classes,
        "one row an image, one column a class"
    );
    if groups.len() != labels.len() {
        return Err(StatsError::Length {
            what: "the list of groups",
            expected: labels.len(),
            found: groups.len(),
        });
    }
    let tops: Vec<usize> = probabilities.chunks_exact(n_classes).map(argmax).collect();
    let confidence = |row: usize| probabilities[row * n_classes + tops[row]];
    let confidences: Vec<f64> = (0..labels.len()).map(confidence).collect();
    let bin = |rows: Vec<usize>| {
        let n = rows.len() as f64;
        let right = rows.iter().filter(|&&row| tops[row] == labels[row]).count() as f64;
        let independent: Vec<usize> = rows.iter().map(|&row| groups[row]).collect();
        Ok(ReliabilityBin {
            confidence: rows.iter().map(|&row| confidences[row]).sum::<f64>() / n,
            accuracy: wilson(right / n, effective_groups(&independent), level)?,
            n_images: rows.len(),
        })
    };
    equal_mass_bins(&confidences).into_iter().map(bin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ece_equal_mass;

    /// 200 images of two classes; confidence rises from 0.5 to 1, right are three of four whatever it is.
    fn table() -> (Vec<f64>, Vec<usize>) {
        let top = |i: usize| 0.5 + i as f64 / 400.0;
        let p = (0..200).flat_map(|i| [top(i), 1.0 - top(i)]).collect();
        (p, (0..200).map(|i| usize::from(i % 4 == 0)).collect())
    }

    #[test]
    fn gaps_of_the_curve_sum_to_the_calibration_error() {
        let (p, labels) = table();
        let alone: Vec<usize> = (0..200).collect();
        let bins = reliability(&p, &labels, &alone, 2, 0.95).unwrap();
        assert_eq!(bins.len(), 10);
        let gap = |b: &ReliabilityBin| {
            b.n_images as f64 / 200.0 * (b.accuracy.value - b.confidence).abs()
        };
        let ece: f64 = bins.iter().map(gap).sum();
        assert!((ece - ece_equal_mass(&p, &labels, 2)).abs() < 1e-12);
        assert!(bins.windows(2).all(|b| b[0].confidence < b[1].confidence));
        assert!(bins.iter().all(|b| (b.accuracy.value - 0.75).abs() < 1e-12));
    }

    #[test]
    fn pairs_of_images_make_the_intervals_of_half_as_many() {
        let (p, labels) = table();
        let pairs: Vec<usize> = (0..200).map(|i| i / 2).collect();
        let first = reliability(&p, &labels, &pairs, 2, 0.95).unwrap()[0];
        assert_eq!(first.accuracy, wilson(0.75, 10.0, 0.95).unwrap());
        assert!(reliability(&p, &labels, &pairs[..9], 2, 0.95).is_err());
        assert_eq!(reliability(&[], &[], &[], 2, 0.95), Ok(vec![]));
    }
}
