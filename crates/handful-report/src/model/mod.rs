//! What is on a page? Everything that is shown, as plain data.
//!
//! Shares (accuracy, recall, probability) are in 0..=1, losses in nats, times in milliseconds. Nothing here is computed:
//! the caller fills it, [`render`](crate::render) and [`render_diagnosis`](crate::render_diagnosis) draw it, and the same
//! model gives the same bytes.
//!
//! Reading order: `finding` and `unread`, which both pages share, then `run` (with `training`), `diagnosis` and `augmentation`, one page each.

mod augmentation;
mod diagnosis;
mod finding;
mod run;
mod training;
mod unread;

pub use augmentation::{Augmentation, AugmentationModel, AugmentationRow, Captioned, SheetRow};
pub use diagnosis::{ClassSize, DiagnosisMade, DiagnosisModel, QuickAccuracy};
pub use finding::{FindingCard, Photo, Severity};
pub use run::{
    BackboneCard, Calibration, Candidate, Claimed, ClassResult, Confusion, Curve, Decision,
    LookAlikes, Made, Mistake, Notice, PairedDifference, ReportModel, Sign, TestResult, Verdict,
};
pub use training::{Forgetting, Shuffled, SkillChange, StageForgetting, StageProbe, TrainingStory};
pub use unread::{Unread, UnreadFile};
