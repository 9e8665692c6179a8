//! What is wrong in the photos, and what belongs together? In two parts: before folds are drawn, from files, pixels and
//! features alone, and after predictions, from what a model that has not seen a photo says of it.
//!
//! The first part also decides on groups: copies, bursts and scenes never lie on both sides of a fold. Its finders are in
//! `handful-data`, the statistics in `handful-learn` and `handful-stats`; here they get their arrays.
//!
//! Reading order: [`before`] (copies, bursts, pictures), [`scenes`] (many photos of one thing), [`after`] (labels,
//! shortcuts, signal), [`gallery`] (the findings with their photos), [`folder`] (all of it without a training).

pub mod after;
pub mod before;
pub mod folder;
pub mod gallery;
pub mod scenes;

use std::collections::BTreeMap;

use handful_data::finding::{Finding, Severity};
use serde::Serialize;

use crate::events::{Event, Events};

/// Everything that was found in the photos.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// What was found, what matters most first.
    pub list: Vec<Finding>,
    /// What is special about single photos, by their name: "looks like skirt, 93 %".
    pub notes: BTreeMap<String, String>,
}

impl Findings {
    /// Adds findings where they belong by their severity; within one the order of arrival stays.
    pub fn add(&mut self, more: impl IntoIterator<Item = Finding>) {
        self.list.extend(more);
        self.list.sort_by_key(|finding| finding.severity);
    }

    /// How many findings make a training pointless or its numbers misleading.
    pub fn n_errors(&self) -> usize {
        let is_error = |f: &&Finding| f.severity == Severity::Error;
        self.list.iter().filter(is_error).count()
    }
}

/// `findings.json`
#[derive(Clone, Debug, Serialize)]
pub struct FindingsFile<'a> {
    /// Version of the outputs.
    pub schema: u32,
    /// What was found, what matters most first.
    pub findings: &'a [Finding],
}

/// Tells findings as they are made: as events, and as sentences those that make the work pointless.
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
