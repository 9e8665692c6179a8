//! Laws that hold for any labels, groups and probabilities.

use std::collections::BTreeSet;

use handful_stats::{Folds, Seed, StatsError, effective_groups, stratified_subset, wilson};
use proptest::prelude::*;

fn images() -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
    prop::collection::vec((0usize..4, 0usize..25), 4..120)
        .prop_map(|pairs| pairs.into_iter().unzip())
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
