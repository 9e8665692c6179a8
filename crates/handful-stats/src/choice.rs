//! Which candidate is taken: of the cheapest that the evidence can't tell from the best, the one with the least loss.

use crate::group::GroupSums;
use crate::{Column, StatsError};

/// Below this many groups a standard error says nothing; the cheapest candidate is taken.
const LEAST_GROUPS: usize = 5;
/// Mean losses closer than this are a tie. In nats; far below what one photo in 10,000 can move.
pub(crate) const TIE: f64 = 1e-9;

/// A paired difference in mean log-loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Mean of a − b in nats; above 0 when a is worse.
    pub mean: f64,
    /// Its standard error, clustered by group.
    pub se: f64,
}

/// What was chosen, and how far the others are from the best.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The candidate with the least mean log-loss.
    pub best: usize,
    /// The candidate that is taken.
    pub chosen: usize,
    /// Each candidate's difference to the best.
    pub differences: Vec<Difference>,
}

/// Mean log-loss of `a` minus that of `b` on the same images, with its standard error.
///
/// `groups` has one entry an image, scored or not.
///
/// # Errors
/// [`StatsError::DifferentRows`], [`StatsError::NoGroups`], [`StatsError::Length`].
///
/// # Source
/// The cluster-robust standard error of a mean, SE = (1/n)·√(G/(G−1)·Σ_g(Σ_{i∈g}(d_i − D))²): the limit of resampling
/// groups, without the noise of doing so (recipe A1).
pub fn paired_difference(
    a: &Column,
    b: &Column,
    groups: &[usize],
) -> Result<Difference, StatsError> {
    a.check_groups(groups)?;
    if a.scored != b.scored {
        return Err(StatsError::DifferentRows);
    }
    let d: Vec<f64> = a.losses.iter().zip(&b.losses).map(|(a, b)| a - b).collect();
    let sums = GroupSums::new(a, groups, &[&d]);
    let once = vec![1.0; sums.n_groups()];
    Ok(difference(&sums.sums[0], &sums.sizes, &once))
}

/// The difference when group g occurs `times[g]` times. `sums` are those of the differences over the groups.
pub(crate) fn difference(sums: &[f64], sizes: &[f64], times: &[f64]) -> Difference {
    let n: f64 = sizes.iter().zip(times).map(|(m, w)| m * w).sum();
    let n_groups: f64 = times.iter().sum();
    let mean = sums.iter().zip(times).map(|(s, w)| s * w).sum::<f64>() / n;
    let squares: f64 = sums
        .iter()
        .zip(sizes)
        .zip(times)
        .map(|((s, m), w)| w * (s - m * mean).powi(2))
        .sum();
    let se = if n_groups > 1.0 {
        (n_groups / (n_groups - 1.0) * squares).sqrt() / n
    } else {
        f64::INFINITY
    };
    Difference { mean, se }
}

/// The one-standard-error rule. Of the candidates whose difference to the best is below one standard error of that difference, those of
/// the least price are as cheap as any; the choice is the one of these with the least loss. `prices` has one entry a column.
/// Under five groups the first column is taken.
///
/// # Errors
/// [`StatsError::NoCandidates`], [`StatsError::Length`] where there are not so many prices, and those of [`paired_difference`].
///
/// # Source
/// L. Breiman et al., Classification and Regression Trees (1984), section 3.4.3, here with paired, clustered errors.
pub fn one_standard_error(
    columns: &[Column],
    prices: &[usize],
    groups: &[usize],
) -> Result<Choice, StatsError> {
    let table = Table::new(columns, prices, groups)?;
    let once = vec![1.0; table.sizes.len()];
    Ok(table.choose(&once))
}

/// The table of out-of-fold losses, summed over groups.
pub(crate) struct Table {
    /// Images in each group.
    pub sizes: Vec<f64>,
    /// `[candidates][groups]`, sums of losses.
    losses: Vec<Vec<f64>>,
    prices: Vec<usize>,
}

impl Table {
    pub fn new(
        columns: &[Column],
        prices: &[usize],
        groups: &[usize],
    ) -> Result<Table, StatsError> {
        let first = columns.first().ok_or(StatsError::NoCandidates)?;
        first.check_groups(groups)?;
        if columns.iter().any(|c| c.scored != first.scored) {
            return Err(StatsError::DifferentRows);
        }
        let losses: Vec<&[f64]> = columns.iter().map(|c| c.losses.as_slice()).collect();
        let GroupSums { sizes, sums } = GroupSums::new(first, groups, &losses);
        if prices.len() != columns.len() {
            return Err(StatsError::Length {
                what: "the list of prices",
                expected: columns.len(),
                found: prices.len(),
            });
        }
        Ok(Table {
            sizes,
            losses: sums,
            prices: prices.to_vec(),
        })
    }

    /// The whole rule when group g occurs `times[g]` times.
    pub fn choose(&self, times: &[f64]) -> Choice {
        let sum = |losses: &[f64]| losses.iter().zip(times).map(|(l, w)| l * w).sum::<f64>();
        let n: f64 = self.sizes.iter().zip(times).map(|(m, w)| m * w).sum();
        let means: Vec<f64> = self.losses.iter().map(|l| sum(l) / n).collect();
        let least = means.iter().copied().fold(f64::INFINITY, f64::min);
        let best = means
            .iter()
            .position(|m| *m <= least + TIE)
            .expect("one mean is the least");
        let mut d = vec![0.0; self.sizes.len()];
        let differences: Vec<Difference> = (0..self.losses.len())
            .map(|c| {
                for ((d, a), b) in d.iter_mut().zip(&self.losses[c]).zip(&self.losses[best]) {
                    *d = a - b;
                }
                difference(&d, &self.sizes, times)
            })
            .collect();
        let enough = times.iter().sum::<f64>() >= LEAST_GROUPS as f64;
        let is_eligible = |c: &usize| *c == best || differences[*c].mean < differences[*c].se;
        let chosen = if enough {
            let eligible = (0..differences.len()).filter(is_eligible);
            let better = |a: usize, b: usize| {
                let [at, bt] = [a, b].map(|c| self.prices[c]);
                bt < at || bt == at && means[b] < means[a] - TIE
            };
            let of_least = eligible.reduce(|a, b| if better(a, b) { b } else { a });
            of_least.unwrap_or(best)
        } else {
            0
        };
        Choice {
            best,
            chosen,
            differences,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(losses: Vec<f64>) -> Column {
        Column {
            scored: (0..losses.len()).collect(),
            hits: vec![1.0; losses.len()],
            losses,
        }
    }

    #[test]
    fn the_cheapest_that_can_not_be_told_from_the_best_is_chosen() {
        let noisy = |shift: f64| {
            column(
                (0..40)
                    .map(|i| 1.0 + shift + if i % 2 == 0 { 0.5 } else { -0.5 })
                    .collect(),
            )
        };
        let flat = |value: f64| column(vec![value; 40]);
        let groups: Vec<usize> = (0..40).collect();
        // Against the flat best, the noisy one's difference has a standard error of 0.08.
        let choice = one_standard_error(&[noisy(0.05), flat(1.0)], &[0, 1], &groups).unwrap();
        assert_eq!((choice.best, choice.chosen), (1, 0));
        let choice = one_standard_error(&[noisy(0.09), flat(1.0)], &[0, 1], &groups).unwrap();
        assert_eq!((choice.best, choice.chosen), (1, 1));
        // A difference that is the same for every image is certain, however small.
        let choice = one_standard_error(&[flat(1.001), flat(1.0)], &[0, 1], &groups).unwrap();
        assert_eq!(choice.chosen, 1);
    }

    #[test]
    fn of_equally_cheap_ones_the_least_loss_is_taken() {
        let noisy = |shift: f64| {
            let loss = |i| 1.0 + shift + if i % 2 == 0 { 0.5 } else { -0.5 };
            column((0..40).map(loss).collect())
        };
        let groups: Vec<usize> = (0..40).collect();
        let columns = [noisy(0.06), noisy(0.02), noisy(0.04), column(vec![1.0; 40])];
        let chosen = |prices: [usize; 4]| {
            one_standard_error(&columns, &prices, &groups)
                .unwrap()
                .chosen
        };
        assert_eq!(chosen([0, 1, 2, 3]), 0);
        assert_eq!(chosen([0, 0, 0, 1]), 1);
        assert_eq!(chosen([0, 0, 0, 0]), 3);
        assert_eq!(
            one_standard_error(&columns, &[0], &groups),
            Err(StatsError::Length {
                what: "the list of prices",
                expected: 4,
                found: 1,
            })
        );
    }

    #[test]
    fn clustering_counts_groups_and_not_images() {
        let losses: Vec<f64> = (0..20).map(|i| f64::from(i % 5)).collect();
        let doubled: Vec<f64> = losses.iter().flat_map(|l| [*l, *l]).collect();
        let single = paired_difference(
            &column(losses),
            &column(vec![0.0; 20]),
            &(0..20).collect::<Vec<_>>(),
        )
        .unwrap();
        let pairs: Vec<usize> = (0..40).map(|i| i / 2).collect();
        let paired = paired_difference(&column(doubled), &column(vec![0.0; 40]), &pairs).unwrap();
        assert!((single.se - paired.se).abs() < 1e-12);
        assert_eq!(single.mean, paired.mean);
    }

    #[test]
    fn under_five_groups_the_cheapest_is_taken() {
        let columns = [column(vec![5.0; 8]), column(vec![1.0; 8])];
        assert_eq!(
            one_standard_error(&columns, &[0, 0], &[0, 0, 1, 1, 2, 2, 3, 3])
                .unwrap()
                .chosen,
            0
        );
    }

    #[test]
    fn columns_over_different_images_are_refused() {
        let a = column(vec![1.0; 3]);
        let b = Column {
            scored: vec![0, 1, 3],
            ..a.clone()
        };
        assert_eq!(
            paired_difference(&a, &b, &[0, 1, 2, 3]),
            Err(StatsError::DifferentRows)
        );
        assert_eq!(
            one_standard_error(&[], &[], &[]),
            Err(StatsError::NoCandidates)
        );
    }
}
