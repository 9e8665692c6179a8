//! May it be said that one candidate is better than another? Choosing is generous; this is not.
//!
//! Only comparisons that were planned before the run are tested, each by the differences of its folds, whose training
//! photos overlap: their variance says too little, and is corrected for it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::metric::image_loss;
use crate::student::{cdf, quantile};
use crate::{Folds, StatsError, holm_weighted};

/// Both kinds of error are kept below 5 %, over all planned comparisons.
pub const CLAIM_LEVEL: f64 = 0.05;
/// A difference that "would have been seen" is seen in so many of 100 repetitions of the experiment.
const POWER: f64 = 0.8;

/// Below so many groups the degrees of freedom are those of one repeat, too: all folds learn from the same few groups, whose
/// luck the correction underestimates. In simulated comparisons of two equal candidates (`cargo xtask honesty claims`) the
/// correction as published, which lets repeats count, called 17 % of them different at 20 groups, 8 % at 100, 5 % at 300.
const FEW_GROUPS: f64 = 200.0;

/// What may be said of a candidate and the one that it is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Said {
    /// Its log-loss is lower.
    #[serde(rename = "better")]
    Better,
    /// Its log-loss is higher.
    #[serde(rename = "worse")]
    Worse,
    /// Neither could be shown.
    #[serde(rename = "no difference seen")]
    NoDifferenceSeen,
}

/// A comparison that was planned before its photos were judged: the [`fold_losses`] of two candidates.
#[derive(Clone, Copy, Debug)]
pub struct Planned<'a> {
    /// The folds that judge.
    pub folds: &'a Folds,
    /// What may be better.
    pub a: &'a [f64],
    /// What it is compared with.
    pub b: &'a [f64],
    /// Its part of the error that is allowed to all comparisons together, as a multiple of that of one with weight 1.
    pub weight: f64,
}

/// What came of a planned comparison in log-loss, a − b, so that below 0 a is better.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// Mean difference over the folds in nats.
    pub difference: f64,
    /// Its 95 % interval, of this comparison alone.
    pub low: f64,
    /// Its 95 % interval, of this comparison alone.
    pub high: f64,
    /// Chance of such a difference or more if there were none, adjusted by Holm for all planned comparisons, by their weights.
    pub p: f64,
    /// A true difference of so many nats would have been seen in 80 of 100 such experiments, among as many planned
    /// comparisons, if it were the first that Holm looks at.
    pub detectable: f64,
    /// What may be said.
    #[serde(rename = "verdict")]
    pub said: Said,
}

/// Mean log-loss of each fold of each repeat that scores something, in nats: what [`claims`] compares. `repeats` holds the
/// out-of-fold probabilities `[n, classes]` of each repeat.
///
/// # Panics
/// When the probabilities are not `[labels.len(), n_classes]` for every repeat of `folds`.
pub fn fold_losses(
    repeats: &[Vec<f64>],
    labels: &[usize],
    n_classes: usize,
    folds: &Folds,
) -> Vec<f64> {
    assert_eq!(
        repeats.len(),
        folds.n_repeats(),
        "one table of probabilities a repeat"
    );
    let of = |(repeat, fold): (usize, usize)| {
        let rows = folds.test_rows(repeat, fold);
        let loss = |&row: &usize| {
            image_loss(
                &repeats[repeat][row * n_classes..][..n_classes],
                labels[row],
            )
        };
        rows.iter().map(loss).sum::<f64>() / rows.len() as f64
    };
    folds.splits().map(of).collect()
}

/// Tests planned comparisons of candidates; `groups` has one entry an image.
///
/// None for a comparison that can't be tested: fewer than two folds, or folds that all differ alike, as those of a
/// candidate and itself do.
///
/// # Errors
/// [`StatsError::Length`] when a list has not one entry a fold.
///
/// # Source
/// C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine Learning 52 (2003), 239–281: t with variance
/// (1/J + ρ)·s² and J − 1 degrees of freedom, ρ the ratio of test to training size, here counted in groups. Recipe A1. Here J
/// is the number of folds of one repeat, because the others draw from the same images; the degrees of freedom count all folds
/// from 200 groups on.
pub fn claims(planned: &[Planned], groups: &[usize]) -> Result<Vec<Option<Claim>>, StatsError> {
    let mut tested = Vec::with_capacity(planned.len());
    let all: f64 = planned.iter().map(|planned| planned.weight).sum();
    for Planned {
        folds,
        a,
        b,
        weight,
    } in planned
    {
        let n_folds = folds.splits().count();
        let of_one_repeat = folds.splits().filter(|(repeat, _)| *repeat == 0).count();
        // Those that are learnt from, whether or not they judge.
        let everybody: Vec<usize> = (0..groups.len()).collect();
        let n_groups = count(&everybody, groups);
        let n_free = if n_groups < FEW_GROUPS {
            of_one_repeat
        } else {
            n_folds
        };
        for losses in [a, b] {
            if losses.len() != n_folds {
                return Err(StatsError::Length {
                    what: "the losses of the folds",
                    expected: n_folds,
                    found: losses.len(),
                });
            }
        }
        let differences: Vec<f64> = a.iter().zip(*b).map(|(a, b)| a - b).collect();
        let n = (of_one_repeat, n_free);
        let ratio = test_to_train(folds, groups);
        tested.push(corrected_t(&differences, ratio, n, weight / all));
    }
    let known = || {
        tested
            .iter()
            .zip(planned)
            .filter_map(|(c, of)| Some((c.as_ref()?, of)))
    };
    let p: Vec<f64> = known().map(|(claim, _)| claim.p).collect();
    let weights: Vec<f64> = known().map(|(_, of)| of.weight).collect();
    let mut adjusted = holm_weighted(&p, &weights).into_iter();
    for claim in tested.iter_mut().flatten() {
        claim.p = adjusted.next().expect("one a claim");
        claim.said = match (claim.p < CLAIM_LEVEL, claim.difference < 0.0) {
            (true, true) => Said::Better,
            (true, false) => Said::Worse,
            (false, _) => Said::NoDifferenceSeen,
        };
    }
    Ok(tested)
}

/// Mean over the folds of groups that judge to groups that are learnt from.
fn test_to_train(folds: &Folds, groups: &[usize]) -> f64 {
    let ratios: Vec<f64> = folds
        .splits()
        .map(|(r, f)| {
            let in_test = count(&folds.test_rows(r, f), groups);
            in_test / count(&folds.train_rows(r, f), groups).max(1.0)
        })
        .collect();
    ratios.iter().sum::<f64>() / ratios.len().max(1) as f64
}

/// How many groups these rows are of.
fn count(rows: &[usize], groups: &[usize]) -> f64 {
    let all: BTreeSet<usize> = rows.iter().map(|&row| groups[row]).collect();
    all.len() as f64
}

/// One comparison, not yet adjusted for the others, by differences of which so many count for the variance of their mean, and so
/// many, less one, for the degrees of freedom; `part` is its part of the error of all.
fn corrected_t(
    differences: &[f64],
    ratio: f64,
    (n_independent, n_free): (usize, usize),
    part: f64,
) -> Option<Claim> {
    let n = differences.len() as f64;
    if differences.len() < 2 || n_free < 2 {
        return None;
    }
    let mean = differences.iter().sum::<f64>() / n;
    let variance = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let se = ((1.0 / n_independent as f64 + ratio) * variance).sqrt();
    if se <= f64::EPSILON * mean.abs() {
        return None;
    }
    let df = n_free as f64 - 1.0;
    let strict = quantile(1.0 - CLAIM_LEVEL * part / 2.0, df);
    let wide = quantile(1.0 - CLAIM_LEVEL / 2.0, df);
    Some(Claim {
        difference: mean,
        low: mean - wide * se,
        high: mean + wide * se,
        p: 2.0 * cdf(-(mean / se).abs(), df),
        detectable: (strict + quantile(POWER, df)) * se,
        said: Said::NoDifferenceSeen,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned<'a>(folds: &'a Folds, a: &'a [f64], b: &'a [f64]) -> Planned<'a> {
        Planned {
            folds,
            a,
            b,
            weight: 1.0,
        }
    }

    /// Two repeats of five folds; every image is its own group.
    fn folds(n: usize) -> Folds {
        let repeat = |shift: usize| (0..n).map(|i| Some(((i + shift) % 5) as u32)).collect();
        Folds {
            k: 5,
            repeats: vec![repeat(0), repeat(2)],
        }
    }

    /// scipy.stats.t 1.17.1 on these ten differences with ρ = 1/4.
    const DIFFERENCES: [f64; 10] = [
        -0.0355, -0.0165, -0.0595, -0.0005, -0.0245, -0.0455, -0.0225, -0.0135, -0.0405, -0.0315,
    ];

    #[test]
    fn one_comparison_is_the_corrected_t() {
        let alone: Vec<usize> = (0..200).collect();
        let (a, b) = (DIFFERENCES, [0.0; 10]);
        let claim = claims(&[planned(&folds(200), &a, &b)], &alone).unwrap()[0].unwrap();
        for (found, expected) in [
            (claim.difference, -0.029000000000000005),
            (claim.p, 0.03291832068095333),
            (claim.low, -0.055061483961019314),
            (claim.high, -0.0029385160389806923),
            (claim.detectable, 0.03623885620504976),
        ] {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert_eq!(claim.said, Said::Better);
        let other = claims(&[planned(&folds(200), &b, &a)], &alone).unwrap()[0].unwrap();
        assert_eq!(other.said, Said::Worse);
    }

    #[test]
    fn few_groups_leave_fewer_degrees_of_freedom() {
        let alone: Vec<usize> = (0..20).collect();
        let claim =
            claims(&[planned(&folds(20), &DIFFERENCES, &[0.0; 10])], &alone).unwrap()[0].unwrap();
        for (found, expected) in [
            (claim.p, 0.06555049589914258),
            (claim.low, -0.0609864069427689),
            (claim.high, 0.0029864069427688877),
            (claim.detectable, 0.04282691512707561),
        ] {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert_eq!(claim.said, Said::NoDifferenceSeen);
    }

    #[test]
    fn two_planned_comparisons_ask_for_more() {
        let alone: Vec<usize> = (0..200).collect();
        let (a, b) = (DIFFERENCES, [0.0; 10]);
        let both = claims(&[planned(&folds(200), &a, &b); 2], &alone).unwrap();
        assert_eq!(both[0].unwrap().said, Said::NoDifferenceSeen);
        assert!((both[1].unwrap().p - 2.0 * 0.03291832068095333).abs() < 1e-12);
    }

    #[test]
    fn one_with_more_weight_is_asked_for_less() {
        let alone: Vec<usize> = (0..200).collect();
        let (a, b) = (DIFFERENCES, [0.0; 10]);
        let folds = folds(200);
        let light = planned(&folds, &a, &b);
        let heavy = Planned {
            weight: 9.0,
            ..light
        };
        let both = claims(&[heavy, light], &alone).unwrap();
        let [heavy, light] = [both[0].unwrap(), both[1].unwrap()];
        // 10/9 of its p is still under 5 %; the light one comes second and is left alone.
        assert!((heavy.p - 0.03291832068095333 * 10.0 / 9.0).abs() < 1e-12);
        assert_eq!((heavy.said, light.said), (Said::Better, Said::Better));
        assert!(heavy.detectable < light.detectable);
    }

    #[test]
    fn folds_that_judge_nothing_do_not_count() {
        let alone: Vec<usize> = (0..200).collect();
        let all = folds(200);
        let fewer = all.without(&all.test_rows(0, 0));
        // Its photos are one fold of the second repeat, too.
        assert_eq!(fewer.splits().count(), 8);
        let (a, b) = (&DIFFERENCES[..8], [0.0; 8]);
        let claim = claims(&[planned(&fewer, a, &b)], &alone).unwrap()[0].unwrap();
        // scipy.stats.t 1.17.1 on these eight differences: four folds a repeat, 7 degrees of freedom because 200 groups are learnt
        // from, ρ = 40/160.
        for (found, expected) in [
            (claim.difference, -0.02725),
            (claim.p, 0.08039441640795007),
            (claim.low, -0.05879485731385031),
        ] {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }

    #[test]
    fn a_candidate_and_itself_can_not_be_compared() {
        let alone: Vec<usize> = (0..20).collect();
        assert_eq!(
            claims(&[planned(&folds(20), &DIFFERENCES, &DIFFERENCES)], &alone).unwrap(),
            [None]
        );
        assert!(
            claims(
                &[planned(&folds(20), &DIFFERENCES[..9], &DIFFERENCES)],
                &alone
            )
            .is_err()
        );
    }

    #[test]
    fn groups_are_counted_and_not_images() {
        // Four groups of five images: each fold of four holds images of all groups only if groups were split; here they
        // are whole, so that one group judges and three are learnt from.
        let groups: Vec<usize> = (0..20).map(|i| i % 4).collect();
        let folds = Folds {
            k: 4,
            repeats: vec![groups.iter().map(|g| Some(*g as u32)).collect()],
        };
        assert!((test_to_train(&folds, &groups) - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn losses_of_folds_are_means_of_their_images() {
        let labels: Vec<usize> = (0..20).map(|i| i % 2).collect();
        let p: Vec<f64> = (0..20)
            .flat_map(|i| if i < 10 { [0.5, 0.5] } else { [0.25, 0.75] })
            .collect();
        let losses = fold_losses(&[p.clone(), p], &labels, 2, &folds(20));
        // The first fold holds images 0, 5, 10, 15: twice ln 2, then ln 4 and ln 4/3.
        let expected = (2.0 * 2f64.ln() + 4f64.ln() + (4.0f64 / 3.0).ln()) / 4.0;
        assert!((losses[0] - expected).abs() < 1e-12);
        assert_eq!(losses.len(), 10);
    }
}
