//! What is in the photos that a person should know? A card a finding, with the photos to look at.

use maud::{Markup, html};

use super::{Section, gallery};
use crate::picture::Budget;
use crate::{DiagnosisModel, FindingCard, ReportModel, Severity, text, words};

pub(super) const OF_RUN: Section<ReportModel> = Section {
    id: "findings",
    title: "What is in the photos",
    link: "Findings",
    draw: |model| draw(&model.findings, "`findings.json` names all"),
};

pub(super) const OF_DIAGNOSIS: Section<DiagnosisModel> = Section {
    id: "findings",
    title: "What was found",
    link: "Findings",
    draw: |model| draw(&model.findings, "`handful diagnose --json` names all"),
};

/// All thumbnails of a page's findings together, in bytes before base64: some 180 of 180 px. More, and mail and phones
/// refuse the page.
const THUMBNAIL_BUDGET: usize = 900_000;

/// `elsewhere` says where the sets are that are not drawn.
fn draw(findings: &[FindingCard], elsewhere: &str) -> Option<Markup> {
    let mut budget = Budget::of(THUMBNAIL_BUDGET);
    let cards: Vec<Markup> = findings
        .iter()
        .enumerate()
        .map(|(idx, finding)| {
            // Every card gets its share, so that the last ones are not left without a picture.
            let mut part = budget.part(findings.len() - idx);
            let drawn = card(finding, &mut part, elsewhere);
            budget.return_rest(part);
            drawn
        })
        .collect();
    (!cards.is_empty()).then(|| {
        html! {
            @for card in &cards { (card) }
            @if budget.n_refused() > 0 {
                p.note { (words::counted(budget.n_refused(), "picture")) " left out, so that this page stays small." }
            }
        }
    })
}

fn card(finding: &FindingCard, budget: &mut Budget, elsewhere: &str) -> Markup {
    let weight = match finding.severity {
        Severity::Error => "wrong",
        Severity::Warning => "warns",
        Severity::Remark => "remarks",
    };
    html! {
        article.finding {
            p.kind {
                span.severity.(weight) { (words::capitalised(words::severity(finding.severity))) }
                " " code { (text::name(&finding.kind)) }
            }
            h3 { (text::prose(&words::sentence(&finding.text))) }
            @if !finding.advice.is_empty() {
                p.do { b { "Do: " } (text::prose(&words::sentence(&finding.advice))) }
            }
            @if !finding.numbers.is_empty() {
                dl.counts {
                    @for (what, value) in &finding.numbers {
                        div { dt { (text::name(what)) } dd { (text::prose(value)) } }
                    }
                }
            }
            (gallery::gallery(&finding.sets, finding.n_more_sets, elsewhere, budget))
        }
    }
}
