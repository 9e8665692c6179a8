//! **Seen:** the same file under different labels.
//! **Why it matters:** one label is wrong, and each copy teaches against the other.
//! **What to do:** look at the photo and keep the copy with the right label.

use std::collections::BTreeMap;

use super::{Finding, Seen, Severity, counted, same_bytes};

pub(super) fn find(seen: &Seen) -> Vec<Finding> {
    let sets: Vec<Vec<usize>> = same_bytes(seen.bytes)
        .into_iter()
        .filter(|set| set.iter().any(|&i| seen.labels[i] != seen.labels[set[0]]))
        .collect();
    if sets.is_empty() {
        return Vec::new();
    }
    vec![Finding {
        kind: "label_conflict".into(),
        severity: Severity::Warning,
        text: format!(
            "{} under two labels or more",
            counted(sets.len(), "photo is", "photos are")
        ),
        files: seen.named(&sets),
        numbers: BTreeMap::from([("photos".into(), sets.len() as f64)]),
        advice: "look at each and keep the copy with the right label".into(),
    }]
}
