//! What does taking the best of many do to its number, and would it be taken again? The choice is repeated on resampled
//! groups and scored on the groups that were not drawn (BBC-CV).

use crate::choice::Table;
use crate::group::{GroupSums, bag};
use crate::{Column, Seed, StatsError};

/// Fewer groups out of the bag than this say nothing; such a draw is left out.
const LEAST_OUT_OF_BAG: usize = 2;

/// What repeating the choice on other groups tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Rechoice {
    /// Accuracy of what the rule of choosing returns, without the optimism of having chosen.
    pub accuracy: f64,
    /// For each candidate, the share of draws in which it was chosen; they sum to 1.
    pub chosen_again: Vec<f64>,
}

/// Repeats the whole one-standard-error rule on `n_draws` bootstrap draws of groups.
///
/// `accuracy` is the mean over the draws of the out-of-bag accuracy of the candidate chosen in the bag, weighted by
/// out-of-bag images; draws that leave fewer than two groups out count for `chosen_again` alone. `prices` are those of
/// [`crate::one_standard_error`]. One candidate gives its plain accuracy; without any draw the choice on
/// all groups counts.
///
/// # Errors
/// [`StatsError::NoCandidates`], [`StatsError::NoGroups`], [`StatsError::DifferentRows`], [`StatsError::Length`].
///
/// # Source
/// I. Tsamardinos, E. Greasidou, G. Borboudakis, Machine Learning 107 (2018), 1895–1922, algorithm 5, over groups.
pub fn rechoose(
    columns: &[Column],
    prices: &[usize],
    groups: &[usize],
    n_draws: usize,
    seed: Seed,
) -> Result<Rechoice, StatsError> {
    let table = Table::new(columns, prices, groups)?;
    if let [only] = columns {
        return Ok(Rechoice {
            accuracy: only.mean_hit(),
            chosen_again: vec![1.0],
        });
    }
    let hits: Vec<&[f64]> = columns.iter().map(|c| c.hits.as_slice()).collect();
    let hits = GroupSums::new(&columns[0], groups, &hits).sums;
    let n_groups = table.sizes.len();
    let (mut right, mut scored) = (0.0, 0.0);
    let mut n_chosen = vec![0usize; columns.len()];
    for draw in 0..n_draws {
        let times = bag(n_groups, &mut seed.stream("bag", draw as u64));
        let chosen = table.choose(&times).chosen;
        n_chosen[chosen] += 1;
        let out: Vec<usize> = (0..n_groups).filter(|&g| times[g] == 0.0).collect();
        if out.len() < LEAST_OUT_OF_BAG {
            continue;
        }
        right += out.iter().map(|&g| hits[chosen][g]).sum::<f64>();
        scored += out.iter().map(|&g| table.sizes[g]).sum::<f64>();
    }
    let on_all = table.choose(&vec![1.0; n_groups]).chosen;
    if n_draws == 0 {
        n_chosen[on_all] = 1;
    }
    Ok(Rechoice {
        accuracy: if scored > 0.0 {
            right / scored
        } else {
            columns[on_all].mean_hit()
        },
        chosen_again: n_chosen
            .iter()
            .map(|n| *n as f64 / n_draws.max(1) as f64)
            .collect(),
    })
}

/// Accuracy of what the rule of choosing returns, without the optimism of having chosen: that of [`rechoose`].
///
/// # Errors
/// Those of [`rechoose`].
pub fn bbc_accuracy(
    columns: &[Column],
    prices: &[usize],
    groups: &[usize],
    n_draws: usize,
    seed: Seed,
) -> Result<f64, StatsError> {
    Ok(rechoose(columns, prices, groups, n_draws, seed)?.accuracy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn a_clear_best_is_chosen_again_and_of_twins_the_cheaper_one_mostly() {
        let column = |losses: Vec<f64>| Column {
            scored: (0..40).collect(),
            hits: losses.iter().map(|l| f64::from(*l < 0.69)).collect(),
            losses,
        };
        let alone: Vec<usize> = (0..40).collect();
        let wave = |shift: usize| -> Vec<f64> {
            (0..40)
                .map(|i| 0.3 + 0.1 * ((i + shift) % 4) as f64)
                .collect()
        };
        let bad = column(wave(0).iter().map(|l| l + 1.0).collect());
        let clear = [bad.clone(), column(wave(0)), bad];
        assert_eq!(
            rechoose(&clear, &[0, 1, 2], &alone, 200, Seed(1))
                .unwrap()
                .chosen_again,
            [0.0, 1.0, 0.0]
        );
        // Two that are equally good: the first unless the other is better by a standard error, in one of six draws.
        let twins = [column(wave(0)), column(wave(2))];
        let both = rechoose(&twins, &[0, 1], &alone, 2_000, Seed(1)).unwrap();
        // Three standard errors of a share among 2,000 draws, and that a mean of 40 is not quite normal.
        assert!((both.chosen_again[1] - 0.159).abs() < 0.035, "{both:?}");
        assert!((both.chosen_again.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(
            bbc_accuracy(&twins, &[0, 1], &alone, 2_000, Seed(1)),
            Ok(both.accuracy)
        );
        assert_eq!(
            rechoose(&twins, &[0, 1], &alone, 0, Seed(1))
                .unwrap()
                .chosen_again,
            [1.0, 0.0]
        );
    }

    #[test]
    fn one_candidate_keeps_its_accuracy() {
        let column = Column {
            scored: vec![0, 1, 2, 3],
            losses: vec![1.0; 4],
            hits: vec![1.0, 0.0, 1.0, 1.0],
        };
        assert_eq!(
            bbc_accuracy(&[column], &[0], &[0, 1, 2, 3], 100, Seed(0)),
            Ok(0.75)
        );
    }

    /// 20 candidates that are equally good by construction, 100 images each: the best looks 7 points too good
    /// (small-data.md 1.8); the corrected one must not.
    #[test]
    fn equal_candidates_get_no_bonus() {
        const TRUTH: f64 = 0.7;
        const N: usize = 100;
        let groups: Vec<usize> = (0..N).collect();
        let (mut best, mut corrected) = (0.0, 0.0);
        const SETS: u64 = 60;
        for set in 0..SETS {
            let columns: Vec<Column> = (0..20)
                .map(|c| {
                    let mut random = Seed(set).stream("simulation", c);
                    let right: Vec<bool> = (0..N).map(|_| random.random::<f64>() < TRUTH).collect();
                    Column {
                        scored: (0..N).collect(),
                        losses: right.iter().map(|r| if *r { 0.2 } else { 1.6 }).collect(),
                        hits: right.iter().map(|r| f64::from(*r)).collect(),
                    }
                })
                .collect();
            best += columns.iter().map(Column::mean_hit).fold(0.0, f64::max) / SETS as f64;
            corrected +=
                bbc_accuracy(&columns, &[0; 20], &groups, 200, Seed(set)).unwrap() / SETS as f64;
        }
        // The mean of 60 sets has a standard error near 0.6 points: single sets scatter by about 4.6.
        const THREE_STANDARD_ERRORS: f64 = 0.018;
        assert!(best > TRUTH + 0.05, "{best}");
        assert!(
            (corrected - TRUTH).abs() < THREE_STANDARD_ERRORS,
            "{corrected}"
        );
    }
}
