//! Can the probabilities be believed?

use maud::{Markup, html};

use super::Section;
use crate::{ReportModel, text, words};

/// A temperature this close to 1 changed nothing that a reader would see.
const TEMPERATURE_UNCHANGED: f64 = 0.05;

pub(super) const SECTION: Section = Section {
    id: "calibration",
    title: "Can its probabilities be believed?",
    link: "Probabilities",
    draw,
};

fn draw(model: &ReportModel) -> Option<Markup> {
    let of = &model.calibration;
    let points = |share: f64| {
        if share.is_finite() {
            format!("{:.1}", 100.0 * share)
        } else {
            "unknown".to_owned()
        }
    };
    Some(html! {
        p {
            "A stated probability is off by " b { (points(of.ece)) " points" } " on average (expected calibration error). "
            @if let Some(perfect) = of.ece_when_perfect {
                "This measure never reaches 0: on as many photos, probabilities that are exactly true would show about "
                (points(perfect)) ". "
            } @else {
                "This measure is biased upwards: even exactly true probabilities would not show 0. "
            }
            "Log-loss " b { (words::loss(of.log_loss)) }
            @if let Some(shares) = of.log_loss_of_shares {
                ", where knowing only how frequent each class is gives " (words::loss(shares))
            }
            ". "
            @if of.temperature.is_finite() && (of.temperature - 1.0).abs() > TEMPERATURE_UNCHANGED {
                @let effect = if of.temperature > 1.0 { "more cautious" } else { "more confident" };
                "The probabilities were made " (effect) " to get there (temperature " (text::glued(&format!("{:.2}", of.temperature))) ")."
            }
        }
    })
}
