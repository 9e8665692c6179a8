//! What does a folder of photos look like before anything is learnt from it?

use serde::{Deserialize, Serialize};

use super::{FindingCard, Severity, Unread};
use crate::Interval;

/// A folder that was looked at, ready to be drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiagnosisModel {
    /// Name of the folder, as the person knows it.
    pub name: String,
    /// Photos to learn from; those held back for a test don't count.
    pub n_images: usize,
    /// Classes.
    pub n_classes: usize,
    /// Photos that are held back for a test.
    pub n_test: usize,
    /// All classes, in any order: the page shows the smallest first.
    pub classes: Vec<ClassSize>,
    /// What was found, most important first. Whether training is wise is read from their severities.
    pub findings: Vec<FindingCard>,
    /// Files that gave no photo, or gave one with a note.
    pub unread: Unread,
    /// What a quickly fitted model reaches, where one was fitted.
    pub quick: Option<QuickAccuracy>,
    /// How it was looked at.
    pub made: DiagnosisMade,
}

/// How much there is of one class to learn from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassSize {
    /// Its name.
    pub name: String,
    /// Photos of it.
    pub n_images: usize,
    /// Groups that these photos are in: as many as photos where each stands for itself, never more.
    pub n_groups: usize,
}

/// What a quickly fitted model reaches on photos that it has not seen. Rough: nothing was chosen with care.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuickAccuracy {
    /// Share of photos that are predicted right, out of fold.
    pub accuracy: Interval,
    /// Level of the interval, in (0, 1): 0.95.
    pub level: f64,
    /// Share of photos in the largest class: what always guessing it gets right.
    pub majority_accuracy: f64,
    /// What must be true for the number to hold, as a clause after "if": "every photo shows a different object".
    pub assumption: Option<String>,
}

/// How a diagnosis was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiagnosisMade {
    /// Version of the program.
    pub version: String,
    /// The command that trains on these photos, ready to paste.
    pub train_command: String,
    /// Settings and thresholds: a word or two, and the value.
    pub settings: Vec<(String, String)>,
}

impl DiagnosisModel {
    /// Severity and text of each finding, as [`training_advice`](crate::words::training_advice) takes them.
    pub(crate) fn severities(&self) -> impl Iterator<Item = (Severity, &str)> {
        self.findings
            .iter()
            .map(|finding| (finding.severity, finding.text.as_str()))
    }
}
