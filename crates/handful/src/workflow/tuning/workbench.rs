//! What all trainings on a set of photos share: the pixels, the kept outputs of frozen prefixes, and the heads that they start from.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use handful_image::Geometry;
use handful_learn::head::{FeatureSet, Fitted, Head, Logistic};
use handful_learn::train::{
    Checkpoint, Examples, Inputs, Model, Now, Place, Recipe, Shelf, Squares, Stopping, Training,
    fit,
};
use handful_learn::{Backbone, LearnError};
use handful_stats::{Seed, stratified_subset};

use super::blend::{ALL_THE_WAY, SHARES};
use super::proposals;
use crate::disk::free_bytes;
use crate::events::{Events, Progress};
use crate::exit::{self, Failure};
use crate::workflow::kept::Kept;
use crate::workflow::looks::{Look, Looks};
use crate::workflow::run_folder::write_whole;
use crate::workflow::task::Task;

/// Outputs of a prefix up to here are kept in memory, more in a file.
const IN_MEMORY_BYTES: u64 = 256 << 20;
/// Largest file for them; what is over is computed again in every step, to the same numbers.
const MOST_KEPT_BYTES: u64 = 8 << 30;
/// Such a file takes one part in so many of the free disk space at most.
const OF_FREE_SPACE: u64 = 2;
/// Largest such file where the free space is not known.
const UNKNOWN_SPACE_BYTES: u64 = 2 << 30;
/// Share of a training fold that a training with patience is stopped by (small-data.md A2).
const STOPPED_BY: f64 = 0.15;
/// How often an unfinished training is kept.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(20);

/// What trainings start from.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// A network that has learned nothing; none: the one that looks.
    pub untrained: Option<&'a Backbone>,
    /// How photos become squares.
    pub geometry: Geometry,
    /// Their side, in pixels.
    pub size_px: usize,
}

/// What all trainings share.
pub struct Workbench<'a> {
    /// Photos, labels and folds.
    pub task: &'a Task,
    /// The network that they start from.
    pub network: &'a Backbone,
    /// Whether it has learned before: then a head on its features comes first.
    pub is_pretrained: bool,
    /// Features of the last stage of the run's backbone, which is that network where it is pretrained. They tell photos apart, too.
    pub features: FeatureSet,
    /// What tells trainings of this network on these photos from others.
    pub identity: String,
    /// The photos' pixels.
    pub squares: Squares,
    /// Where an unfinished training is kept.
    pub checkpoint: PathBuf,
    /// The folder for files that are gone when the program is.
    spill: PathBuf,
    /// Where progress goes.
    pub events: &'a Events,
    /// The heads that trainings start from, by fold and rows.
    heads: Mutex<BTreeMap<(usize, usize), Fitted>>,
}

/// Photos to learn from in one training, and what else decides it.
pub struct Lesson<'r> {
    /// Rows of the task.
    pub rows: &'r [usize],
    /// Rows to stop by; none where it makes all of its steps.
    pub stop_by: &'r [usize],
    /// Class of every photo of the task.
    pub labels: &'r [usize],
    /// The recipe.
    pub recipe: &'r Recipe,
    /// Tells its random draws from those of others.
    pub seed: Seed,
}

/// Why a training gave no model.
#[derive(Debug)]
pub enum NoModel {
    /// Its gradients are no numbers any more: another recipe may do better.
    Diverged(LearnError),
    /// The time limit would not see the end of it.
    OutOfTime,
    /// What ends the run.
    Failed(Failure),
}

impl From<LearnError> for NoModel {
    fn from(error: LearnError) -> NoModel {
        match error {
            LearnError::Diverged { .. } => NoModel::Diverged(error),
            other => NoModel::Failed(other.into()),
        }
    }
}

impl From<Failure> for NoModel {
    fn from(failure: Failure) -> NoModel {
        NoModel::Failed(failure)
    }
}

/// Where no other recipe can take its place.
impl From<NoModel> for Failure {
    fn from(why: NoModel) -> Failure {
        match why {
            NoModel::Failed(failure) => failure,
            NoModel::OutOfTime => Failure::new(exit::USAGE, "a training took too long")
                .advice("give more `--time-limit`"),
            NoModel::Diverged(error) => Failure::new(exit::USAGE, "a training did not work")
                .found(error.to_string())
                .advice("give a smaller `--lr`"),
        }
    }
}

impl<'a> Workbench<'a> {
    /// For the photos of a task, at one size: of the network that looks, or of one from nothing, for which any `look` tells photos
    /// apart.
    ///
    /// # Errors
    /// When interrupted, when a photo can't be read any more, when the disk refuses.
    pub fn of(
        task: &'a Task,
        looks: &Looks<'a>,
        look: Look,
        start: Start<'a>,
        kept: &Kept,
        events: &'a Events,
    ) -> Result<Workbench<'a>, Failure> {
        let rows = &task.photos.rows;
        let last = looks.backbone.stages.last().expect("a network has stages");
        let last = std::slice::from_ref(&last.name);
        let network = start.untrained.unwrap_or(looks.backbone);
        let features = looks.features(look, rows, last)?;
        let preprocessing = network.preprocessing(start.geometry, start.size_px);
        kept.make_room()?;
        let is_pretrained = start.untrained.is_none();
        let seen = serde_json::to_string(&preprocessing).expect("plain data");
        let name = &network.card.name;
        let what = format!("{name}, pretrained: {is_pretrained}, {seen}");
        Ok(Workbench {
            task,
            network,
            is_pretrained,
            identity: task.fingerprint(&features, &what),
            features,
            squares: looks.squares(preprocessing, rows)?,
            checkpoint: kept.checkpoint(),
            spill: kept.dir(),
            events,
            heads: Mutex::default(),
        })
    }

    /// What training is called here.
    pub fn what(&self) -> &'static str {
        match self.is_pretrained {
            true => "fine-tuning",
            false => "training from nothing",
        }
    }

    /// Shares of the way from the start that are worth trying.
    pub fn shares(&self) -> &'static [f64] {
        match self.is_pretrained {
            true => &SHARES,
            false => &ALL_THE_WAY,
        }
    }

    /// Side of the images, in pixels.
    pub fn size_px(&self) -> usize {
        self.squares.preprocessing.size_px
    }

    /// What a bar counts for one training: its steps alone, in millions of multiply-accumulates.
    pub fn mega_macs(&self, recipe: &Recipe) -> f64 {
        proposals::mega_macs(recipe, self.network, self.size_px(), 0)
    }

    /// Inputs for a recipe: views that went through its frozen prefix, where there is one.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn inputs(&self, recipe: &Recipe) -> Result<Inputs<'_>, Failure> {
        let seed = self.task.seed.derive("views", 0);
        let cut = recipe.trains.cut(self.network);
        let inputs = Inputs::fresh(&self.squares, self.network, cut, seed);
        let inputs = inputs.by_policy(recipe.policy.as_ref());
        if !recipe.keeps_views(self.network) {
            return Ok(inputs);
        }
        let shelf = self.shelf(inputs.bytes(recipe.views))?;
        let progress = self
            .events
            .progress("preparing training", self.squares.len() as u64);
        let done = |n: usize| progress.advance(n as u64);
        let inputs = inputs.kept(recipe.views, shelf, &done)?;
        let (n, n_kept) = (self.squares.len(), inputs.n_kept());
        if n_kept < n {
            self.events.remark(format!(
                "there is room to keep what was prepared of {n_kept} of {n} photos; the others take their time again in each step"
            ));
        }
        Ok(inputs)
    }

    /// Where so many bytes of a prefix's outputs are kept. The file has no name, so that nothing is left of it when the program ends.
    fn shelf(&self, bytes: u64) -> Result<Shelf, Failure> {
        if bytes <= IN_MEMORY_BYTES {
            return Ok(Shelf::memory());
        }
        let file = tempfile::tempfile_in(&self.spill)
            .map_err(|e| Failure::io("making a file in", &self.spill, &e))?;
        Ok(Shelf {
            place: Place::File(file),
            most_bytes: room(free_bytes(&self.spill)),
        })
    }

    /// The model before training: a logistic head on the frozen features of these rows, or a network that knows nothing. `idx` tells
    /// sets of rows apart.
    ///
    /// # Errors
    /// When features are not finite.
    pub fn start(&self, rows: &[usize], labels: &[usize], idx: usize) -> Result<Model, Failure> {
        if !self.is_pretrained {
            let present: BTreeSet<usize> = rows.iter().map(|&row| labels[row]).collect();
            let mut model = Model::untrained(self.network, self.task.photos.n_classes, rows.len());
            for (class, bias) in model.head.bias.iter_mut().enumerate() {
                // A class that is not there is never predicted, as by any other head.
                *bias = if present.contains(&class) {
                    0.0
                } else {
                    f64::NEG_INFINITY
                };
            }
            return Ok(model);
        }
        let fold = (self.task).training_fold_with(&self.features, rows, labels, idx);
        Ok(Model::start(self.network, &Logistic.fit(&fold)?)?)
    }

    /// The same for rows to learn from of a fold; their head is fitted once.
    ///
    /// # Errors
    /// When features are not finite.
    pub fn start_of_fold(&self, rows: &[usize], idx: usize) -> Result<Model, Failure> {
        let lock = || self.heads.lock().expect("nothing panics in between");
        // Some of a fold's rows may be kept to stop by.
        let key = (idx, rows.len());
        if let Some(head) = lock().get(&key) {
            return Ok(Model {
                backbone: self.network.clone(),
                head: head.clone(),
            });
        }
        let model = self.start(rows, &self.task.photos.labels, idx)?;
        lock().insert(key, model.head.clone());
        Ok(model)
    }

    /// Trains, and returns the model and the steps that made it. `look` is shown the model before every step and at the end, and may
    /// stop the training. One that was interrupted goes on.
    ///
    /// # Errors
    /// When interrupted; when the training diverges.
    pub fn train(
        &self,
        start: &Model,
        inputs: &Inputs,
        lesson: &Lesson,
        progress: &Progress,
        look: &mut (dyn FnMut(&Now) -> Result<ControlFlow<()>, Failure> + Send),
    ) -> Result<(Model, usize), NoModel> {
        let Lesson {
            rows,
            stop_by,
            labels,
            recipe,
            seed,
        } = *lesson;
        let n_classes = self.task.photos.n_classes;
        let mut stopping = match recipe.patience {
            Some(patience) if !stop_by.is_empty() => {
                Some(Stopping::new(inputs, stop_by, labels, n_classes, patience))
            }
            _ => None,
        };
        let a_step = (self.mega_macs(recipe) / recipe.steps as f64) as u64;
        // What a stopping has seen is not kept: such a training begins again.
        let is_kept = stopping.is_none();
        let from = is_kept
            .then(|| std::fs::read(&self.checkpoint).ok())
            .flatten();
        let from = from.and_then(|bytes| Checkpoint::from_bytes(&bytes));
        let mut failed = None;
        let mut kept = Instant::now();
        let mut told = 0;
        let mut steps = 0;
        let mut step = |now: &Now| -> Result<ControlFlow<()>, Failure> {
            progress.advance(a_step * (now.step - told) as u64);
            told = now.step;
            steps = now.step;
            let is_due = self.events.is_interrupted() || kept.elapsed() > CHECKPOINT_EVERY;
            if is_kept && is_due {
                kept = Instant::now();
                write_whole(&self.checkpoint, &now.checkpoint().to_bytes())?;
            }
            self.events.check_interrupted()?;
            let stops = match &mut stopping {
                Some(stopping) => stopping.look(now)?.is_break(),
                None => false,
            };
            match stops {
                true => Ok(ControlFlow::Break(())),
                false => look(now),
            }
        };
        let mut watch = |now: &Now| {
            step(now).unwrap_or_else(|failure| {
                failed = Some(failure);
                ControlFlow::Break(())
            })
        };
        let training = Training {
            start,
            examples: Examples {
                inputs,
                rows,
                labels,
            },
            recipe,
            seed,
            identity: &self.identity,
        };
        let tuned = fit(training, from.as_ref(), &mut watch);
        // The bar counts all steps, also those that were not needed.
        progress.advance(a_step * (recipe.steps - told) as u64);
        if let Some(failure) = failed {
            return Err(failure.into());
        }
        let tuned = tuned?;
        // What is finished is no place to go on from, and the next training need not read it.
        let _ = std::fs::remove_file(&self.checkpoint);
        let best = stopping.and_then(Stopping::best);
        Ok(best.unwrap_or((tuned, steps)))
    }

    /// Rows to learn from and rows to stop by, in whole units. The head that a training starts from is fitted on the former alone: it
    /// would know the others, whose loss could then only rise.
    pub fn split(&self, rows: &[usize], recipe: &Recipe, seed: Seed) -> (Vec<usize>, Vec<usize>) {
        if recipe.patience.is_none() {
            return (rows.to_vec(), Vec::new());
        }
        let photos = self.task.photos.subset(rows);
        let wanted = (rows.len() as f64 * STOPPED_BY).ceil() as usize;
        let seed = seed.derive("photos to stop by", 0);
        let (units, n_classes) = (&photos.units, photos.n_classes);
        let judging = stratified_subset(&photos.labels, units, n_classes, wanted, seed);
        let is_judging: BTreeSet<usize> = judging.into_iter().collect();
        let (judging, learned): (Vec<usize>, Vec<usize>) =
            (0..rows.len()).partition(|i| is_judging.contains(i));
        let of = |places: Vec<usize>| places.into_iter().map(|i| rows[i]).collect();
        (of(learned), of(judging))
    }
}

/// Bytes that may be kept in a file on a disk with so many free ones.
fn room(free: Option<u64>) -> u64 {
    let room = free.map_or(UNKNOWN_SPACE_BYTES, |free| free / OF_FREE_SPACE);
    room.min(MOST_KEPT_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_leaves_half_of_the_free_space_and_is_never_larger_than_its_cap() {
        assert_eq!(room(Some(1000)), 500);
        assert_eq!(room(Some(0)), 0);
        assert_eq!(room(Some(1 << 40)), 8 << 30);
        assert_eq!(room(None), 2 << 30);
    }
}
