//! What is the answer? The verdict, large, before anything else.

use maud::{Markup, html};

use crate::{ReportModel, text, words};

pub(crate) fn verdict(model: &ReportModel) -> Markup {
    let spoken = words::spoken(&model.verdict);
    html! {
        p.eyebrow { "Handful report " span.dot { "·" } " " (text::name(&model.name)) }
        h1 {
            (emphasised(&spoken.claim))
            " " span.basis { "(" (text::prose(&spoken.basis)) ")." }
        }
        @for sentence in &spoken.rest { p.rest { (text::prose(sentence)) } }
    }
}

/// The claim with its numbers set apart: each from its first digit to its per cent sign.
fn emphasised(claim: &str) -> Markup {
    html! {
        @for piece in claim.split_inclusive('%') {
            @match piece.find(|c: char| c.is_ascii_digit()).filter(|_| piece.ends_with('%')) {
                Some(start) => { (piece[..start]) strong { (text::glued(&piece[start..])) } }
                None => { (piece) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_set_apart() {
        assert_eq!(
            emphasised("about 83 % right").into_string(),
            "about <strong>83\u{a0}%</strong> right"
        );
        assert_eq!(
            emphasised("83 % or 57 % if so").into_string(),
            "<strong>83\u{a0}%</strong> or <strong>57\u{a0}%</strong> if so"
        );
        assert_eq!(emphasised("unknown").into_string(), "unknown");
    }
}
