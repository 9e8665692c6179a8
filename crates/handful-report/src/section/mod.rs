//! The parts of the page, one file each, in reading order.

mod accuracy;
mod calibration;
mod candidates;
mod classes;
mod confusion;
mod decisions;
mod made;
mod mistakes;
mod notices;
mod unread;
mod verdict;

mod interval_bar;

pub use mistakes::MISTAKES_SHOWN;
pub use unread::UNREAD_SHOWN;

use maud::{Markup, html};

use crate::ReportModel;

/// One part of the page.
pub(crate) struct Section {
    /// Anchor.
    pub(crate) id: &'static str,
    /// Heading.
    pub(crate) title: &'static str,
    /// Its name in the row of links.
    pub(crate) link: &'static str,
    /// Draws it; `None` where the model has nothing for it.
    pub(crate) draw: fn(&ReportModel) -> Option<Markup>,
}

/// All parts below the verdict, in reading order.
pub(crate) static SECTIONS: &[Section] = &[
    notices::SECTION,
    accuracy::SECTION,
    candidates::SECTION,
    decisions::SECTION,
    confusion::SECTION,
    classes::SECTION,
    calibration::SECTION,
    mistakes::SECTION,
    unread::SECTION,
    made::SECTION,
];

pub(crate) use verdict::verdict;

/// Rows that are one click away, behind a line that says what they are. On paper they are open.
pub(crate) fn folded(rest: Option<Markup>, summary: &str) -> Markup {
    html! {
        @if let Some(rest) = rest {
            details { summary { (summary) } (rest) }
        }
    }
}
