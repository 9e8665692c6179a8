//! The interval of a mean recall, which has no closed form: groups are drawn again and again.

use std::collections::BTreeMap;

use super::draws::Strata;
use super::{Interval, accuracy_interval, check, wilson};
use crate::{Column, Seed, StatsError, effective_groups};

/// What one group adds to one class.
struct Tally {
    place: usize,
    class: usize,
    n: f64,
    right: f64,
}

/// Mean over classes of the share of their images that were predicted right, with the percentile interval of `n_draws`
/// bootstrap draws of groups, stratified by the class that most of a group has, or what Wilson's intervals of the classes come
/// to, whichever is wider on its side. Classes that were not scored don't count.
///
/// Where all were right or all wrong, or there is only one group, draws show no spread at all; the interval is then
/// Wilson's for the accuracy, and made to hold the value.
///
/// `labels` and `groups` have one entry an image, scored or not; `level` in (0, 1).
///
/// # Errors
/// [`StatsError::NoGroups`] when nothing was scored; [`StatsError::Length`]; [`StatsError::Range`].
///
/// # Source
/// Percentile intervals: B. Efron, R. Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
pub fn balanced_accuracy_interval(
    column: &Column,
    labels: &[usize],
    groups: &[usize],
    n_classes: usize,
    n_draws: usize,
    level: f64,
    seed: Seed,
) -> Result<Interval, StatsError> {
    column.check_groups(groups)?;
    column.check_groups(labels)?;
    check(0.5, n_draws as f64, level)?;
    let labels = column.of_scored(labels);
    let own_groups = column.of_scored(groups);
    let strata = Strata::new(&labels, &own_groups);
    let mut tallies: BTreeMap<(usize, usize), (f64, f64)> = BTreeMap::new();
    for ((&place, &label), hit) in strata.places.iter().zip(&labels).zip(&column.hits) {
        let (n, right) = tallies.entry((place, label)).or_default();
        *n += 1.0;
        *right += hit;
    }
    let tallies: Vec<Tally> = tallies
        .into_iter()
        .map(|((place, class), (n, right))| Tally {
            place,
            class,
            n,
            right,
        })
        .collect();
    let value = mean_recall(&tallies, &vec![1.0; strata.n_groups], n_classes);
    if strata.n_groups == 1 || column.hits.iter().all(|h| *h == column.hits[0]) {
        return Ok(accuracy_interval(column, groups, level)?.holding(value));
    }
    let recall = |times: &[f64]| mean_recall(&tallies, times, n_classes);
    let seed = (seed, "balanced accuracy");
    let drawn = strata.interval(value, n_draws, level, seed, recall);
    let by_class = recovered(column, &labels, &own_groups, n_classes, level)?;
    Ok(Interval {
        value,
        low: drawn.low.min((value - by_class.0).max(0.0)),
        high: drawn.high.max((value + by_class.1).min(1.0)),
    })
}

/// How far a mean of recalls may lie below and above, by Wilson's intervals of the classes, of which each counts its own
/// groups: the distances of their bounds, added like standard errors. Drawing five images of a class again and again can't
/// show more than those five; this can, but sees classes as independent, which groups with several classes are not.
///
/// # Source
/// G. Zou, A. Donner, Statistics in Medicine 27 (2008), 1693–1702 (MOVER).
fn recovered(
    column: &Column,
    labels: &[usize],
    groups: &[usize],
    n_classes: usize,
    level: f64,
) -> Result<(f64, f64), StatsError> {
    let (mut below, mut above, mut n_scored) = (0.0, 0.0, 0.0);
    for class in 0..n_classes {
        let rows: Vec<usize> = (0..labels.len()).filter(|&i| labels[i] == class).collect();
        if rows.is_empty() {
            continue;
        }
        let own: Vec<usize> = rows.iter().map(|&i| groups[i]).collect();
        let right: f64 = rows.iter().map(|&i| column.hits[i]).sum();
        let recall = wilson(right / rows.len() as f64, effective_groups(&own), level)?;
        below += (recall.value - recall.low).powi(2);
        above += (recall.high - recall.value).powi(2);
        n_scored += 1.0;
    }
    Ok((below.sqrt() / n_scored, above.sqrt() / n_scored))
}

/// The mean recall when group g occurs `times[g]` times.
fn mean_recall(tallies: &[Tally], times: &[f64], n_classes: usize) -> f64 {
    let mut totals = vec![(0.0, 0.0); n_classes];
    for t in tallies {
        totals[t.class].0 += times[t.place] * t.n;
        totals[t.class].1 += times[t.place] * t.right;
    }
    let recalls: Vec<f64> = totals
        .iter()
        .filter(|(n, _)| *n > 0.0)
        .map(|(n, right)| right / n)
        .collect();
    recalls.iter().sum::<f64>() / recalls.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(hits: Vec<f64>) -> Column {
        Column {
            scored: (0..hits.len()).collect(),
            losses: vec![0.0; hits.len()],
            hits,
        }
    }

    #[test]
    fn one_class_of_single_images_has_the_width_of_the_binomial() {
        let hits: Vec<f64> = (0..200).map(|i| f64::from(i % 5 > 0)).collect();
        let groups: Vec<usize> = (0..200).collect();
        let i =
            balanced_accuracy_interval(&column(hits), &[0; 200], &groups, 1, 2_000, 0.95, Seed(1))
                .unwrap();
        let half = 1.96 * (0.8f64 * 0.2 / 200.0).sqrt();
        assert!((i.value - 0.8).abs() < 1e-12);
        // Percentiles of 2,000 draws scatter by about 5 % of the width.
        assert!((i.high - i.low - 2.0 * half).abs() < 0.2 * half, "{i:?}");
    }

    #[test]
    fn a_rare_class_weighs_as_much_as_a_common_one() {
        let mut hits = vec![1.0; 90];
        hits.extend([0.0; 10]);
        let labels: Vec<usize> = (0..100).map(|i| usize::from(i >= 90)).collect();
        let groups: Vec<usize> = (0..100).collect();
        let i = balanced_accuracy_interval(&column(hits), &labels, &groups, 2, 500, 0.95, Seed(1))
            .unwrap();
        assert_eq!(i.value, 0.5);
    }

    #[test]
    fn a_perfect_score_is_not_certain() {
        let i = balanced_accuracy_interval(
            &column(vec![1.0; 10]),
            &[0, 1, 0, 1, 0, 1, 0, 1, 0, 1],
            &(0..10).collect::<Vec<_>>(),
            2,
            500,
            0.95,
            Seed(1),
        )
        .unwrap();
        assert!(i.low < 0.75 && i.high == 1.0, "{i:?}");
    }

    #[test]
    fn one_group_says_little_of_others() {
        let hits = vec![1.0, 0.0, 1.0, 1.0];
        let i = balanced_accuracy_interval(
            &column(hits),
            &[0, 1, 0, 1],
            &[7; 4],
            2,
            500,
            0.95,
            Seed(1),
        )
        .unwrap();
        assert!(i.value == 0.75 && i.high - i.low > 0.5, "{i:?}");
    }
}
