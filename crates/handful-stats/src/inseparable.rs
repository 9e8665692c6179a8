//! Which two classes can't be told apart?
//!
//! The definition: of images of the two classes alone, at most 60 % are told right (50 would be a coin), and that as
//! many as three of four are can be excluded for all pairs together. So a pair that is told apart well is named in at
//! most one of twenty sets, however many classes there are, and a pair with few images is not named at all.

use crate::binomial::at_most;
use crate::{Interval, StatsError, effective_groups, holm, wilson};

/// Told right at most this often: what 60 % misses of a coin is what people overlook.
const MOST_TOLD: f64 = 0.60;
/// What must be excluded: three of four right is a difference that the model has seen.
const TOLD_APART: f64 = 0.75;
/// Chance that any pair of a set is named although it is told apart.
const LEVEL: f64 = 0.05;
/// Level of the interval that is shown.
const INTERVAL: f64 = 0.95;

/// Two classes that the model can't tell apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InseparablePair {
    /// The lower class.
    pub first: usize,
    /// The higher class.
    pub second: usize,
    /// Balanced accuracy on the images of the two classes, with its 95 % interval (of this pair alone).
    pub accuracy: Interval,
    /// Images of both together.
    pub n_images: usize,
    /// p of the claim that three of four are told right, adjusted by Holm over all pairs.
    pub p: f64,
}

/// Pairs of classes that can't be told apart, lowest p first.
///
/// `probabilities` `[n, classes]` of models that have not seen the image's group; `scored` the rows that have them. An
/// image goes to that of the two classes whose probability over its share of the scored images is larger, so that a
/// frequent class is not preferred. The balanced accuracy a = (a₁ + a₂)/2 has the variance of a share among
/// n = 4/(1/n₁ + 1/n₂) images for effective groups n₁ and n₂; its interval is Wilson's, its p that of the binomial.
///
/// # Errors
/// [`StatsError::Length`].
pub fn inseparable_pairs(
    probabilities: &[f64],
    labels: &[usize],
    groups: &[usize],
    scored: &[usize],
    n_classes: usize,
) -> Result<Vec<InseparablePair>, StatsError> {
    if probabilities.len() != labels.len() * n_classes {
        return Err(StatsError::Length {
            what: "the table of probabilities",
            expected: labels.len() * n_classes,
            found: probabilities.len(),
        });
    }
    let mut rows = vec![Vec::new(); n_classes];
    scored.iter().for_each(|&row| rows[labels[row]].push(row));
    let independent: Vec<f64> = rows
        .iter()
        .map(|rows| effective_groups(&rows.iter().map(|&r| groups[r]).collect::<Vec<_>>()))
        .collect();
    // How much more the model finds `a` in this row than in the others, against `b`.
    let prefers = |row: usize, a: usize, b: usize| {
        let p = &probabilities[row * n_classes..][..n_classes];
        p[a] * rows[b].len() as f64 > p[b] * rows[a].len() as f64
    };

    let mut pairs = Vec::new();
    for first in 0..n_classes {
        for second in first + 1..n_classes {
            if rows[first].is_empty() || rows[second].is_empty() {
                continue;
            }
            let recall = |own: usize, other: usize| {
                let right = rows[own].iter().filter(|&&r| prefers(r, own, other));
                right.count() as f64 / rows[own].len() as f64
            };
            let accuracy = (recall(first, second) + recall(second, first)) / 2.0;
            let n = 4.0 / (1.0 / independent[first] + 1.0 / independent[second]);
            pairs.push(InseparablePair {
                first,
                second,
                accuracy: wilson(accuracy, n, INTERVAL)?,
                n_images: rows[first].len() + rows[second].len(),
                // The count is rounded up and the trials down: effective numbers never claim more than whole ones would.
                p: at_most((accuracy * n.floor()).ceil(), n.floor(), TOLD_APART),
            });
        }
    }
    let adjusted = holm(&pairs.iter().map(|pair| pair.p).collect::<Vec<_>>());
    for (pair, p) in pairs.iter_mut().zip(adjusted) {
        pair.p = p;
    }
    pairs.retain(|pair| pair.accuracy.value <= MOST_TOLD && pair.p < LEVEL);
    pairs.sort_by(|a, b| a.p.total_cmp(&b.p));
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;
    use rand::RngExt;

    /// `n` images a class whose two-class accuracy is `told` where both classes are in `alike`, else `apart`.
    fn table(n: usize, n_classes: usize, alike: [usize; 2], apart: f64, seed: u64) -> Vec<f64> {
        let mut random = Seed(seed).stream("inseparable", 0);
        let mut p = Vec::new();
        for row in 0..n * n_classes {
            let label = row % n_classes;
            let mut logits: Vec<f64> = (0..n_classes).map(|_| random.random::<f64>()).collect();
            if alike.contains(&label) {
                // The twins win together, which of them by chance.
                alike.iter().for_each(|&k| logits[k] += 2.0);
            } else if random.random::<f64>() < apart {
                logits[label] += 2.0;
            }
            p.extend(logits);
        }
        crate::softmax_rows(&mut p, n_classes);
        p
    }

    fn pairs_of(p: &[f64], n_classes: usize) -> Vec<InseparablePair> {
        let n = p.len() / n_classes;
        let labels: Vec<usize> = (0..n).map(|i| i % n_classes).collect();
        let all: Vec<usize> = (0..n).collect();
        inseparable_pairs(p, &labels, &all, &all, n_classes).unwrap()
    }

    #[test]
    fn twins_are_named_and_nobody_else() {
        for n_classes in [4, 12] {
            let found = pairs_of(&table(60, n_classes, [1, 3], 0.9, 5), n_classes);
            let named: Vec<_> = found.iter().map(|pair| (pair.first, pair.second)).collect();
            assert_eq!(named, [(1, 3)], "{n_classes}");
            assert!(found[0].accuracy.low < 0.5 && found[0].accuracy.high < 0.75);
        }
    }

    /// 81 classes of 30 images, all told apart in about 85 % of the pairs' images: no pair in any of ten sets.
    #[test]
    fn many_classes_give_no_false_alarm() {
        for seed in 0..10 {
            let p = table(30, 81, [81, 81], 0.7, seed);
            assert!(pairs_of(&p, 81).is_empty());
        }
    }

    #[test]
    fn few_images_are_not_enough_to_say_so() {
        assert!(pairs_of(&table(6, 3, [0, 1], 0.9, 1), 3).is_empty());
    }

    /// Half a class as large: without shares all doubtful images would go to the larger one.
    #[test]
    fn a_frequent_class_is_not_preferred() {
        let labels: Vec<usize> = (0..300).map(|i| usize::from(i % 3 == 0)).collect();
        let p: Vec<f64> = labels
            .iter()
            .flat_map(|l| if *l == 1 { [0.55, 0.45] } else { [0.8, 0.2] })
            .collect();
        let all: Vec<usize> = (0..300).collect();
        let pairs = inseparable_pairs(&p, &labels, &all, &all, 2).unwrap();
        assert!(pairs.is_empty(), "{pairs:?}");
    }
}
