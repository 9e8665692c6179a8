//! **Seen:** photos of a class that are nearly the same: cropped, resized, recompressed, mirrored, or shot twice.
//! **Why it matters:** they count as several photos and are one; in different folds one is judged by what the other taught.
//! **What to do:** nothing; they stay in one fold and count once. Delete those that add nothing.

use std::collections::BTreeMap;

use super::same::{learnt_of_one_class, near_copies};
use super::{Finding, Seen, Severity, counted};

/// Share of the photos to learn from, in near-copies, from which a warning is due: the set is smaller than it looks.
const MANY: f64 = 0.05;

pub(super) fn find(seen: &Seen) -> Vec<Finding> {
    let sets = learnt_of_one_class(seen, near_copies(seen));
    if sets.is_empty() {
        return Vec::new();
    }
    let n_photos: usize = sets.iter().map(Vec::len).sum();
    let n_learnt = (0..seen.paths.len()).filter(|&i| seen.is_learnt(i)).count();
    let severity = if n_photos as f64 >= MANY * n_learnt as f64 {
        Severity::Warning
    } else {
        Severity::Remark
    };
    vec![Finding {
        kind: "near_duplicate".into(),
        severity,
        text: format!(
            "{n_photos} photos are nearly the same as another one of their class, in {}",
            counted(sets.len(), "group", "groups")
        ),
        files: seen.named(&sets),
        numbers: BTreeMap::from([
            ("photos".into(), n_photos as f64),
            ("groups".into(), sets.len() as f64),
        ]),
        advice: "they are kept in one fold and count as one; delete those that add nothing".into(),
    }]
}
