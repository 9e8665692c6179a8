//! Is there any signal: do the features say more about the labels than they would about labels given at random?

use handful_stats::{
    Seed, SequentialTest, detectable_accuracy, effective_groups, stratified_subset,
};

use crate::LearnError;
use crate::head::FeatureSet;
use crate::leave_group_out::{Judgeable, LeaveGroupOut, standardised};
use crate::relabelling::Relabelling;

/// Below this p there is a signal. Recipe A8.
pub const SIGNIFICANT: f64 = 0.01;
/// Relabellings at most: the smallest p is one in a thousand.
pub(crate) const MOST_DRAWS: usize = 999;
/// After so many relabellings that are as good as the labels p can't come below [`SIGNIFICANT`] any more.
pub(crate) const ENOUGH: usize = 10;
/// More images than this aren't needed to see a signal, and a relabelling costs their square.
pub(crate) const MOST_IMAGES: usize = 2_000;

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Mean recall of the classes, each image judged without its group.
    pub balanced_accuracy: f64,
    /// What guessing gives: 1/classes.
    pub chance: f64,
    /// Chance of so clear an order of the scores without any signal.
    pub p: f64,
    /// Relabellings that were tried.
    pub n_draws: usize,
    /// Balanced accuracy that would have been found in four of five sets of this size.
    pub detectable: f64,
    /// Images that were used: at most 2,000, of classes that lie in two groups or more.
    pub n_images: usize,
    /// Their classes.
    pub n_classes: usize,
}

impl Signal {
    /// Whether p is below [`SIGNIFICANT`].
    pub fn is_found(&self) -> bool {
        self.p < SIGNIFICANT
    }
}

/// Tests for a signal: one fixed ridge regression (λ = tr(ZZᵀ)/n, nothing chosen) on standardised features, each image
/// judged without its group, against 999 relabellings; it ends early after ten that are as good, with a p that is valid
/// nevertheless. `None` where fewer than two classes lie in two groups or more.
///
/// What is compared is by how much a class's own images score higher in it, the mean over classes; recipe A8 compares
/// the balanced accuracy, which finds less.
///
/// `labels` and `groups` have an entry for every row of `features`; labels are below `n_classes`. n² additions a
/// relabelling, 2,000 images take seconds.
///
/// # Errors
/// [`LearnError::Algebra`] when a system can't be solved.
///
/// # Source
/// Recipe A8; M. Ojala, G. Garriga, JMLR 11 (2010), 1833–1863, test 1.
pub fn signal(
    features: &FeatureSet,
    labels: &[usize],
    groups: &[usize],
    n_classes: usize,
    seed: Seed,
) -> Result<Option<Signal>, LearnError> {
    let sample = stratified_subset(
        labels,
        groups,
        n_classes,
        MOST_IMAGES,
        seed.derive("sample", 0),
    );
    let task = Judgeable::of(&sample, labels, groups);
    if !task.is_a_task() {
        return Ok(None);
    }
    let z = standardised(
        &features.rows(&task.rows),
        task.rows.len(),
        features.width(),
    );
    let left_out = LeaveGroupOut::new(&z, &task.groups)?;
    let n_classes = task.classes.len();
    let observed = left_out.judge(task.labels.clone(), n_classes);
    let relabelling = Relabelling::new(&task.labels, left_out.groups(), seed);
    let mut test = SequentialTest::new(observed.margin, MOST_DRAWS, ENOUGH);
    left_out.test(&relabelling, n_classes, &mut test);
    Ok(Some(Signal {
        balanced_accuracy: observed.balanced_accuracy,
        chance: 1.0 / n_classes as f64,
        p: test.p(),
        n_draws: test.n_draws(),
        detectable: detectable_accuracy(n_classes, effective_groups(&task.groups)),
        n_images: task.rows.len(),
        n_classes,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers between −0.5 and 0.5 without a pattern.
    fn noise(n: usize, d: usize, seed: u64) -> Vec<f32> {
        let unit = |i: u64| Seed(seed).key(i) as f64 / u64::MAX as f64 - 0.5;
        (0..(n * d) as u64).map(|i| unit(i) as f32).collect()
    }

    #[test]
    fn noise_has_no_signal_and_ends_early() {
        let labels: Vec<usize> = (0..90).map(|i| i % 3).collect();
        let groups: Vec<usize> = (0..90).collect();
        let mut passed = 0;
        for set in 0..20 {
            let features = FeatureSet::new(90, vec![(30, noise(90, 30, set))]).unwrap();
            let found = signal(&features, &labels, &groups, 3, Seed(set))
                .unwrap()
                .unwrap();
            passed += usize::from(found.is_found());
            assert!(found.is_found() || found.n_draws < MOST_DRAWS || found.p < 0.011);
        }
        // One of a hundred is expected; three of twenty would come once in a thousand times.
        assert!(passed < 3, "{passed}");
    }

    #[test]
    fn a_shifted_feature_is_a_signal_and_copies_in_groups_are_none() {
        let labels: Vec<usize> = (0..60).map(|i| i / 30).collect();
        let mut values = noise(60, 10, 7);
        (0..30).for_each(|i| values[i * 10] += 0.7);
        let features = FeatureSet::new(60, vec![(10, values)]).unwrap();
        let alone: Vec<usize> = (0..60).collect();
        let found = signal(&features, &labels, &alone, 2, Seed(0))
            .unwrap()
            .unwrap();
        assert!(
            found.is_found() && found.balanced_accuracy > 0.7,
            "{found:?}"
        );

        // Six things photographed ten times each: images of one thing are alike and say nothing about others.
        let things = noise(6, 10, 8);
        let shots = noise(60, 10, 9);
        let values = (0..600)
            .map(|i| things[i / 100 * 10 + i % 10] + 0.1 * shots[i])
            .collect();
        let features = FeatureSet::new(60, vec![(10, values)]).unwrap();
        let things: Vec<usize> = (0..60).map(|i| i / 10).collect();
        let found = signal(&features, &labels, &things, 2, Seed(0))
            .unwrap()
            .unwrap();
        assert!(!found.is_found(), "{found:?}");
    }

    #[test]
    fn what_can_not_be_judged_is_no_task() {
        let features = FeatureSet::new(4, vec![(2, noise(4, 2, 0))]).unwrap();
        let found = signal(&features, &[0, 0, 1, 1], &[0, 0, 1, 2], 2, Seed(0)).unwrap();
        assert_eq!(found, None);
    }
}
