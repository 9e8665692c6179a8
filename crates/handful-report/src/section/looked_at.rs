//! How were the photos looked at, and what comes next?

use maud::{Markup, html};

use super::Section;
use crate::{DiagnosisModel, Severity, text, words};

pub(super) const SECTION: Section<DiagnosisModel> = Section {
    id: "made",
    title: "How this was found",
    link: "How this was found",
    draw,
};

fn draw(model: &DiagnosisModel) -> Option<Markup> {
    let made = &model.made;
    let unwise = model
        .severities()
        .any(|(severity, _)| severity == Severity::Error);
    Some(html! {
        p { @if unwise { "When what is wrong is mended, train on these photos:" } @else { "Train on these photos:" } }
        pre { code { (words::visible(&made.train_command)) } }
        dl.facts {
            dt { "Version" } dd { "handful " (made.version) }
            @for (what, value) in &made.settings { dt { (text::name(what)) } dd { (text::prose(value)) } }
        }
    })
}
