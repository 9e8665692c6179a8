//! The interval of the difference of two independent shares.

use super::Interval;

/// The first share minus the second, each with its own interval at the same level; bounds in −1..=1.
///
/// # Source
/// R. G. Newcombe, Statistics in Medicine 17 (1998), 873–890, method 10 where both are Wilson's; other intervals after
/// G. Zou, A. Donner, Statistics in Medicine 27 (2008), 1693–1702 (MOVER).
pub fn difference_of_shares(first: Interval, second: Interval) -> Interval {
    let value = first.value - second.value;
    Interval {
        value,
        low: value - (first.value - first.low).hypot(second.high - second.value),
        high: value + (first.high - first.value).hypot(second.value - second.low),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wilson;

    #[test]
    fn examples_of_the_paper_come_out() {
        let share = |hits: f64, n: f64| wilson(hits / n, n, 0.95).unwrap();
        // Table II of the paper, method 10: 56/70 − 48/80 and 10/10 − 0/10.
        let i = difference_of_shares(share(56.0, 70.0), share(48.0, 80.0));
        assert!(
            (i.low - 0.0524).abs() < 5e-5 && (i.high - 0.3339).abs() < 5e-5,
            "{i:?}"
        );
        let i = difference_of_shares(share(10.0, 10.0), share(0.0, 10.0));
        assert!(
            (i.low - 0.6075).abs() < 5e-5 && (i.high - 1.0).abs() < 5e-5,
            "{i:?}"
        );
    }
}
