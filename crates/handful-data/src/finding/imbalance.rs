//! **Seen:** the largest class has many times the photos of the smallest.
//! **Why it matters:** accuracy then speaks of the large classes; the small ones are guessed too rarely.
//! **What to do:** read the balanced accuracy and the recall of each class; add photos to the small ones.

use std::collections::BTreeMap;

use super::{Finding, Seen, Severity};

/// Ratio from which classes are called unequal: at 5 to 1 always guessing the larger of two classes is right in 83 %.
const UNEQUAL: f64 = 5.0;

pub(super) fn find(seen: &Seen) -> Vec<Finding> {
    let mut counts = vec![0usize; seen.classes.len()];
    (0..seen.paths.len())
        .filter(|&i| seen.is_learnt(i))
        .for_each(|i| counts[seen.labels[i]] += 1);
    let present = || (0..counts.len()).filter(|&class| counts[class] > 0);
    let (Some(largest), Some(smallest)) = (
        present().max_by_key(|&class| counts[class]),
        present().min_by_key(|&class| counts[class]),
    ) else {
        return Vec::new();
    };
    let ratio = counts[largest] as f64 / counts[smallest] as f64;
    if ratio < UNEQUAL {
        return Vec::new();
    }
    vec![Finding {
        kind: "imbalance".into(),
        severity: Severity::Remark,
        text: format!(
            "\"{}\" has {ratio:.1} times the photos of \"{}\" ({} and {})",
            seen.classes[largest], seen.classes[smallest], counts[largest], counts[smallest]
        ),
        files: Vec::new(),
        numbers: BTreeMap::from([
            ("ratio".into(), ratio),
            ("largest".into(), counts[largest] as f64),
            ("smallest".into(), counts[smallest] as f64),
        ]),
        advice: "believe the balanced accuracy and each class's recall more than the accuracy; add photos to the small classes".into(),
    }]
}
