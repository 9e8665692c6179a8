//! What the intervals of many comparisons came to.

use handful_stats::{Interval, wilson};

/// One comparison.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// The headline.
    pub interval: Interval,
    /// Accuracy of the returned model.
    pub truth: f64,
    /// What is usually quoted instead.
    pub naive: f64,
    /// Effective number of groups.
    pub n_effective: f64,
}

/// Columns of [`row`].
pub const HEADER: &str = "sets | covered % (95 % interval) | centre − truth, points | usual number − truth, points | width ÷ Wilson's | width that covers 95 % |";
pub const RULE: &str = "--: | --: | --: | --: | --: | --: |";

/// How often the truth lies in the interval, how far the centre and the usual number are off, how wide the interval is
/// against Wilson's on an independent test of as many groups, and how many times as wide it would have to be to hold the
/// truth in 95 of 100.
pub fn row(all: &[Told]) -> String {
    let n = all.len() as f64;
    let mean = |of: &dyn Fn(&Told) -> f64| all.iter().map(of).sum::<f64>() / n;
    let covered = mean(&|t| f64::from(t.interval.low <= t.truth && t.truth <= t.interval.high));
    let sure = wilson(covered, n, 0.95).expect("a share");
    let width = mean(&|t| {
        let independent = wilson(t.truth, t.n_effective, 0.95).expect("a share");
        (t.interval.high - t.interval.low) / (independent.high - independent.low)
    });
    let mut needed: Vec<f64> = all.iter().map(needed_width).collect();
    needed.sort_by(f64::total_cmp);
    let needed = needed[(0.95 * n).ceil() as usize - 1];
    format!(
        "{} | {:.1} ({:.1} to {:.1}) | {:+.1} | {:+.1} | {width:.2} | {needed:.2} |",
        all.len(),
        100.0 * covered,
        100.0 * sure.low,
        100.0 * sure.high,
        100.0 * mean(&|t| t.interval.value - t.truth),
        100.0 * mean(&|t| t.naive - t.truth),
    )
}

/// How many times as wide an interval must be to hold the truth.
fn needed_width(told: &Told) -> f64 {
    let Interval { low, high, .. } = told.interval;
    (2.0 * told.truth - low - high).abs() / (high - low)
}
