//! How does the page hold together? Head, verdict, links, sections, foot.

use maud::{DOCTYPE, PreEscaped, html};

use crate::section::{SECTIONS, verdict};
use crate::{ReportModel, words};

/// Nothing may be fetched, whatever a name or a path holds: only this page's own style and its inlined pictures.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// Draws one run as one HTML page.
///
/// The page is complete: it loads nothing and runs nothing. Every text of the model is escaped. The same model gives the
/// same bytes.
///
/// ```
/// # fn model() -> handful_report::ReportModel { unimplemented!() }
/// # fn example() -> std::io::Result<()> {
/// let page = handful_report::render(&model());
/// std::fs::write("report.html", page)?;
/// # Ok(()) }
/// ```
pub fn render(model: &ReportModel) -> String {
    let sections: Vec<_> = SECTIONS
        .iter()
        .filter_map(|section| Some((section, (section.draw)(model)?)))
        .collect();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="description" content=(words::verdict(&model.verdict));
                title { (words::visible(&model.name)) " – handful report" }
                style { (PreEscaped(include_str!("page.css"))) }
            }
            body {
                header { (verdict(model)) }
                nav aria-label="Sections" {
                    @for (section, _) in &sections { a href={ "#" (section.id) } { (section.link) } " " }
                }
                main {
                    @for (section, content) in &sections {
                        section id=(section.id) { h2 { (section.title) } (content) }
                    }
                }
                footer { p { "Made by handful " (model.made.version) ". This page is one file: it loads nothing and sends nothing." } }
            }
        }
    }
    .into_string()
}
