//! How does a person see a run, or what is wrong in a folder? One HTML page from one typed [`ReportModel`] or
//! [`DiagnosisModel`].
//!
//! The page is a single file: no network, no script, no font to load. It is dark or light as the reader's system asks,
//! prints on paper, and keeps its meaning without colour. Nothing is computed here: what is not in the model is not on
//! the page, and the same model gives the same bytes.
//!
//! [`words`] says numbers in words; the terminal uses it too, so that page and terminal say the same sentence.

mod model;
mod page;
mod picture;
mod rate_plot;
mod scale;
mod section;
mod text;
pub mod words;

pub use handful_stats::Interval;
pub use model::{
    Augmentation, AugmentationModel, AugmentationRow, BackboneCard, Calibration, Candidate,
    Captioned, Claimed, ClassResult, ClassSize, Confusion, Curve, Decision, DiagnosisMade,
    DiagnosisModel, FindingCard, Forgetting, LookAlikes, Made, Mistake, Notice, PairedDifference,
    Photo, QuickAccuracy, ReportModel, Severity, SheetRow, Shuffled, Sign, SkillChange,
    StageForgetting, StageProbe, TestResult, TrainingStory, Unread, UnreadFile, Verdict,
};
pub use page::{render, render_augmentation, render_diagnosis};
pub use rate_plot::RatePlot;
pub use section::{MISTAKES_SHOWN, PHOTOS_SHOWN, UNREAD_SHOWN, photos_of_a_set};
