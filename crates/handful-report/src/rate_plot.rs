//! How does the loss go with the learning rate? A drawing that is a file of its own, dark or light as the reader's system asks.

use maud::{Markup, PreEscaped, html};

use crate::scale::Scale;
use crate::words;

/// Width and height, in pixels at its natural size.
const SIZE: (f64, f64) = (720.0, 440.0);
/// Where the lines are: room for the names of marks above them and for the scales.
const LEFT: f64 = 64.0;
const RIGHT: f64 = SIZE.0 - 28.0;
const TOP: f64 = 97.0;
const BOTTOM: f64 = SIZE.1 - 58.0;
/// The first of the marks' names, and what each further one is lower.
const FIRST_NAME: f64 = 62.0;
const LINE: f64 = 19.0;
/// Room that a name takes.
const NAME: f64 = 150.0;

/// Losses above so many times that of the start are at the upper edge: where the loss breaks out it would flatten all that was before.
const MOST_SHOWN: f64 = 1.5;

/// The colours of the page, written out: programs that draw SVG know no variables.
const STYLE: &str = "\
text { font: 14px system-ui, sans-serif; fill: #5b6568 }
.paper { fill: #fdfcfa }
.title { fill: #1b2123; font-weight: 600 }
.ground { stroke: #e3e0da }
.each { fill: #5b6568; fill-opacity: .45 }
.mean { fill: none; stroke: #0b6b66; stroke-width: 2.5; stroke-linejoin: round }
.mark { stroke: #5b6568; stroke-dasharray: 2 4 }
line.first { stroke: #0b6b66; stroke-width: 1.5; stroke-dasharray: none }
text.first { fill: #0b6b66; font-weight: 600 }
@media (prefers-color-scheme: dark) {
text { fill: #9ba6a7 }
.paper { fill: #14181a }
.title { fill: #e4e7e6 }
.ground { stroke: #2b3335 }
.each { fill: #9ba6a7 }
.mean, line.first { stroke: #66c9bf }
.mark { stroke: #9ba6a7 }
text.first { fill: #66c9bf }
}";

/// Losses by learning rate, from left to right; the three lists have one entry a step and at least two, rates rise, and all numbers are
/// finite.
#[derive(Clone, Copy, Debug)]
pub struct RatePlot<'a> {
    /// What was trained.
    pub title: &'a str,
    /// Learning rate of each step.
    pub rates: &'a [f64],
    /// Loss of the photos of each step, in nats.
    pub losses: &'a [f64],
    /// The same, smoothed.
    pub smoothed: &'a [f64],
    /// Rates to be marked, the most important first; at most two.
    pub marks: &'a [(&'a str, f64)],
}

impl RatePlot<'_> {
    /// The drawing as an SVG file.
    ///
    /// # Panics
    /// With fewer than two steps.
    pub fn svg(&self) -> String {
        assert!(self.rates.len() > 1, "a line has two ends");
        let powers = (
            self.rates[0].log10(),
            self.rates[self.rates.len() - 1].log10(),
        );
        let most = MOST_SHOWN * self.smoothed[0];
        let heights = Scale::around(self.smoothed.iter().map(|loss| loss.min(most)));
        let x =
            |rate: f64| LEFT + (RIGHT - LEFT) * (rate.log10() - powers.0) / (powers.1 - powers.0);
        let y = |loss: f64| BOTTOM - (BOTTOM - TOP) * heights.share(loss);
        let at = |(rate, loss): (&f64, &f64)| format!("{:.1},{:.1}", x(*rate), y(*loss));
        let mean: Vec<String> = self.rates.iter().zip(self.smoothed).map(at).collect();
        let top = heights.ticks[heights.ticks.len() - 1];
        let bottom = heights.ticks[0];
        // A batch can be far above the line: the line decides what is shown.
        let shown = |(_, loss): &(&f64, &f64)| (bottom..=top).contains(*loss);
        let decades = (powers.0.ceil() as i32)..=(powers.1 + 1e-9).floor() as i32;
        let drawing = html! {
            svg xmlns="http://www.w3.org/2000/svg" width=(SIZE.0) height=(SIZE.1)
                viewBox=(format!("0 0 {} {}", SIZE.0, SIZE.1)) role="img" aria-labelledby="title desc" {
                title id="title" { (self.title) }
                desc id="desc" { (self.description()) }
                style { (PreEscaped(STYLE)) }
                rect.paper width=(SIZE.0) height=(SIZE.1) {}
                text.title x=(LEFT) y="32" { (self.title) }
                @for tick in &heights.ticks {
                    line.ground x1=(LEFT) x2=(RIGHT) y1=(place(y(*tick))) y2=(place(y(*tick))) {}
                    text x=(LEFT - 10.0) y=(place(y(*tick) + 5.0)) text-anchor="end" {
                        (format!("{tick:.*}", heights.decimals(1.0)))
                    }
                }
                @for power in decades {
                    @let at = place(x(10f64.powi(power)));
                    line.ground x1=(at) x2=(at) y1=(BOTTOM) y2=(BOTTOM + 5.0) {}
                    text x=(at) y=(BOTTOM + 24.0) text-anchor="middle" { (format!("1e{power}")) }
                }
                text x=(f64::midpoint(LEFT, RIGHT)) y=(BOTTOM + 46.0) text-anchor="middle" {
                    "learning rate; dots: loss of each step, in nats; line: smoothed"
                }
                @for (rate, loss) in self.rates.iter().zip(self.losses).filter(shown) {
                    circle.each cx=(place(x(*rate))) cy=(place(y(*loss))) r="2" {}
                }
                polyline.mean points=(mean.join(" ")) {}
                @for (idx, (name, rate)) in self.marks.iter().enumerate() { (mark(idx, name, *rate, x(*rate), x(self.marks[0].1))) }
            }
        };
        format!("{}\n", drawing.into_string())
    }

    /// What is to be seen, for those who can't see it.
    fn description(&self) -> String {
        let last = self.rates.len() - 1;
        let marks: Vec<String> = (self.marks.iter())
            .map(|(name, rate)| format!("; {name}: {}", words::rate(*rate)))
            .collect();
        format!(
            "From a learning rate of {} to {} the smoothed training loss goes from {} to {}{}.",
            words::rate(self.rates[0]),
            words::rate(self.rates[last]),
            words::loss(self.smoothed[0]),
            words::loss(self.smoothed[last]),
            marks.concat()
        )
    }
}

/// A rate's line, with its name on a line of its own above the drawing.
fn mark(idx: usize, name: &str, rate: f64, x: f64, first_x: f64) -> Markup {
    let y = FIRST_NAME + LINE * idx as f64;
    // Away from the first one's line, and within the drawing.
    let goes_left = match idx {
        0 => x > f64::midpoint(LEFT, RIGHT),
        _ => x > RIGHT - NAME || (x < first_x && x > LEFT + NAME),
    };
    let (at, anchor) = match goes_left {
        true => (x - 6.0, "end"),
        false => (x + 6.0, "start"),
    };
    html! {
        line.mark.first[idx == 0] x1=(place(x)) x2=(place(x)) y1=(y - 11.0) y2=(BOTTOM) {}
        text.first[idx == 0] x=(place(at)) y=(y) text-anchor=(anchor) { (name) " " (words::rate(rate)) }
    }
}

/// A place, to a tenth of a pixel.
fn place(at: f64) -> String {
    format!("{at:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_is_one_file_with_its_marks_in_place() {
        let rates: Vec<f64> = (0..=50)
            .map(|i| 10f64.powf(-6.0 + 0.1 * f64::from(i)))
            .collect();
        let losses: Vec<f64> = rates.iter().map(|r| 1.0 + 4.0 * r).collect();
        let plot = RatePlot {
            title: "a <title>",
            rates: &rates,
            losses: &losses,
            smoothed: &losses,
            marks: &[("suggested", 1e-4), ("lowest loss", 1e-3)],
        };
        let svg = plot.svg();
        assert!(
            svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""),
            "{svg}"
        );
        assert!(
            svg.contains("a &lt;title&gt;") && !svg.contains("<title>a <"),
            "{svg}"
        );
        // Rates have equal room by their factors: two of five powers of ten.
        let x = place(LEFT + (RIGHT - LEFT) * 0.4);
        assert!(
            svg.contains(&format!("class=\"mark first\" x1=\"{x}\"")),
            "{svg}"
        );
        assert!(svg.contains("suggested 0.0001") && svg.contains("lowest loss 0.001"));
        for power in -6..=-1 {
            assert!(svg.contains(&format!(">1e{power}<")), "1e{power}: {svg}");
        }
        assert_eq!(svg.matches("<circle").count(), rates.len());
    }
}
