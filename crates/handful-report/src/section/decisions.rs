//! What was decided on the way, and on which numbers?

use maud::{Markup, html};

use super::Section;
use crate::{ReportModel, text};

pub(super) const SECTION: Section = Section {
    id: "decisions",
    title: "What was decided, and why",
    link: "Decisions",
    draw,
};

fn draw(model: &ReportModel) -> Option<Markup> {
    (!model.decisions.is_empty()).then(|| {
        html! {
            dl.facts {
                @for decision in &model.decisions {
                    dt { (text::name(&decision.topic)) }
                    dd { (text::prose(&decision.text)) }
                }
            }
        }
    })
}
