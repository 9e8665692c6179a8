//! How does a page hold together? Head, answer, links, sections, foot.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::section::{
    OF_AUGMENTATION, OF_DIAGNOSIS, OF_RUN, Section, advice, augmentation_answer,
    augmentation_sentence, verdict,
};
use crate::{AugmentationModel, DiagnosisModel, ReportModel, text, words};

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
    let answer = Answer {
        name: &model.name,
        kind: "report",
        drawn: verdict(model),
        sentence: words::verdict(&model.verdict),
        version: &model.made.version,
    };
    page(answer, OF_RUN, model)
}

/// Draws what was found in a folder of photos as one HTML page; as complete, safe and repeatable as [`render`]'s.
///
/// ```
/// # fn model() -> handful_report::DiagnosisModel { unimplemented!() }
/// # fn example() -> std::io::Result<()> {
/// let page = handful_report::render_diagnosis(&model());
/// std::fs::write("diagnosis.html", page)?;
/// # Ok(()) }
/// ```
pub fn render_diagnosis(model: &DiagnosisModel) -> String {
    let answer = Answer {
        name: &model.name,
        kind: "diagnosis",
        drawn: advice(model),
        sentence: words::training_advice(model.severities()).to_string(),
        version: &model.made.version,
    };
    page(answer, OF_DIAGNOSIS, model)
}

/// Draws what photos bear as one HTML page; as complete, safe and repeatable as [`render`]'s.
pub fn render_augmentation(model: &AugmentationModel) -> String {
    let answer = Answer {
        name: &model.name,
        kind: "augmentation",
        drawn: augmentation_answer(model),
        sentence: augmentation_sentence(model),
        version: &model.version,
    };
    page(answer, OF_AUGMENTATION, model)
}

/// What stands above all sections and in the head of the page.
struct Answer<'a> {
    /// Name of the run or the folder.
    name: &'a str,
    /// What kind of page it is, for its title.
    kind: &'static str,
    /// The answer as it is drawn.
    drawn: Markup,
    /// The answer as text.
    sentence: String,
    /// Version of the program.
    version: &'a str,
}

fn page<M>(answer: Answer, sections: &[Section<M>], model: &M) -> String {
    let sections: Vec<_> = sections
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
                meta name="description" content=(text::plain(&answer.sentence));
                title { (words::visible(answer.name)) " – handful " (answer.kind) }
                style { (PreEscaped(include_str!("page.css"))) }
            }
            body {
                header { (answer.drawn) }
                nav aria-label="Sections" {
                    @for (section, _) in &sections { a href={ "#" (section.id) } { (section.link) } " " }
                }
                main {
                    @for (section, content) in &sections {
                        section id=(section.id) { h2 { (section.title) } (content) }
                    }
                }
                footer { p { "Made by handful " (answer.version) ". This page is one file: it loads nothing and sends nothing." } }
            }
        }
    }
    .into_string()
}
