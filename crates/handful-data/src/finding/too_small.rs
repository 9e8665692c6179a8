//! **Seen:** classes with so few independent photos that their recall can't be told.
//! **Why it matters:** with n of n right, Wilson's 95 % interval still reaches down to n/(n + 3.84): 72 % at 10 photos,
//! 57 % at 5, and nothing at all at one group, which can't be both learnt from and judged.
//! **What to do:** add photos of other objects, persons or visits to these classes.

use std::collections::BTreeMap;

use super::{Finding, Seen, Severity, counted};

/// Below this many independent groups a class is named: an interval over 28 points wide at best.
const FEW_GROUPS: usize = 10;
/// Square of the normal quantile of 97.5 %: Wilson's lower bound of n of n is n/(n + z²).
const Z_SQUARED: f64 = 3.841_458_820_694_124;

pub(super) fn find(seen: &Seen) -> Vec<Finding> {
    let groups = seen.groups_of_classes();
    let few: Vec<usize> = (0..groups.len())
        .filter(|&class| groups[class] < FEW_GROUPS)
        .collect();
    let Some(least) = few.iter().map(|&class| groups[class]).min() else {
        return Vec::new();
    };
    let names: Vec<String> = few
        .iter()
        .map(|&class| format!("\"{}\" {}", seen.classes[class], groups[class]))
        .collect();
    let best = 100.0 * least as f64 / (least as f64 + Z_SQUARED);
    let (severity, meaning) = if least < 2 {
        (
            Severity::Error,
            "a class with fewer than two can't be measured".to_owned(),
        )
    } else {
        (
            Severity::Warning,
            format!("even if all of the smallest class are right, its recall may be {best:.0} %"),
        )
    };
    vec![Finding {
        kind: "too_small".into(),
        severity,
        text: format!(
            "{} fewer than {FEW_GROUPS} independent photos: {}; {meaning}",
            counted(few.len(), "class has", "classes have"),
            names.join(", ")
        ),
        files: Vec::new(),
        numbers: BTreeMap::from([
            ("classes".into(), few.len() as f64),
            ("fewest".into(), least as f64),
        ]),
        advice: "add photos of other objects, persons or visits to these classes".into(),
    }]
}
