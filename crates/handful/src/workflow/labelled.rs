//! The labelled photos of a run as numbers: which photo, which class, what it belongs together with.

use std::collections::BTreeMap;

use handful_data::Split;
use handful_data::finding::{join, same_bytes};
use handful_stats::argmax;

use crate::cache::ImageKey;
use crate::photos::Photos;

/// Photos with their classes and groups; all lists have the same length.
#[derive(Clone, Debug, Default)]
pub struct Labelled {
    /// Positions in the list of photos.
    pub rows: Vec<usize>,
    /// Class of each photo.
    pub labels: Vec<usize>,
    /// What is independent of each other: given groups, otherwise single photos; copies of a file are one.
    pub groups: Vec<usize>,
    /// What folds keep together: the groups, but that without given groups a given validation split stays in one
    /// fold, as the person drew it. It does not count as *one* group: that a person set photos aside says nothing
    /// about how alike they are, and an interval over seven groups would be as wrong as none.
    pub units: Vec<usize>,
    /// Number of classes.
    pub n_classes: usize,
}

impl Labelled {
    /// Photos of two classes in turn, each by itself.
    #[cfg(test)]
    pub fn of_two_classes(n: usize) -> Labelled {
        Labelled {
            rows: (0..n).collect(),
            labels: (0..n).map(|i| i % 2).collect(),
            groups: (0..n).collect(),
            units: (0..n).collect(),
            n_classes: 2,
        }
    }

    /// The photos at these positions; all must have a label and have been read.
    pub fn of(photos: &Photos, rows: Vec<usize>) -> Labelled {
        let has_groups = photos.has_groups();
        let mut ids: BTreeMap<String, usize> = BTreeMap::new();
        let mut id = |name: String| {
            let next = ids.len();
            *ids.entry(name).or_insert(next)
        };
        let mut out = Labelled {
            n_classes: photos.classes.len(),
            ..Labelled::default()
        };
        for &position in &rows {
            let photo = &photos.list[position];
            let group = id(match &photo.group {
                Some(name) => format!("group {name}"),
                None => format!("photo {position}"),
            });
            let unit = if !has_groups && photo.split == Split::Validation {
                id("validation".into())
            } else {
                group
            };
            out.labels.push(
                photo
                    .label
                    .expect("photos without a label are not among the rows"),
            );
            out.groups.push(group);
            out.units.push(unit);
        }
        // Copies of a file are one photo: they are never on both sides of a fold, and count as one.
        let keys: Vec<ImageKey> = rows
            .iter()
            .map(|&i| {
                photos.list[i]
                    .key
                    .expect("unread photos are not among the rows")
            })
            .collect();
        let copies = same_bytes(&keys);
        join(&mut out.groups, &copies);
        join(&mut out.units, &copies);
        out.rows = rows;
        out
    }

    /// Number of photos.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Number of different groups.
    pub fn n_groups(&self) -> usize {
        count(&self.groups)
    }

    /// The same photos with further ones kept together: `part` `[n]` names what each belongs to. What was said of a
    /// validation split ends where real groups begin.
    pub fn kept_together(&self, part: &[usize]) -> Labelled {
        let mut sets: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (row, &name) in part.iter().enumerate() {
            sets.entry(name).or_default().push(row);
        }
        let sets: Vec<Vec<usize>> = sets.into_values().collect();
        let mut together = self.clone();
        join(&mut together.groups, &sets);
        together.units = together.groups.clone();
        together
    }

    /// The same photos with these rows joined, whatever else makes groups.
    pub fn joined(&self, sets: &[Vec<usize>]) -> Labelled {
        let mut together = self.clone();
        join(&mut together.groups, sets);
        join(&mut together.units, sets);
        together
    }

    /// Those of the photos whose index in `self` is listed.
    pub fn subset(&self, indices: &[usize]) -> Labelled {
        let of = |values: &[usize]| indices.iter().map(|&i| values[i]).collect();
        Labelled {
            rows: of(&self.rows),
            labels: of(&self.labels),
            groups: of(&self.groups),
            units: of(&self.units),
            n_classes: self.n_classes,
        }
    }

    /// Those of the photos whose position in the list of photos is wanted.
    pub fn only(&self, wanted: impl Fn(usize) -> bool) -> Labelled {
        let indices: Vec<usize> = (0..self.len()).filter(|&i| wanted(self.rows[i])).collect();
        self.subset(&indices)
    }

    /// Photos of each class `[classes]`.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.n_classes];
        self.labels.iter().for_each(|&l| counts[l] += 1);
        counts
    }

    /// `(class, share)` of the largest class.
    pub fn majority(&self) -> (usize, f64) {
        let counts: Vec<f64> = self.class_counts().iter().map(|&c| c as f64).collect();
        let class = argmax(&counts);
        (class, counts[class] / self.len() as f64)
    }
}

/// How many different values there are.
pub fn count(ids: &[usize]) -> usize {
    ids.iter().collect::<std::collections::BTreeSet<_>>().len()
}
