//! Which recipes go all the way? All are tried for a quarter of their steps on one fold, the better ones on all folds.

use handful_learn::LearnError;
use handful_learn::train::Recipe;

use super::blend::{Blend, HeldOut};
use super::one_fold::first_fold;
use super::policy_round::policy_round;
use super::prepared::Prepared;
use super::proposals::{self, Proposed};
use super::trial::{self, Trial};
use super::workbench::{NoModel, Workbench};
use crate::exit::Failure;
use crate::workflow::kept::Kept;
use crate::workflow::plan::Lead;
use crate::workflow::screen::Decision;
use crate::workflow::watch::Watch;

/// Recipes that go all the way, as far as their work is not too much; the best one always does.
const FINALISTS: usize = 2;
/// With a time limit, the first round ends when there is less than this share left of the time that has passed.
const ROUND_LEAVES: f64 = 1.0;
/// Share of the steps in the first round.
const FIRST_ROUND: f64 = 0.25;

/// What came of the recipes that were tried.
#[derive(Default)]
pub struct Searched {
    /// Recipes that were trained on all folds.
    pub trials: Vec<Trial>,
    /// Why just these.
    pub decisions: Vec<Decision>,
}

/// Tries what was proposed, as far as the time limit allows.
///
/// # Errors
/// When interrupted, or when the disk refuses.
pub fn search<'b>(
    bench: &'b Workbench,
    proposed: &Proposed,
    prepared: &mut Prepared<'b>,
    kept: &Kept,
    watch: &Watch,
) -> Result<Searched, Failure> {
    let Proposed {
        recipes,
        chosen,
        policies,
        ..
    } = proposed;
    let mut searched = Searched::default();
    let mut per_mega_mac_s = 0.0;
    let (recipes, leads) = match (chosen, &recipes[..]) {
        (Some(leads), recipes) => (recipes.to_vec(), leads.clone()),
        (None, [only]) => (vec![only.clone()], vec![Some(Lead::Only)]),
        (None, recipes) => {
            let Round {
                recipes,
                decision,
                seconds,
            } = first_round(bench, recipes.to_vec(), prepared, kept, watch)?;
            per_mega_mac_s = seconds;
            if let Some(decision) = &decision {
                decision.tell(bench.events);
            }
            searched.decisions.extend(decision);
            // The best of them is first.
            let mut leads = vec![None; recipes.len()];
            if let Some(first) = leads.first_mut() {
                *first = Some(Lead::FirstFold);
            }
            (recipes, leads)
        }
    };
    let (recipes, leads) = match (recipes.split_first(), policies.is_empty()) {
        (Some((best, others)), false) => {
            let (augmented, decision) = policy_round(bench, best, policies, prepared, kept, watch)?;
            if let Some(decision) = &decision {
                decision.tell(bench.events);
            }
            searched.decisions.extend(decision);
            match augmented {
                None => (recipes, leads),
                // It stands for the strategy, and what it is without a policy takes the place of the second best.
                Some(augmented) => {
                    let n_others = (others.len() + 1).min(FINALISTS - 1);
                    let recipes = [augmented, best.clone()].into_iter().take(1 + n_others);
                    (recipes.collect(), vec![Some(Lead::FirstFold), None])
                }
            }
        }
        _ => (recipes, leads),
    };
    for (recipe, lead) in recipes.into_iter().zip(leads) {
        let inputs = prepared.kept(bench, &recipe)?;
        let n_fits = bench.task.folds.splits().count();
        let of_a_fit = bench.mega_macs(&recipe);
        let work = of_a_fit * n_fits as f64;
        let seconds = per_mega_mac_s * of_a_fit * (n_fits + trial::AFTER_THE_FOLDS) as f64;
        if !watch.has_time_for(seconds) {
            leave_out_for_time(bench, &recipe);
            continue;
        }
        let label = format!("{} {}", bench.what(), recipe.trains.name());
        let progress = bench.events.progress(&label, work as u64);
        match Trial::of(bench, inputs, (&recipe, lead), kept, &progress, watch) {
            Ok(trial) => searched.trials.push(trial),
            Err(NoModel::OutOfTime) => leave_out_for_time(bench, &recipe),
            Err(NoModel::Diverged(why)) => leave_out(bench, &recipe, &why),
            Err(NoModel::Failed(failure)) => return Err(failure),
        }
    }
    Ok(searched)
}

/// What a first round found.
struct Round {
    recipes: Vec<Recipe>,
    decision: Option<Decision>,
    /// Of a million multiply-accumulates. The round prepared the inputs, too, so that it is rather too many.
    seconds: f64,
}

/// Every recipe for a part of its steps on the first fold; the better ones by the held-out loss of their best blend.
fn first_round<'b>(
    bench: &'b Workbench,
    recipes: Vec<Recipe>,
    prepared: &mut Prepared<'b>,
    kept: &Kept,
    watch: &Watch,
) -> Result<Round, Failure> {
    let short = |recipe: &Recipe| Recipe {
        steps: ((recipe.steps as f64 * FIRST_ROUND).ceil() as usize).max(1),
        ..recipe.clone()
    };
    let work: f64 = recipes.iter().map(|r| bench.mega_macs(&short(r))).sum();
    let progress = bench
        .events
        .progress("comparing depths and rates", work as u64);
    let photos = &bench.task.photos;
    let (began_s, mut done) = (watch.total_s(), 0.0);
    let mut tried: Vec<(Recipe, f64)> = Vec::new();
    for recipe in recipes {
        // What is left of the time is for training on all folds.
        if !watch.has_time_for(ROUND_LEAVES * watch.total_s()) {
            if tried.is_empty() {
                let remark = format!("the time limit leaves out {}", bench.what());
                bench.events.remark(remark);
            }
            break;
        }
        let inputs = prepared.kept(bench, &recipe)?;
        done += bench.mega_macs(&short(&recipe));
        match first_fold(bench, inputs, &short(&recipe), kept, &progress) {
            Ok(held) => {
                let held: [&HeldOut; 1] = [&held];
                let (blend, losses) = Blend::of(&held, &photos.labels, photos.n_classes);
                tried.push((recipe, losses[blend.alpha_idx]));
            }
            Err(NoModel::OutOfTime) => leave_out_for_time(bench, &recipe),
            Err(NoModel::Diverged(why)) => leave_out(bench, &recipe, &why),
            Err(NoModel::Failed(failure)) => return Err(failure),
        }
    }
    let seconds = (watch.total_s() - began_s) / f64::max(done, 1.0);
    if tried.is_empty() {
        return Ok(Round {
            recipes: Vec::new(),
            decision: None,
            seconds: 0.0,
        });
    }
    tried.sort_by(|a, b| a.1.total_cmp(&b.1));
    let told: Vec<String> = (tried.iter())
        .map(|(recipe, loss)| format!("{} {loss:.3}", recipe.name()))
        .collect();
    let n_fits = bench.task.folds.splits().count() as f64;
    let mut work = 0.0;
    let mut recipes: Vec<Recipe> = Vec::new();
    for (recipe, _) in tried.into_iter().take(FINALISTS) {
        let size_px = bench.size_px();
        work += n_fits * proposals::mega_macs(&recipe, bench.network, size_px, photos.len());
        if recipes.is_empty() || work <= proposals::PATIENCE_MEGA_MACS {
            recipes.push(recipe);
        }
    }
    let names: Vec<String> = recipes.iter().map(Recipe::name).collect();
    let decision = Decision {
        topic: bench.what().into(),
        choice: names.join(", "),
        why: format!(
            "log-loss on the held-out photos of the first fold after a quarter of the steps: {}",
            told.join(", ")
        ),
    };
    Ok(Round {
        recipes,
        decision: Some(decision),
        seconds,
    })
}

fn leave_out_for_time(bench: &Workbench, recipe: &Recipe) {
    bench.events.remark(format!(
        "the time limit leaves out {} {}",
        bench.what(),
        recipe.name()
    ));
}

pub(super) fn leave_out(bench: &Workbench, recipe: &Recipe, why: &LearnError) {
    let (what, recipe) = (bench.what(), recipe.name());
    bench
        .events
        .remark(format!("{what} {recipe} is left out: {why}"));
}
