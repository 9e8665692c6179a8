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
use crate::workflow::kept::Kept;
use crate::workflow::task::{OutOfFold, Task};
use crate::workflow::watch::Watch;

/// Trainings that come after those of the folds, if the recipe is chosen: on all photos, and on shuffled labels.
pub const AFTER_THE_FOLDS: usize = 2;
/// Photos of a training fold that a look at it takes in.
const SEEN_OF_THE_FOLD: usize = 200;

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
    /// Looks at it while it ran; none in repeats after the first.
    pub looks: Vec<FoldLook>,
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
    /// Whether it stands for its strategy, as was settled before any fold was judged.
    pub leads: bool,
}

impl Trial {
    /// Trains on every fold; none if the time limit would not see the end of it.
    ///
    /// # Errors
    /// When interrupted, when the disk refuses, when a training diverges.
    pub fn of(
        bench: &Workbench,
        inputs: &Inputs,
        (recipe, leads): (&Recipe, bool),
        kept: &Kept,
        progress: &Progress,
        watch: &Watch,
    ) -> Result<Option<Trial>, NoModel> {
        let task = bench.task;
        let of_fold = |(repeat, fold)| {
            let one = OneFold {
                bench,
                inputs,
                recipe,
                repeat,
                fold,
            };
            one.train_or_find(kept, progress)
        };
        let mut folds: Vec<FoldResult> = Vec::new();
        let n_folds = task.folds.splits().count();
        for place in task.folds.splits() {
            let longest_s = folds.iter().map(|f| f.seconds).fold(0.0, f64::max);
            let left = n_folds - folds.len() + AFTER_THE_FOLDS;
            if !folds.is_empty() && !watch.has_time_for(longest_s * left as f64) {
                return Ok(None);
            }
            folds.push(of_fold(place)?);
        }
        Ok(Some(Trial {
            leads,
            ..Trial::judged(recipe, task, folds)
        }))
    }

    fn judged(recipe: &Recipe, task: &Task, folds: Vec<FoldResult>) -> Trial {
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
            leads: false,
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
}

impl OneFold<'_> {
    /// What an interrupted run has finished is not done again.
    fn train_or_find(&self, kept: &Kept, progress: &Progress) -> Result<FoldResult, NoModel> {
        let (task, place) = (self.bench.task, (self.repeat, self.fold));
        let name = fingerprint(self.bench, self.recipe, place);
        let known = kept.find_table(&name);
        let shares = self.bench.shares();
        if let Some(known) = known.and_then(|table| FoldResult::read(&table, task, place, shares)) {
            let work = self.bench.mega_macs(self.recipe);
            progress.advance(work as u64);
            return Ok(known);
        }
        let result = self.train(progress)?;
        kept.put_table(&name, &result.table())?;
        Ok(result)
    }

    fn train(&self, progress: &Progress) -> Result<FoldResult, NoModel> {
        let started = Instant::now();
        let Task { photos, folds, .. } = self.bench.task;
        let rows = folds.train_rows(self.repeat, self.fold);
        let test = folds.test_rows(self.repeat, self.fold);
        let idx = self.repeat * folds.k + self.fold;
        let start = self.bench.start_of_fold(&rows, idx)?;
        let seed = self.bench.task.seed.derive("training", idx as u64);
        let lesson = Lesson {
            rows: &rows,
            labels: &photos.labels,
            recipe: self.recipe,
            seed,
        };
        let steps = self.recipe.steps;
        let looks_at: Vec<usize> = (0..LOOKS).map(|i| i * steps / (LOOKS - 1)).collect();
        let mut looks: BTreeMap<usize, FoldLook> = BTreeMap::new();
        let mut look = |now: &Now| {
            if self.repeat == 0 && looks_at.contains(&now.step) {
                let seen = self.look(now, &rows, &test)?;
                self.tell(now, &seen);
                looks.insert(now.step, seen);
            }
            Ok(ControlFlow::Continue(()))
        };
        let (tuned, stopped_at) =
            self.bench
                .train(&start, self.inputs, &lesson, progress, &mut look)?;
        let logits: Result<Vec<Vec<f64>>, LearnError> = (self.bench.shares().iter())
            .map(|&alpha| Model::blend(&start, &tuned, alpha).logits(self.inputs, &test))
            .collect();
        Ok(FoldResult {
            held: HeldOut {
                repeat: self.repeat,
                fold: self.fold,
                rows: test,
                shares: self.bench.shares(),
                logits: logits?,
            },
            looks: looks.into_values().collect(),
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
    let squares = &bench.squares.preprocessing;
    let squares = serde_json::to_string(squares).expect("plain data");
    let network = match bench.is_pretrained {
        true => "",
        false => &bench.network.card.name,
    };
    let what = format!("{recipe} {network} {squares} repeat {repeat} fold {fold}");
    bench.task.fingerprint(&bench.features, &what)
}

/// Shapes of what a kept fold holds beside its logits.
#[derive(Serialize, Deserialize)]
struct KeptFold {
    stopped_at: usize,
    seconds: f64,
    epochs: Vec<f64>,
    learned: Vec<(f64, f64)>,
}

const RECORD: &str = "fold";

impl FoldResult {
    fn table(&self) -> Weights {
        let mut tensors = BTreeMap::new();
        let mut keep = |name: String, values: &[f64]| {
            tensors.insert(name, Stored::from_f64(vec![values.len()], values));
        };
        for (idx, logits) in self.held.logits.iter().enumerate() {
            // The format of the file knows no infinity.
            let finite: Vec<f64> = logits.iter().map(|z| z.max(f64::MIN)).collect();
            keep(format!("logits.{idx}"), &finite);
        }
        for (idx, look) in self.looks.iter().enumerate() {
            keep(format!("losses.{idx}"), &look.losses);
            keep(format!("hits.{idx}"), &look.hits);
        }
        let record = KeptFold {
            stopped_at: self.stopped_at,
            seconds: self.seconds,
            epochs: self.looks.iter().map(|l| l.epoch).collect(),
            learned: self.looks.iter().map(|l| l.learned).collect(),
        };
        let record = serde_json::to_string(&record).expect("plain data");
        Weights {
            tensors,
            metadata: BTreeMap::from([(RECORD.to_owned(), record)]),
        }
    }

    fn read(
        table: &Weights,
        task: &Task,
        (repeat, fold): (usize, usize),
        shares: &'static [f64],
    ) -> Option<FoldResult> {
        let record: KeptFold = serde_json::from_str(table.metadata.get(RECORD)?).ok()?;
        let rows = task.folds.test_rows(repeat, fold);
        let values = |name: String, n: usize| -> Option<Vec<f64>> {
            let values = table.tensors.get(&name)?.to_f64();
            (values.len() == n).then_some(values)
        };
        let n = rows.len();
        let logits = |idx: usize| {
            let finite = values(format!("logits.{idx}"), n * task.photos.n_classes)?;
            let back = |z: f64| if z == f64::MIN { f64::NEG_INFINITY } else { z };
            Some(finite.into_iter().map(back).collect())
        };
        let look = |(idx, (epoch, learned)): (usize, (&f64, &(f64, f64)))| {
            Some(FoldLook {
                epoch: *epoch,
                learned: *learned,
                losses: values(format!("losses.{idx}"), n)?,
                hits: values(format!("hits.{idx}"), n)?,
            })
        };
        let looks = record.epochs.iter().zip(&record.learned).enumerate();
        Some(FoldResult {
            held: HeldOut {
                repeat,
                fold,
                shares,
                logits: (0..shares.len()).map(logits).collect::<Option<_>>()?,
                rows,
            },
            looks: looks.map(look).collect::<Option<_>>()?,
            stopped_at: record.stopped_at,
            seconds: record.seconds,
        })
    }
}
