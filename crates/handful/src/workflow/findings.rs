//! What is wrong in the photos, from their files alone: told at once, written to `findings.json`, shown in the report.

use handful_data::finding::{self, Finding, Seen, Severity};
use serde::Serialize;

use super::labelled::Labelled;
use crate::events::{Event, Events};
use crate::photos::Photos;

/// `findings.json`
#[derive(Clone, Debug, Serialize)]
pub struct Findings<'a> {
    /// Version of the outputs.
    pub schema: u32,
    /// What was found, what matters most first.
    pub findings: &'a [Finding],
}

/// Looks at all readable labelled photos, those to learn from and those held back.
pub fn find(photos: &Photos) -> Vec<Finding> {
    let mut rows = photos.training();
    rows.extend(photos.test());
    rows.sort_unstable();
    let all = Labelled::of(photos, rows);
    let of = |position: &usize| &photos.list[*position];
    let paths: Vec<String> = all.rows.iter().map(|i| of(i).shown.clone()).collect();
    let splits: Vec<_> = all.rows.iter().map(|i| of(i).split).collect();
    let bytes: Vec<_> = all
        .rows
        .iter()
        .map(|i| of(i).key.expect("unread photos are not among the rows"))
        .collect();
    finding::find(&Seen {
        paths: &paths,
        labels: &all.labels,
        groups: &all.groups,
        splits: &splits,
        bytes: &bytes,
        classes: &photos.classes,
    })
}

/// Tells findings before the long work begins: as events, and as sentences those that make the work pointless.
pub fn tell(findings: &[Finding], events: &Events) {
    for finding in findings {
        events.emit(&Event::Finding(finding.clone()));
        if finding.severity == Severity::Error {
            events.say(&format!("{}: {}", word(finding.severity), finding.text));
            events.say(&format!("  {}", finding.advice));
        }
    }
}

/// The severity as the terminal says it.
pub fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "wrong",
        Severity::Warning => "warning",
        Severity::Remark => "remark",
    }
}
