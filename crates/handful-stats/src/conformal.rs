//! Which classes could it be? Sets of classes that hold the true one as often as promised, by least ambiguous set-valued
//! classification (LAC): every class whose probability is not lower than what true classes usually get.
//!
//! The promise is about new groups that are exchangeable with these: photos of the same kind, taken in the same way. It
//! holds over all of them, not within each class. Where groups have several images the threshold is that of the worst
//! image of a group, so that it holds for whole groups; for a single image it is then kept more often than promised.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Folds, Interval, StatsError, effective_groups, wilson};

/// Level of the interval of the measured coverage.
const LEVEL: f64 = 0.95;
/// (n + 1)·(1 − α) this close above a whole number is that number: rounding of 1 − α is far smaller, and no n and α
/// that people write differ by so little.
const ROUNDING: f64 = 1e-9;

/// Sets of classes for a model, and what they are worth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conformal {
    /// Allowed share of new groups in which the set misses the true class.
    pub alpha: f64,
    /// What [`prediction_set`] needs; none where the folds leave fewer than 1/α − 1 groups to learn it from, so that what it
    /// is worth can't be measured, and all classes are returned.
    pub threshold: Option<f64>,
    /// Share of images whose set held the true class, out of fold; 95 %, on effective groups.
    pub coverage: Interval,
    /// Mean number of classes in a set.
    pub mean_size: f64,
    /// Share of images with one class in the set, those of `empty` not counted.
    pub singletons: f64,
    /// Share of images for which no class was likely enough, so that the top one was given alone: unsure.
    pub empty: f64,
}

/// The threshold of LAC: one score a group, its largest; of those of n groups the ⌈(n+1)(1−α)⌉-th smallest.
///
/// `scores` are 1 − p of the true class by a model that did not see the image's group, `groups` has one entry a score;
/// `alpha` in (0, 1). None where n < 1/α − 1: so few groups can't promise so much.
///
/// # Panics
/// When the lists differ in length or `alpha` is out of its range.
///
/// # Source
/// M. Sadinle, J. Lei, L. Wasserman, JASA 114 (2019), 223–234; recipe A6.
pub fn lac_threshold(scores: &[f64], groups: &[usize], alpha: f64) -> Option<f64> {
    assert_eq!(scores.len(), groups.len(), "one group a score");
    assert!(alpha > 0.0 && alpha < 1.0, "alpha lies between 0 and 1");
    let mut largest: BTreeMap<usize, f64> = BTreeMap::new();
    for (&score, &group) in scores.iter().zip(groups) {
        let worst = largest.entry(group).or_insert(score);
        *worst = worst.max(score);
    }
    let mut worst: Vec<f64> = largest.into_values().collect();
    worst.sort_by(f64::total_cmp);
    let rank = ((worst.len() + 1) as f64 * (1.0 - alpha) - ROUNDING).ceil() as usize;
    worst.get(rank.max(1) - 1).copied()
}

/// The classes with 1 − p at most the threshold, by descending probability, of equal ones the lower class first. Never
/// empty: where none is likely enough it is the top class. All classes without a threshold.
///
/// `probabilities` `[classes]` of one image.
///
/// # Panics
/// When there is no class.
pub fn prediction_set(probabilities: &[f64], threshold: Option<f64>) -> Vec<usize> {
    assert!(!probabilities.is_empty(), "a row has a class");
    let mut set: Vec<usize> = (0..probabilities.len()).collect();
    set.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
    let likely = set.iter().filter(|&&k| holds(probabilities[k], threshold));
    set.truncate(likely.count().max(1));
    set
}

fn holds(probability: f64, threshold: Option<f64>) -> bool {
    threshold.is_none_or(|q| 1.0 - probability <= q)
}

/// Sets for a model by its out-of-fold probabilities, and how often they held the true class.
///
/// `repeats` holds the calibrated out-of-fold probabilities `[n, classes]` of each repeat of `folds`, `labels` and
/// `groups` one entry an image; `alpha` in (0, 1). The threshold to keep is the mean over the repeats of that over all
/// scored images, so that no repeat is preferred. What the sets are worth is measured with the thresholds of each fold by
/// the other folds' scores, and averaged over images and repeats.
///
/// The threshold serves a model that is fitted on all images, whose scores are those of the folds' models only nearly:
/// the coverage here is measured, and not proven, for it. Where a fold's others have too few groups all classes count as
/// returned.
///
/// # Errors
/// [`StatsError::NoGroups`] when nothing was scored; [`StatsError::Length`] of groups; [`StatsError::Range`] of α.
///
/// # Panics
/// When the probabilities are not `[labels.len(), n_classes]` for every repeat of `folds`.
///
/// # Source
/// Recipe A6. Y. Romano, M. Sesia, E. Candès, NeurIPS 2020, on folds' scores for a model of all images.
pub fn cross_conformal(
    repeats: &[Vec<f64>],
    labels: &[usize],
    n_classes: usize,
    folds: &Folds,
    groups: &[usize],
    alpha: f64,
) -> Result<Conformal, StatsError> {
    assert_eq!(
        repeats.len(),
        folds.n_repeats(),
        "one table of probabilities a repeat"
    );
    assert!(
        repeats.iter().all(|p| p.len() == labels.len() * n_classes),
        "one row an image, one column a class"
    );
    if groups.len() != labels.len() {
        return Err(StatsError::Length {
            what: "the list of groups",
            expected: labels.len(),
            found: groups.len(),
        });
    }
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(StatsError::Range {
            what: "alpha",
            value: alpha,
            range: "above 0 and below 1",
        });
    }
    let scored = match repeats.len() {
        0 => Vec::new(),
        _ => folds.scored_rows(0),
    };
    let of = |rows: &[usize]| -> Vec<usize> { rows.iter().map(|&row| groups[row]).collect() };
    let n_groups = effective_groups(&of(&scored));

    let (mut covered, mut sizes, mut singletons, mut empty) = (0.0, 0.0, 0.0, 0.0);
    let mut thresholds = Vec::with_capacity(repeats.len());
    let mut is_measured = true;
    for (repeat, p) in repeats.iter().enumerate() {
        let row_of = |row: usize| &p[row * n_classes..][..n_classes];
        let threshold = |rows: &[usize]| {
            let scores: Vec<f64> = rows.iter().map(|&r| 1.0 - row_of(r)[labels[r]]).collect();
            lac_threshold(&scores, &of(rows), alpha)
        };
        thresholds.push(threshold(&scored));
        for fold in 0..folds.k {
            let tested = folds.test_rows(repeat, fold);
            let is_other = |row: &usize| folds.repeats[repeat][*row] != Some(fold as u32);
            let others: Vec<usize> = scored.iter().copied().filter(is_other).collect();
            let q = threshold(&others);
            is_measured &= q.is_some() || tested.is_empty();
            for row in tested {
                let set = prediction_set(row_of(row), q);
                let is_empty = !holds(row_of(row)[set[0]], q);
                covered += f64::from(set.contains(&labels[row]));
                sizes += set.len() as f64;
                singletons += f64::from(set.len() == 1 && !is_empty);
                empty += f64::from(is_empty);
            }
        }
    }
    let n = (scored.len() * repeats.len()).max(1) as f64;
    let all: Option<Vec<f64>> = thresholds.into_iter().collect();
    Ok(Conformal {
        alpha,
        threshold: all
            .filter(|_| is_measured)
            .map(|q| q.iter().sum::<f64>() / q.len().max(1) as f64),
        coverage: wilson(covered / n, n_groups, LEVEL)?,
        mean_size: sizes / n,
        singletons: singletons / n,
        empty: empty / n,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Seed, softmax_rows};
    use rand::RngExt;

    #[test]
    fn the_threshold_is_the_right_one_in_line_and_nine_groups_are_the_least() {
        let scores: Vec<f64> = (1..=19).map(|i| f64::from(i) / 20.0).collect();
        let alone: Vec<usize> = (0..19).collect();
        // 20·0.9 = 18 exactly, whatever 1 − 0.1 is in binary.
        assert_eq!(lac_threshold(&scores, &alone, 0.1), Some(0.9));
        assert_eq!(lac_threshold(&scores[..9], &alone[..9], 0.1), Some(0.45));
        assert_eq!(lac_threshold(&scores[..8], &alone[..8], 0.1), None);
        assert_eq!(lac_threshold(&[], &[], 0.1), None);
        // One score a group: pairs count by their larger one.
        let pairs: Vec<usize> = (0..18).map(|i| i / 2).collect();
        assert_eq!(lac_threshold(&scores[..18], &pairs, 0.1), Some(0.9));
    }

    #[test]
    fn sets_are_sorted_and_never_empty() {
        assert_eq!(prediction_set(&[0.2, 0.5, 0.3], Some(0.7)), [1, 2]);
        assert_eq!(prediction_set(&[0.2, 0.5, 0.3], Some(0.1)), [1]);
        assert_eq!(prediction_set(&[0.2, 0.4, 0.4], Some(0.9)), [1, 2, 0]);
        assert_eq!(prediction_set(&[0.0, 0.5, 0.5], None), [1, 2, 0]);
    }

    /// Probabilities of a decent model of four classes; images of a group are alike.
    fn table(n_groups: usize, size: usize, seed: u64) -> (Vec<f64>, Vec<usize>, Vec<usize>) {
        let mut random = Seed(seed).stream("conformal", 0);
        let (mut p, mut labels, mut groups) = (Vec::new(), Vec::new(), Vec::new());
        for group in 0..n_groups {
            let common: Vec<f64> = (0..4).map(|_| 2.0 * random.random::<f64>()).collect();
            for _ in 0..size {
                let label = group % 4;
                labels.push(label);
                groups.push(group);
                p.extend((0..4).map(|k| {
                    common[k] + random.random::<f64>() + if k == label { 1.5 } else { 0.0 }
                }));
            }
        }
        softmax_rows(&mut p, 4);
        (p, labels, groups)
    }

    /// Measured coverage, mean size and how often the kept threshold is reached by new images, of `n_sets` sets; α = 0.1.
    fn simulated(n_groups: usize, size: usize, n_sets: u64) -> (f64, f64, f64) {
        let (mut inside, mut sizes, mut outside) = (0.0, 0.0, 0.0);
        for set in 0..n_sets {
            let (p, labels, groups) = table(n_groups, size, set);
            let folds = Folds::assign(&labels, &groups, 4, 5, 1, Seed(set)).unwrap();
            let c = cross_conformal(&[p], &labels, 4, &folds, &groups, 0.1).unwrap();
            inside += c.coverage.value / n_sets as f64;
            sizes += c.mean_size / n_sets as f64;
            let (p, labels, _) = table(200, size, 1_000 + set);
            let q = c.threshold.expect("enough groups");
            let is_likely = |(p, label): &(&[f64], &usize)| 1.0 - p[**label] <= q;
            let held = p.chunks(4).zip(&labels).filter(is_likely);
            outside += held.count() as f64 / (labels.len() as u64 * n_sets) as f64;
        }
        (inside, sizes, outside)
    }

    #[test]
    fn nine_of_ten_sets_hold_the_true_class_and_are_not_larger_than_needed() {
        let (inside, sizes, outside) = simulated(60, 1, 60);
        // New images: ⌈61·0.9⌉ of 61 are 0.902; 60 thresholds, each of 60 images, scatter by 0.005.
        assert!((outside - 0.902).abs() < 0.015, "{outside}");
        // Out of fold: ⌈49·0.9⌉ of 49 are 0.918, and some top classes that were not likely enough are right.
        assert!(inside > 0.9 && inside < 0.95, "{inside}");
        assert!(sizes > 1.0 && sizes < 3.0, "{sizes}");
    }

    #[test]
    fn groups_of_images_are_covered_more_often_than_promised() {
        let (_, _, outside) = simulated(60, 4, 30);
        assert!(outside > 0.91, "{outside}");
    }

    #[test]
    fn too_few_groups_get_all_classes_and_say_so() {
        let (p, labels, groups) = table(8, 2, 5);
        let folds = Folds::assign(&labels, &groups, 4, 2, 1, Seed(0)).unwrap();
        let c = cross_conformal(&[p], &labels, 4, &folds, &groups, 0.1).unwrap();
        assert_eq!((c.threshold, c.mean_size), (None, 4.0));
        assert_eq!((c.coverage.value, c.singletons, c.empty), (1.0, 0.0, 0.0));
        assert!(matches!(
            cross_conformal(
                &[],
                &[],
                4,
                &Folds {
                    k: 5,
                    repeats: vec![]
                },
                &[],
                0.1
            ),
            Err(StatsError::NoGroups)
        ));
    }

    #[test]
    fn an_image_for_which_nothing_is_likely_is_counted_as_unsure() {
        // 30 sure images and one of which no class gets as much as the threshold.
        let mut p: Vec<f64> = [0.9, 0.05, 0.05].repeat(30);
        p.extend([0.4, 0.3, 0.3]);
        let alone: Vec<usize> = (0..31).collect();
        let folds = Folds {
            k: 5,
            repeats: vec![(0..31).map(|i| Some(i % 5)).collect()],
        };
        let c = cross_conformal(&[p], &[0; 31], 3, &folds, &alone, 0.1).unwrap();
        assert!((c.empty - 1.0 / 31.0).abs() < 1e-12, "{c:?}");
        assert!((c.singletons - 30.0 / 31.0).abs() < 1e-12);
        assert_eq!(c.mean_size, 1.0);
    }
}
