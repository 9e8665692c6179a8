//! The interval of an accuracy.

use super::{Interval, wilson};
use crate::{Column, StatsError, effective_groups};

/// Accuracy of one candidate with the Wilson interval on the effective number of groups among the scored images.
///
/// `groups` has one entry an image, scored or not; `level` in (0, 1).
///
/// # Errors
/// [`StatsError::NoGroups`] when nothing was scored; [`StatsError::Length`]; [`StatsError::Range`].
pub fn accuracy_interval(
    column: &Column,
    groups: &[usize],
    level: f64,
) -> Result<Interval, StatsError> {
    column.check_groups(groups)?;
    let scored = column.of_scored(groups);
    wilson(column.mean_hit(), effective_groups(&scored), level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_doubled_as_a_group_of_two_changes_nothing() {
        let hits: Vec<f64> = (0..30).map(|i| f64::from(i % 3 > 0)).collect();
        let column = |hits: Vec<f64>| Column {
            scored: (0..hits.len()).collect(),
            losses: vec![0.0; hits.len()],
            hits,
        };
        let single =
            accuracy_interval(&column(hits.clone()), &(0..30).collect::<Vec<_>>(), 0.95).unwrap();
        let doubled = column(hits.iter().flat_map(|h| [*h, *h]).collect());
        let pairs =
            accuracy_interval(&doubled, &(0..60).map(|i| i / 2).collect::<Vec<_>>(), 0.95).unwrap();
        assert!((single.low - pairs.low).abs() < 1e-12 && (single.high - pairs.high).abs() < 1e-12);
    }
}
