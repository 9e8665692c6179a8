//! **Seen:** the same photo, or nearly the same, under different labels.
//! **Why it matters:** one label is wrong, and each copy teaches against the other.
//! **What to do:** look at the photo and keep the copy with the right label.

use std::collections::BTreeMap;

use super::same::{copies, in_turns, near_copies};
use super::{Finding, Seen, Severity, counted};

pub(super) fn find(seen: &Seen) -> Vec<Finding> {
    let same = conflict(seen, copies(seen), "under two labels or more");
    let near = conflict(
        seen,
        near_copies(seen),
        "nearly the same as one under another label",
    );
    same.into_iter().chain(near).collect()
}

fn conflict(seen: &Seen, sets: Vec<Vec<usize>>, what: &str) -> Option<Finding> {
    let disagrees = |set: &Vec<usize>| set.iter().any(|&i| seen.labels[i] != seen.labels[set[0]]);
    let sets: Vec<Vec<usize>> = sets
        .into_iter()
        .filter(disagrees)
        .map(|set| in_turns(&set, |image| seen.labels[image]))
        .collect();
    (!sets.is_empty()).then(|| Finding {
        kind: "label_conflict".into(),
        severity: Severity::Warning,
        text: format!("{} {what}", counted(sets.len(), "photo is", "photos are")),
        files: seen.named(&sets),
        numbers: BTreeMap::from([("photos".into(), sets.len() as f64)]),
        advice: "look at each and keep the one with the right label".into(),
    })
}
