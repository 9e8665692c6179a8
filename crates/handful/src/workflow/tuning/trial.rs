//! One recipe on all folds: what it predicts for photos that it did not see, and how it went.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Instant;

use handful_learn::head::calibrated;
use handful_learn::train::{Inputs, Model, Now, Recipe};
use handful_learn::weights::Stored;
use handful_learn::{LearnError, Weights};
use handful_stats::{Column, softmax_rows};
use serde::{Deserialize, Serialize};

use super::blend::{Blend, HeldOut};
use super::proposals::LOOKS;
use super::workbench::{Lesson, NoModel, Workbench};
use crate::events::{Event, Progress};
use crate::exit::Failure;
use crate::workflow::kept::Kept;
use crate::workflow::plan::Lead;
use crate::workflow::task::{OutOfFold, Task};
use crate::workflow::watch::Watch;

/// Trainings that come after those of the folds, if the recipe is chosen: on all photos, and on shuffled labels.
pub const AFTER_THE_FOLDS: usize = 2;
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

/// What a recipe says of the held-out photos of the first fold.
///
/// # Errors
/// As [`Trial::of`].
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
struct OneFold<'a> {
    bench: &'a Workbench<'a>,
    inputs: &'a Inputs<'a>,
    recipe: &'a Recipe,
    repeat: usize,
    fold: usize,
    /// What has the time for so many such trainings, where that is not known yet.
    clock: Option<(&'a Watch, usize)>,
}

impl OneFold<'_> {
    /// What an interrupted run has finished is not done again.
    fn train_or_find(&self, kept: &Kept, progress: &Progress) -> Result<FoldResult, NoModel> {
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

/// What a kept fold holds beside its numbers.
#[derive(Serialize, Deserialize)]
struct KeptFold {
    /// Where it is finished.
    finished: Option<KeptEnd>,
    /// Step, epoch, loss and accuracy of the photos that were learned from, of every look.
    looks: Vec<(usize, f64, (f64, f64))>,
}

#[derive(Serialize, Deserialize)]
struct KeptEnd {
    stopped_at: usize,
    seconds: f64,
}

const RECORD: &str = "fold";

/// Looks at the training of a fold, and what came of it where it is finished.
fn table(looks: &BTreeMap<usize, FoldLook>, result: Option<&FoldResult>) -> Weights {
    let mut tensors = BTreeMap::new();
    let mut keep = |name: String, values: &[f64]| {
        tensors.insert(name, Stored::from_f64(vec![values.len()], values));
    };
    for (step, look) in looks {
        keep(format!("losses.{step}"), &look.losses);
        keep(format!("hits.{step}"), &look.hits);
    }
    let logits = result.map_or(&[][..], |result| &result.held.logits);
    for (idx, logits) in logits.iter().enumerate() {
        // The format of the file knows no infinity.
        let finite: Vec<f64> = logits.iter().map(|z| z.max(f64::MIN)).collect();
        keep(format!("logits.{idx}"), &finite);
    }
    let look = |(step, look): (&usize, &FoldLook)| (*step, look.epoch, look.learned);
    let record = KeptFold {
        finished: result.map(|result| KeptEnd {
            stopped_at: result.stopped_at,
            seconds: result.seconds,
        }),
        looks: looks.iter().map(look).collect(),
    };
    let record = serde_json::to_string(&record).expect("plain data");
    Weights {
        tensors,
        metadata: BTreeMap::from([(RECORD.to_owned(), record)]),
    }
}

/// The numbers of this name, if there are so many.
fn values(table: &Weights, name: &str, n: usize) -> Option<Vec<f64>> {
    let values = table.tensors.get(name)?.to_f64();
    (values.len() == n).then_some(values)
}

/// The looks of a table at `n` held-out photos, and what came of the training.
fn looks_of(table: &Weights, n: usize) -> Option<(BTreeMap<usize, FoldLook>, Option<KeptEnd>)> {
    let record: KeptFold = serde_json::from_str(table.metadata.get(RECORD)?).ok()?;
    let look = |(step, epoch, learned)| {
        let look = FoldLook {
            epoch,
            learned,
            losses: values(table, &format!("losses.{step}"), n)?,
            hits: values(table, &format!("hits.{step}"), n)?,
        };
        Some((step, look))
    };
    let looks = record.looks.into_iter().map(look).collect::<Option<_>>()?;
    Some((looks, record.finished))
}

impl FoldResult {
    fn read(
        table: &Weights,
        task: &Task,
        (repeat, fold): (usize, usize),
        shares: &'static [f64],
    ) -> Option<FoldResult> {
        let rows = task.folds.test_rows(repeat, fold);
        let n = rows.len();
        let (looks, finished) = looks_of(table, n)?;
        let KeptEnd {
            stopped_at,
            seconds,
        } = finished?;
        let logits = |idx: usize| {
            let finite = values(table, &format!("logits.{idx}"), n * task.photos.n_classes)?;
            let back = |z: f64| if z == f64::MIN { f64::NEG_INFINITY } else { z };
            Some(finite.into_iter().map(back).collect())
        };
        Some(FoldResult {
            held: HeldOut {
                repeat,
                fold,
                shares,
                logits: (0..shares.len()).map(logits).collect::<Option<_>>()?,
                rows,
            },
            looks,
            stopped_at,
            seconds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::labelled::Labelled;
    use crate::workflow::tuning::blend::ALL_THE_WAY;
    use handful_stats::Seed;

    #[test]
    fn a_fold_survives_its_table() {
        let look = |epoch: f64| FoldLook {
            epoch,
            learned: (0.5 * epoch, 0.75),
            losses: vec![0.1, epoch, 3.0],
            hits: vec![1.0, 0.0, 1.0],
        };
        let looks = BTreeMap::from([(0, look(0.0)), (18, look(2.25))]);
        let there_and_back = |table: Weights| {
            let bytes = table.to_safetensors();
            Weights::from_safetensors(&bytes).unwrap()
        };
        let unfinished = there_and_back(table(&looks, None));
        let (found, finished) = looks_of(&unfinished, 3).unwrap();
        assert_eq!(found, looks);
        assert!(finished.is_none());
        assert!(looks_of(&unfinished, 4).is_none(), "of other photos");

        let labels = vec![0, 0, 0, 1, 1, 1];
        let photos = Labelled {
            rows: (0..6).collect(),
            groups: (0..6).collect(),
            units: (0..6).collect(),
            labels,
            n_classes: 2,
        };
        let task = Task::new(photos, 2, 1, Seed(0), Seed(0)).unwrap();
        let result = FoldResult {
            held: HeldOut {
                repeat: 0,
                fold: 1,
                rows: task.folds.test_rows(0, 1),
                shares: &ALL_THE_WAY,
                // A class that its fold did not see.
                logits: vec![vec![0.5, f64::NEG_INFINITY, -1.0, 2.0, 0.25, 0.0]],
            },
            looks,
            stopped_at: 18,
            seconds: 1.5,
        };
        let kept = there_and_back(table(&result.looks, Some(&result)));
        let read = |table: &Weights| FoldResult::read(table, &task, (0, 1), &ALL_THE_WAY);
        assert_eq!(read(&kept), Some(result));
        assert_eq!(read(&unfinished), None, "it is not finished");
    }
}
