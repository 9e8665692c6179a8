//! What must be known before the numbers are believed?

use maud::{Markup, html};

use super::Section;
use crate::{Notice, ReportModel, Severity, text};

pub(super) const SECTION: Section = Section {
    id: "notices",
    title: "Worth knowing",
    link: "Notes",
    draw,
};

fn draw(model: &ReportModel) -> Option<Markup> {
    let of = |severity| {
        model
            .notices
            .iter()
            .filter(move |notice| notice.severity == severity)
    };
    let all: Vec<&Notice> = of(Severity::Warning).chain(of(Severity::Remark)).collect();
    (!all.is_empty()).then(|| {
        html! {
            ul.notices {
                @for notice in all {
                    li.warning[notice.severity == Severity::Warning] {
                        @if notice.severity == Severity::Warning { strong { "Warning: " } }
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
