//! What does taking the best of many do to its number? The choice is repeated on resampled groups and scored on the
//! groups that were not drawn (BBC-CV).

use rand::RngExt;

use crate::choice::Table;
use crate::group::GroupSums;
use crate::{Column, Seed, StatsError};

/// Fewer groups out of the bag than this say nothing; such a draw is left out.
const LEAST_OUT_OF_BAG: usize = 2;

/// Accuracy of what the rule of choosing returns, without the optimism of having chosen: mean over `n_draws` bootstrap
/// draws of groups of the out-of-bag accuracy of the candidate chosen in the bag, weighted by out-of-bag images.
///
/// `columns` are cheapest first, as for [`crate::one_standard_error`]. One candidate gives its plain accuracy.
///
/// # Errors
/// [`StatsError::NoCandidates`], [`StatsError::NoGroups`], [`StatsError::DifferentRows`], [`StatsError::Length`].
///
/// # Source
/// I. Tsamardinos, E. Greasidou, G. Borboudakis, Machine Learning 107 (2018), 1895–1922, algorithm 5, over groups.
pub fn bbc_accuracy(
    columns: &[Column],
    groups: &[usize],
    n_draws: usize,
    seed: Seed,
) -> Result<f64, StatsError> {
    let table = Table::new(columns, groups)?;
    if let [only] = columns {
        return Ok(only.mean_hit());
    }
    let hits: Vec<&[f64]> = columns.iter().map(|c| c.hits.as_slice()).collect();
    let hits = GroupSums::new(&columns[0], groups, &hits).sums;
    let n_groups = table.sizes.len();
    let (mut right, mut scored) = (0.0, 0.0);
    for draw in 0..n_draws {
        let mut random = seed.stream("bag", draw as u64);
        let mut times = vec![0.0; n_groups];
        (0..n_groups).for_each(|_| times[random.random_range(0..n_groups)] += 1.0);
        let out: Vec<usize> = (0..n_groups).filter(|&g| times[g] == 0.0).collect();
        if out.len() < LEAST_OUT_OF_BAG {
            continue;
        }
        let chosen = table.choose(&times).chosen;
        right += out.iter().map(|&g| hits[chosen][g]).sum::<f64>();
        scored += out.iter().map(|&g| table.sizes[g]).sum::<f64>();
    }
    if scored > 0.0 {
        return Ok(right / scored);
    }
    let chosen = table.choose(&vec![1.0; n_groups]).chosen;
    Ok(columns[chosen].mean_hit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_candidate_keeps_its_accuracy() {
        let column = Column {
            scored: vec![0, 1, 2, 3],
            losses: vec![1.0; 4],
            hits: vec![1.0, 0.0, 1.0, 1.0],
        };
        assert_eq!(
            bbc_accuracy(&[column], &[0, 1, 2, 3], 100, Seed(0)),
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
            corrected += bbc_accuracy(&columns, &groups, 200, Seed(set)).unwrap() / SETS as f64;
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
