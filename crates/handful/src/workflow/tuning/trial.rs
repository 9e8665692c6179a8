//! One recipe on all folds: what it predicts for photos that it did not see.

use handful_learn::head::calibrated;
use handful_learn::train::{Inputs, Recipe};

use super::blend::{Blend, HeldOut};
use super::one_fold::{FoldResult, OneFold};
use super::workbench::{NoModel, Workbench};
use crate::events::Progress;
use crate::workflow::kept::Kept;
use crate::workflow::plan::Lead;
use crate::workflow::task::{OutOfFold, Task};
use crate::workflow::watch::Watch;

/// Trainings that come after those of the folds, if the recipe is chosen: on all photos, and on shuffled labels.
pub const AFTER_THE_FOLDS: usize = 2;

/// What a recipe came to on all folds.
#[derive(Clone, Debug)]
pub struct Trial {
    /// How it was trained.
    pub recipe: Recipe,
    /// Predictions, blended and calibrated.
    pub out: OutOfFold,
    /// How far from the start and how sure, by all folds.
    pub blend: Blend,
    /// Mean held-out loss of each share of the way from the start that was tried.
    pub by_alpha: Vec<f64>,
    /// The folds.
    pub folds: Vec<FoldResult>,
    /// Whether and how it came to stand for its strategy.
    pub lead: Option<Lead>,
}

impl Trial {
    /// Trains on every fold.
    ///
    /// # Errors
    /// When interrupted, when the disk refuses, when a training diverges, or when the time limit would not see the end of it.
    pub fn of(
        bench: &Workbench,
        inputs: &Inputs,
        (recipe, lead): (&Recipe, Option<Lead>),
        kept: &Kept,
        progress: &Progress,
        watch: &Watch,
    ) -> Result<Trial, NoModel> {
        let task = bench.task;
        let mut folds: Vec<FoldResult> = Vec::new();
        let n_folds = task.folds.splits().count();
        for (repeat, fold) in task.folds.splits() {
            let left = n_folds - folds.len() + AFTER_THE_FOLDS;
            let longest_s = folds.iter().map(|f| f.seconds).reduce(f64::max);
            if longest_s.is_some_and(|longest_s| !watch.has_time_for(longest_s * left as f64)) {
                return Err(NoModel::OutOfTime);
            }
            let one = OneFold {
                bench,
                inputs,
                recipe,
                repeat,
                fold,
                // How long it takes is known from the first one on, and that one tells it after some steps.
                clock: longest_s.is_none().then_some((watch, left)),
            };
            folds.push(one.train_or_find(kept, progress)?);
        }
        Ok(Trial::judged((recipe, lead), task, folds))
    }

    fn judged(
        (recipe, lead): (&Recipe, Option<Lead>),
        task: &Task,
        folds: Vec<FoldResult>,
    ) -> Trial {
        let (labels, k) = (&task.photos.labels, task.photos.n_classes);
        let held: Vec<HeldOut> = folds.iter().map(|f| f.held.clone()).collect();
        let mut repeats = vec![vec![0.0; labels.len() * k]; task.folds.n_repeats()];
        for (held, blend) in held.iter().zip(Blend::cross_fitted(&held, labels, k)) {
            let logits = held.logits[blend.alpha_idx].clone();
            let n_learned = labels.len() - held.rows.len();
            let p = calibrated(logits, k, blend.temperature, n_learned);
            for (row, p) in held.rows.iter().zip(p.chunks_exact(k)) {
                repeats[held.repeat][row * k..][..k].copy_from_slice(p);
            }
        }
        let all: Vec<&HeldOut> = held.iter().collect();
        let (blend, by_alpha) = Blend::of(&all, labels, k);
        Trial {
            recipe: recipe.clone(),
            out: OutOfFold {
                repeats,
                fit_s: folds.iter().map(|f| f.seconds).sum(),
            },
            blend,
            by_alpha,
            folds,
            lead,
        }
    }
}
