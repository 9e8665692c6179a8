//! **Seen:** photos of the given test split that are also, or nearly, among the photos to learn from.
//! **Why it matters:** the test asks what the model was told: its accuracy is too good.
//! **What to do:** delete these files from the photos to learn from, or from the test.

use std::collections::BTreeMap;

use super::same::{copies, in_turns, near_copies};
use super::{Finding, Seen, Severity, counted};

/// Share of the test that moves its accuracy by a point at most; more copies than that make training unwise.
const SPOILS: f64 = 0.01;

pub(super) fn find(seen: &Seen) -> Vec<Finding> {
    let mut same = leak(seen, copies(seen), "also among the photos to learn from");
    // Near-copies may be two shots of one scene, which somebody should look at; copies leave no doubt.
    if let Some(same) = &mut same
        && same.numbers["leaked"] > SPOILS * same.numbers["test_photos"]
    {
        same.severity = Severity::Error;
    }
    let near = leak(
        seen,
        near_copies(seen),
        "nearly the same as a photo to learn from",
    );
    same.into_iter().chain(near).collect()
}

fn leak(seen: &Seen, sets: Vec<Vec<usize>>, what: &str) -> Option<Finding> {
    let is_on_both_sides = |set: &Vec<usize>| {
        set.iter().any(|&i| seen.is_learnt(i)) && set.iter().any(|&i| !seen.is_learnt(i))
    };
    let sets: Vec<Vec<usize>> = sets
        .into_iter()
        .filter(is_on_both_sides)
        .map(|set| in_turns(&set, |image| !seen.is_learnt(image)))
        .collect();
    let held_back = |set: &Vec<usize>| set.iter().filter(|&&i| !seen.is_learnt(i)).count();
    let n_leaked: usize = sets.iter().map(held_back).sum();
    let n_test = (0..seen.paths.len())
        .filter(|&i| !seen.is_learnt(i))
        .count();
    (n_leaked > 0).then(|| Finding {
        kind: "leak".into(),
        severity: Severity::Warning,
        text: format!(
            "{n_leaked} of {} {} {what}",
            counted(n_test, "test photo", "test photos"),
            if n_leaked == 1 { "is" } else { "are" }
        ),
        files: seen.named(&sets),
        numbers: BTreeMap::from([
            ("leaked".into(), n_leaked as f64),
            ("test_photos".into(), n_test as f64),
        ]),
        advice: "delete them from one of the two: the test's accuracy is too good as it is".into(),
    })
}
