//! Which labels could the images have had as well, if features said nothing about them?

use std::collections::BTreeMap;

use handful_stats::Seed;

/// Draws labels as exchangeable as groups leave them.
///
/// The label of a group that has one is exchanged with those of other such groups. A group of several labels keeps its
/// labels, in an order drawn anew, and exchanges them with groups of equal size and several labels, too. Recipe A8
/// exchanges them in the order of the files; but where every drawer has drawn every letter that order is the same in
/// all groups, and the exchange would change nothing.
pub(crate) struct Relabelling<'a> {
    labels: &'a [usize],
    /// Rows of groups that may exchange their labels: all of one label each, or all of several and of equal size.
    exchanging: Vec<Vec<&'a [usize]>>,
    seed: Seed,
}

impl<'a> Relabelling<'a> {
    /// Of `labels` `[n]` in groups of rows.
    pub fn new(labels: &'a [usize], groups: &'a [Vec<usize>], seed: Seed) -> Relabelling<'a> {
        // 0: one label, whatever the size.
        let mut kinds: BTreeMap<usize, Vec<&[usize]>> = BTreeMap::new();
        for rows in groups {
            let is_pure = rows.iter().all(|&row| labels[row] == labels[rows[0]]);
            let kind = if is_pure { 0 } else { rows.len() };
            kinds.entry(kind).or_default().push(rows);
        }
        Relabelling {
            labels,
            exchanging: kinds.into_values().collect(),
            seed,
        }
    }

    /// The labels of a draw, `[n]`; each draw has its own stream.
    pub fn draw(&self, draw: u64) -> Vec<usize> {
        let (outer, inner) = (
            self.seed.derive("exchange of groups", draw),
            self.seed.derive("order in groups", draw),
        );
        let mut drawn = self.labels.to_vec();
        for groups in &self.exchanging {
            let givers = shuffled(groups, |rows| outer.key(rows[0] as u64));
            for (takes, gives) in groups.iter().zip(givers) {
                let given = if gives.len() == takes.len() {
                    shuffled(gives, |&row| inner.key(row as u64))
                } else {
                    // Only groups of one label differ in size.
                    vec![gives[0]; takes.len()]
                };
                for (&row, giver) in takes.iter().zip(given) {
                    drawn[row] = self.labels[giver];
                }
            }
        }
        drawn
    }
}

/// In the order of random keys.
fn shuffled<T: Copy>(items: &[T], key: impl Fn(&T) -> u64) -> Vec<T> {
    let mut keyed: Vec<(u64, T)> = items.iter().map(|item| (key(item), *item)).collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_one_label_keep_one_and_the_labels_of_groups_stay_as_many() {
        let groups = vec![vec![0, 1, 2], vec![3], vec![4, 5], vec![6], vec![7, 8]];
        let labels = [0, 0, 0, 1, 1, 1, 0, 2, 2];
        let relabelling = Relabelling::new(&labels, &groups, Seed(1));
        let mut changed = 0;
        for draw in 0..20 {
            let drawn = relabelling.draw(draw);
            let mut of_groups: Vec<usize> = groups.iter().map(|rows| drawn[rows[0]]).collect();
            for rows in &groups {
                assert!(rows.iter().all(|&r| drawn[r] == drawn[rows[0]]));
            }
            of_groups.sort_unstable();
            assert_eq!(of_groups, [0, 0, 1, 1, 2]);
            changed += usize::from(drawn != labels);
        }
        assert!(changed > 10, "{changed}");
        assert_eq!(relabelling.draw(3), relabelling.draw(3));
    }

    /// Every group shows every class in the same order: only an order drawn anew changes anything.
    #[test]
    fn groups_of_all_labels_are_mixed_inside() {
        let groups: Vec<Vec<usize>> = (0..6).map(|g| (4 * g..4 * g + 4).collect()).collect();
        let labels: Vec<usize> = (0..24).map(|i| i % 4).collect();
        let drawn = Relabelling::new(&labels, &groups, Seed(2)).draw(0);
        assert_ne!(drawn, labels);
        for rows in &groups {
            let mut of_group: Vec<usize> = rows.iter().map(|&r| drawn[r]).collect();
            of_group.sort_unstable();
            assert_eq!(of_group, [0, 1, 2, 3]);
        }
    }

    #[test]
    fn mixed_groups_exchange_with_those_of_their_size() {
        let groups = vec![vec![0, 1], vec![2, 3], vec![4, 5, 6]];
        let labels = [0, 1, 2, 3, 4, 4, 5];
        let relabelling = Relabelling::new(&labels, &groups, Seed(3));
        let mut exchanged = false;
        for draw in 0..20 {
            let drawn = relabelling.draw(draw);
            exchanged |= drawn[0] > 1;
            assert!(drawn[4..].iter().all(|l| *l > 3), "a size of its own stays");
        }
        assert!(exchanged);
    }
}
