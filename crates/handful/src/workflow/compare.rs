//! How good is each candidate, out of fold? All of them and the controls on the same folds, cheapest first.

use std::collections::BTreeSet;
use std::time::Instant;

use handful_learn::Backbone;
use handful_learn::features::Over;
use handful_learn::head::{self, FeatureSet, HEADS, Head};

use super::judge::Judged;
use super::kept::Kept;
use super::looks::{Look, Looks};
use super::plan::CandidatePlan;
use super::screen::Comparison;
use super::task::{OutOfFold, Task};
use super::tuning::{self, Trial, Workbench};
use super::watch::Watch;
use crate::events::{Event, Events};
use crate::exit::{self, Failure};

/// Name of the control that knows only the class shares.
pub const CONTROL_MAJORITY: &str = "control/majority";
/// Name of the control that knows edges and colours.
pub const CONTROL_HOG: &str = "control/hog+colour/ridge";

/// Judges the candidates of a comparison, features by features, as far as the time limit allows; returns them
/// cheapest first. `kept` are those that an interrupted run has finished.
///
/// # Errors
/// When interrupted, or when the disk refuses.
pub fn candidates(
    task: &Task,
    looks: &Looks,
    comparison: &Comparison,
    kept: &Kept,
    watch: &Watch,
    events: &Events,
) -> Result<Vec<Judged>, Failure> {
    let n_splits = task.folds.splits().count() as u64;
    let n_candidates = comparison.candidates.len() as u64;
    let progress = events.progress("comparing candidates", n_splits * n_candidates);
    let mut judged: Vec<Judged> = Vec::new();
    // Seconds for each row of a photo.
    let mut longest_s = 0.0f64;
    for of_rows in by_rows(&comparison.candidates) {
        let first = of_rows[0];
        let rows = match first.over {
            Over::Mean => 1.0,
            Over::Set | Over::Training => first.views.count() as f64,
        };
        if !judged.is_empty() && !watch.has_time_for(rows * longest_s) {
            events.remark("the time limit leaves out further candidates");
            break;
        }
        let started = Instant::now();
        let features = looks.of_candidate(first, comparison.geometry, &task.photos.rows)?;
        let asked: Vec<(Over, FeatureSet)> = (of_rows.iter().map(|plan| plan.over))
            .collect::<BTreeSet<Over>>()
            .into_iter()
            .map(|over| (over, features.over(over)))
            .collect();
        let mut done: Vec<(&CandidatePlan, OutOfFold)> = Vec::new();
        let mut missing: Vec<(&CandidatePlan, (&FeatureSet, &dyn Head), String)> = Vec::new();
        for (over, features) in &asked {
            for plan in of_rows.iter().filter(|plan| plan.over == *over) {
                let head = head_of(plan)?;
                let fingerprint = task.fingerprint(features, head.name());
                match kept.find(&fingerprint, task) {
                    Some(out) => {
                        progress.advance(n_splits);
                        done.push((plan, out));
                    }
                    None => missing.push((plan, (features, head), fingerprint)),
                }
            }
        }
        let heads: Vec<(&FeatureSet, &dyn Head)> = missing.iter().map(|(_, of, _)| *of).collect();
        let outs = task.out_of_fold_of_all(&heads, &progress, events)?;
        for ((plan, _, fingerprint), out) in missing.iter().zip(outs) {
            kept.put(fingerprint, &out, task)?;
            done.push((plan, out));
        }
        for (plan, out) in done {
            let name = plan.name(&looks.backbone.card.name);
            // A plan that lists a candidate twice is judged once.
            if judged.iter().all(|judged| judged.name != name) {
                judged.push(told(name, Some(plan.clone()), out, task, events));
            }
        }
        longest_s = longest_s.max(started.elapsed().as_secs_f64() / rows);
    }
    sort(&mut judged, looks.backbone);
    Ok(judged)
}

/// What a classifier gets right that knows nothing, and one that knows only edges and colours.
///
/// # Errors
/// When interrupted.
pub fn controls(task: &Task, looks: &Looks, events: &Events) -> Result<Vec<Judged>, Failure> {
    let features = looks.features(Look::Control, &task.photos.rows, &[])?;
    let ridge = head::named("ridge").expect("ridge is registered");
    let n_splits = task.folds.splits().count() as u64;
    let progress = events.progress("comparing with the control", n_splits);
    let hog = task
        .out_of_fold(&features, &[ridge], &progress, events)?
        .remove(0);
    let majority = task.majority();
    Ok(vec![
        told(CONTROL_HOG.into(), None, hog, task, events),
        told(CONTROL_MAJORITY.into(), None, majority, task, events),
    ])
}

/// The head that a candidate asks for.
///
/// # Errors
/// When the plan is of another version, or was edited.
pub fn head_of(plan: &CandidatePlan) -> Result<&'static dyn Head, Failure> {
    head::named(&plan.head).ok_or_else(|| {
        Failure::new(
            exit::NOT_WHAT_IT_CLAIMS,
            format!("the plan has an unknown head `{}`", plan.head),
        )
    })
}

/// Candidates that learn from the same numbers side by side, in the order of their first one.
fn by_rows(candidates: &[CandidatePlan]) -> Vec<Vec<&CandidatePlan>> {
    let mut sets: Vec<Vec<&CandidatePlan>> = Vec::new();
    for plan in candidates {
        let alike = |set: &&mut Vec<&CandidatePlan>| set[0].has_rows_of(plan);
        match sets.iter_mut().find(alike) {
            Some(set) => set.push(plan),
            None => sets.push(vec![plan]),
        }
    }
    sets
}

/// Cheapest first, by [`cost`]; equally cheap ones in the order of their heads, then of their views.
pub fn sort(judged: &mut [Judged], backbone: &Backbone) {
    let of = |judged: &Judged| {
        let plan = judged.plan.as_ref();
        let plan = plan.expect("only planned candidates are sorted");
        let head = HEADS.iter().position(|h| h.name() == plan.head);
        let head = head.expect("checked by `head_of`");
        let Cost {
            prediction,
            training,
            keeps_images,
        } = cost(plan, backbone);
        // A plan lists candidates in this order, and is repeated in it.
        (
            prediction,
            training,
            keeps_images,
            head,
            plan.views,
            plan.over,
        )
    };
    judged.sort_by(|a, b| {
        let order = of(a).partial_cmp(&of(b));
        order.expect("costs are finite")
    });
}

/// What a candidate costs.
struct Cost {
    /// Millions of multiply-accumulates of the network in a prediction.
    prediction: f64,
    /// The same of training a network once; 0 for frozen features, because every head is fitted in seconds.
    training: f64,
    /// Whether the model keeps the features of all its images.
    keeps_images: bool,
}

fn cost(plan: &CandidatePlan, backbone: &Backbone) -> Cost {
    let training = plan.tune.as_ref().map(|recipe| {
        let prefix = match plan.scratch {
            Some(_) => 0.0,
            None => tuning::prefix_mega_macs(recipe, backbone, plan.size_px),
        };
        tuning::training_mega_macs(recipe, plan.own_mega_macs(backbone) - prefix)
    });
    let keeps_images =
        |plan: &CandidatePlan| head::named(&plan.head).is_some_and(Head::keeps_images);
    Cost {
        prediction: plan.mega_macs(backbone),
        training: training.unwrap_or(0.0),
        keeps_images: keeps_images(plan) || plan.beside.as_deref().is_some_and(keeps_images),
    }
}

/// What a prediction may cost more without costing more, in millions of multiply-accumulates: some 25 ms on one core.
const FELT_IN_PREDICTION: f64 = 1_000.0;
/// The same of training a network once: some minutes on two cores.
const FELT_IN_TRAINING: f64 = 10_000_000.0;

/// Price of a candidate in steps that a person feels, by which candidates are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price {
    /// Of a prediction.
    pub prediction: u64,
    /// Whether a prediction looks at several views, and takes as many times as long: where that is no step, it still has to be worth
    /// something. Not so the second half of an ensemble, which adds little to a prediction.
    pub looks_again: bool,
    /// Of training.
    pub training: u64,
    /// Whether the model keeps the features of all its images.
    pub keeps_images: bool,
    /// What of the price of a prediction is for views of a photo beyond itself.
    pub views: u64,
}

/// The prices of candidates; that of what has no plan is nothing.
pub fn prices(judged: &[Judged], backbone: &Backbone) -> Vec<Price> {
    let of = |judged: &Judged| judged.plan.as_ref().map(|plan| price(plan, backbone));
    judged.iter().map(|j| of(j).unwrap_or_default()).collect()
}

fn price(plan: &CandidatePlan, backbone: &Backbone) -> Price {
    let steps = |cost: f64, felt: f64| (cost / felt) as u64;
    let cost = cost(plan, backbone);
    let prediction = steps(cost.prediction, FELT_IN_PREDICTION);
    let as_is = cost.prediction / plan.views_asked().count() as f64;
    Price {
        prediction,
        looks_again: !plan.views_asked().is_as_is(),
        training: steps(cost.training, FELT_IN_TRAINING),
        keeps_images: cost.keeps_images,
        views: prediction - steps(as_is, FELT_IN_PREDICTION),
    }
}

/// Candidates whose network was trained, after telling how good they are.
pub fn trained(trials: Vec<Trial>, bench: &Workbench) -> Vec<Judged> {
    let judged = |trial: Trial| {
        let network = bench.network;
        let plan = CandidatePlan {
            scratch: (!bench.is_pretrained).then(|| network.card.name.clone()),
            lead: trial.lead,
            ..CandidatePlan::trained(bench.size_px(), network, &trial.recipe)
        };
        let name = plan.name(&network.card.name);
        let out = trial.out.clone();
        Judged {
            trial: Some(trial),
            ..told(name, Some(plan), out, bench.task, bench.events)
        }
    };
    trials.into_iter().map(judged).collect()
}

/// A judged candidate, after telling how good it is.
pub(super) fn told(
    name: String,
    plan: Option<CandidatePlan>,
    out: OutOfFold,
    task: &Task,
    events: &Events,
) -> Judged {
    let judged = Judged::of(name, plan, out, task);
    events.emit(&Event::Candidate {
        name: judged.name.clone(),
        log_loss: judged.column.mean_loss(),
        accuracy: judged.column.mean_hit(),
    });
    judged
}

#[cfg(test)]
mod tests {
    use handful_learn::backbone::EMBEDDED;
    use handful_learn::features::{Over, Views};
    use handful_learn::head::{Centroid, Knn, Ridge};
    use handful_learn::train::{Recipe, Trains};

    use super::*;

    #[test]
    fn what_nobody_feels_costs_nothing() {
        let backbone = EMBEDDED.load();
        let last = vec!["head".to_owned()];
        let small = CandidatePlan::frozen(128, &last, &Ridge);
        let large = CandidatePlan::frozen(224, &last, &Centroid);
        let of_votes = CandidatePlan::frozen(224, &last, &Knn);
        let over = |views, over| CandidatePlan {
            views,
            over,
            ..large.clone()
        };
        let recipe = Recipe::new(Trains::Last, 1e-3, 150, 32);
        let trained = CandidatePlan::trained(128, &backbone, &recipe);
        let free = Price::default();
        let price = |plan: &CandidatePlan| price(plan, &backbone);
        // 128 and 385 millions.
        assert_eq!([price(&small), price(&large)], [free, free]);
        assert_eq!(price(&over(Views::Windows, Over::Training)), free);
        // Twice as long, and not felt: dearer only than what is as good with one look.
        let mirrored = price(&over(Views::Mirrored, Over::Set));
        assert_eq!((mirrored.prediction, mirrored.views), (0, 0));
        assert!(mirrored > price(&of_votes));
        assert_eq!(price(&trained), free);
        assert!(price(&of_votes) > free);
        // Six times 385 millions: two steps, both for views.
        let windows = price(&over(Views::Windows, Over::Mean));
        assert_eq!((windows.prediction, windows.views), (2, 2));
        assert!(windows > price(&of_votes));
    }
}
