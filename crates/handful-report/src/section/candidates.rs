//! What was compared, and what does it cost?

use maud::{Markup, html};

use super::{Section, folded};
use crate::{Candidate, Claimed, ReportModel, text, words};

/// Rows that are always open. Further ones are folded, except the chosen one and the controls.
const OPEN_ROWS: usize = 12;

pub(super) const SECTION: Section = Section {
    id: "candidates",
    title: "What was compared",
    link: "Candidates",
    draw,
};

fn draw(model: &ReportModel) -> Option<Markup> {
    let mut sorted: Vec<&Candidate> = model.candidates.iter().collect();
    // Stable: ties keep the caller's order. An unknown loss sorts last.
    sorted.sort_by(|a, b| a.log_loss.total_cmp(&b.log_loss));
    let always_open = |candidate: &Candidate| candidate.chosen || candidate.strategy == "control";
    let (open, closed): (Vec<_>, Vec<_>) = sorted
        .iter()
        .enumerate()
        .partition(|(idx, candidate)| *idx < OPEN_ROWS || always_open(candidate));
    // The one that others differ from.
    let is_best = |c: &&&Candidate| c.difference.is_none() && c.strategy != "control";
    let best = sorted.iter().find(is_best).copied();
    let has = |strategy: &str| {
        sorted
            .iter()
            .any(|candidate| candidate.strategy == strategy)
    };
    let rest =
        (!closed.is_empty()).then(|| table(closed.iter().map(|(_, candidate)| **candidate), best));
    let summary = words::counted(closed.len(), "more candidate");
    (!sorted.is_empty()).then(|| {
        html! {
            (table(open.iter().map(|(_, candidate)| **candidate), best))
            (folded(rest, &summary))
            p.note {
                "Log-loss judges the probabilities, lower is better; it decides, because it sees more than right or wrong. The "
                "difference is to the best candidate on the same photos, with its standard error. Of the candidates that lie within one "
                "standard error of the best, those are taken whose predictions cost least, then those whose training does, in steps that a "
                "person would notice; chosen is the one of them with the least log-loss."
                @if has("views") {
                    " Candidates that look at several views of each photo in every prediction (its mirror image, windows of it) take as many times as "
                    "long. Where that is noticed they can be chosen only if views are claimed to be better, and otherwise the best is the best of the others."
                }
                @if has("ensemble") {
                    " An ensemble, A & B, is a tuned network and frozen features that answer together, by the geometric mean of their probabilities, brought to "
                    "the sum 1. It takes as long as both. Nothing is claimed of it, because the photos that judge it also named its frozen half."
                }
                @if let Some(again) = model.chosen_again {
                    " On photos drawn again from these, the same rule comes to the same candidate in "
                    (text::glued(&words::percent(again))) " of draws."
                }
            }
            (claims(&model.claims))
        }
    })
}

/// What may be claimed; where no difference was seen, one click away.
fn claims(all: &[Claimed]) -> Markup {
    let (shown, silent) = Claimed::shown_and_silent(all);
    let list = |of: &[&Claimed]| {
        html! { ul { @for claim in of { li { (text::prose(&words::claim(claim))) } } } }
    };
    let rest = (!silent.is_empty()).then(|| list(&silent));
    let summary = format!(
        "{} showed no difference",
        words::counted(silent.len(), "comparison")
    );
    html! {
        @if !all.is_empty() {
            p {
                "What may be claimed of the final candidates against the simplest of them, corrected for overlapping folds and for "
                "the number of comparisons: " @if shown.is_empty() { "nothing." }
            }
            (list(&shown))
            (folded(rest, &summary))
        }
    }
}

fn table<'a>(rows: impl Iterator<Item = &'a Candidate>, best: Option<&Candidate>) -> Markup {
    html! {
        div.wide {
            table.numbers {
                thead {
                    tr {
                        th scope="col" { "Candidate" }
                        th scope="col" { "Strategy" }
                        th.n scope="col" { "Right" }
                        th.n scope="col" { "Log-loss" }
                        th.n scope="col" { "Difference" }
                        th.n scope="col" { "Predict, ms" br; "a photo" }
                    }
                }
                tbody {
                    @for candidate in rows {
                        tr.chosen[candidate.chosen] {
                            th scope="row" {
                                (text::name(&candidate.name))
                                @if candidate.chosen { " " span.tag { "chosen" } }
                            }
                            td.whole { (text::name(&candidate.strategy)) }
                            td.n {
                                (text::glued(&words::percent_at(&candidate.accuracy))) " "
                                span.range { (words::range(&candidate.accuracy)) }
                            }
                            td.n { (words::loss(candidate.log_loss)) }
                            td.n { (difference(candidate, best)) }
                            td.n { (candidate.predict_ms.map_or("–".to_owned(), words::milliseconds)) }
                        }
                    }
                }
            }
        }
    }
}

fn difference(candidate: &Candidate, best: Option<&Candidate>) -> String {
    match &candidate.difference {
        Some(difference) => text::glued(&words::loss_difference(difference)),
        None if best.is_some_and(|best| std::ptr::eq(best, candidate)) => "best".to_owned(),
        None => "–".to_owned(),
    }
}
