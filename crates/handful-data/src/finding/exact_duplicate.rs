//! **Seen:** files with the same bytes, or the same pixels, and the same label.
//! **Why it matters:** two copies are one photo. In different folds one would be judged by what its copy taught.
//! **What to do:** nothing; copies stay in one fold and count once. Delete the spare ones to see fewer photos counted.

use std::collections::BTreeMap;

use super::same::{copies, learnt_of_one_class};
use super::{Finding, Seen, Severity, counted};

pub(super) fn find(seen: &Seen) -> Vec<Finding> {
    let sets = learnt_of_one_class(seen, copies(seen));
    if sets.is_empty() {
        return Vec::new();
    }
    let n_spare: usize = sets.iter().map(|set| set.len() - 1).sum();
    vec![Finding {
        kind: "exact_duplicate".into(),
        severity: Severity::Remark,
        text: format!(
            "{} in the folder more than once, with {}",
            counted(sets.len(), "photo is", "photos are"),
            counted(n_spare, "spare copy", "spare copies")
        ),
        files: seen.named(&sets),
        numbers: BTreeMap::from([
            ("photos".into(), sets.len() as f64),
            ("spare_copies".into(), n_spare as f64),
        ]),
        advice: "copies are kept in one fold and count as one; delete the spare ones if they are not meant".into(),
    }]
}
