//! The winning recipe sees all photos.

use std::ops::ControlFlow;

use handful_learn::train::{Model, Now, Recipe};

use super::prepared::Prepared;
use super::trial::Trial;
use super::workbench::{Lesson, NoModel, Workbench};

/// What was trained on all photos.
pub struct OnAll {
    /// The model.
    pub model: Model,
    /// Its probabilities for these very photos, `[n, classes]`.
    pub probabilities: Vec<f64>,
}

/// The winning recipe on all photos: the model, blended and calibrated as the folds were, and its probabilities for these photos.
///
/// # Errors
/// When interrupted, or when the training diverges.
pub fn refit(bench: &Workbench, prepared: &Prepared, trial: &Trial) -> Result<OnAll, NoModel> {
    let task = bench.task;
    let photos = &task.photos;
    let recipe = &Recipe {
        patience: None,
        ..trial.recipe.clone()
    };
    let stopped: usize = trial.folds.iter().map(|f| f.stopped_at).sum();
    let stop_at = stopped.div_ceil(trial.folds.len());
    let rows: Vec<usize> = (0..photos.len()).collect();
    let idx = task.folds.n_repeats() * task.folds.k;
    let start = bench.start(&rows, &photos.labels, idx)?;
    let inputs = prepared.of(bench, recipe);
    let progress = bench
        .events
        .progress("training on all photos", bench.mega_macs(recipe) as u64);
    let lesson = Lesson {
        rows: &rows,
        stop_by: &[],
        labels: &photos.labels,
        recipe,
        seed: task.seed.derive("training", idx as u64),
    };
    // Where the folds stopped early, so does this one, which has no photos left to stop by.
    let mut look = |now: &Now| {
        Ok(match now.step >= stop_at {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    };
    let (tuned, _) = bench.train(&start, inputs, &lesson, &progress, &mut look)?;
    let mut model = Model::blend(&start, &tuned, trial.blend.alpha);
    model.head.temperature = trial.blend.temperature;
    let card = &mut model.backbone.card;
    card.provenance = match bench.is_pretrained {
        true => format!(
            "{}; fine-tuned ({}, {} of the way) on {} photos",
            card.provenance,
            recipe.name(),
            trial.blend.alpha,
            photos.len()
        ),
        false => format!(
            "trained from nothing ({}) on {} photos",
            recipe.name(),
            photos.len()
        ),
    };
    let logits = model.logits(inputs, &rows)?;
    let probabilities = model.head.probabilities_of(logits);
    Ok(OnAll {
        model,
        probabilities,
    })
}
