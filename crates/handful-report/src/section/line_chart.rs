//! How is something drawn that goes on in time? Two lines by epoch: what is learnt from, dashed, and what is held out, solid
//! with the band of its intervals, each named at its end.
//!
//! The drawing has a fixed shape and scales as a whole, so that lines meet their scale in every browser and on paper.

use maud::{Markup, html};

use crate::scale::Scale;
use crate::{Interval, text, words};

/// Width and height of the drawing, in its own units: about pixels on a desk.
const SIZE: (f64, f64) = (400.0, 248.0);
/// Where the lines are: room for the scale at their left, for their names at their right.
const LEFT: f64 = 38.0;
const RIGHT: f64 = SIZE.0 - 82.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = SIZE.1 - 28.0;
/// A line of text.
const LINE: f64 = 14.0;
/// Names of lines that end closer than this are moved apart: a name and its number, and a little air.
const APART: f64 = 2.0 * LINE + 4.0;
/// With more looks, marks of each would hide the line.
const MOST_MARKS: usize = 24;

/// What the height means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Log-loss, in nats.
    Loss,
    /// A share, said in per cent.
    Share,
}

/// Two lines by epoch. The three lists have one entry a look, in time, and at least two; all numbers are finite.
pub(super) struct LineChart<'a> {
    /// Unique on the page.
    pub id: &'a str,
    /// What is drawn.
    pub title: &'a str,
    /// How it is read, in a few words.
    pub remark: &'a str,
    /// What is to be seen, for those who can't see it: a sentence or two.
    pub description: &'a str,
    pub unit: Unit,
    pub epochs: &'a [f64],
    pub train: &'a [f64],
    pub held: &'a [Interval],
    /// Where the held-out loss is lowest, to be marked.
    pub lowest: Option<f64>,
}

impl LineChart<'_> {
    pub(super) fn draw(&self) -> Markup {
        let heights = Scale::around(
            (self.train.iter().copied()).chain(self.held.iter().flat_map(|i| [i.low, i.high])),
        );
        let epochs = Scale::within(self.epochs);
        let x = |epoch: f64| LEFT + (RIGHT - LEFT) * epochs.share(epoch);
        let y = |value: f64| BOTTOM - (BOTTOM - TOP) * heights.share(value);
        let along = |values: &mut dyn Iterator<Item = f64>| -> String {
            let at = |(epoch, value): (&f64, f64)| format!("{:.1},{:.1}", x(*epoch), y(value));
            self.epochs
                .iter()
                .zip(values)
                .map(at)
                .collect::<Vec<_>>()
                .join(" ")
        };
        let held = along(&mut self.held.iter().map(|i| i.value));
        let train = along(&mut self.train.iter().copied());
        let above = along(&mut self.held.iter().map(|i| i.high));
        let below = along(&mut self.held.iter().map(|i| i.low));
        let back: Vec<&str> = below.split(' ').rev().collect();
        let last = self.held.len() - 1;
        let (held_end, train_end) = (self.held[last].value, self.train[last]);
        let (held_y, train_y) = apart(y(held_end), y(train_end));
        html! {
            figure.chart {
                p.key { b { (self.title) } " " (self.remark) }
                svg viewBox=(format!("0 0 {} {}", SIZE.0, SIZE.1)) role="img" aria-labelledby={ (self.id) "-title " (self.id) "-desc" } {
                    title id={ (self.id) "-title" } { (self.title) " by epoch" }
                    desc id={ (self.id) "-desc" } { (self.description) }
                    @for tick in &heights.ticks {
                        line.ground x1=(LEFT) x2=(RIGHT) y1=(place(y(*tick))) y2=(place(y(*tick))) {}
                        text x=(LEFT - 8.0) y=(place(y(*tick) + 4.0)) text-anchor="end" { (self.tick(*tick, &heights)) }
                    }
                    @for tick in &epochs.ticks {
                        line.ground x1=(place(x(*tick))) x2=(place(x(*tick))) y1=(BOTTOM) y2=(BOTTOM + 4.0) {}
                        text x=(place(x(*tick))) y=(BOTTOM + 19.0) text-anchor="middle" { (words::epoch(*tick)) }
                    }
                    text x=(RIGHT + 10.0) y=(BOTTOM + 19.0) { "epoch" }
                    @if let Some(epoch) = self.lowest { (lowest(x(epoch), epoch)) }
                    polygon.reach points={ (above) " " (back.join(" ")) } {}
                    polyline.train points=(train) {}
                    polyline.held points=(held) {}
                    @if self.epochs.len() <= MOST_MARKS {
                        @for (epoch, of) in self.epochs.iter().zip(self.held) {
                            circle.mark cx=(place(x(*epoch))) cy=(place(y(of.value))) r="2.5" {}
                        }
                    }
                    text.held { (name("held-out ", &self.value(&self.held[last]), held_y)) }
                    text.train { (name("training ", &self.exact(train_end), train_y)) }
                }
            }
        }
    }

    /// A label of the scale; the unit stands at the top alone.
    fn tick(&self, value: f64, scale: &Scale) -> String {
        let is_top = scale.ticks.last() == Some(&value);
        match self.unit {
            Unit::Loss => format!("{value:.*}", scale.decimals(1.0)),
            Unit::Share if is_top => {
                format!("{:.*}\u{a0}%", scale.decimals(100.0), 100.0 * value)
            }
            Unit::Share => format!("{:.*}", scale.decimals(100.0), 100.0 * value),
        }
    }

    fn value(&self, interval: &Interval) -> String {
        match self.unit {
            Unit::Loss => words::loss_at(interval),
            Unit::Share => text::glued(&words::percent_at(interval)),
        }
    }

    /// What was counted and not estimated.
    fn exact(&self, value: f64) -> String {
        match self.unit {
            Unit::Loss => format!("{value:.2}"),
            Unit::Share => text::glued(&words::percent(value)),
        }
    }
}

/// A dotted line where the held-out loss is lowest, with its name above the lines.
fn lowest(x: f64, epoch: f64) -> Markup {
    // Its name stays within the drawing.
    let anchor = match (x - LEFT) / (RIGHT - LEFT) {
        share if share < 0.25 => "start",
        share if share > 0.9 => "end",
        _ => "middle",
    };
    html! {
        line.reference x1=(place(x)) x2=(place(x)) y1=(TOP - 6.0) y2=(BOTTOM) {}
        text x=(place(x)) y=(TOP - 11.0) text-anchor=(anchor) { "loss lowest, epoch " (words::epoch(epoch)) }
    }
}

/// The name of a line and its number below it, at their height.
fn name(name: &str, value: &str, y: f64) -> Markup {
    html! {
        tspan x=(RIGHT + 9.0) y=(place(y - 2.0)) { (name) }
        tspan x=(RIGHT + 9.0) dy=(LINE) { (value) }
    }
}

/// Two heights at which names are to stand, moved apart where they would touch, and kept above the scale of epochs.
fn apart(a: f64, b: f64) -> (f64, f64) {
    let lowest = BOTTOM - LINE;
    let (a, b) = (a.min(lowest), b.min(lowest));
    if (a - b).abs() >= APART {
        return (a, b);
    }
    let half = APART / 2.0;
    let middle = f64::midpoint(a, b).clamp(TOP + half, lowest - half);
    match a <= b {
        true => (middle - half, middle + half),
        false => (middle + half, middle - half),
    }
}

/// A place, to a tenth of a unit: finer than a pixel on any screen.
fn place(at: f64) -> String {
    format!("{at:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, unit: Unit) -> Vec<String> {
        let scale = Scale::around([low, high].into_iter());
        let chart = LineChart {
            id: "",
            title: "",
            remark: "",
            description: "",
            unit,
            epochs: &[],
            train: &[],
            held: &[],
            lowest: None,
        };
        (scale.ticks.iter())
            .map(|tick| chart.tick(*tick, &scale))
            .collect()
    }

    #[test]
    fn labels_are_round_and_few() {
        assert_eq!(
            labels(0.08, 1.9, Unit::Loss),
            ["0.0", "0.5", "1.0", "1.5", "2.0"]
        );
        assert_eq!(
            labels(0.41, 0.44, Unit::Loss),
            ["0.41", "0.42", "0.43", "0.44"]
        );
        assert_eq!(labels(0.0, 8.0, Unit::Loss), ["0", "2", "4", "6", "8"]);
        assert_eq!(
            labels(0.52, 1.0, Unit::Share),
            ["50", "60", "70", "80", "90", "100\u{a0}%"]
        );
        assert_eq!(
            labels(0.985, 1.0, Unit::Share),
            ["98.5", "99.0", "99.5", "100.0\u{a0}%"]
        );
        assert!(labels(0.3, 0.3, Unit::Loss).len() >= 2);
    }

    #[test]
    fn names_of_lines_that_end_together_do_not_touch() {
        assert_eq!(apart(50.0, 90.0), (50.0, 90.0));
        assert!(apart(50.0, BOTTOM).1 < BOTTOM);
        let (a, b) = apart(60.0, 58.0);
        assert!(a - b >= APART - 1e-9);
        let (a, b) = apart(BOTTOM, BOTTOM);
        assert!(b < BOTTOM && b - a >= APART - 1e-9);
    }
}
