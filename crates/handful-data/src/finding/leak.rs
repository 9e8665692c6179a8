//! **Seen:** files of the given test split that are also among the photos to learn from.
//! **Why it matters:** the test asks what the model was told: its accuracy is too good.
//! **What to do:** delete these files from the photos to learn from, or from the test.

use std::collections::BTreeMap;

use super::{Finding, Seen, Severity, counted, same_bytes};

pub(super) fn find(seen: &Seen) -> Vec<Finding> {
    let sets: Vec<Vec<usize>> = same_bytes(seen.bytes)
        .into_iter()
        .filter(|set| {
            set.iter().any(|&i| seen.is_learnt(i)) && set.iter().any(|&i| !seen.is_learnt(i))
        })
        .collect();
    if sets.is_empty() {
        return Vec::new();
    }
    let held_back = |set: &Vec<usize>| set.iter().filter(|&&i| !seen.is_learnt(i)).count();
    let n_leaked: usize = sets.iter().map(held_back).sum();
    let n_test = (0..seen.paths.len())
        .filter(|&i| !seen.is_learnt(i))
        .count();
    vec![Finding {
        kind: "leak".into(),
        severity: Severity::Error,
        text: format!(
            "{} of the {} also among the photos to learn from",
            counted(n_leaked, "photo", "photos"),
            counted(n_test, "test photo is", "test photos are")
        ),
        files: seen.named(&sets),
        numbers: BTreeMap::from([
            ("leaked".into(), n_leaked as f64),
            ("test_photos".into(), n_test as f64),
        ]),
        advice: "delete them from one of the two: the test's accuracy is too good as it is".into(),
    }]
}
