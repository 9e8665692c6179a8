//! The interval of a macro-F1: one image changes the F1 of two classes, so only drawing groups again tells.

use std::collections::BTreeMap;

use super::draws::Strata;
use super::{Interval, check, wilson};
use crate::metric::f1::{ClassCounts, mean_f1};
use crate::{Seed, StatsError, effective_groups};

/// Macro-F1 with the percentile interval of `n_draws` bootstrap draws of groups, drawn within classes of five groups and
/// more. As [`crate::macro_f1`] it is the mean over the classes that occur, in a draw those that occur in it.
///
/// `predicted` `[repeats][n]` holds the class that each repeat's out-of-fold model gives each image; F1 is computed for
/// each repeat and averaged, in each draw, because an F1 of averaged predictions would be that of an ensemble.
/// `labels` and `groups` have one entry an image as well: only images that were scored are given. `level` in (0, 1).
///
/// Where all were right or all wrong, or there is only one group, draws show no spread at all; the interval is then
/// Wilson's for the accuracy, and made to hold the value.
///
/// # Errors
/// [`StatsError::NoGroups`] without an image, a repeat or a draw; [`StatsError::Length`]; [`StatsError::Label`] of a label
/// or a predicted class; [`StatsError::Range`].
///
/// # Source
/// Percentile intervals: B. Efron, R. Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
pub fn macro_f1_interval(
    predicted: &[&[usize]],
    labels: &[usize],
    groups: &[usize],
    n_classes: usize,
    n_draws: usize,
    level: f64,
    seed: Seed,
) -> Result<Interval, StatsError> {
    if predicted.is_empty() || labels.is_empty() {
        return Err(StatsError::NoGroups);
    }
    check(0.5, n_draws as f64, level)?;
    let lists = [("the list of groups", groups)].into_iter();
    for (what, list) in lists.chain(predicted.iter().map(|p| ("the predicted classes", *p))) {
        if list.len() != labels.len() {
            return Err(StatsError::Length {
                what,
                expected: labels.len(),
                found: list.len(),
            });
        }
    }
    let mut classes = predicted.iter().copied().chain([labels]).flatten();
    if let Some(&label) = classes.find(|class| **class >= n_classes) {
        return Err(StatsError::Label { label, n_classes });
    }

    let strata = Strata::new(labels, groups);
    let tallies: Vec<Vec<Tally>> = predicted
        .iter()
        .map(|predicted| tally(predicted, labels, &strata.places))
        .collect();
    let mut counts = vec![ClassCounts::default(); n_classes];
    let mut mean = |times: &[f64]| {
        let of_repeat = tallies.iter().map(|tallies| {
            counts.fill(ClassCounts::default());
            for t in tallies {
                let (class, times) = (&mut counts[t.class], times[t.place]);
                class.right += times * t.counts.right;
                class.predicted += times * t.counts.predicted;
                class.actual += times * t.counts.actual;
            }
            mean_f1(&counts)
        });
        of_repeat.sum::<f64>() / predicted.len() as f64
    };
    let value = mean(&vec![1.0; strata.n_groups]);
    let right = |predicted: &&[usize]| predicted.iter().zip(labels).filter(|(p, l)| p == l).count();
    let n_right: usize = predicted.iter().map(right).sum();
    let n_all = predicted.len() * labels.len();
    if n_right == 0 || n_right == n_all || strata.n_groups == 1 {
        let accuracy = wilson(
            n_right as f64 / n_all as f64,
            effective_groups(groups),
            level,
        )?;
        return Ok(accuracy.holding(value));
    }
    Ok(strata.interval(value, n_draws, level, (seed, "macro f1"), mean))
}

/// What one group adds to the counts of one class.
struct Tally {
    place: usize,
    class: usize,
    counts: ClassCounts,
}

fn tally(predicted: &[usize], labels: &[usize], places: &[usize]) -> Vec<Tally> {
    let mut all: BTreeMap<(usize, usize), ClassCounts> = BTreeMap::new();
    for ((&predicted, &label), &place) in predicted.iter().zip(labels).zip(places) {
        let own = all.entry((place, label)).or_default();
        own.actual += 1.0;
        own.right += f64::from(predicted == label);
        all.entry((place, predicted)).or_default().predicted += 1.0;
    }
    let tally = |((place, class), counts)| Tally {
        place,
        class,
        counts,
    };
    all.into_iter().map(tally).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::macro_f1;

    /// Images of three classes in turn, one of three wrong.
    fn predictions(n: usize) -> (Vec<usize>, Vec<usize>) {
        let labels: Vec<usize> = (0..n).map(|i| i % 3).collect();
        let predicted = (0..n)
            .map(|i| if i % 7 < 2 { (i + 1) % 3 } else { i % 3 })
            .collect();
        (predicted, labels)
    }

    #[test]
    fn the_value_is_the_metric_averaged_over_repeats() {
        let (predicted, labels) = predictions(90);
        let p: Vec<f64> = predicted
            .iter()
            .flat_map(|c| (0..3).map(move |k| f64::from(k == *c)))
            .collect();
        let alone: Vec<usize> = (0..90).collect();
        let of = |repeats: &[&[usize]]| {
            macro_f1_interval(repeats, &labels, &alone, 3, 300, 0.95, Seed(1)).unwrap()
        };
        let once = of(&[&predicted]);
        assert!((once.value - macro_f1(&p, &labels, 3)).abs() < 1e-12);
        assert!(once.low < once.value && once.value < once.high);
        // The second repeat has all right: its F1 is 1.
        let both = of(&[&predicted, &labels]);
        assert!((both.value - (once.value + 1.0) / 2.0).abs() < 1e-12);
        assert!(both.high - both.low < once.high - once.low);
    }

    #[test]
    fn with_equal_classes_it_is_about_as_wide_as_the_accuracy() {
        let (predicted, labels) = predictions(210);
        let alone: Vec<usize> = (0..210).collect();
        let i = macro_f1_interval(&[&predicted], &labels, &alone, 3, 2_000, 0.95, Seed(2)).unwrap();
        let half = 1.96 * (i.value * (1.0 - i.value) / 210.0).sqrt();
        // Percentiles of 2,000 draws scatter by about 5 % of the width, and an F1 is not quite a share.
        assert!(
            ((i.high - i.low) / (2.0 * half) - 1.0).abs() < 0.15,
            "{i:?}"
        );
        // Pairs of equal images say as much as half of them.
        let twice = |v: &[usize]| v.iter().flat_map(|x| [*x, *x]).collect::<Vec<_>>();
        let pairs: Vec<usize> = (0..420).map(|i| i / 2).collect();
        let doubled = macro_f1_interval(
            &[&twice(&predicted)],
            &twice(&labels),
            &pairs,
            3,
            2_000,
            0.95,
            Seed(2),
        )
        .unwrap();
        assert!((doubled.low - i.low).abs() < 1e-9 && (doubled.high - i.high).abs() < 1e-9);
    }

    #[test]
    fn neither_a_perfect_score_nor_a_single_group_is_certain() {
        let labels = [0, 1, 0, 1, 0, 1];
        let of = |predicted: &[usize], groups: &[usize]| {
            macro_f1_interval(&[predicted], &labels, groups, 2, 100, 0.95, Seed(1)).unwrap()
        };
        let perfect = of(&labels, &[0, 1, 2, 3, 4, 5]);
        assert!(perfect.high == 1.0 && perfect.low < 0.7, "{perfect:?}");
        let one = of(&[0, 1, 0, 1, 0, 0], &[4; 6]);
        assert!(one.high - one.low > 0.5, "{one:?}");
    }

    #[test]
    fn lists_that_do_not_fit_are_refused() {
        let of = |predicted: &[&[usize]], groups: &[usize]| {
            macro_f1_interval(predicted, &[0, 1], groups, 2, 10, 0.95, Seed(1)).unwrap_err()
        };
        assert_eq!(of(&[], &[0, 1]), StatsError::NoGroups);
        assert!(matches!(of(&[&[0]], &[0, 1]), StatsError::Length { .. }));
        assert!(matches!(of(&[&[0, 1]], &[0]), StatsError::Length { .. }));
        assert!(matches!(
            of(&[&[0, 2]], &[0, 1]),
            StatsError::Label { label: 2, .. }
        ));
    }
}
