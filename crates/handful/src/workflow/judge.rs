//! What may be said: the choice among candidates, the headline with its interval, the held-back test.

use handful_stats::{
    Claim, Column, Interval, Seed, accuracy_interval, balanced_accuracy_interval, bbc_accuracy,
    claims, difference_of_shares, ece_equal_mass, effective_groups, fold_losses, log_loss,
    one_standard_error, wilson,
};
use serde::{Deserialize, Serialize};

use super::compare::CONTROL_MAJORITY;
use super::labelled::{Labelled, count};
use super::plan::CandidatePlan;
use super::task::{OutOfFold, Task};
use crate::exit::Failure;

/// Level of all intervals.
pub const LEVEL: f64 = 0.95;
/// Draws of the bias correction (small-data.md A1).
const CORRECTION_DRAWS: usize = 1_000;
/// Head of the candidate that the others are compared with: exact, fast, and good on any number of photos.
const BASELINE_HEAD: &str = "ridge";
/// Draws of the intervals that have no closed form.
const BOOTSTRAP_DRAWS: usize = 2_000;

/// A candidate with its predictions.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Its name, as in every output.
    pub name: String,
    /// `frozen` or `control`.
    pub strategy: &'static str,
    /// What it is; controls are not in the plan.
    pub plan: Option<CandidatePlan>,
    /// Predictions for photos that its training did not see.
    pub out: OutOfFold,
    /// Mean losses and hits of each photo.
    pub column: Column,
}

/// What the numbers allow us to say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Index of the chosen candidate among all.
    pub chosen: usize,
    /// Paired difference in log-loss to the best candidate: mean and standard error; none for the best and controls.
    pub differences: Vec<Option<(f64, f64)>>,
    /// Accuracy of the chosen one, corrected for the choice.
    pub accuracy: Interval,
    /// Mean recall.
    pub balanced_accuracy: Interval,
    /// Each candidate's own out-of-fold accuracy.
    pub accuracies: Vec<Interval>,
    /// Out-of-fold log-loss of the chosen one.
    pub log_loss: f64,
    /// Expected calibration error of the chosen one.
    pub ece: f64,
    /// Effective number of independent groups.
    pub n_effective: f64,
    /// What may be said of the planned comparisons.
    pub claims: Vec<PlannedClaim>,
}

/// One of `claims` in `metrics.json`: a comparison that was planned before the run, in log-loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedClaim {
    /// What is compared.
    pub candidate: String,
    /// With what: the first ridge of the plan.
    pub baseline: String,
    /// What was found.
    #[serde(flatten)]
    pub claim: Claim,
}

/// Chooses among the candidates that are not controls, given cheapest first, and states the headline.
///
/// # Errors
/// When the statistics can't be computed.
pub fn judge(candidates: &[Judged], task: &Task) -> Result<Judgement, Failure> {
    let Task {
        photos,
        folds,
        seed,
    } = task;
    let Labelled {
        labels,
        groups,
        n_classes,
        ..
    } = photos;
    let n_classes = *n_classes;
    let choosable: Vec<usize> = (0..candidates.len())
        .filter(|&i| candidates[i].plan.is_some())
        .collect();
    let columns: Vec<Column> = choosable
        .iter()
        .map(|&i| candidates[i].column.clone())
        .collect();
    let choice = one_standard_error(&columns, groups)?;
    let mut differences = vec![None; candidates.len()];
    for (&i, d) in choosable.iter().zip(&choice.differences) {
        differences[i] = (i != choosable[choice.best]).then_some((d.mean, d.se));
    }
    let chosen = choosable[choice.chosen];
    let column = &candidates[chosen].column;
    let centre = bbc_accuracy(
        &columns,
        groups,
        CORRECTION_DRAWS,
        seed.derive("bias correction", 0),
    )?;
    let scored_groups: Vec<usize> = column.scored.iter().map(|&i| groups[i]).collect();
    let n_effective = effective_groups(&scored_groups);
    let per_repeat: Vec<f64> = candidates[chosen]
        .out
        .repeats
        .iter()
        .enumerate()
        .map(|(repeat, p)| {
            let rows = folds.scored_rows(repeat);
            let p: Vec<f64> = rows
                .iter()
                .flat_map(|&r| p[r * n_classes..][..n_classes].iter().copied())
                .collect();
            let labels: Vec<usize> = rows.iter().map(|&r| labels[r]).collect();
            ece_equal_mass(&p, &labels, n_classes)
        })
        .collect();
    Ok(Judgement {
        chosen,
        differences,
        accuracy: wilson(centre, n_effective, LEVEL)?,
        balanced_accuracy: balanced_accuracy_interval(
            column,
            labels,
            groups,
            n_classes,
            BOOTSTRAP_DRAWS,
            LEVEL,
            seed.derive("balanced accuracy", 0),
        )?,
        accuracies: candidates
            .iter()
            .map(|c| accuracy_interval(&c.column, groups, LEVEL))
            .collect::<Result<_, _>>()?,
        log_loss: column.mean_loss(),
        ece: per_repeat.iter().sum::<f64>() / per_repeat.len() as f64,
        n_effective,
        claims: planned_claims(candidates, task)?,
    })
}

/// Every other candidate, and the control that sees no network's features, against the first ridge of the plan; none
/// without such a baseline. Always guessing is no comparison that anybody would plan.
fn planned_claims(candidates: &[Judged], task: &Task) -> Result<Vec<PlannedClaim>, Failure> {
    let is_ridge = |c: &&Judged| {
        c.plan
            .as_ref()
            .is_some_and(|plan| plan.head == BASELINE_HEAD)
    };
    let Some(baseline) = candidates.iter().find(is_ridge) else {
        return Ok(Vec::new());
    };
    let others: Vec<&Judged> = candidates
        .iter()
        .filter(|c| c.name != baseline.name && c.name != CONTROL_MAJORITY)
        .collect();
    let Labelled {
        labels,
        groups,
        n_classes,
        ..
    } = &task.photos;
    let losses = |c: &Judged| fold_losses(&c.out.repeats, labels, *n_classes, &task.folds);
    let of_baseline = losses(baseline);
    let of_others: Vec<Vec<f64>> = others.iter().map(|c| losses(c)).collect();
    let planned: Vec<(&[f64], &[f64])> = of_others
        .iter()
        .map(|losses| (&losses[..], &of_baseline[..]))
        .collect();
    let tested = claims(&planned, &task.folds, groups)?;
    let told = others.iter().zip(tested).filter_map(|(other, claim)| {
        Some(PlannedClaim {
            candidate: other.name.clone(),
            baseline: baseline.name.clone(),
            claim: claim?,
        })
    });
    Ok(told.collect())
}

/// The result on held-back photos: `test` in `metrics.json`, and what `eval --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// Share predicted right.
    pub accuracy: Interval,
    /// Mean recall over the classes that are there.
    pub balanced_accuracy: Interval,
    /// Mean log-loss in nats.
    pub log_loss: f64,
    /// Expected calibration error.
    pub ece: f64,
    /// Photos.
    pub images: usize,
    /// Independent groups among them.
    pub groups: usize,
    /// Test accuracy minus the out-of-fold accuracy that was claimed.
    pub difference: Interval,
}

/// Judges probabilities `[n, classes]` of photos that nothing was fitted on, beside what was `claimed`: the
/// out-of-fold accuracy and its effective number of groups.
///
/// # Errors
/// When the statistics can't be computed.
pub fn test_result(
    probabilities: &[f64],
    labels: &[usize],
    groups: &[usize],
    n_classes: usize,
    claimed: (Interval, f64),
    seed: Seed,
) -> Result<TestResult, Failure> {
    let column = Column::of_probabilities(probabilities, labels, n_classes);
    let accuracy = accuracy_interval(&column, groups, LEVEL)?;
    let n = effective_groups(groups);
    Ok(TestResult {
        accuracy,
        balanced_accuracy: balanced_accuracy_interval(
            &column,
            labels,
            groups,
            n_classes,
            BOOTSTRAP_DRAWS,
            LEVEL,
            seed.derive("test", 0),
        )?,
        log_loss: log_loss(probabilities, labels, n_classes),
        ece: ece_equal_mass(probabilities, labels, n_classes),
        images: labels.len(),
        groups: count(groups),
        difference: difference_of_shares((accuracy.value, n), (claimed.0.value, claimed.1), LEVEL)?,
    })
}
