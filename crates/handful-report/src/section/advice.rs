//! Is it wise to train on these photos? The answer of a diagnosis, large, before anything else.

use maud::{Markup, html};

use crate::{DiagnosisModel, text, words};

pub(crate) fn advice(model: &DiagnosisModel) -> Markup {
    let advice = words::training_advice(model.severities());
    let there = words::looked_at(model.n_images, model.n_classes, model.n_test);
    html! {
        p.eyebrow { "Handful diagnosis " span.dot { "·" } " " (text::name(&model.name)) }
        h1 {
            (advice.claim)
            @match &advice.reason {
                Some(reason) => { ": " span.basis { (text::prose(reason)) "." } }
                None => { "." }
            }
        }
        p.rest { (words::sentence(&there)) }
        @if let Some(quick) = &model.quick { p.rest { (text::prose(&words::quick_accuracy(quick))) } }
    }
}
