//! How likely are so few successes, or so one-sided a comparison?

use serde::{Deserialize, Serialize};

/// P(X ≤ hits) for X binomial of `trials` trials with chance `chance`, all exact; whole numbers as floats.
pub(crate) fn at_most(hits: f64, trials: f64, chance: f64) -> f64 {
    let odds = (chance / (1.0 - chance)).ln();
    // ln C(n, k)·p^k·(1−p)^(n−k), from k = 0 upwards.
    let mut log_term = trials * (1.0 - chance).ln();
    let (mut sum, mut k) = (0.0, 0.0);
    while k <= hits {
        sum += log_term.exp();
        log_term += ((trials - k) / (k + 1.0)).ln() + odds;
        k += 1.0;
    }
    sum.min(1.0)
}

/// The one-sided sign test: chance of so many wins or more among pairs that differ, if wins and losses were alike. 1
/// without any pair.
fn sign_test(wins: usize, losses: usize) -> f64 {
    at_most(losses as f64, (wins + losses) as f64, 0.5)
}

/// Two models on the same images: where only one of them is right.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct McNemar {
    /// Images that only the first has right.
    pub only_a: usize,
    /// Images that only the second has right.
    pub only_b: usize,
    /// Chance of so one-sided a split or more if both were as good, two-sided.
    pub p: f64,
}

/// McNemar's test, exact and two-sided: twice the smaller tail of a fair coin's throws, 1 at most and where the two never
/// differ. For models that were compared once, on a test split; each image must stand for itself, so that of a group of
/// images one should be given, or the test is too sure.
///
/// # Panics
/// When the lists differ in length.
///
/// # Source
/// Q. McNemar, Psychometrika 12 (1947), 153–157; recipe A1.
pub fn mcnemar(a_hits: &[bool], b_hits: &[bool]) -> McNemar {
    assert_eq!(a_hits.len(), b_hits.len(), "the same images for both");
    let pairs = || a_hits.iter().zip(b_hits);
    let only_a = pairs().filter(|(a, b)| **a && !**b).count();
    let only_b = pairs().filter(|(a, b)| !**a && **b).count();
    let tail = sign_test(only_a.max(only_b), only_a.min(only_b));
    McNemar {
        only_a,
        only_b,
        p: (2.0 * tail).min(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_images_on_which_the_two_differ_count() {
        let a: Vec<bool> = (0..30).map(|i| i < 20).collect();
        let b: Vec<bool> = (0..30).map(|i| i < 14).collect();
        let test = mcnemar(&a, &b);
        assert_eq!((test.only_a, test.only_b), (6, 0));
        assert!((test.p - 2.0 / 64.0).abs() < 1e-12);
        assert_eq!(mcnemar(&b, &a).p, test.p);
        assert_eq!(mcnemar(&a, &a).p, 1.0);
        assert_eq!(mcnemar(&[true, false], &[false, true]).p, 1.0);
    }

    #[test]
    fn the_binomial_is_exact() {
        // P(X ≤ 1) of 3 at 3/4: (1 + 9)/64.
        assert!((at_most(1.0, 3.0, 0.75) - 10.0 / 64.0).abs() < 1e-12);
        assert!((at_most(500.0, 500.0, 0.75) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn five_wins_of_five_come_once_in_32_times() {
        assert!((sign_test(5, 0) - 1.0 / 32.0).abs() < 1e-12);
        assert!((sign_test(0, 5) - 1.0).abs() < 1e-12);
        assert!((sign_test(0, 0) - 1.0).abs() < 1e-12);
    }
}
