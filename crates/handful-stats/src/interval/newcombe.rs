//! The interval of the difference of two independent shares.

use super::{Interval, wilson};
use crate::StatsError;

/// The first share minus the second, each `(share, n)` with n independent groups; bounds in −1..=1.
///
/// # Errors
/// Those of [`wilson`].
///
/// # Source
/// R. G. Newcombe, Statistics in Medicine 17 (1998), 873–890, method 10.
pub fn difference_of_shares(
    first: (f64, f64),
    second: (f64, f64),
    level: f64,
) -> Result<Interval, StatsError> {
    let (a, b) = (
        wilson(first.0, first.1, level)?,
        wilson(second.0, second.1, level)?,
    );
    let value = a.value - b.value;
    Ok(Interval {
        value,
        low: value - (a.value - a.low).hypot(b.high - b.value),
        high: value + (a.high - a.value).hypot(b.value - b.low),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_the_paper_come_out() {
        // Table II of the paper, method 10: 56/70 − 48/80 and 10/10 − 0/10.
        let i = difference_of_shares((56.0 / 70.0, 70.0), (48.0 / 80.0, 80.0), 0.95).unwrap();
        assert!(
            (i.low - 0.0524).abs() < 5e-5 && (i.high - 0.3339).abs() < 5e-5,
            "{i:?}"
        );
        let i = difference_of_shares((1.0, 10.0), (0.0, 10.0), 0.95).unwrap();
        assert!(
            (i.low - 0.6075).abs() < 5e-5 && (i.high - 1.0).abs() < 5e-5,
            "{i:?}"
        );
    }
}
