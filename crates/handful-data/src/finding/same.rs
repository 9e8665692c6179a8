//! Which images are the same, or nearly, and what that does to groups.

use std::collections::BTreeMap;

use super::Seen;

/// Sets of images with the same bytes, two or more in each; ascending, ordered by their first image.
pub fn same_bytes(bytes: &[[u8; 32]]) -> Vec<Vec<usize>> {
    let mut sets: BTreeMap<[u8; 32], Vec<usize>> = BTreeMap::new();
    for (image, hash) in bytes.iter().enumerate() {
        sets.entry(*hash).or_default().push(image);
    }
    let mut same: Vec<Vec<usize>> = sets.into_values().filter(|set| set.len() > 1).collect();
    same.sort();
    same
}

/// Sets of images with the same bytes or the same pixels.
pub(super) fn copies(seen: &Seen) -> Vec<Vec<usize>> {
    let mut sets = same_bytes(seen.bytes);
    sets.extend(seen.same_pixels.iter().cloned());
    merged(seen.paths.len(), &sets)
}

/// Sets of images that are nearly the same without being copies of each other.
pub(super) fn near_copies(seen: &Seen) -> Vec<Vec<usize>> {
    let copies = copies(seen);
    let is_copy = |set: &Vec<usize>| {
        copies
            .iter()
            .any(|copy| set.iter().all(|image| copy.contains(image)))
    };
    let mut near: Vec<Vec<usize>> = seen
        .alike
        .iter()
        .filter(|set| !is_copy(set))
        .cloned()
        .collect();
    near.sort();
    near
}

/// Sets that agree on their label, less the held-back images: one in the test split is a leak, which has a finding of its
/// own.
pub(super) fn learnt_of_one_class(seen: &Seen, sets: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    sets.into_iter()
        .filter(|set| set.iter().all(|&i| seen.labels[i] == seen.labels[set[0]]))
        .map(|set| set.into_iter().filter(|&i| seen.is_learnt(i)).collect())
        .filter(|set: &Vec<usize>| set.len() > 1)
        .collect()
}

/// The images of a set in turns: the first of each kind, then the second of each, so that the first few show what differs.
pub(super) fn in_turns<K: Ord>(set: &[usize], kind: impl Fn(usize) -> K) -> Vec<usize> {
    let mut seen: BTreeMap<K, usize> = BTreeMap::new();
    let mut turns: Vec<(usize, usize)> = set
        .iter()
        .map(|&image| {
            let turn = seen.entry(kind(image)).or_default();
            *turn += 1;
            (*turn, image)
        })
        .collect();
    // Stable: within a turn the order of the set stays.
    turns.sort_by_key(|(turn, _)| *turn);
    turns.into_iter().map(|(_, image)| image).collect()
}

/// Sets with an image in common are one set.
fn merged(n: usize, sets: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut names: Vec<usize> = (0..n).collect();
    join(&mut names, sets);
    let mut together: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (image, name) in names.into_iter().enumerate() {
        together.entry(name).or_default().push(image);
    }
    together.into_values().filter(|set| set.len() > 1).collect()
}

/// Joins the groups of images that belong together: the number of a joined group is the least of its parts.
pub fn join(groups: &mut [usize], together: &[Vec<usize>]) {
    let mut parent: BTreeMap<usize, usize> = groups.iter().map(|&g| (g, g)).collect();
    fn root(parent: &BTreeMap<usize, usize>, mut group: usize) -> usize {
        while parent[&group] != group {
            group = parent[&group];
        }
        group
    }
    for set in together {
        for pair in set.windows(2) {
            let a = root(&parent, groups[pair[0]]);
            let b = root(&parent, groups[pair[1]]);
            parent.insert(a.max(b), a.min(b));
        }
    }
    for group in groups {
        *group = root(&parent, *group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_that_share_a_file_become_one_however_long_the_chain() {
        let mut groups = vec![5, 5, 3, 3, 9, 7, 1];
        join(&mut groups, &[vec![0, 2], vec![3, 4]]);
        assert_eq!(groups, [3, 3, 3, 3, 3, 7, 1]);
    }

    #[test]
    fn the_first_few_of_a_set_show_each_kind() {
        let kinds = [0, 0, 0, 1, 0, 1];
        assert_eq!(
            in_turns(&[0, 1, 2, 3, 4, 5], |image| kinds[image]),
            [0, 3, 1, 5, 2, 4]
        );
    }

    #[test]
    fn only_repeated_files_are_sets() {
        let bytes = [[2; 32], [1; 32], [2; 32], [3; 32], [1; 32]];
        assert_eq!(same_bytes(&bytes), [vec![0, 2], vec![1, 4]]);
    }
}
