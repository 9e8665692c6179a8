//! Intervals, tests, metrics and fits are those of statsmodels, SciPy and scikit-learn.

use handful_stats::{
    Claim, Column, Folds, balanced_accuracy, brier, claims, difference_of_shares, fit_power_law,
    fit_temperature, lac_threshold, log_loss, macro_f1, mcnemar, paired_difference, wilson,
};
use serde::Deserialize;

/// `bench/golden/stats.py` made it.
const GOLDEN: &str = include_str!("golden/stats.json");
/// Both sides compute in f64, searches included; what is left is how exactly each search ends.
const SAME: f64 = 1e-6;

fn assert_same(found: f64, expected: f64, what: &str) {
    assert!(
        (found - expected).abs() <= SAME,
        "{what}: {found} instead of {expected}"
    );
}

#[derive(Deserialize)]
struct Golden {
    wilson: Vec<Share>,
    newcombe: Vec<Shares>,
    claims: Vec<Planned>,
    mcnemar: Vec<Discordant>,
    metrics: Vec<Metrics>,
    temperature: Vec<Temperature>,
    lac: Vec<Lac>,
    curves: Vec<Curve>,
    clustered: Vec<Clustered>,
}

fn golden() -> Golden {
    serde_json::from_str(GOLDEN).expect("the golden file is whole")
}

#[derive(Deserialize)]
struct Share {
    hits: f64,
    n: f64,
    level: f64,
    low: f64,
    high: f64,
}

#[test]
fn wilson_is_that_of_statsmodels() {
    for case in golden().wilson {
        let found = wilson(case.hits / case.n, case.n, case.level).unwrap();
        assert_same(found.low, case.low, "low");
        assert_same(found.high, case.high, "high");
    }
}

#[derive(Deserialize)]
struct Shares {
    a: f64,
    n_a: f64,
    b: f64,
    n_b: f64,
    level: f64,
    low: f64,
    high: f64,
}

#[test]
fn newcombe_is_that_of_statsmodels() {
    for case in golden().newcombe {
        let share = |hits: f64, n: f64| wilson(hits / n, n, case.level).unwrap();
        let found = difference_of_shares(share(case.a, case.n_a), share(case.b, case.n_b));
        assert_same(found.low, case.low, "low");
        assert_same(found.high, case.high, "high");
    }
}

#[derive(Deserialize)]
struct Planned {
    k: usize,
    folds: Vec<Vec<u32>>,
    comparisons: Vec<Comparison>,
}

#[derive(Deserialize)]
struct Comparison {
    losses: Vec<f64>,
    difference: f64,
    low: f64,
    high: f64,
    p: f64,
    detectable: f64,
}

/// Student's distribution and quantiles by SciPy, Holm by statsmodels.
#[test]
fn claims_are_those_of_scipy_and_statsmodels() {
    for case in golden().claims {
        let repeats = case.folds.iter();
        let folds = Folds {
            k: case.k,
            repeats: repeats
                .map(|r| r.iter().copied().map(Some).collect())
                .collect(),
        };
        let alone: Vec<usize> = (0..case.folds[0].len()).collect();
        let baseline = vec![0.0; folds.splits().count()];
        let planned: Vec<handful_stats::Planned> = (case.comparisons.iter())
            .map(|c| handful_stats::Planned {
                folds: &folds,
                a: &c.losses,
                b: &baseline,
                weight: 1.0,
            })
            .collect();
        let found = claims(&planned, &alone).unwrap();
        for (found, expected) in found.into_iter().zip(&case.comparisons) {
            let Claim {
                difference,
                low,
                high,
                p,
                detectable,
                ..
            } = found.expect("the folds differ");
            assert_same(difference, expected.difference, "difference");
            assert_same(low, expected.low, "low");
            assert_same(high, expected.high, "high");
            assert_same(p, expected.p, "p");
            assert_same(detectable, expected.detectable, "detectable");
        }
    }
}

#[derive(Deserialize)]
struct Discordant {
    both: usize,
    only_a: usize,
    only_b: usize,
    neither: usize,
    p: f64,
}

#[test]
fn mcnemar_is_that_of_statsmodels() {
    for case in golden().mcnemar {
        let hits = |counted: [bool; 4]| -> Vec<bool> {
            let counts = [case.both, case.only_a, case.only_b, case.neither];
            let runs = counts.into_iter().zip(counted);
            runs.flat_map(|(n, hit)| vec![hit; n]).collect()
        };
        let found = mcnemar(
            &hits([true, true, false, false]),
            &hits([true, false, true, false]),
        );
        assert_eq!((found.only_a, found.only_b), (case.only_a, case.only_b));
        assert_same(found.p, case.p, "p");
    }
}

#[derive(Deserialize)]
struct Metrics {
    name: String,
    k: usize,
    labels: Vec<usize>,
    probabilities: Vec<f64>,
    brier: f64,
    log_loss: f64,
    balanced_accuracy: f64,
    macro_f1: f64,
}

#[test]
fn metrics_are_those_of_scikit_learn() {
    for case in golden().metrics {
        let of = |metric: fn(&[f64], &[usize], usize) -> f64| {
            metric(&case.probabilities, &case.labels, case.k)
        };
        assert_same(of(brier), case.brier, &case.name);
        assert_same(of(log_loss), case.log_loss, &case.name);
        assert_same(of(balanced_accuracy), case.balanced_accuracy, &case.name);
        assert_same(of(macro_f1), case.macro_f1, &case.name);
    }
}

#[derive(Deserialize)]
struct Temperature {
    k: usize,
    labels: Vec<usize>,
    logits: Vec<f64>,
    temperature: f64,
}

#[test]
fn the_temperature_is_that_of_scipy() {
    for case in golden().temperature {
        let found = fit_temperature(&case.logits, &case.labels, case.k);
        assert_same(found / case.temperature, 1.0, "temperature");
    }
}

#[derive(Deserialize)]
struct Lac {
    scores: Vec<f64>,
    groups: Vec<usize>,
    alpha: f64,
    threshold: Option<f64>,
}

#[test]
fn the_conformal_threshold_is_numpys_quantile() {
    for case in golden().lac {
        let found = lac_threshold(&case.scores, &case.groups, case.alpha);
        assert_eq!(found, case.threshold, "{} scores", case.scores.len());
    }
}

#[derive(Deserialize)]
struct Curve {
    sizes: Vec<f64>,
    errors: Vec<f64>,
    weights: Vec<f64>,
    a: f64,
    b: f64,
    c: f64,
    at_double: f64,
}

/// Three curves without noise, two with it.
#[test]
fn the_power_law_is_that_of_scipy() {
    for case in golden().curves {
        let found = fit_power_law(&case.sizes, &case.errors, &case.weights);
        let double = 2.0 * case.sizes[case.sizes.len() - 1];
        assert_same(found.error(double), case.at_double, "error at twice");
        assert_same(found.a, case.a, "a");
        assert_same(found.b, case.b, "b");
        assert_same(found.c, case.c, "c");
    }
}

#[derive(Deserialize)]
struct Clustered {
    a: Vec<f64>,
    b: Vec<f64>,
    groups: Vec<usize>,
    mean: f64,
    se: f64,
}

#[test]
fn the_clustered_standard_error_is_that_of_statsmodels() {
    let column = |losses: Vec<f64>| Column {
        scored: (0..losses.len()).collect(),
        hits: vec![0.0; losses.len()],
        losses,
    };
    for case in golden().clustered {
        let found = paired_difference(&column(case.a), &column(case.b), &case.groups).unwrap();
        assert_same(found.mean, case.mean, "mean");
        assert_same(found.se, case.se, "standard error");
    }
}
