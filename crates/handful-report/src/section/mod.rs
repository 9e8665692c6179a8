//! The parts of the pages, one file each, in reading order.

mod accuracy;
mod advice;
mod augmentation;
mod calibration;
mod candidates;
mod class_sizes;
mod classes;
mod confusion;
mod curve;
mod decisions;
mod findings;
mod looked_at;
mod made;
mod mistakes;
mod notices;
mod training;
mod unread;
mod verdict;

mod gallery;
mod interval_bar;
mod line_chart;

pub use gallery::{PHOTOS_SHOWN, photos_of_a_set};
pub use mistakes::MISTAKES_SHOWN;
pub use unread::UNREAD_SHOWN;

use maud::{Markup, html};

use crate::{AugmentationModel, DiagnosisModel, ReportModel};

/// One part of the page that is drawn from an `M`.
pub(crate) struct Section<M = ReportModel> {
    /// Anchor.
    pub(crate) id: &'static str,
    /// Heading.
    pub(crate) title: &'static str,
    /// Its name in the row of links.
    pub(crate) link: &'static str,
    /// Draws it; `None` where the model has nothing for it.
    pub(crate) draw: fn(&M) -> Option<Markup>,
}

/// All parts of a run's page below the verdict, in reading order.
pub(crate) static OF_RUN: &[Section] = &[
    notices::SECTION,
    accuracy::SECTION,
    findings::OF_RUN,
    candidates::SECTION,
    decisions::SECTION,
    training::SECTION,
    augmentation::OF_RUN,
    confusion::SECTION,
    classes::SECTION,
    calibration::SECTION,
    curve::SECTION,
    mistakes::SECTION,
    unread::OF_RUN,
    made::SECTION,
];

/// All parts of a diagnosis below its advice, in reading order.
pub(crate) static OF_DIAGNOSIS: &[Section<DiagnosisModel>] = &[
    findings::OF_DIAGNOSIS,
    class_sizes::SECTION,
    unread::OF_DIAGNOSIS,
    looked_at::SECTION,
];

/// All parts of the page of `handful augment` below its answer, in reading order.
pub(crate) static OF_AUGMENTATION: &[Section<AugmentationModel>] = &[
    augmentation::SHEET,
    augmentation::TABLE,
    augmentation::POLICY,
];

pub(crate) use advice::advice;
pub(crate) use augmentation::{augmentation_answer, augmentation_sentence};
pub(crate) use verdict::verdict;

/// Rows that are one click away, behind a line that says what they are. On paper they are open.
pub(crate) fn folded(rest: Option<Markup>, summary: &str) -> Markup {
    html! {
        @if let Some(rest) = rest {
            details { summary { (summary) } (rest) }
        }
    }
}
