//! Can the probabilities be believed?

use handful_stats::{Conformal, ReliabilityBin};
use maud::{Markup, html};

use super::Section;
use super::interval_bar::{Mark, bar, scale};
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
            @if let Some(brier) = of.brier { "Brier score " (words::loss(brier)) ". " }
            @if let Some(temperature) = of.temperature.filter(|t| (t - 1.0).abs() > TEMPERATURE_UNCHANGED) {
                @let effect = if temperature > 1.0 { "more cautious" } else { "more confident" };
                "The model that is returned makes its probabilities " (effect) " (temperature " (text::glued(&format!("{temperature:.2}"))) ")."
            }
        }
        @if of.reliability.len() > 1 { (reliability(&of.reliability)) }
        @if let Some(found) = &of.sets { (sets(found)) }
    })
}

/// What is said of the photos of a bin, against how often it is right.
fn reliability(bins: &[ReliabilityBin]) -> Markup {
    html! {
        table.bars {
            caption.hidden { "How often the top class is right, by its probability" }
            colgroup { col.what; col; col.right; }
            thead.hidden { tr { th scope="col" { "Said" } th scope="col" { "Picture" } th scope="col" { "Right" } } }
            tbody {
                @for bin in bins {
                    tr {
                        th scope="row" { "Said " (text::glued(&words::percent(bin.confidence))) small { (words::counted(bin.n_images, "photo")) } }
                        td.picture { (bar(&bin.accuracy, Mark::Model, Some(bin.confidence))) }
                        td.number { b { (text::glued(&words::percent_at(&bin.accuracy))) } " " span.range { (words::range(&bin.accuracy)) } }
                    }
                }
                tr.axis { th {} td.picture { (scale()) } td {} }
            }
        }
        p.note {
            "Photos in order of the probability of their top class, as many in each row; the dotted line is that "
            "probability, the bar how often it was right. Bars that hold their line don't contradict it."
        }
    }
}

/// Sets of classes that hold the true one as often as promised.
fn sets(of: &Conformal) -> Markup {
    let promised = text::glued(&words::percent(1.0 - of.alpha));
    html! {
        @if of.threshold.is_some() {
            p {
                "Asked for all classes that a photo could be, so that the true one is among them for " (promised)
                " of new photos, it named " b { (format!("{:.1}", of.mean_size)) } " on average, one alone for "
                (text::glued(&words::percent(of.singletons))) " of photos; the true class was among them for "
                b { (text::glued(&words::percent_at(&of.coverage))) } " (" (words::range(&of.coverage)) ", out of fold)."
            }
        } @else {
            p { "There are too few groups to promise sets of classes that hold the true one for " (promised) " of new photos." }
        }
    }
}
