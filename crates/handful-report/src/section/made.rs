//! How was the model made, and how is it used?

use maud::{Markup, html};

use super::Section;
use crate::{ReportModel, text, words};

pub(super) const SECTION: Section = Section {
    id: "made",
    title: "How it was made",
    link: "How it was made",
    draw,
};

fn draw(model: &ReportModel) -> Option<Markup> {
    let made = &model.made;
    Some(html! {
        p { "Predict new photos with this model:" }
        pre { code { (words::visible(&made.predict_command)) } }
        dl.facts {
            @if let Some(command) = &made.train_command { dt { "Command" } dd { code { (words::visible(command)) } } }
            dt { "Version" } dd { "handful " (made.version) }
            dt { "Seed" } dd { (made.seed) }
            dt { "Folds" } dd { (text::prose(&made.protocol)) }
            @if let Some(backbone) = &made.backbone {
                dt { "Backbone" } dd { (text::prose(&backbone.name)) }
                dt { "Its licence" } dd { (text::prose(&backbone.licence)) }
                dt { "Its origin" } dd { (text::prose(&backbone.provenance)) }
            }
            dt { "Preprocessing" } dd { (text::prose(&made.preprocessing)) }
            @for (what, value) in &made.more { dt { (text::name(what)) } dd { (text::prose(value)) } }
        }
    })
}
