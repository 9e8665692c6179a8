//! The interval of a mean log-loss, whose few large terms no normal distribution has.

use super::draws::Strata;
use super::{Interval, check};
use crate::group::GroupSums;
use crate::metric::FLOOR;
use crate::{Column, Seed, StatsError};

/// Mean log-loss in nats with the percentile interval of `n_draws` bootstrap draws of groups, drawn within classes of
/// five groups and more.
///
/// Of a single group nothing can be drawn, and the interval is all that a log-loss can be: 0 to −ln 1e-12.
///
/// `labels` and `groups` have one entry an image, scored or not; `level` in (0, 1).
///
/// # Errors
/// [`StatsError::NoGroups`] when nothing was scored or drawn; [`StatsError::Length`]; [`StatsError::Range`].
///
/// # Source
/// Percentile intervals: B. Efron, R. Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
pub fn log_loss_interval(
    column: &Column,
    labels: &[usize],
    groups: &[usize],
    n_draws: usize,
    level: f64,
    seed: Seed,
) -> Result<Interval, StatsError> {
    column.check_groups(groups)?;
    column.check_groups(labels)?;
    check(0.5, n_draws as f64, level)?;
    let strata = Strata::new(&column.of_scored(labels), &column.of_scored(groups));
    let value = column.mean_loss();
    if strata.n_groups == 1 {
        return Ok(Interval {
            value,
            low: 0.0,
            high: -FLOOR.ln(),
        });
    }
    let table = GroupSums::new(column, groups, &[&column.losses]);
    let weighted =
        |values: &[f64], times: &[f64]| values.iter().zip(times).map(|(v, w)| v * w).sum::<f64>();
    let mean = |times: &[f64]| weighted(&table.sums[0], times) / weighted(&table.sizes, times);
    Ok(strata.interval(value, n_draws, level, (seed, "log-loss"), mean))
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
    fn single_images_have_the_width_of_a_mean_and_pairs_that_of_half_as_many() {
        let losses: Vec<f64> = (0..200).map(|i| f64::from(i % 5)).collect();
        let of = |groups: Vec<usize>| {
            let c = column(losses.clone());
            log_loss_interval(&c, &[0; 200], &groups, 2_000, 0.95, Seed(1)).unwrap()
        };
        let single = of((0..200).collect());
        assert!((single.value - 2.0).abs() < 1e-12);
        // The variance of 0, 1, 2, 3, 4 is 2. Percentiles of 2,000 draws scatter by about 5 % of the width.
        let width = 2.0 * 1.96 * (2.0f64 / 200.0).sqrt();
        assert!(
            ((single.high - single.low) / width - 1.0).abs() < 0.1,
            "{single:?}"
        );
        // Image i and i + 100 have one loss.
        let pairs = of((0..200).map(|i| i % 100).collect());
        let wider = (pairs.high - pairs.low) / (single.high - single.low);
        assert!((wider / 2f64.sqrt() - 1.0).abs() < 0.1, "{wider}");
    }

    #[test]
    fn one_group_says_nothing_of_others() {
        let i = log_loss_interval(&column(vec![0.5; 6]), &[0; 6], &[3; 6], 100, 0.95, Seed(1));
        let i = i.unwrap();
        assert!(i.low == 0.0 && i.high > 27.0 && i.value == 0.5);
        let none = log_loss_interval(&column(vec![]), &[], &[], 100, 0.95, Seed(1));
        assert_eq!(none, Err(StatsError::NoGroups));
    }
}
