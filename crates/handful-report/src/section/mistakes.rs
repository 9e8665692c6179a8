//! Which mistakes is the model surest of? Often they are wrong labels.

use maud::{Markup, html};

use super::Section;
use crate::{Mistake, ReportModel, picture, text, words};

/// Mistakes that are drawn: four rows of six on a desk, and few enough to look at each.
pub const MISTAKES_SHOWN: usize = 24;
/// All thumbnails together, in bytes before base64: three times what 24 of 180 px take. With the galleries of the
/// findings the page stays below 2 MB, which mail and phones still take.
const THUMBNAIL_BUDGET: usize = 400_000;

pub(super) const SECTION: Section = Section {
    id: "mistakes",
    title: "Most confident mistakes",
    link: "Mistakes",
    draw,
};

fn draw(model: &ReportModel) -> Option<Markup> {
    let shown = &model.mistakes[..model.mistakes.len().min(MISTAKES_SHOWN)];
    let total = super::confusion::n_mistakes(model).max(model.mistakes.len());
    let mut budget = picture::Budget::of(THUMBNAIL_BUDGET);
    let drawn: Vec<(&Mistake, Option<&[u8]>)> = shown
        .iter()
        .map(|mistake| (mistake, budget.spend(mistake.thumbnail.as_deref())))
        .collect();
    (!drawn.is_empty()).then(|| {
        html! {
            p {
                @if shown.len() < total {
                    "The " (words::count(shown.len())) " that the model was surest of, among " (words::counted(total, "mistake")) " out of fold. "
                } @else {
                    "All " (words::counted(total, "mistake")) " out of fold, the surest first. "
                }
                "Look here first: some of these labels may be wrong."
            }
            div.mistakes {
                @for (mistake, bytes) in drawn { (figure(mistake, bytes)) }
            }
        }
    })
}

fn figure(mistake: &Mistake, bytes: Option<&[u8]>) -> Markup {
    let label = words::shortened(&words::visible(&mistake.label), 40);
    let predicted = words::shortened(&words::visible(&mistake.predicted), 40);
    html! {
        figure {
            (picture::field(bytes, &format!("Photo labelled {label}, predicted {predicted}")))
            figcaption {
                span.line { span.key { "label" } b { (text::name(&label)) } }
                span.line {
                    span.key { "model" }
                    span { (text::name(&predicted)) " " span.range { (text::glued(&words::percent(mistake.probability))) } }
                }
                span.path { (text::path(&mistake.path)) }
            }
        }
    }
}
