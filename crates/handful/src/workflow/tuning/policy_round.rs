//! By which policy are views made? Each is tried on the first fold with the best recipe; the weakest that can't be told from the best is
//! taken (small-data.md 1.4). Choosing single operations by trials is hopeless at this size: the guard did that.

use handful_expand::Policy;
use handful_learn::train::Recipe;
use handful_stats::{Column, paired_difference, softmax_rows};

use super::blend::{Blend, HeldOut};
use super::one_fold::first_fold;
use super::prepared::Prepared;
use super::search::leave_out;
use super::workbench::{NoModel, Workbench};
use crate::exit::Failure;
use crate::workflow::kept::Kept;
use crate::workflow::screen::Decision;
use crate::workflow::watch::Watch;

/// The recipe with the policy that does best, none where windows do as well; and why.
///
/// # Errors
/// When interrupted, or when the disk refuses.
pub(super) fn policy_round<'b>(
    bench: &'b Workbench,
    recipe: &Recipe,
    policies: &[Policy],
    prepared: &mut Prepared<'b>,
    kept: &Kept,
    watch: &Watch,
) -> Result<(Option<Recipe>, Option<Decision>), Failure> {
    let with = |policy: &Policy| Recipe {
        policy: Some(policy.clone()),
        ..recipe.clone()
    };
    let all: Vec<Recipe> = std::iter::once(recipe.clone())
        .chain(policies.iter().map(with))
        .collect();
    let work: f64 = all.iter().map(|recipe| bench.mega_macs(recipe)).sum();
    let progress = bench.events.progress("comparing views", work as u64);
    let photos = &bench.task.photos;
    let mut tried: Vec<(Recipe, Column)> = Vec::new();
    for recipe in all {
        if !watch.has_time_for(watch.total_s() / 4.0) {
            bench
                .events
                .remark("the time limit leaves out further views");
            break;
        }
        let inputs = prepared.kept(bench, &recipe)?;
        match first_fold(bench, inputs, &recipe, kept, &progress) {
            Ok(held) => tried.push((recipe, column(&held, &photos.labels, photos.n_classes))),
            Err(NoModel::Diverged(why)) => leave_out(bench, &recipe, &why),
            Err(NoModel::OutOfTime) => break,
            Err(NoModel::Failed(failure)) => return Err(failure),
        }
    }
    let loss = |idx: usize| tried[idx].1.mean_loss();
    let Some(best) = (0..tried.len()).min_by(|&a, &b| loss(a).total_cmp(&loss(b))) else {
        return Ok((None, None));
    };
    let mut chosen = best;
    for (idx, (_, column)) in tried.iter().enumerate().take(best).rev() {
        let difference = paired_difference(column, &tried[best].1, &photos.units)?;
        if difference.mean < difference.se {
            chosen = idx;
        }
    }
    let name = |recipe: &Recipe| {
        (recipe.policy.as_ref())
            .map_or("windows", |p| p.name.as_str())
            .to_owned()
    };
    let told: Vec<String> = (tried.iter())
        .map(|(recipe, column)| format!("{} {:.3}", name(recipe), column.mean_loss()))
        .collect();
    let decision = Decision {
        topic: "views".into(),
        choice: name(&tried[chosen].0),
        why: format!(
            "log-loss of {} on the held-out photos of the first fold: {}",
            recipe.name(),
            told.join(", ")
        ),
    };
    let chosen = tried.swap_remove(chosen).0;
    Ok((chosen.policy.is_some().then_some(chosen), Some(decision)))
}

/// Losses of held-out photos at the blend that they like best, the same way for every policy.
fn column(held: &HeldOut, labels: &[usize], n_classes: usize) -> Column {
    let (blend, _) = Blend::of(&[held], labels, n_classes);
    let mut p: Vec<f64> = held.logits[blend.alpha_idx]
        .iter()
        .map(|z| z / blend.temperature)
        .collect();
    softmax_rows(&mut p, n_classes);
    let of_held: Vec<usize> = held.rows.iter().map(|&row| labels[row]).collect();
    let column = Column::of_probabilities(&p, &of_held, n_classes);
    Column {
        scored: held.rows.clone(),
        ..column
    }
}
