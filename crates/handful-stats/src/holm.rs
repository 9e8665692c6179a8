//! Which of several tests still say something when all of them were tried?

/// Holm's adjusted p values, in the order of `p`: the i-th smallest of m times m − i + 1, never below a smaller one's,
/// at most 1. All tests whose adjusted p is below α can be believed together: the chance that any of them is a false
/// alarm is at most α, however the tests depend on each other.
///
/// # Source
/// S. Holm, Scandinavian Journal of Statistics 6 (1979), 65–70.
pub fn holm(p: &[f64]) -> Vec<f64> {
    holm_weighted(p, &vec![1.0; p.len()])
}

/// The same where some tests get a larger part of the error than others, by their `weights`, above 0: in the order of p ÷ weight,
/// each is multiplied by the weights of all that are left, divided by its own. With equal weights it is Holm's.
///
/// # Panics
/// If there is not one weight a test.
///
/// # Source
/// S. Holm, as above, section 3; Y. Benjamini and Y. Hochberg, Scandinavian Journal of Statistics 24 (1997), 407–418, procedure WHP.
pub fn holm_weighted(p: &[f64], weights: &[f64]) -> Vec<f64> {
    assert_eq!(p.len(), weights.len(), "a weight a test");
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| (p[a] / weights[a]).total_cmp(&(p[b] / weights[b])));
    let mut adjusted = vec![0.0; p.len()];
    let mut largest = 0.0f64;
    for (place, &test) in order.iter().enumerate() {
        let left: f64 = order[place..].iter().map(|&other| weights[other]).sum();
        largest = largest.max(p[test] * left / weights[test]).min(1.0);
        adjusted[test] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    /// `bench/golden/doubts.py` made it.
    const GOLDEN: &str = include_str!("../tests/golden/doubts.json");
    /// Both sides multiply in f64.
    const SAME: f64 = 1e-14;

    #[derive(Deserialize)]
    struct Golden {
        holm: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        p: Vec<f64>,
        adjusted: Vec<f64>,
    }

    #[test]
    fn adjusted_values_are_those_of_statsmodels() {
        let golden: Golden = serde_json::from_str(GOLDEN).expect("the golden file is whole");
        for case in golden.holm {
            for (found, expected) in holm(&case.p).iter().zip(&case.adjusted) {
                assert!((found - expected).abs() < SAME, "{found} {expected}");
            }
        }
    }

    #[test]
    fn weights_share_the_error_out() {
        // By hand: p/w is 0.04, 0.016 and 0.06; of weights 4 in all, 0.016 comes first: 0.008 · 4 / 0.5.
        let adjusted = holm_weighted(&[0.12, 0.008, 0.03], &[3.0, 0.5, 0.5]);
        for (found, expected) in adjusted.iter().zip([0.14, 0.064, 0.14]) {
            assert!((found - expected).abs() < SAME, "{found} {expected}");
        }
    }

    #[test]
    fn one_test_is_left_alone_and_none_is_no_trouble() {
        assert_eq!(holm(&[0.03]), [0.03]);
        assert!(holm(&[]).is_empty());
    }
}
