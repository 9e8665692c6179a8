//! What must be known before the numbers are believed?

use maud::{Markup, html};

use super::Section;
use crate::{Notice, ReportModel, Severity, text, words};

pub(super) const SECTION: Section = Section {
    id: "notices",
    title: "Worth knowing",
    link: "Notes",
    draw,
};

fn draw(model: &ReportModel) -> Option<Markup> {
    let mut all: Vec<&Notice> = model.notices.iter().collect();
    // Stable: the caller's order stays within a severity.
    all.sort_by_key(|notice| notice.severity);
    (!all.is_empty()).then(|| {
        html! {
            ul.notices {
                @for notice in all {
                    @let matters = notice.severity < Severity::Remark;
                    li.warning[matters] {
                        @if matters { strong { (words::capitalised(words::severity(notice.severity))) ": " } }
                        (text::prose(&notice.text))
                        @if let Some(advice) = &notice.advice {
                            " " span.advice { (text::prose(advice)) }
                        }
                    }
                }
            }
        }
    })
}
