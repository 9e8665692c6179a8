//! How is a share with its interval drawn? A line from 0 to 100 %, a bar from bound to bound and a tick for the
//! estimate. A dot was tried and lost: it hides intervals of a point or two.
//!
//! Positions are percentages of the drawing's own width, so that it fits a phone and a wall, and letters keep their size.

use maud::{Markup, html};

use crate::Interval;

/// What a row stands for: told apart by shape as well as by colour.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// The model: a thick bar and a high tick.
    Model,
    /// Something to compare with: a thin bar and a low tick.
    Control,
}

/// One row. `reference` is a share that is marked by a dotted line.
pub(super) fn bar(interval: &Interval, mark: Mark, reference: Option<f64>) -> Markup {
    let known = interval.value.is_finite() && interval.low.is_finite() && interval.high.is_finite();
    let (class, half_bar, half_tick) = match mark {
        Mark::Model => ("model", 6, 9),
        Mark::Control => ("control", 2, 6),
    };
    html! {
        svg.bar.(class) width="100%" aria-hidden="true" {
            (ground(reference))
            @if known {
                @let width = position(interval.high.clamp(0.0, 1.0) - interval.low.clamp(0.0, 1.0));
                // The inner drawing moves the origin to the middle of the row, whatever its height.
                svg y="50%" overflow="visible" {
                    rect.reach x=(position(interval.low)) width=(width) y=(-half_bar) height=(2 * half_bar) rx="1.5" {}
                    line.estimate x1=(position(interval.value)) x2=(position(interval.value)) y1=(-half_tick) y2=(half_tick) {}
                }
            }
        }
    }
}

/// A share that is known exactly: a tick without an interval.
pub(super) fn tick(share: f64, reference: Option<f64>) -> Markup {
    html! {
        svg.bar.control width="100%" aria-hidden="true" {
            (ground(reference))
            @if share.is_finite() {
                svg y="50%" overflow="visible" {
                    line.estimate x1=(position(share)) x2=(position(share)) y1="-6" y2="6" {}
                }
            }
        }
    }
}

/// The scale below the rows: 0, 25, 50, 75 and 100 %.
pub(super) fn scale() -> Markup {
    html! {
        svg.bar.scale width="100%" aria-hidden="true" {
            @for quarter in 0..=4 {
                @let anchor = match quarter { 0 => "start", 4 => "end", _ => "middle" };
                text x={ (25 * quarter) "%" } y="14" text-anchor=(anchor) {
                    (25 * quarter) @if quarter == 4 { "\u{a0}%" }
                }
            }
        }
    }
}

fn ground(reference: Option<f64>) -> Markup {
    html! {
        line.ground x1="0" x2="100%" y1="50%" y2="50%" {}
        @if let Some(share) = reference.filter(|share| share.is_finite()) {
            line.reference x1=(position(share)) x2=(position(share)) y1="0" y2="100%" {}
        }
    }
}

/// A place along the line, to a hundredth of a per cent: finer than a pixel on any screen.
pub(super) fn position(share: f64) -> String {
    format!("{:.2}%", 100.0 * share.clamp(0.0, 1.0))
}
