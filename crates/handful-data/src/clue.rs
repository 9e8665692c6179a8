//! What lies there and was not used? When a scan fails, this is the likely reason, so that the error carries it.

use crate::{Issue, Remark, shown};

/// Files of one message that are named; the others are counted.
const MOST_NAMES: usize = 3;
/// Kinds of what was passed over that can be why a class is missing.
const TELLING: &[&str] = &["empty_folder"];

/// Something that was there and was not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clue {
    /// What it is, and why it was not used.
    pub found: String,
    /// How to mend it.
    pub advice: String,
}

/// The clues in what a scan has found, the likeliest first: lists that can't be used, then files that can't.
pub(crate) fn clues(remarks: &[Remark], issues: &[&Issue]) -> Vec<Clue> {
    let list = |remark: &Remark| match remark {
        Remark::ListUnused {
            name,
            reason,
            advice,
        } => Some(Clue {
            found: format!("`{name}` is there but not used: {reason}"),
            advice: advice.clone(),
        }),
        _ => None,
    };
    remarks
        .iter()
        .filter_map(list)
        .chain(of_files(issues))
        .collect()
}

/// What files can't be used: a few by name, and how many there are.
fn of_files(issues: &[&Issue]) -> Option<Clue> {
    let is_clue = |issue: &&&Issue| issue.is_skipped() || TELLING.contains(&issue.kind);
    let missing: Vec<&&Issue> = issues.iter().filter(is_clue).collect();
    let first = missing.first()?;
    let named: Vec<String> = missing
        .iter()
        .take(MOST_NAMES)
        .map(|issue| format!("`{}` ({})", shown(&issue.path), issue.detail))
        .collect();
    let what = match missing.len() {
        1 => "1 thing is not used".to_owned(),
        n => format!("{n} things are not used"),
    };
    let more = match missing.len().saturating_sub(MOST_NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(Clue {
        found: format!("{what}: {}{more}", named.join(", ")),
        advice: first.advice.clone(),
    })
}
