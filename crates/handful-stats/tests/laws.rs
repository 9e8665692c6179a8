//! Laws that hold for any labels, groups and probabilities.

use std::collections::BTreeSet;

use handful_stats::{
    Column, Folds, Interval, Planned, Seed, StatsError, accuracy_interval, argmax,
    balanced_accuracy, balanced_accuracy_interval, brier, claims, cross_conformal, ece_equal_mass,
    effective_groups, fold_losses, lac_threshold, learning_curve, log_loss, log_loss_interval,
    macro_f1, macro_f1_interval, mcnemar, one_standard_error, prediction_set, rechoose,
    reliability, stratified_subset, wilson,
};
use proptest::prelude::*;

/// Sums in another order differ by less.
const SAME: f64 = 1e-9;
/// Draws of groups: the laws hold for any number.
const DRAWS: usize = 60;

fn images() -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
    prop::collection::vec((0usize..4, 0usize..25), 4..120)
        .prop_map(|pairs| pairs.into_iter().unzip())
}

/// Images of three classes with the probabilities of two candidates.
#[derive(Clone, Debug)]
struct Images {
    labels: Vec<usize>,
    groups: Vec<usize>,
    /// `[2][n·3]`.
    tables: [Vec<f64>; 2],
}

const CLASSES: usize = 3;

impl Images {
    fn n(&self) -> usize {
        self.labels.len()
    }

    /// The same images in another order.
    fn ordered(&self, order: &[usize]) -> Images {
        let of = |list: &[usize]| order.iter().map(|&i| list[i]).collect::<Vec<_>>();
        let rows = |p: &Vec<f64>| -> Vec<f64> {
            order
                .iter()
                .flat_map(|&i| p[i * CLASSES..][..CLASSES].to_vec())
                .collect()
        };
        Images {
            labels: of(&self.labels),
            groups: of(&self.groups),
            tables: [rows(&self.tables[0]), rows(&self.tables[1])],
        }
    }

    fn column(&self, candidate: usize) -> Column {
        Column::of_probabilities(&self.tables[candidate], &self.labels, CLASSES)
    }

    fn predicted(&self, candidate: usize) -> Vec<usize> {
        self.tables[candidate].chunks(CLASSES).map(argmax).collect()
    }

    fn intervals(&self) -> Vec<Interval> {
        let (labels, groups) = (&self.labels, &self.groups);
        let (column, seed) = (self.column(0), Seed(5));
        let (a, b) = (self.predicted(0), self.predicted(1));
        vec![
            accuracy_interval(&column, groups, 0.95).unwrap(),
            balanced_accuracy_interval(&column, labels, groups, CLASSES, DRAWS, 0.95, seed)
                .unwrap(),
            macro_f1_interval(&[&a, &b], labels, groups, CLASSES, DRAWS, 0.95, seed).unwrap(),
            log_loss_interval(&column, labels, groups, DRAWS, 0.95, seed).unwrap(),
        ]
    }

    /// All else that is computed of the images, as numbers.
    fn numbers(&self) -> Vec<f64> {
        let (labels, groups, table) = (&self.labels, &self.groups, &self.tables[0]);
        let mut all: Vec<f64> = [brier, log_loss, macro_f1, balanced_accuracy, ece_equal_mass]
            .map(|m| m(table, labels, CLASSES))
            .to_vec();
        for bin in reliability(table, labels, groups, CLASSES, 0.9).unwrap() {
            all.extend([
                bin.confidence,
                bin.accuracy.low,
                bin.accuracy.value,
                bin.accuracy.high,
            ]);
            all.push(bin.n_images as f64);
        }
        let columns = [self.column(0), self.column(1)];
        let choice = one_standard_error(&columns, &[0, 1], groups).unwrap();
        all.extend([choice.best as f64, choice.chosen as f64]);
        all.extend(choice.differences.iter().flat_map(|d| [d.mean, d.se]));
        let again = rechoose(&columns, &[0, 1], groups, DRAWS, Seed(6)).unwrap();
        all.push(again.accuracy);
        all.extend(again.chosen_again);
        let hits = |c: &Column| c.hits.iter().map(|h| *h == 1.0).collect::<Vec<_>>();
        all.push(mcnemar(&hits(&columns[0]), &hits(&columns[1])).p);
        let missed: Vec<f64> = (0..self.n())
            .map(|i| 1.0 - table[i * CLASSES + labels[i]])
            .collect();
        all.push(lac_threshold(&missed, groups, 0.2).unwrap_or(-1.0));

        let wrong = |c: &Column| c.hits.iter().map(|h| 1.0 - h).collect::<Vec<f64>>();
        let errors = [wrong(&columns[0]), wrong(&columns[1])];
        let curve = learning_curve(&[10.0, 20.0], &errors, groups, Seed(7)).unwrap();
        let band = curve.band(40.0);
        all.extend([band.low, band.value, band.high]);

        // Folds go by the groups' numbers, so that they are the same for any order of the images.
        let Ok(folds) = Folds::assign(labels, groups, CLASSES, 5, 2, Seed(8)) else {
            return all;
        };
        let repeats = |c: usize| vec![self.tables[c].clone(), self.tables[c].clone()];
        let losses = |c: usize| fold_losses(&repeats(c), labels, CLASSES, &folds);
        let (a, b) = (losses(0), losses(1));
        let planned = |a, b, weight| Planned {
            folds: &folds,
            a,
            b,
            weight,
        };
        for claim in claims(&[planned(&a, &b, 1.0), planned(&b, &a, 3.0)], groups)
            .unwrap()
            .into_iter()
            .flatten()
        {
            all.extend([
                claim.difference,
                claim.low,
                claim.high,
                claim.p,
                claim.detectable,
            ]);
        }
        let sets = cross_conformal(&repeats(0), labels, CLASSES, &folds, groups, 0.2).unwrap();
        all.extend([
            sets.threshold.unwrap_or(-1.0),
            sets.coverage.low,
            sets.coverage.high,
        ]);
        all.extend([sets.mean_size, sets.singletons, sets.empty]);
        all
    }
}

prop_compose! {
    /// Up to 60 images in up to 20 groups; some confidences come more than once.
    fn tables()(images in prop::collection::vec((0..CLASSES, 0usize..20, [0u32..40, 0u32..40, 0u32..40, 0u32..40, 0u32..40, 0u32..40]), 6..60)) -> Images {
        let row = |logits: &[u32]| -> Vec<f64> {
            let e: Vec<f64> = logits.iter().map(|z| (f64::from(*z) / 10.0).exp()).collect();
            e.iter().map(|v| v / e.iter().sum::<f64>()).collect()
        };
        Images {
            labels: images.iter().map(|i| i.0).collect(),
            groups: images.iter().map(|i| i.1).collect(),
            tables: [0, 3].map(|at| images.iter().flat_map(|i| row(&i.2[at..at + 3])).collect()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_the_images_changes_nothing((images, order) in tables().prop_flat_map(|images| {
        let order = Just((0..images.n()).collect::<Vec<_>>()).prop_shuffle();
        (Just(images), order)
    })) {
        let other = images.ordered(&order);
        let (a, b) = (images.numbers(), other.numbers());
        prop_assert_eq!(a.len(), b.len());
        for (place, (a, b)) in a.iter().zip(&b).enumerate() {
            prop_assert!((a - b).abs() < SAME || a == b, "number {}: {} {}", place, a, b);
        }
        for (a, b) in images.intervals().iter().zip(other.intervals()) {
            for (a, b) in [(a.low, b.low), (a.value, b.value), (a.high, b.high)] {
                prop_assert!((a - b).abs() < SAME, "{} {}", a, b);
            }
        }
    }

    #[test]
    fn intervals_hold_their_value_and_are_shares(images in tables()) {
        for (place, i) in images.intervals().into_iter().enumerate() {
            prop_assert!(0.0 <= i.low && i.low <= i.value && i.value <= i.high, "{} {:?}", place, i);
            let is_share = place < 3;
            prop_assert!(!is_share || i.high <= 1.0 + 1e-12, "{} {:?}", place, i);
        }
    }

    #[test]
    fn every_image_doubled_says_no_more(images in tables()) {
        // Each image its own group, and each twice as a group of two.
        let order: Vec<usize> = (0..2 * images.n()).map(|i| i / 2).collect();
        let single = Images { groups: (0..images.n()).collect(), ..images.clone() };
        let doubled = Images { groups: order.clone(), ..images.ordered(&order) };
        for (a, b) in single.intervals().iter().zip(doubled.intervals()) {
            for (a, b) in [(a.low, b.low), (a.value, b.value), (a.high, b.high)] {
                prop_assert!((a - b).abs() < SAME, "{} {}", a, b);
            }
        }
    }

    #[test]
    fn sets_grow_as_less_is_allowed_to_be_missed(images in tables(), alpha in 0.02f64..0.9, less in 0.1f64..1.0) {
        let table = &images.tables[0];
        let missed: Vec<f64> = (0..images.n()).map(|i| 1.0 - table[i * CLASSES + images.labels[i]]).collect();
        let threshold = |alpha| lac_threshold(&missed, &images.groups, alpha);
        let (small, large) = (threshold(alpha), threshold(alpha * less));
        for row in images.tables[1].chunks(CLASSES) {
            let (inner, outer) = (prediction_set(row, small), prediction_set(row, large));
            prop_assert!(!inner.is_empty() && outer.starts_with(&inner), "{:?} {:?}", inner, outer);
        }
    }
}

proptest! {
    #[test]
    fn no_group_crosses_folds_and_every_scored_image_is_scored_once_a_repeat(
        (labels, units) in images(), k in 2usize..7, seed: u64,
    ) {
        let folds = match Folds::assign(&labels, &units, 4, k, 2, Seed(seed)) {
            Ok(folds) => folds,
            Err(StatsError::OneClass | StatsError::NothingToHoldOut) => return Ok(()),
            Err(other) => panic!("{other}"),
        };
        for (repeat, fold) in folds.splits().collect::<Vec<_>>() {
            let (train, test) = (folds.train_rows(repeat, fold), folds.test_rows(repeat, fold));
            prop_assert_eq!(train.len() + test.len(), labels.len());
            let of = |rows: &[usize]| rows.iter().map(|r| units[*r]).collect::<BTreeSet<_>>();
            prop_assert!(of(&train).is_disjoint(&of(&test)));
        }
        for repeat in 0..2 {
            prop_assert_eq!(folds.scored_rows(repeat), folds.scored_rows(0));
            let mut tested: Vec<usize> = (0..folds.k).flat_map(|f| folds.test_rows(repeat, f)).collect();
            tested.sort_unstable();
            prop_assert_eq!(tested, folds.scored_rows(repeat));
        }
        // A class with two groups and more is scored.
        for class in 0..4 {
            let rows: Vec<usize> = (0..labels.len()).filter(|r| labels[*r] == class).collect();
            let groups: BTreeSet<usize> = rows.iter().map(|r| units[*r]).collect();
            if groups.len() > 1 {
                prop_assert!(rows.iter().all(|r| folds.repeats[0][*r].is_some()));
            }
        }
    }

    #[test]
    fn a_part_holds_whole_units((labels, units) in images(), n_max in 1usize..100, seed: u64) {
        let rows: BTreeSet<usize> = stratified_subset(&labels, &units, 4, n_max, Seed(seed)).into_iter().collect();
        for row in &rows {
            prop_assert!((0..units.len()).filter(|r| units[*r] == units[*row]).all(|r| rows.contains(&r)));
        }
    }

    #[test]
    fn intervals_hold_their_value_and_narrow_with_more_groups(share in 0.0f64..=1.0, n in 1.0f64..1e5) {
        let (few, many) = (wilson(share, n, 0.95).unwrap(), wilson(share, 4.0 * n, 0.95).unwrap());
        prop_assert!(0.0 <= few.low && few.low <= share && share <= few.high && few.high <= 1.0);
        prop_assert!(many.high - many.low <= few.high - few.low + 1e-12);
    }

    #[test]
    fn kish_lies_between_one_and_the_number_of_groups(groups in prop::collection::vec(0usize..20, 1..200)) {
        let n = effective_groups(&groups);
        let distinct = groups.iter().collect::<BTreeSet<_>>().len() as f64;
        prop_assert!(n >= 1.0 - 1e-12 && n <= distinct + 1e-9);
    }
}
