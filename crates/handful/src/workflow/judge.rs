//! What may be said: the choice among candidates, the headline with its interval, the held-back test.

use std::collections::BTreeSet;

use handful_learn::bundle::Record;
use handful_learn::features::{Over, Views};
use handful_stats::{
    Claim, Column, Conformal, Folds, Interval, McNemar, Planned, ReliabilityBin, Said, Seed,
    accuracy_interval, argmax, balanced_accuracy_interval, bbc_accuracy, brier, claims,
    cross_conformal, difference_of_shares, ece_equal_mass, effective_groups, fold_losses, log_loss,
    log_loss_interval, macro_f1_interval, mcnemar, one_standard_error, paired_difference,
    prediction_set, rechoose, reliability, wilson,
};
use serde::{Deserialize, Serialize};

use super::compare::{CONTROL_MAJORITY, Price};
use super::labelled::{Labelled, count};
use super::plan::{CandidatePlan, Lead};
use super::task::{OutOfFold, Task};
use super::tuning::Trial;
use crate::exit::Failure;

/// Level of all intervals.
pub const LEVEL: f64 = 0.95;
/// How many times as wide as a test's interval that of the headline is. Which photos one has moves what is learnt from them as
/// well as what is counted on them, and neither Wilson's interval nor the correction for the choice knows the former. On parts
/// of the development sets Wilson's held 88 % of the truths, this holds 94 % (BENCHMARKS.md, "Parts of real sets").
const WIDENING: f64 = 1.25;
/// Draws of the bias correction (small-data.md A1).
const CORRECTION_DRAWS: usize = 1_000;
/// Head of the candidate that the others are compared with: exact, fast, and good on any number of photos.
pub const BASELINE_HEAD: &str = "ridge";
/// Share of new groups for which the set of classes may miss the true one (small-data.md A6).
pub const ALPHA: f64 = 0.1;
/// Draws of the intervals that have no closed form.
const BOOTSTRAP_DRAWS: usize = 2_000;

/// A candidate with its predictions.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Its name, as in every output.
    pub name: String,
    /// `frozen`, `views`, `fine-tune`, `ensemble`, `scratch` or `control`.
    pub strategy: &'static str,
    /// What it is; controls are not in the plan.
    pub plan: Option<CandidatePlan>,
    /// Predictions for photos that its training did not see.
    pub out: OutOfFold,
    /// Mean losses and hits of each photo.
    pub column: Column,
    /// How the training went, where the network was trained.
    pub trial: Option<Trial>,
}

impl Judged {
    /// What was predicted, scored.
    pub fn of(name: String, plan: Option<CandidatePlan>, out: OutOfFold, task: &Task) -> Judged {
        Judged {
            name,
            strategy: plan.as_ref().map_or("control", CandidatePlan::strategy),
            column: task.column(&out),
            plan,
            out,
            trial: None,
        }
    }

    /// A candidate that gives the true one of two classes this probability, photo by photo, after a second of fitting.
    #[cfg(test)]
    pub fn giving(
        right: impl Fn(usize) -> f64,
        plan: CandidatePlan,
        network: &str,
        task: &Task,
    ) -> Judged {
        let p = |(i, label): (usize, &usize)| match label {
            0 => [right(i), 1.0 - right(i)],
            _ => [1.0 - right(i), right(i)],
        };
        let table: Vec<f64> = task.photos.labels.iter().enumerate().flat_map(p).collect();
        let out = OutOfFold {
            repeats: vec![table; task.folds.n_repeats()],
            fit_s: 1.0,
        };
        Judged::of(plan.name(network), Some(plan), out, task)
    }

    /// Whether it is this candidate, or an ensemble that it was trained for.
    pub fn has_network_of(&self, plan: &CandidatePlan) -> bool {
        let own = self.plan.as_ref().map(CandidatePlan::alone);
        own.is_some_and(|own| own.is_same(&plan.alone()))
    }
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
    /// Mean recall of the chosen one, corrected for the choice.
    pub balanced_accuracy: Interval,
    /// Mean of the classes' F1.
    pub macro_f1: Interval,
    /// How often the whole choice, made again on resampled groups, comes to the same candidate, 0..=1.
    pub chosen_again: f64,
    /// Each candidate's own out-of-fold accuracy.
    pub accuracies: Vec<Interval>,
    /// Out-of-fold log-loss of the chosen one, in nats.
    pub log_loss: Interval,
    /// What its probabilities are worth.
    pub probabilities: Probabilities,
    /// Effective number of independent groups.
    pub n_effective: f64,
    /// What may be said of the planned comparisons.
    pub claims: Vec<PlannedClaim>,
}

/// What the out-of-fold probabilities of a candidate are worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probabilities {
    /// Expected calibration error, mean of the repeats.
    pub ece: f64,
    /// Brier score, 0..=2, mean of the repeats.
    pub brier: f64,
    /// How often the top class is right, from the least to the most confident photos; the first repeat.
    pub reliability: Vec<ReliabilityBin>,
    /// Sets of classes that hold the true one.
    pub sets: Conformal,
}

/// One of `claims` in `metrics.json`: a comparison that was planned before the run, in log-loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedClaim {
    /// What is compared.
    pub candidate: String,
    /// With what: the first ridge of the plan, or for what stands for all over some views, the ridge that differs in nothing else.
    pub baseline: String,
    /// What was found.
    #[serde(flatten)]
    pub claim: Claim,
}

/// Chooses among the candidates that are not controls, given cheapest first with their `prices`, and states the headline.
///
/// # Errors
/// When the statistics can't be computed.
pub fn judge(candidates: &[Judged], prices: &[Price], task: &Task) -> Result<Judgement, Failure> {
    let Task { photos, seed, .. } = task;
    let Labelled { labels, groups, .. } = photos;
    let claims = planned_claims(candidates, task)?;
    // Views that cost in every prediction have to be better, not only to look so: what stands for all over these views.
    let is_shown = |views: Views| {
        claims.iter().any(|claimed| {
            let of = candidates.iter().find(|c| c.name == claimed.candidate);
            let plan = of.and_then(|c| c.plan.as_ref());
            let stands_for = plan.is_some_and(|plan| plan.stands_for_views() == Some(views));
            stands_for && claimed.claim.said == Said::Better
        })
    };
    let may_be_chosen = |i: &usize| match &candidates[*i].plan {
        None => false,
        Some(plan) => prices[*i].views == 0 || is_shown(plan.views),
    };
    let mut choosable: Vec<usize> = (0..candidates.len()).filter(may_be_chosen).collect();
    if choosable.is_empty() {
        // A plan of such candidates alone leaves no other choice.
        choosable = (0..candidates.len())
            .filter(|&i| candidates[i].plan.is_some())
            .collect();
    }
    let columns: Vec<Column> = choosable
        .iter()
        .map(|&i| candidates[i].column.clone())
        .collect();
    let steps: BTreeSet<Price> = choosable.iter().map(|&i| prices[i]).collect();
    let rank = |&i: &usize| steps.range(..prices[i]).count();
    let prices: Vec<usize> = choosable.iter().map(rank).collect();
    let choice = one_standard_error(&columns, &prices, groups)?;
    let mut differences = vec![None; candidates.len()];
    for (&i, d) in choosable.iter().zip(&choice.differences) {
        differences[i] = (i != choosable[choice.best]).then_some((d.mean, d.se));
    }
    // Those that may not be chosen stand beside the best that may.
    for (i, candidate) in candidates.iter().enumerate() {
        if candidate.plan.is_some() && !choosable.contains(&i) {
            let d = paired_difference(&candidate.column, &columns[choice.best], groups)?;
            differences[i] = Some((d.mean, d.se));
        }
    }
    let chosen = choosable[choice.chosen];
    let column = &candidates[chosen].column;
    let again = rechoose(
        &columns,
        &prices,
        groups,
        CORRECTION_DRAWS,
        seed.derive("bias correction", 0),
    )?;
    let scored_groups: Vec<usize> = column.scored.iter().map(|&i| groups[i]).collect();
    let n_effective = effective_groups(&scored_groups);
    Ok(Judgement {
        chosen,
        differences,
        accuracy: wilson(again.accuracy, n_effective, LEVEL)?.widened(WIDENING),
        chosen_again: again.chosen_again[choice.chosen],
        balanced_accuracy: balanced_accuracy((&columns, &prices), &candidates[chosen].out, task)?,
        macro_f1: macro_f1(&candidates[chosen].out, task)?,
        accuracies: candidates
            .iter()
            .map(|c| accuracy_interval(&c.column, groups, LEVEL))
            .collect::<Result<_, _>>()?,
        log_loss: log_loss_interval(
            column,
            labels,
            groups,
            BOOTSTRAP_DRAWS,
            LEVEL,
            seed.derive("log-loss", 0),
        )?,
        probabilities: probabilities(&candidates[chosen].out, task)?,
        n_effective,
        claims,
    })
}

/// Mean recall of what the rule of choosing returns. The centre is corrected for the choice like the accuracy, of which it
/// differs by what an image weighs; the width is that of one repeat, because the model that is returned is one and not the
/// mean of many.
fn balanced_accuracy(
    (columns, prices): (&[Column], &[usize]),
    chosen: &OutOfFold,
    task: &Task,
) -> Result<Interval, Failure> {
    let Task {
        photos,
        folds,
        seed,
    } = task;
    let scored = task.scored();
    let counts = scored.class_counts();
    let n_scored = counts.iter().filter(|n| **n > 0).count() as f64;
    let weight = |label: &usize| scored.len() as f64 / (n_scored * counts[*label] as f64);
    let weighed: Vec<Column> = columns
        .iter()
        .map(|column| {
            let hits = column.hits.iter().zip(&scored.labels);
            Column {
                hits: hits.map(|(hit, label)| hit * weight(label)).collect(),
                ..column.clone()
            }
        })
        .collect();
    let correction = seed.derive("bias correction", 0);
    let centre = bbc_accuracy(
        &weighed,
        prices,
        &photos.groups,
        CORRECTION_DRAWS,
        correction,
    )?;
    let first = Folds {
        k: folds.k,
        repeats: folds.repeats[..1].to_vec(),
    };
    let (labels, n_classes) = (&photos.labels, photos.n_classes);
    let of_first = Column::of_repeats(&chosen.repeats[..1], labels, n_classes, &first);
    let spread = balanced_accuracy_interval(
        &of_first,
        labels,
        &photos.groups,
        n_classes,
        BOOTSTRAP_DRAWS,
        LEVEL,
        seed.derive("balanced accuracy", 0),
    )?;
    let moved = |bound: f64| (bound + centre - spread.value).clamp(0.0, 1.0);
    Ok(Interval {
        value: centre.clamp(0.0, 1.0),
        low: moved(spread.low),
        high: moved(spread.high),
    })
}

/// Mean F1 of the classes over the photos that are scored.
fn macro_f1(out: &OutOfFold, task: &Task) -> Result<Interval, Failure> {
    let scored = task.scored();
    let predicted: Vec<Vec<usize>> = (task.scored_tables(out).iter())
        .map(|p| p.chunks_exact(scored.n_classes).map(argmax).collect())
        .collect();
    let predicted: Vec<&[usize]> = predicted.iter().map(Vec::as_slice).collect();
    Ok(macro_f1_interval(
        &predicted,
        &scored.labels,
        &scored.groups,
        scored.n_classes,
        BOOTSTRAP_DRAWS,
        LEVEL,
        task.seed.derive("macro-F1", 0),
    )?)
}

/// What the probabilities are worth, by the photos that are scored.
fn probabilities(out: &OutOfFold, task: &Task) -> Result<Probabilities, Failure> {
    let Labelled {
        labels,
        groups,
        n_classes,
        ..
    } = task.scored();
    let tables = task.scored_tables(out);
    let mean = |metric: fn(&[f64], &[usize], usize) -> f64| {
        let of = |p: &Vec<f64>| metric(p, &labels, n_classes);
        tables.iter().map(of).sum::<f64>() / tables.len() as f64
    };
    let all = &task.photos;
    Ok(Probabilities {
        ece: mean(ece_equal_mass),
        brier: mean(brier),
        reliability: reliability(&tables[0], &labels, &groups, n_classes, LEVEL)?,
        sets: cross_conformal(
            &out.repeats,
            &all.labels,
            n_classes,
            &task.folds,
            &all.groups,
            ALPHA,
        )?,
    })
}

/// The chosen candidate, or where its network was trained, the best one with frozen features; none where a plan has none.
pub fn with_frozen_features(candidates: &[Judged], chosen: usize) -> Option<&Judged> {
    let is_frozen = |c: &Judged| c.plan.as_ref().is_some_and(|plan| plan.tune.is_none());
    if is_frozen(&candidates[chosen]) {
        return Some(&candidates[chosen]);
    }
    let frozen = candidates.iter().filter(|c| is_frozen(c));
    frozen.min_by(|a, b| a.column.mean_loss().total_cmp(&b.column.mean_loss()))
}

/// The candidate that others are compared with, among `candidates` with the cheapest first: the first ridge of the plan.
pub fn baseline(candidates: &[Judged]) -> Option<usize> {
    candidates.iter().position(|c| {
        let plan = c.plan.as_ref();
        let is_plain = |plan: &CandidatePlan| plan.tune.is_none() && plan.views.is_as_is();
        plan.is_some_and(|plan| plan.head == BASELINE_HEAD && is_plain(plan))
    })
}

/// Every other candidate but ensembles, and the control that sees no network's features, against the first ridge of the plan, and what stands for all
/// over some views against the ridge that differs in nothing else; none without such a baseline. Always guessing is no comparison that
/// anybody would plan. Half of the error goes to the candidates
/// that stand for a strategy, which is what a person asks about, the other half to all others.
fn planned_claims(candidates: &[Judged], task: &Task) -> Result<Vec<PlannedClaim>, Failure> {
    let Some(baseline) = baseline(candidates).map(|idx| &candidates[idx]) else {
        return Ok(Vec::new());
    };
    // What stands in an ensemble is named by the very photos that would judge it.
    let is_planned = |c: &&Judged| c.plan.as_ref().is_none_or(|plan| plan.beside.is_none());
    let others: Vec<&Judged> = candidates
        .iter()
        .filter(|c| c.name != baseline.name && c.name != CONTROL_MAJORITY)
        .filter(is_planned)
        .collect();
    let Labelled {
        labels,
        groups,
        n_classes,
        ..
    } = &task.photos;
    let losses = |c: &Judged, folds| fold_losses(&c.out.repeats, labels, *n_classes, folds);
    let lead = |c: &Judged| c.plan.as_ref().and_then(|plan| plan.lead);
    // Photos that named a lead don't judge what is claimed of it.
    let named_by = task.folds.test_rows(0, 0);
    let others_judge = task.folds.without(&named_by);
    let folds = |c: &Judged| match lead(c) {
        Some(Lead::FirstFold) => &others_judge,
        Some(Lead::Only) | None => &task.folds,
    };
    // What stands for views must not be better by its size or its stages.
    let of_the_photo = |c: &Judged| -> Option<&Judged> {
        let plan = c.plan.as_ref()?;
        plan.stands_for_views()?;
        let twin = CandidatePlan {
            views: Views::AsIs,
            over: Over::Mean,
            lead: None,
            ..plan.clone()
        };
        candidates.iter().find(|c| c.plan.as_ref() == Some(&twin))
    };
    let baseline = |c: &Judged| of_the_photo(c).unwrap_or(baseline);
    let of_both = |c: &&Judged| (losses(c, folds(c)), losses(baseline(c), folds(c)));
    let of_both: Vec<(Vec<f64>, Vec<f64>)> = others.iter().map(of_both).collect();
    let n_leads = others.iter().filter(|c| lead(c).is_some()).count();
    let of_a_lead = (others.len() - n_leads).max(1) as f64 / n_leads.max(1) as f64;
    let planned: Vec<Planned> = (others.iter().zip(&of_both))
        .map(|(other, (losses, of_baseline))| Planned {
            folds: folds(other),
            a: losses,
            b: of_baseline,
            weight: lead(other).map_or(1.0, |_| of_a_lead),
        })
        .collect();
    let tested = claims(&planned, groups)?;
    let told = others.iter().zip(tested).filter_map(|(other, claim)| {
        Some(PlannedClaim {
            candidate: other.name.clone(),
            baseline: baseline(other).name.clone(),
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
    /// Brier score, 0..=2.
    pub brier: f64,
    /// Photos.
    pub images: usize,
    /// Independent groups among them.
    pub groups: usize,
    /// Test accuracy minus the out-of-fold accuracy that was claimed.
    pub difference: Interval,
    /// What the sets of classes of `metrics.json` came to here; null for models without them.
    pub sets: Option<SetsOnTest>,
    /// The model against the baseline of the claims, which is fitted on the same photos; null where the model is the
    /// baseline, and for `eval`.
    pub against_baseline: Option<AgainstBaseline>,
    /// How often these photos have been looked at with this model, this time included; null where nobody counts.
    pub openings: Option<usize>,
}

/// Sets of classes on held-back photos.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetsOnTest {
    /// Share that the sets were made for.
    pub promised: f64,
    /// Share of photos whose set holds the true class.
    pub coverage: Interval,
    /// Mean number of classes in a set.
    pub mean_size: f64,
}

/// McNemar's exact test on the held-back photos, the first of each group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgainstBaseline {
    /// Name of the baseline.
    pub baseline: String,
    /// Photos that only the model gets right, only the baseline gets right, and p.
    #[serde(flatten)]
    pub test: McNemar,
}

impl AgainstBaseline {
    /// By whether the model and the baseline are right on each photo.
    pub fn of(baseline: String, model: &[bool], other: &[bool], groups: &[usize]) -> Self {
        let mut seen = BTreeSet::new();
        let first = |i: &usize| seen.insert(groups[*i]);
        let rows: Vec<usize> = (0..groups.len()).filter(first).collect();
        let of = |hits: &[bool]| -> Vec<bool> { rows.iter().map(|&i| hits[i]).collect() };
        AgainstBaseline {
            baseline,
            test: mcnemar(&of(model), &of(other)),
        }
    }
}

/// Judges probabilities `[n, classes]` of photos that nothing was fitted on, beside what was claimed for the model in its
/// `record`.
///
/// # Errors
/// When the statistics can't be computed.
pub fn test_result(
    probabilities: &[f64],
    labels: &[usize],
    groups: &[usize],
    record: &Record,
) -> Result<TestResult, Failure> {
    let n_classes = record.labels.len();
    let seed = Seed(record.seed);
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
        brier: brier(probabilities, labels, n_classes),
        images: labels.len(),
        groups: count(groups),
        difference: difference_of_shares(accuracy, record.accuracy),
        sets: (record.sets.as_ref())
            .filter(|sets| sets.threshold.is_some())
            .map(|sets| sets_on_test(probabilities, labels, n_classes, n, sets))
            .transpose()?,
        against_baseline: None,
        openings: None,
    })
}

fn sets_on_test(
    probabilities: &[f64],
    labels: &[usize],
    n_classes: usize,
    n_effective: f64,
    sets: &Conformal,
) -> Result<SetsOnTest, Failure> {
    let n = labels.len() as f64;
    let (mut covered, mut size) = (0.0, 0.0);
    for (p, label) in probabilities.chunks_exact(n_classes).zip(labels) {
        let set = prediction_set(p, sets.threshold);
        covered += f64::from(u8::from(set.contains(label)));
        size += set.len() as f64;
    }
    Ok(SetsOnTest {
        promised: 1.0 - sets.alpha,
        coverage: wilson(covered / n, n_effective, LEVEL)?,
        mean_size: size / n,
    })
}

#[cfg(test)]
mod tests {
    use handful_learn::head::{Head, Lda, Ridge};

    use super::*;

    const N: usize = 120;

    /// Two classes, each photo alone.
    fn task() -> Task {
        Task::new(Labelled::of_two_classes(N), 5, 2, Seed(1), Seed(1)).unwrap()
    }

    /// A candidate that gives the true class about this probability, a little more or less from photo to photo.
    fn candidate(task: &Task, plan: CandidatePlan, right: f64) -> Judged {
        let about = |i: usize| right + 0.02 * ((i * 7 % 5) as f64 - 2.0);
        Judged::giving(about, plan, "net", task)
    }

    fn over(views: Views, over: Over, head: &dyn Head, lead: Option<Lead>) -> CandidatePlan {
        CandidatePlan {
            views,
            over,
            lead,
            ..CandidatePlan::frozen(224, &["head".into()], head)
        }
    }

    const DEAR: Price = Price {
        prediction: 2,
        looks_again: true,
        training: 0,
        keeps_images: false,
        views: 2,
    };

    #[test]
    fn views_that_cost_are_chosen_where_the_ridge_on_them_is_claimed_to_be_better() {
        let task = task();
        let chosen = |lead: f64, others: [f64; 2], price: Price| -> String {
            let plain = over(Views::AsIs, Over::Mean, &Ridge, None);
            let stands = over(Views::Windows, Over::Set, &Ridge, Some(Lead::Only));
            let judged = [
                candidate(&task, plain, 0.7),
                candidate(
                    &task,
                    over(Views::Windows, Over::Training, &Lda, None),
                    others[0],
                ),
                candidate(&task, stands, lead),
                candidate(
                    &task,
                    over(Views::Windows, Over::Set, &Lda, None),
                    others[1],
                ),
            ];
            let free = Price::default();
            let judgement = judge(&judged, &[free, free, price, price], &task).unwrap();
            judged[judgement.chosen].name.clone()
        };
        // The ridge shows nothing: another head on the same views may look as good as it likes.
        assert_eq!(chosen(0.7, [0.6, 0.95], DEAR), "net/224/head/ridge");
        // It shows something: they may all be chosen, and the best is.
        assert_eq!(
            chosen(0.8, [0.6, 0.95], DEAR),
            "net/224/head+windows-set/lda"
        );
        // What nobody feels needs no claim, nor do views that a prediction does not look at.
        assert_eq!(
            chosen(0.7, [0.6, 0.95], Price::default()),
            "net/224/head+windows-set/lda"
        );
        assert_eq!(
            chosen(0.7, [0.9, 0.95], DEAR),
            "net/224/head+windows-training/lda"
        );
    }

    #[test]
    fn what_stands_for_views_is_compared_with_the_ridge_that_differs_in_nothing_else() {
        let task = task();
        let small = CandidatePlan::frozen(128, &["head".into()], &Ridge);
        let large = over(Views::AsIs, Over::Mean, &Ridge, None);
        let stands = over(Views::Windows, Over::Set, &Ridge, Some(Lead::Only));
        // All of the gain is the size's.
        let judged = [
            candidate(&task, small, 0.7),
            candidate(&task, large, 0.8),
            candidate(&task, stands, 0.79),
        ];
        let free = Price::default();
        let judgement = judge(&judged, &[free, free, DEAR], &task).unwrap();
        assert_eq!(judged[judgement.chosen].name, "net/224/head/ridge");
        let of_views = |claim: &&PlannedClaim| claim.candidate.contains("windows");
        let told = judgement.claims.iter().find(of_views);
        assert_eq!(told.unwrap().baseline, "net/224/head/ridge");
    }
}
