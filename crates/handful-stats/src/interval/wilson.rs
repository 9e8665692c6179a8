//! The interval of a share.

use super::{Interval, check, normal};
use crate::StatsError;

/// Wilson score interval for a proportion.
///
/// `share` in 0..=1; `n` independent groups (not photos), need not be whole; `level` in (0, 1). Bounds are in 0..=1;
/// `value` is the share itself, not the centre of the interval.
///
/// # Errors
/// [`StatsError::NoGroups`] when `n` is 0; [`StatsError::Range`].
///
/// # Source
/// E. B. Wilson, JASA 22 (1927), 209–212.
pub fn wilson(share: f64, n: f64, level: f64) -> Result<Interval, StatsError> {
    check(share, n, level)?;
    let z = normal::two_sided(level);
    let z2 = z * z;
    let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = z / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    // Rounding must not push a bound past the share, nor out of the range of shares.
    Ok(Interval {
        value: share,
        low: (centre - half).clamp(0.0, share),
        high: (centre + half).clamp(share, 1.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_shrink_with_the_number_of_groups() {
        // 95 % intervals at an accuracy of 80 %: 24 of 30, 80 of 100, and so on.
        for (n, low, high) in [
            (30.0, 63, 90),
            (100.0, 71, 87),
            (300.0, 75, 84),
            (1_000.0, 77, 82),
        ] {
            let i = wilson(0.8, n, 0.95).unwrap();
            assert_eq!(
                (
                    (100.0 * i.low).round() as i32,
                    (100.0 * i.high).round() as i32
                ),
                (low, high)
            );
        }
    }

    #[test]
    fn a_perfect_score_is_not_certain() {
        let i = wilson(1.0, 20.0, 0.95).unwrap();
        assert_eq!(i.high, 1.0);
        assert!((i.low - 20.0 / (20.0 + 1.959963984540054f64.powi(2))).abs() < 1e-12);
        assert_eq!(wilson(0.5, 0.0, 0.95), Err(StatsError::NoGroups));
        assert!(
            wilson(1.1, 5.0, 0.95).is_err()
                && wilson(0.5, 5.0, 1.0).is_err()
                && wilson(f64::NAN, 5.0, 0.9).is_err()
        );
    }
}
