//! Which labels are in doubt? Confident learning on out-of-fold probabilities: how many labels of each kind are
//! probably wrong, and which images those are.
//!
//! A label is never changed here: half of the list may be right (see BENCHMARKS.md), so a person looks.

use std::collections::{BTreeMap, BTreeSet};

use crate::{StatsError, argmax};

/// Classes with fewer groups take no part: a threshold that is the mean of so few probabilities says nothing.
/// Recipe A10.
const LEAST_GROUPS: usize = 5;
/// What a probability may miss its threshold by: rounding of the mean when a class has equal probabilities.
const ROUNDING: f64 = 1e-6;

/// An image whose label may be wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Doubt {
    /// Row of the image.
    pub row: usize,
    /// Its label.
    pub label: usize,
    /// The class that the model finds most probable.
    pub better: usize,
    /// Probability of the label.
    pub self_confidence: f64,
    /// (P(label) − P(better) + 1)/2, in 0..=1: the lower, the more certain that the label is wrong.
    pub margin: f64,
}

/// What confident learning says of a set.
#[derive(Clone, Debug, PartialEq)]
pub struct Doubts {
    /// Lowest margin first.
    pub ranked: Vec<Doubt>,
    /// `[classes, classes]`, row-major: share of the judged images that have label y (row) and truly are of class k
    /// (column); sums to 1, or to 0 when no image was judged.
    pub joint: Vec<f64>,
    /// Images that were judged: scored ones of classes with enough groups.
    pub n_judged: usize,
}

/// Labels in doubt and the joint distribution of labels and true classes.
///
/// `probabilities` `[n, classes]`, calibrated, of models that have not seen the image's group; `labels` and `groups`
/// `[n]`; `scored` the rows that have such probabilities. Classes of fewer than five groups among the scored rows are
/// left out, as labels and as better labels.
///
/// With t_k the mean probability of k over images labelled k, the true class of an image is taken to be the most
/// probable one among those with P ≥ t_k; images without any are not counted. The counts of (label, true class), with
/// rows scaled to the images of each label, say how many images n_yk to doubt. Listed are those with the largest
/// P_k − P_y that are also among the n_y − n_yy images of their label with the lowest P_y, unless the label itself is the
/// most probable class. The second condition is not in recipe A10: on three sets with 5 to 20 % of planted noise it makes
/// the precision 2 to 6 points higher and the recall 1 to 3 points lower.
///
/// # Errors
/// [`StatsError::Length`], [`StatsError::Label`].
///
/// # Source
/// C. Northcutt, L. Jiang, I. Chuang, JAIR 70 (2021), 1373–1411; lists and rounding as cleanlab 2.9
/// (`filter_by="both"`), which departs from the paper in one point: it takes the most probable of all classes where
/// several reach their thresholds.
pub fn label_doubts(
    probabilities: &[f64],
    labels: &[usize],
    groups: &[usize],
    scored: &[usize],
    n_classes: usize,
) -> Result<Doubts, StatsError> {
    check(probabilities, labels, groups, n_classes)?;
    let has_groups = with_enough_groups(labels, groups, scored, n_classes);
    let judged: Vec<usize> = scored
        .iter()
        .copied()
        .filter(|&row| has_groups[labels[row]])
        .collect();
    let p = |row: usize| &probabilities[row * n_classes..][..n_classes];

    let counts = joint_counts(&judged, &p, labels, &has_groups, n_classes);
    let mut listed: BTreeSet<usize> = BTreeSet::new();
    for label in 0..n_classes {
        let rows: Vec<usize> = judged
            .iter()
            .copied()
            .filter(|&r| labels[r] == label)
            .collect();
        let to_list = rounded(&counts[label * n_classes..][..n_classes]);
        let of_others = rows.len() - to_list[label].min(rows.len());
        let unlikely: BTreeSet<usize> = lowest(&rows, of_others, |row| p(row)[label]).collect();
        for class in (0..n_classes).filter(|&k| k != label) {
            let gaining = lowest(&rows, to_list[class], |row| p(row)[label] - p(row)[class]);
            listed.extend(gaining.filter(|row| unlikely.contains(row)));
        }
    }

    let mut ranked: Vec<Doubt> = listed
        .into_iter()
        .map(|row| doubt(row, labels[row], p(row)))
        .filter(|d| d.better != d.label && has_groups[d.better])
        .collect();
    ranked.sort_by(|a, b| a.margin.total_cmp(&b.margin).then(a.row.cmp(&b.row)));
    let n = judged.len().max(1) as f64;
    Ok(Doubts {
        ranked,
        joint: counts.iter().map(|c| c / n).collect(),
        n_judged: judged.len(),
    })
}

fn check(
    probabilities: &[f64],
    labels: &[usize],
    groups: &[usize],
    n_classes: usize,
) -> Result<(), StatsError> {
    for (what, expected, found) in [
        (
            "the table of probabilities",
            labels.len() * n_classes,
            probabilities.len(),
        ),
        ("the list of groups", labels.len(), groups.len()),
    ] {
        if expected != found {
            return Err(StatsError::Length {
                what,
                expected,
                found,
            });
        }
    }
    match labels.iter().find(|l| **l >= n_classes) {
        Some(&label) => Err(StatsError::Label { label, n_classes }),
        None => Ok(()),
    }
}

fn with_enough_groups(
    labels: &[usize],
    groups: &[usize],
    scored: &[usize],
    n_classes: usize,
) -> Vec<bool> {
    let mut of_class: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for &row in scored {
        of_class.entry(labels[row]).or_default().insert(groups[row]);
    }
    (0..n_classes)
        .map(|class| of_class.get(&class).map_or(0, BTreeSet::len) >= LEAST_GROUPS)
        .collect()
}

/// Images by label and true class `[classes, classes]`, not whole, each row summing to the images of that label.
fn joint_counts<'a>(
    judged: &[usize],
    p: &impl Fn(usize) -> &'a [f64],
    labels: &[usize],
    has_groups: &[bool],
    n_classes: usize,
) -> Vec<f64> {
    let (mut of_label, mut threshold) = (vec![0.0; n_classes], vec![0.0; n_classes]);
    for &row in judged {
        of_label[labels[row]] += 1.0;
        threshold[labels[row]] += p(row)[labels[row]];
    }
    for class in (0..n_classes).filter(|&k| of_label[k] > 0.0) {
        threshold[class] /= of_label[class];
    }
    let mut counts = vec![0.0f64; n_classes * n_classes];
    for &row in judged {
        let confident =
            (0..n_classes).filter(|&k| has_groups[k] && p(row)[k] >= threshold[k] - ROUNDING);
        // Of equal probabilities the first class, as everywhere.
        if let Some(class) = confident.reduce(|a, b| if p(row)[b] > p(row)[a] { b } else { a }) {
            counts[labels[row] * n_classes + class] += 1.0;
        }
    }
    for label in 0..n_classes {
        let row = &mut counts[label * n_classes..][..n_classes];
        if has_groups[label] {
            row[label] = row[label].max(1.0);
        }
        let sum: f64 = row.iter().sum();
        if sum > 0.0 {
            row.iter_mut().for_each(|c| *c *= of_label[label] / sum);
        }
    }
    counts
}

/// Whole numbers with the same sum: each is rounded, then those that are furthest off are moved by one.
fn rounded(counts: &[f64]) -> Vec<usize> {
    let mut whole: Vec<f64> = counts.iter().map(|c| c.round_ties_even()).collect();
    let missing = counts.iter().sum::<f64>().round() - whole.iter().sum::<f64>();
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by(|&a, &b| (counts[a] - whole[a]).total_cmp(&(counts[b] - whole[b])));
    if missing > 0.0 {
        order.reverse();
    }
    for &at in order.iter().take(missing.abs() as usize) {
        whole[at] += missing.signum();
    }
    whole.iter().map(|w| w.max(0.0) as usize).collect()
}

/// The `n` rows of the lowest values, the first of equal ones.
fn lowest(rows: &[usize], n: usize, value: impl Fn(usize) -> f64) -> impl Iterator<Item = usize> {
    let mut valued: Vec<(f64, usize)> = rows.iter().map(|&row| (value(row), row)).collect();
    valued.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    valued.into_iter().take(n).map(|(_, row)| row)
}

fn doubt(row: usize, label: usize, p: &[f64]) -> Doubt {
    let better = argmax(p);
    let other = (0..p.len())
        .filter(|&k| k != label)
        .map(|k| p[k])
        .fold(0.0, f64::max);
    Doubt {
        row,
        label,
        better,
        self_confidence: p[label],
        margin: (p[label] - other + 1.0) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    /// `bench/golden/doubts.py` made it.
    const GOLDEN: &str = include_str!("../tests/golden/doubts.json");
    /// Both sides compute in f64.
    const SAME: f64 = 1e-12;

    #[derive(Deserialize)]
    struct Golden {
        doubts: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        name: String,
        k: usize,
        labels: Vec<usize>,
        probabilities: Vec<f64>,
        counts: Vec<usize>,
        issues: Vec<usize>,
        margins: Vec<f64>,
    }

    #[test]
    fn lists_and_counts_are_those_of_cleanlab() {
        let golden: Golden = serde_json::from_str(GOLDEN).expect("the golden file is whole");
        for case in golden.doubts {
            let all: Vec<usize> = (0..case.labels.len()).collect();
            let found =
                label_doubts(&case.probabilities, &case.labels, &all, &all, case.k).unwrap();
            let rows: Vec<usize> = found.ranked.iter().map(|d| d.row).collect();
            assert_eq!(rows, case.issues, "{}", case.name);
            for (doubt, margin) in found.ranked.iter().zip(&case.margins) {
                assert!((doubt.margin - margin).abs() < SAME, "{}", case.name);
            }
            let n = found.n_judged as f64;
            let counts: Vec<f64> = found.joint.iter().map(|q| q * n).collect();
            let whole: Vec<usize> = counts.chunks(case.k).flat_map(rounded).collect();
            assert_eq!(whole, case.counts, "{}", case.name);
            assert!((found.joint.iter().sum::<f64>() - 1.0).abs() < SAME);
        }
    }

    /// Ten images of two classes with clear probabilities, one label wrong.
    fn one_wrong() -> (Vec<f64>, Vec<usize>) {
        let mut labels: Vec<usize> = (0..20).map(|i| i % 2).collect();
        let p = (0..20)
            .flat_map(|i| if i % 2 == 0 { [0.9, 0.1] } else { [0.1, 0.9] })
            .collect();
        labels[6] = 1;
        (p, labels)
    }

    #[test]
    fn a_wrong_label_comes_first_with_its_better_class() {
        let (p, labels) = one_wrong();
        let all: Vec<usize> = (0..20).collect();
        let found = label_doubts(&p, &labels, &all, &all, 2).unwrap();
        assert_eq!(found.ranked.len(), 1);
        let doubt = found.ranked[0];
        assert_eq!((doubt.row, doubt.label, doubt.better), (6, 1, 0));
        assert!((doubt.margin - 0.1).abs() < SAME);
    }

    #[test]
    fn a_class_of_few_groups_and_rows_that_were_not_scored_are_left_alone() {
        let (p, labels) = one_wrong();
        let all: Vec<usize> = (0..20).collect();
        let few: Vec<usize> = (0..20).map(|i| i % 8).collect();
        let found = label_doubts(&p, &labels, &few, &all, 2).unwrap();
        assert_eq!(found.n_judged, 11, "the class of four groups is left out");
        assert!(found.ranked.is_empty());
        let others: Vec<usize> = all.iter().copied().filter(|&r| r != 6).collect();
        assert!(
            label_doubts(&p, &labels, &all, &others, 2)
                .unwrap()
                .ranked
                .is_empty()
        );
        assert_eq!(label_doubts(&p, &labels, &all, &[], 2).unwrap().n_judged, 0);
    }

    #[test]
    fn lists_that_do_not_fit_are_refused() {
        assert!(matches!(
            label_doubts(&[0.5, 0.5], &[0], &[], &[0], 2),
            Err(StatsError::Length { .. })
        ));
        assert!(matches!(
            label_doubts(&[0.5, 0.5], &[2], &[0], &[0], 2),
            Err(StatsError::Label { label: 2, .. })
        ));
    }
}
