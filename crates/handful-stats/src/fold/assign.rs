//! Which fold does a group go to? The largest groups choose first, each the fold where it disturbs the shares of the
//! classes least (recipe A1).

use std::collections::BTreeMap;

use super::Folds;
use crate::{Seed, StatsError};

/// What belongs together: its rows and how many of them each class has.
struct Unit {
    rows: Vec<usize>,
    counts: BTreeMap<usize, f64>,
    key: u64,
}

impl Folds {
    /// Assigns images to `k` folds, `n_repeats` times, stratified by class and never cutting through a unit.
    ///
    /// `labels` and `units` have one entry an image. A class with fewer than `k` units is spread as far as it goes; one
    /// with a single unit is not scored, unless that unit holds images of other classes, which then are. `k` becomes
    /// smaller where there are fewer units than that.
    ///
    /// # Errors
    /// [`StatsError::OneClass`], [`StatsError::NothingToHoldOut`]; lengths, labels and ranges that are wrong.
    ///
    /// # Source
    /// The rule of scikit-learn's `StratifiedGroupKFold`, with squared deviations instead of standard deviations.
    pub fn assign(
        labels: &[usize],
        units: &[usize],
        n_classes: usize,
        k: usize,
        n_repeats: usize,
        seed: Seed,
    ) -> Result<Folds, StatsError> {
        if k < 2 {
            return Err(StatsError::Range {
                what: "the number of folds",
                value: k as f64,
                range: "2 and more",
            });
        }
        if units.len() != labels.len() {
            return Err(StatsError::Length {
                what: "the list of units",
                expected: labels.len(),
                found: units.len(),
            });
        }
        if let Some(&label) = labels.iter().find(|l| **l >= n_classes) {
            return Err(StatsError::Label { label, n_classes });
        }
        let mut totals = vec![0.0; n_classes];
        labels.iter().for_each(|&l| totals[l] += 1.0);
        if totals.iter().filter(|t| **t > 0.0).count() < 2 {
            return Err(StatsError::OneClass);
        }
        let mut by_unit: BTreeMap<usize, Unit> = BTreeMap::new();
        for (row, (&label, &unit)) in labels.iter().zip(units).enumerate() {
            let unit = by_unit.entry(unit).or_insert_with(|| Unit {
                rows: Vec::new(),
                counts: BTreeMap::new(),
                key: 0,
            });
            unit.rows.push(row);
            *unit.counts.entry(label).or_default() += 1.0;
        }
        let is_spread = |class: &usize, count: &f64| *count < totals[*class];
        by_unit.retain(|_, unit| {
            unit.counts
                .iter()
                .any(|(class, count)| is_spread(class, count))
        });
        if by_unit.len() < 2 {
            return Err(StatsError::NothingToHoldOut);
        }
        let k = k.min(by_unit.len());
        let repeats = (0..n_repeats)
            .map(|repeat| {
                one_repeat(
                    &mut by_unit,
                    &totals,
                    labels.len(),
                    k,
                    seed.derive("repeat", repeat as u64),
                )
            })
            .collect();
        Ok(Folds { k, repeats })
    }
}

fn one_repeat(
    units: &mut BTreeMap<usize, Unit>,
    totals: &[f64],
    n: usize,
    k: usize,
    seed: Seed,
) -> Vec<Option<u32>> {
    for (id, unit) in units.iter_mut() {
        unit.key = seed.key(*id as u64);
    }
    let mut order: Vec<&Unit> = units.values().collect();
    order.sort_by(|a, b| b.rows.len().cmp(&a.rows.len()).then(a.key.cmp(&b.key)));

    let even = 1.0 / k as f64;
    let mut shares = vec![vec![0.0; totals.len()]; k];
    let mut sizes = vec![0usize; k];
    let mut folds = vec![None; n];
    for unit in order {
        // Only the classes of the unit change, so only their terms of the sum of squares do.
        let growth = |fold: usize| -> f64 {
            let term = |(class, count): (&usize, &f64)| {
                let (before, added) = (shares[fold][*class] - even, count / totals[*class]);
                (before + added).powi(2) - before.powi(2)
            };
            unit.counts.iter().map(term).sum()
        };
        let growths: Vec<f64> = (0..k).map(growth).collect();
        let least = growths.iter().copied().fold(f64::INFINITY, f64::min);
        let chosen = (0..k)
            .filter(|&f| growths[f] <= least + SAME_GROWTH)
            .min_by_key(|&f| (sizes[f], f))
            .expect("one fold has the least growth");
        for (class, count) in &unit.counts {
            shares[chosen][*class] += count / totals[*class];
        }
        sizes[chosen] += unit.rows.len();
        unit.rows
            .iter()
            .for_each(|&row| folds[row] = Some(chosen as u32));
    }
    folds
}

/// Growths closer than this are a tie, which the smaller fold wins: far below what one image in 10,000 changes.
const SAME_GROWTH: f64 = 1e-12;

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(n: usize) -> Vec<usize> {
        (0..n).collect()
    }

    #[test]
    fn single_images_are_stratified_to_within_one() {
        let labels: Vec<usize> = (0..103).map(|i| usize::from(i % 3 == 0)).collect();
        let folds = Folds::assign(&labels, &alone(103), 2, 5, 3, Seed(7)).unwrap();
        for repeat in 0..3 {
            for class in 0..2 {
                let counts: Vec<usize> = (0..5)
                    .map(|f| {
                        folds
                            .test_rows(repeat, f)
                            .iter()
                            .filter(|r| labels[**r] == class)
                            .count()
                    })
                    .collect();
                assert!(
                    counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1,
                    "{counts:?}"
                );
            }
            let sizes: Vec<usize> = (0..5).map(|f| folds.test_rows(repeat, f).len()).collect();
            assert!(
                sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1,
                "{sizes:?}"
            );
        }
        assert_ne!(folds.repeats[0], folds.repeats[1]);
    }

    #[test]
    fn a_class_in_one_unit_is_trained_on_and_not_scored() {
        let labels = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2];
        let units = [0, 1, 2, 3, 4, 5, 6, 7, 8, 8];
        let folds = Folds::assign(&labels, &units, 3, 5, 2, Seed(0)).unwrap();
        assert_eq!(folds.scored_rows(0), alone(8));
        for (repeat, fold) in folds.splits().collect::<Vec<_>>() {
            let train = folds.train_rows(repeat, fold);
            assert!(train.contains(&8) && train.contains(&9));
        }
    }

    #[test]
    fn a_unit_of_two_classes_is_never_cut_even_where_one_class_has_no_other() {
        let labels = [0, 0, 1, 1, 2, 0];
        let units = [0, 1, 2, 3, 4, 4];
        let folds = Folds::assign(&labels, &units, 3, 5, 1, Seed(0)).unwrap();
        assert_eq!(folds.repeats[0][4], folds.repeats[0][5]);
        assert!(folds.repeats[0][4].is_some());
    }

    #[test]
    fn fewer_units_than_folds_make_fewer_folds() {
        let folds = Folds::assign(&[0, 0, 1], &[0, 1, 2], 2, 5, 1, Seed(0)).unwrap();
        assert_eq!(folds.k, 2);
        assert_eq!(folds.splits().count(), 2);
    }

    #[test]
    fn what_can_not_be_judged_is_refused_with_the_reason() {
        let refusal = |labels: &[usize], units: &[usize], k| {
            Folds::assign(labels, units, 2, k, 1, Seed(0)).unwrap_err()
        };
        assert_eq!(refusal(&[1, 1, 1], &[0, 1, 2], 5), StatsError::OneClass);
        assert_eq!(
            refusal(&[0, 0, 1, 1], &[0, 0, 1, 1], 5),
            StatsError::NothingToHoldOut
        );
        assert!(matches!(
            refusal(&[0, 1], &[0], 5),
            StatsError::Length { .. }
        ));
        assert!(matches!(
            refusal(&[0, 2], &[0, 1], 5),
            StatsError::Label { label: 2, .. }
        ));
        assert!(matches!(
            refusal(&[0, 1], &[0, 1], 1),
            StatsError::Range { .. }
        ));
    }
}
