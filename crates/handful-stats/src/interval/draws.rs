//! Which groups might have been photographed instead? Draws of groups with replacement, and the percentiles of what is
//! computed on them.

use std::collections::BTreeMap;

use rand::RngExt;

use super::Interval;
use crate::Seed;
use crate::group::places;

/// Classes with at least so many groups are drawn within themselves, so that none of them can vanish from a draw.
const LEAST_GROUPS: usize = 5;

/// Groups, and among which others each is drawn.
pub(super) struct Strata {
    /// Place of each image's group among the groups.
    pub places: Vec<usize>,
    /// Number of groups.
    pub n_groups: usize,
    /// Groups that are drawn among each other.
    strata: Vec<Vec<usize>>,
}

impl Strata {
    /// Groups by the class that most of their images have (the lowest such class); those of small classes together.
    /// `labels` and `groups` have one entry an image.
    pub fn new(labels: &[usize], groups: &[usize]) -> Strata {
        let (places, n_groups) = places(groups);
        let mut counts: Vec<BTreeMap<usize, usize>> = vec![BTreeMap::new(); n_groups];
        for (&place, &label) in places.iter().zip(labels) {
            *counts[place].entry(label).or_default() += 1;
        }
        let mut by_class: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (place, counts) in counts.iter().enumerate() {
            let most = counts.iter().fold(
                (0, 0),
                |most, (class, n)| if *n > most.1 { (*class, *n) } else { most },
            );
            by_class.entry(most.0).or_default().push(place);
        }
        let (mut strata, small): (Vec<_>, Vec<_>) = by_class
            .into_values()
            .partition(|s| s.len() >= LEAST_GROUPS);
        let rest: Vec<usize> = small.into_iter().flatten().collect();
        if !rest.is_empty() {
            strata.push(rest);
        }
        Strata {
            places,
            n_groups,
            strata,
        }
    }

    /// The percentile interval of `statistic` over `n_draws` draws, made to hold `value`. `statistic` is given how often
    /// each group occurs.
    ///
    /// # Source
    /// B. Efron, R. Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    pub fn interval(
        &self,
        value: f64,
        n_draws: usize,
        level: f64,
        seed: (Seed, &str),
        mut statistic: impl FnMut(&[f64]) -> f64,
    ) -> Interval {
        let mut draws: Vec<f64> = (0..n_draws)
            .map(|draw| {
                let mut random = seed.0.stream(seed.1, draw as u64);
                let mut times = vec![0.0; self.n_groups];
                for stratum in &self.strata {
                    for _ in stratum {
                        times[stratum[random.random_range(0..stratum.len())]] += 1.0;
                    }
                }
                statistic(&times)
            })
            .collect();
        percentiles(value, &mut draws, level)
    }
}

/// The middle `level` of the draws, made to hold `value`; there must be a draw.
pub(crate) fn percentiles(value: f64, draws: &mut [f64], level: f64) -> Interval {
    draws.sort_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    let last = draws.len() - 1;
    let quantile = |q: f64| draws[((q * last as f64).round() as usize).min(last)];
    Interval {
        value,
        low: quantile(tail).min(value),
        high: quantile(1.0 - tail).max(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_classes_keep_their_groups_and_small_ones_share_theirs() {
        // Six groups of class 0, two of class 1, one of class 2; group 9 has one image more of class 1 than of class 0.
        let mut labels = vec![0; 6];
        labels.extend([1, 2, 0, 1, 1]);
        let groups = [0, 1, 2, 3, 4, 5, 7, 8, 9, 9, 9];
        let strata = Strata::new(&labels, &groups);
        assert_eq!(strata.strata, [vec![0, 1, 2, 3, 4, 5], vec![6, 8, 7]]);
        let interval = strata.interval(6.0, 50, 0.9, (Seed(1), "test"), |times| {
            assert_eq!(times[6..].iter().sum::<f64>(), 3.0);
            times[..6].iter().sum()
        });
        assert_eq!((interval.low, interval.high), (6.0, 6.0));
    }

    #[test]
    fn percentiles_leave_both_tails_out() {
        let mut draws: Vec<f64> = (0..=100).rev().map(f64::from).collect();
        let i = percentiles(50.0, &mut draws, 0.9);
        assert_eq!((i.low, i.value, i.high), (5.0, 50.0, 95.0));
        assert_eq!(percentiles(200.0, &mut draws, 0.9).high, 200.0);
    }
}
