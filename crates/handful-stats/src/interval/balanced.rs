//! The interval of a mean recall, which has no closed form: groups are drawn again and again.

use std::collections::BTreeMap;

use rand::RngExt;

use super::{Interval, accuracy_interval, check};
use crate::{Column, Seed, StatsError};

/// Classes with at least so many groups are drawn within themselves, so that none of them can vanish from a draw.
const LEAST_GROUPS: usize = 5;

/// A group's images and hits of each class.
struct Tally {
    of_class: BTreeMap<usize, (f64, f64)>,
}

/// Mean over classes of the share of their images that were predicted right, with the percentile interval of `n_draws`
/// bootstrap draws of groups, stratified by the class that most of a group has. Classes that were not scored don't count.
///
/// Where all were right or all wrong, draws show no spread at all; the interval is then Wilson's for the accuracy.
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
    let mut by_group: BTreeMap<usize, Tally> = BTreeMap::new();
    for (&row, hit) in column.scored.iter().zip(&column.hits) {
        let tally = by_group.entry(groups[row]).or_insert_with(|| Tally {
            of_class: BTreeMap::new(),
        });
        let (n, right) = tally.of_class.entry(labels[row]).or_default();
        *n += 1.0;
        *right += hit;
    }
    let value = mean_recall(by_group.values(), n_classes);
    if column.hits.iter().all(|h| *h == column.hits[0]) {
        return Ok(Interval {
            value,
            ..accuracy_interval(column, groups, level)?
        });
    }
    let strata = strata(by_group.values().collect());
    let mut draws: Vec<f64> = (0..n_draws)
        .map(|draw| {
            let mut random = seed.stream("balanced accuracy", draw as u64);
            let drawn: Vec<&Tally> = strata
                .iter()
                .flat_map(|s| {
                    s.iter()
                        .map(|_| s[random.random_range(0..s.len())])
                        .collect::<Vec<_>>()
                })
                .collect();
            mean_recall(drawn.into_iter(), n_classes)
        })
        .collect();
    draws.sort_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    let quantile = |q: f64| draws[((q * (n_draws - 1) as f64).round() as usize).min(n_draws - 1)];
    Ok(Interval {
        value,
        low: quantile(tail).min(value),
        high: quantile(1.0 - tail).max(value),
    })
}

/// Groups by the class that most of their images have; those of small classes together.
fn strata(groups: Vec<&Tally>) -> Vec<Vec<&Tally>> {
    let mut by_class: BTreeMap<usize, Vec<&Tally>> = BTreeMap::new();
    for tally in groups {
        let most =
            tally.of_class.iter().fold(
                (0, 0.0),
                |most, (class, (n, _))| if *n > most.1 { (*class, *n) } else { most },
            );
        by_class.entry(most.0).or_default().push(tally);
    }
    let (mut own, small): (Vec<_>, Vec<_>) = by_class
        .into_values()
        .partition(|s| s.len() >= LEAST_GROUPS);
    let rest: Vec<&Tally> = small.into_iter().flatten().collect();
    if !rest.is_empty() {
        own.push(rest);
    }
    own
}

fn mean_recall<'a>(groups: impl Iterator<Item = &'a Tally>, n_classes: usize) -> f64 {
    let mut totals = vec![(0.0, 0.0); n_classes];
    for tally in groups {
        for (class, (n, right)) in &tally.of_class {
            totals[*class].0 += n;
            totals[*class].1 += right;
        }
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
}
