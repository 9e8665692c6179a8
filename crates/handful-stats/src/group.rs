//! How many independent things are there? Images of one group say less than as many groups would.

use std::collections::BTreeMap;

use rand::{Rng, RngExt};

use crate::Column;

/// Effective number of independent groups, (Σm)²/Σm² over group sizes m: the number of images when each is its own
/// group, close to 1 when one group holds nearly all; 0 for no image.
///
/// # Source
/// L. Kish, Survey Sampling (1965), section 8.2.
pub fn effective_groups(groups: &[usize]) -> f64 {
    let mut sizes: BTreeMap<usize, f64> = BTreeMap::new();
    groups
        .iter()
        .for_each(|g| *sizes.entry(*g).or_default() += 1.0);
    let squares: f64 = sizes.values().map(|m| m * m).sum();
    if squares == 0.0 {
        0.0
    } else {
        (groups.len() as f64).powi(2) / squares
    }
}

/// The place of each image's group among the groups, and how many there are. By the group's own number, so that the
/// order of the images doesn't matter to what is drawn.
pub(crate) fn places(groups: &[usize]) -> (Vec<usize>, usize) {
    let mut all = groups.to_vec();
    all.sort_unstable();
    all.dedup();
    let place = |g| {
        all.binary_search(g)
            .expect("each group is among the groups")
    };
    (groups.iter().map(place).collect(), all.len())
}

/// How often each of `n_groups` groups occurs in a bootstrap draw of as many.
pub(crate) fn bag(n_groups: usize, random: &mut impl Rng) -> Vec<f64> {
    let mut times = vec![0.0; n_groups];
    (0..n_groups).for_each(|_| times[random.random_range(0..n_groups)] += 1.0);
    times
}

/// Sums over the scored images of each group: all that resampling groups needs.
pub(crate) struct GroupSums {
    /// Images in each group.
    pub sizes: Vec<f64>,
    /// For each value, its sum over each group: `[values][groups]`.
    pub sums: Vec<Vec<f64>>,
}

impl GroupSums {
    /// Sums each list of `values`, which is in the order of `column.scored`, over groups given for all images.
    pub fn new(column: &Column, groups: &[usize], values: &[&[f64]]) -> GroupSums {
        let (places, n_groups) = places(&column.of_scored(groups));
        let mut sizes = vec![0.0; n_groups];
        let mut sums = vec![vec![0.0; n_groups]; values.len()];
        for (i, &g) in places.iter().enumerate() {
            sizes[g] += 1.0;
            for (sum, value) in sums.iter_mut().zip(values) {
                sum[g] += value[i];
            }
        }
        GroupSums { sizes, sums }
    }

    pub fn n_groups(&self) -> usize {
        self.sizes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_do_not_depend_on_the_order_of_the_images() {
        let sums = |groups: &[usize], values: &[f64]| {
            let column = Column {
                scored: (0..groups.len()).collect(),
                losses: values.to_vec(),
                hits: vec![1.0; groups.len()],
            };
            let sums = GroupSums::new(&column, groups, &[values]);
            (sums.sizes, sums.sums)
        };
        assert_eq!(
            sums(&[7, 3, 7], &[1.0, 2.0, 4.0]),
            sums(&[3, 7, 7], &[2.0, 4.0, 1.0])
        );
    }

    #[test]
    fn equal_groups_count_fully_and_a_dominant_one_does_not() {
        assert_eq!(effective_groups(&[0, 1, 2, 3]), 4.0);
        assert_eq!(effective_groups(&[7, 7, 9, 9]), 2.0);
        assert_eq!(effective_groups(&[]), 0.0);
        let mut groups = vec![0; 50];
        groups.extend(1..=50);
        assert!(effective_groups(&groups) < 4.0);
    }
}
