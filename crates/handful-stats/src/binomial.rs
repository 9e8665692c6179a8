//! How likely are so few successes, or so one-sided a comparison?

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
/// without any pair. With hits of two models on the same images it is McNemar's test, exact.
///
/// # Source
/// Q. McNemar, Psychometrika 12 (1947), 153–157.
pub fn sign_test(wins: usize, losses: usize) -> f64 {
    at_most(losses as f64, (wins + losses) as f64, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

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
