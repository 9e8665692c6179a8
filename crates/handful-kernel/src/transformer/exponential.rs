//! The exponential and the normal distribution without branches, so that several numbers are computed at a time.

use std::f32::consts::{LOG2_E, SQRT_2};

/// Beyond these the result leaves the normal numbers.
const LEAST: f32 = -87.0;
const MOST: f32 = 88.0;
/// Added and taken away again, it leaves the nearest whole number.
const ROUND: f32 = 12_582_912.0;
/// ln 2 in two parts, the first with few digits.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// (eˣ − 1 − x) / x² for |x| ≤ ½ ln 2. Source: S. Moshier, Cephes library, `expf`.
const POLYNOMIAL: [f32; 6] = [
    1.987_569_1e-4,
    1.398_199_9e-3,
    8.333_452e-3,
    4.166_579_6e-2,
    1.666_666_5e-1,
    0.5,
];

/// eˣ to 3 units of the last place; of x no less than −87 and no more than 88.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let x = x.clamp(LEAST, MOST);
    let shifted = x * LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * LN_2[0] - n * LN_2[1];
    let p = POLYNOMIAL.iter().fold(0.0, |sum, c| sum * r + c);
    let power = shifted.to_bits().wrapping_add(127) << 23;
    (p * r * r + r + 1.0) * f32::from_bits(power)
}

/// The normal distribution's Φ(x), to 2e-7. Source: M. Abramowitz, I. Stegun, Handbook of mathematical functions (1964), 7.1.26.
#[inline(always)]
pub(super) fn normal(x: f32) -> f32 {
    const RATE: f32 = 0.327_591_1;
    const TERMS: [f32; 5] = [
        1.061_405_4,
        -1.453_152_1,
        1.421_413_7,
        -0.284_496_74,
        0.254_829_6,
    ];
    let z = x.abs() / SQRT_2;
    let t = 1.0 / (1.0 + RATE * z);
    let above = TERMS.iter().fold(0.0, |sum, c| (sum + c) * t) * exp(-z * z);
    // erf(z) = 1 − above, and Φ(−x) = 1 − Φ(x).
    let upper = 0.5 * above;
    if x < 0.0 { upper } else { 1.0 - upper }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exponential_is_that_of_the_library() {
        for i in -8_600..8_700 {
            let x = i as f32 / 100.0;
            let expected = f64::from(x).exp();
            let apart = (f64::from(exp(x)) - expected).abs() / expected;
            assert!(apart < 4e-7, "{x}: {apart}");
        }
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
        assert_eq!(exp(0.0), 1.0);
    }

    #[test]
    fn the_normal_distribution_is_that_of_the_tables() {
        for (x, expected) in [
            (0.0, 0.5),
            (1.0, 0.841_344_7),
            (1.96, 0.975_002_1),
            (3.0, 0.998_650_1),
        ] {
            assert!((normal(x) - expected).abs() < 3e-7, "{x}");
            assert!((normal(-x) - (1.0 - expected)).abs() < 3e-7, "{x}");
        }
    }
}
