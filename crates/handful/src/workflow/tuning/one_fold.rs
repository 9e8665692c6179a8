//! One training on one fold: looks at it while it runs, and what it says of the photos that are held out.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Instant;

use handful_learn::train::{Inputs, Model, Now, Recipe};
use handful_learn::{LearnError, Weights};
use handful_stats::{Column, softmax_rows};

use super::blend::HeldOut;
use super::kept_fold::{looks_of, table};
use super::proposals::LOOKS;
use super::workbench::{Lesson, NoModel, Workbench};
use crate::events::{Event, Progress};
use crate::exit::Failure;
use crate::workflow::kept::Kept;
use crate::workflow::task::Task;
use crate::workflow::watch::Watch;

/// Photos of a training fold that a look at it takes in.
const SEEN_OF_THE_FOLD: usize = 200;
/// Steps after which it is known how long a training takes.
const TIMED_STEPS: usize = 5;

/// A look at the training of one fold.
#[derive(Clone, Debug, PartialEq)]
pub struct FoldLook {
    /// How often each photo had been learned from.
    pub epoch: f64,
    /// Mean loss and accuracy of photos that were learned from, at most 200 of them.
    pub learned: (f64, f64),
    /// Loss of each held-out photo, in nats, at temperature 1.
    pub losses: Vec<f64>,
    /// Whether each held-out photo is right.
    pub hits: Vec<f64>,
}

/// How the training of one fold went.
#[derive(Clone, Debug, PartialEq)]
pub struct FoldResult {
    /// What it says of the held-out photos.
    pub held: HeldOut,
    /// Looks at it while it ran, by step; none in repeats after the first.
    pub looks: BTreeMap<usize, FoldLook>,
    /// Step whose model it is: the last one, or that at which it stopped.
    pub stopped_at: usize,
    /// Seconds.
    pub seconds: f64,
}

/// What a recipe says of the held-out photos of the first fold.
///
/// # Errors
/// When interrupted, when the disk refuses, or when the training diverges.
pub fn first_fold(
    bench: &Workbench,
    inputs: &Inputs,
    recipe: &Recipe,
    kept: &Kept,
    progress: &Progress,
) -> Result<HeldOut, NoModel> {
    let one = OneFold {
        bench,
        inputs,
        recipe,
        repeat: 0,
        fold: 0,
        clock: None,
    };
    Ok(one.train_or_find(kept, progress)?.held)
}

/// One training on one fold.
pub struct OneFold<'a> {
    /// What all trainings of the network share.
    pub bench: &'a Workbench<'a>,
    /// What it sees of the photos.
    pub inputs: &'a Inputs<'a>,
    /// How it is trained.
    pub recipe: &'a Recipe,
    /// Which repeat of the folds.
    pub repeat: usize,
    /// Which fold is held out.
    pub fold: usize,
    /// What has the time for so many such trainings, where that is not known yet.
    pub clock: Option<(&'a Watch, usize)>,
}

impl OneFold<'_> {
    /// What it says, and how it went; what an interrupted run has finished is not done again.
    ///
    /// # Errors
    /// When interrupted, when the disk refuses, when the training diverges, or when the time limit would not see the end of all folds.
    pub fn train_or_find(&self, kept: &Kept, progress: &Progress) -> Result<FoldResult, NoModel> {
        let (task, place) = (self.bench.task, (self.repeat, self.fold));
        let name = fingerprint(self.bench, self.recipe, place);
        let known = kept.find_table(&name);
        let shares = self.bench.shares();
        let finished = |table| FoldResult::read(table, task, place, shares);
        if let Some(known) = known.as_ref().and_then(finished) {
            let work = self.bench.mega_macs(self.recipe);
            progress.advance(work as u64);
            return Ok(known);
        }
        let keep = |table: Weights| kept.put_table(&name, &table);
        let result = self.train(known.as_ref(), &keep, progress)?;
        keep(table(&result.looks, Some(&result)))?;
        Ok(result)
    }

    /// `known` has the looks at an unfinished training, and `keep` takes them: one that goes on does not look again.
    fn train(
        &self,
        known: Option<&Weights>,
        keep: &(dyn Fn(Weights) -> Result<(), Failure> + Sync),
        progress: &Progress,
    ) -> Result<FoldResult, NoModel> {
        let started = Instant::now();
        let Task { photos, folds, .. } = self.bench.task;
        let rows = folds.train_rows(self.repeat, self.fold);
        let test = folds.test_rows(self.repeat, self.fold);
        let idx = self.repeat * folds.k + self.fold;
        let seed = self.bench.task.seed.derive("training", idx as u64);
        let (rows, stop_by) = self.bench.split(&rows, self.recipe, seed);
        let start = self.bench.start_of_fold(&rows, idx)?;
        let lesson = Lesson {
            rows: &rows,
            stop_by: &stop_by,
            labels: &photos.labels,
            recipe: self.recipe,
            seed,
        };
        let steps = self.recipe.steps;
        let looks_at: Vec<usize> = (0..LOOKS).map(|i| i * steps / (LOOKS - 1)).collect();
        let known = known.and_then(|table| looks_of(table, test.len()));
        let mut looks = known.map_or_else(BTreeMap::new, |(looks, _)| looks);
        let (mut first, mut is_out_of_time) = (None, false);
        let mut look = |now: &Now| {
            let (first_step, since) = *first.get_or_insert((now.step, Instant::now()));
            if let Some((watch, left)) = self.clock
                && now.step == first_step + TIMED_STEPS
            {
                let a_step_s = since.elapsed().as_secs_f64() / TIMED_STEPS as f64;
                is_out_of_time = !watch.has_time_for(a_step_s * (steps * left) as f64);
            }
            if is_out_of_time {
                return Ok(ControlFlow::Break(()));
            }
            if self.repeat == 0 && looks_at.contains(&now.step) && !looks.contains_key(&now.step) {
                let seen = self.look(now, &rows, &test)?;
                self.tell(now, &seen);
                looks.insert(now.step, seen);
                keep(table(&looks, None))?;
            }
            Ok(ControlFlow::Continue(()))
        };
        let (tuned, stopped_at) =
            self.bench
                .train(&start, self.inputs, &lesson, progress, &mut look)?;
        if is_out_of_time {
            return Err(NoModel::OutOfTime);
        }
        let logits: Result<Vec<Vec<f64>>, LearnError> = (self.bench.shares().iter())
            .map(|&alpha| Model::blend(&start, &tuned, alpha).logits(self.inputs, &test))
            .collect();
        let logits = logits?;
        // Minus infinity is a class that is not there.
        if logits
            .iter()
            .flatten()
            .any(|z| z.is_nan() || *z == f64::INFINITY)
        {
            return Err(LearnError::Diverged { step: stopped_at }.into());
        }
        Ok(FoldResult {
            held: HeldOut {
                repeat: self.repeat,
                fold: self.fold,
                rows: test,
                shares: self.bench.shares(),
                logits,
            },
            looks,
            stopped_at,
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    fn look(&self, now: &Now, rows: &[usize], test: &[usize]) -> Result<FoldLook, LearnError> {
        let model = now.model();
        let photos = &self.bench.task.photos;
        let of = |rows: &[usize]| -> Result<Column, LearnError> {
            let mut p = model.logits(self.inputs, rows)?;
            softmax_rows(&mut p, photos.n_classes);
            let labels: Vec<usize> = rows.iter().map(|&r| photos.labels[r]).collect();
            Ok(Column::of_probabilities(&p, &labels, photos.n_classes))
        };
        // Evenly over the fold: its rows are in the order of the classes' folders.
        let step = rows.len().div_ceil(SEEN_OF_THE_FOLD);
        let learned: Vec<usize> = rows.iter().copied().step_by(step).collect();
        let (learned, held) = (of(&learned)?, of(test)?);
        Ok(FoldLook {
            epoch: now.epoch,
            learned: (learned.mean_loss(), learned.mean_hit()),
            losses: held.losses,
            hits: held.hits,
        })
    }

    fn tell(&self, now: &Now, look: &FoldLook) {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        self.bench.events.emit(&Event::Look {
            network: self.bench.network.card.name.clone(),
            recipe: self.recipe.name(),
            fold: self.fold,
            step: now.step,
            epoch: now.epoch,
            train_loss: look.learned.0,
            train_accuracy: look.learned.1,
            held_out_loss: mean(&look.losses),
            held_out_accuracy: mean(&look.hits),
        });
    }
}

/// What the training of a fold depends on.
fn fingerprint(bench: &Workbench, recipe: &Recipe, (repeat, fold): (usize, usize)) -> String {
    let recipe = serde_json::to_string(recipe).expect("plain data");
    let what = format!("{} {recipe} repeat {repeat} fold {fold}", bench.identity);
    blake3::hash(what.as_bytes()).to_hex().to_string()
}
