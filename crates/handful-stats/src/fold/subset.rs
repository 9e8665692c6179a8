//! A part of the images that looks like the whole: whole units, classes in proportion.

use std::collections::BTreeMap;

use crate::Seed;

/// A class stays in the part with so many units at least, if it has them: fewer can't be held out.
const LEAST_UNITS: usize = 2;

/// About `n_max` rows in whole units, ascending, in which each class keeps its share; all rows if there are no more.
///
/// A unit counts for the class that most of its rows have (the lowest such class).
pub fn stratified_subset(
    labels: &[usize],
    units: &[usize],
    n_classes: usize,
    n_max: usize,
    seed: Seed,
) -> Vec<usize> {
    if labels.len() <= n_max {
        return (0..labels.len()).collect();
    }
    let mut by_unit: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    units
        .iter()
        .enumerate()
        .for_each(|(row, unit)| by_unit.entry(*unit).or_default().push(row));
    let mut of_class: Vec<Vec<(u64, &Vec<usize>)>> = vec![Vec::new(); n_classes];
    for (id, rows) in &by_unit {
        let mut counts = vec![0usize; n_classes];
        rows.iter().for_each(|&row| counts[labels[row]] += 1);
        let most = counts.iter().copied().max().unwrap_or(0);
        let class = counts
            .iter()
            .position(|c| *c == most)
            .expect("the largest count is among the counts");
        of_class[class].push((seed.key(*id as u64), rows));
    }
    let share = n_max as f64 / labels.len() as f64;
    let mut taken = Vec::new();
    for mut candidates in of_class {
        candidates.sort_by_key(|(key, _)| *key);
        let quota = share * candidates.iter().map(|(_, rows)| rows.len()).sum::<usize>() as f64;
        let mut n_taken = 0.0;
        for (place, (_, rows)) in candidates.into_iter().enumerate() {
            // Half a unit too many is as good as half a unit too few.
            let fits = n_taken + 0.5 * rows.len() as f64 <= quota;
            if place < LEAST_UNITS || fits {
                n_taken += rows.len() as f64;
                taken.extend_from_slice(rows);
            }
        }
    }
    taken.sort_unstable();
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_keep_their_shares_and_units_stay_whole() {
        let labels: Vec<usize> = (0..1_000).map(|i| usize::from(i >= 900)).collect();
        let units: Vec<usize> = (0..1_000).map(|i| i / 4).collect();
        let rows = stratified_subset(&labels, &units, 2, 200, Seed(3));
        let rare = rows.iter().filter(|r| labels[**r] == 1).count();
        assert!((196..=204).contains(&rows.len()), "{}", rows.len());
        assert!((18..=22).contains(&rare), "{rare}");
        for row in &rows {
            assert!(
                (0..1_000)
                    .filter(|i| units[*i] == units[*row])
                    .all(|i| rows.contains(&i))
            );
        }
    }

    #[test]
    fn a_rare_class_keeps_two_units() {
        let mut labels = vec![0; 500];
        labels.extend([1, 1, 1]);
        let units: Vec<usize> = (0..503).collect();
        let rows = stratified_subset(&labels, &units, 2, 50, Seed(3));
        assert_eq!(rows.iter().filter(|r| labels[**r] == 1).count(), 2);
    }

    #[test]
    fn few_images_are_all_taken() {
        assert_eq!(
            stratified_subset(&[0, 1, 0], &[0, 1, 2], 2, 3, Seed(0)),
            [0, 1, 2]
        );
    }
}
