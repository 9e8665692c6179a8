//! The interval of a mean whose values come in clusters: photos of one group, photos judged by one model.

use super::{Interval, normal};
use crate::choice::difference;
use crate::group::places;
use crate::student;

/// The mean of `values` plus and minus z standard errors, clustered by group; `groups` has one entry a value, `level` is
/// in (0, 1). With a single group the ends are infinite.
///
/// # Source
/// The standard error of [`crate::paired_difference`].
pub(crate) fn mean_over_groups(values: &[f64], groups: &[usize], level: f64) -> Interval {
    let (mean, se, _) = clustered(values, groups);
    around(mean, normal::two_sided(level) * se)
}

/// The mean of `values`, each of which was made by the model of its fold: the wider one of the intervals over groups and
/// over folds. `groups` and `folds` have one entry a value, `level` is in (0, 1). With a single fold or group the ends are
/// infinite.
///
/// Groups are many and tell how the photos scatter; they don't tell how the models do, whose luck all photos of a fold
/// share. Folds hold both, but there are few of them, hence Student's t with one degree of freedom less than folds.
pub(crate) fn mean_over_folds(
    values: &[f64],
    folds: &[usize],
    groups: &[usize],
    level: f64,
) -> Interval {
    let by_group = mean_over_groups(values, groups, level);
    let (mean, se, n_folds) = clustered(values, folds);
    if n_folds < 2 {
        return around(mean, f64::INFINITY);
    }
    let t = student::quantile((1.0 + level) / 2.0, n_folds as f64 - 1.0);
    let by_fold = around(mean, t * se);
    Interval {
        value: mean,
        low: by_group.low.min(by_fold.low),
        high: by_group.high.max(by_fold.high),
    }
}

fn around(value: f64, half: f64) -> Interval {
    Interval {
        value,
        low: value - half,
        high: value + half,
    }
}

/// The mean, its standard error clustered by `clusters`, and how many of these there are.
fn clustered(values: &[f64], clusters: &[usize]) -> (f64, f64, usize) {
    let (places, n_clusters) = places(clusters);
    let mut sizes = vec![0.0; n_clusters];
    let mut sums = vec![0.0; n_clusters];
    for (&place, value) in places.iter().zip(values) {
        sizes[place] += 1.0;
        sums[place] += value;
    }
    let found = difference(&sums, &sizes, &vec![1.0; n_clusters]);
    (found.mean, found.se, n_clusters)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean 2.5, and a standard error of the mean of √(5/3/4).
    const VALUES: [f64; 4] = [1.0, 2.0, 3.0, 4.0];

    #[test]
    fn values_by_themselves_have_the_interval_of_a_mean() {
        let i = mean_over_groups(&VALUES, &[0, 1, 2, 3], 0.95);
        let half = 1.959963984540054 * (5.0f64 / 12.0).sqrt();
        assert!((i.value - 2.5).abs() < 1e-12);
        assert!((i.low - (2.5 - half)).abs() < 1e-12 && (i.high - (2.5 + half)).abs() < 1e-12);
    }

    #[test]
    fn folds_that_agree_leave_the_groups_and_folds_that_differ_widen() {
        let alone = [0, 1, 2, 3];
        let groups = mean_over_groups(&VALUES, &alone, 0.95);
        // Both folds have the mean 2.5.
        assert_eq!(
            mean_over_folds(&VALUES, &[0, 1, 1, 0], &alone, 0.95),
            groups
        );
        // Means of 1.5 and 3.5: a standard error of 1, and t with one degree of freedom.
        let apart = mean_over_folds(&VALUES, &[0, 0, 1, 1], &alone, 0.95);
        assert!(
            (apart.high - (2.5 + 12.706204736174694)).abs() < 1e-9,
            "{apart:?}"
        );
        assert_eq!(
            mean_over_folds(&VALUES, &[7; 4], &alone, 0.95).low,
            f64::NEG_INFINITY
        );
    }
}
