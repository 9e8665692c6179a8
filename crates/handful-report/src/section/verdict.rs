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

/// The claim with its number set apart: what stands from the first digit to the per cent sign.
fn emphasised(claim: &str) -> Markup {
    let number = claim
        .find(|c: char| c.is_ascii_digit())
        .zip(claim.find('%').map(|idx| idx + 1));
    match number {
        Some((start, end)) if start < end => html! {
            (claim[..start]) strong { (text::glued(&claim[start..end])) } (claim[end..])
        },
        _ => html! { (claim) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_set_apart() {
        assert_eq!(
            emphasised("about 83 % right").into_string(),
            "about <strong>83\u{a0}%</strong> right"
        );
        assert_eq!(emphasised("unknown").into_string(), "unknown");
    }
}
