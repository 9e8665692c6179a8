//! Every candidate gets out-of-fold predictions on the same folds; what is finished is kept, so that a run can resume.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use handful_learn::head::{FeatureSet, Fitted, Head, TrainingFold};
use handful_learn::weights::Stored;
use handful_learn::{LearnError, Weights};
use handful_stats::{Folds, Seed};
use rayon::prelude::*;

use super::RunFolder;
use crate::events::{Events, Progress};
use crate::exit::Failure;

/// Folder inside an unfinished run where finished candidates wait.
pub const KEPT: &str = "candidates";

/// What all candidates of a run have in common.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    /// Class of each image.
    pub labels: &'a [usize],
    /// What each image must stay together with.
    pub units: &'a [usize],
    /// Number of classes.
    pub n_classes: usize,
    /// The folds that everything is judged on.
    pub folds: &'a Folds,
    /// Seed of inner splits.
    pub seed: Seed,
}

/// Probabilities of one candidate for images that its training did not see.
#[derive(Clone, Debug)]
pub struct OutOfFold {
    /// For each repeat `[n, classes]`, row-major; rows that no fold scores are zeros.
    pub repeats: Vec<Vec<f64>>,
    /// Seconds that fitting and predicting took, summed over folds and threads.
    pub fit_s: f64,
}

impl Task<'_> {
    /// Fits `heads` on one set of features in every fold, in the order of the heads. Folds run side by side; the
    /// decompositions of a fold are shared by its heads.
    ///
    /// # Errors
    /// When interrupted, or when features are not finite.
    pub fn judge(
        &self,
        features: &FeatureSet,
        heads: &[&dyn Head],
        progress: &Progress,
        events: &Events,
    ) -> Result<Vec<OutOfFold>, Failure> {
        let splits: Vec<(usize, usize)> = self.folds.splits().collect();
        let fitted: Vec<Vec<(Vec<f64>, f64)>> = splits
            .par_iter()
            .map(|&(repeat, fold)| {
                events.check_interrupted()?;
                let rows = self.folds.train_rows(repeat, fold);
                let test = self.folds.test_rows(repeat, fold);
                let training = self.training_fold(features, &rows, repeat * self.folds.k + fold);
                let x = features.rows(&test);
                let of_heads = heads
                    .iter()
                    .map(|head| {
                        let started = Instant::now();
                        let probabilities = head.fit(&training)?.probabilities(&x);
                        progress.advance(1);
                        Ok((probabilities, started.elapsed().as_secs_f64()))
                    })
                    .collect::<Result<Vec<_>, LearnError>>()?;
                Ok(of_heads)
            })
            .collect::<Result<_, Failure>>()?;

        let n = self.labels.len();
        let empty = || OutOfFold {
            repeats: vec![vec![0.0; n * self.n_classes]; self.folds.n_repeats()],
            fit_s: 0.0,
        };
        let mut all: Vec<OutOfFold> = heads.iter().map(|_| empty()).collect();
        for (&(repeat, fold), of_heads) in splits.iter().zip(&fitted) {
            let test = self.folds.test_rows(repeat, fold);
            for (out, (probabilities, seconds)) in all.iter_mut().zip(of_heads) {
                out.fit_s += seconds;
                for (row, p) in test.iter().zip(probabilities.chunks_exact(self.n_classes)) {
                    out.repeats[repeat][row * self.n_classes..][..self.n_classes]
                        .copy_from_slice(p);
                }
            }
        }
        Ok(all)
    }

    /// Fits one head on all images.
    ///
    /// # Errors
    /// When features are not finite.
    pub fn refit(&self, features: &FeatureSet, head: &dyn Head) -> Result<Fitted, Failure> {
        let rows: Vec<usize> = (0..self.labels.len()).collect();
        let last = self.folds.n_repeats() * self.folds.k;
        Ok(head.fit(&self.training_fold(features, &rows, last))?)
    }

    /// The control that knows only how often each class occurs in the training fold: shares of (n_k + ½)/(n + K/2).
    pub fn majority(&self) -> OutOfFold {
        let (n, k) = (self.labels.len(), self.n_classes);
        let mut repeats = vec![vec![0.0; n * k]; self.folds.n_repeats()];
        for (repeat, fold) in self.folds.splits() {
            let rows = self.folds.train_rows(repeat, fold);
            let mut counts = vec![0.5; k];
            rows.iter().for_each(|&r| counts[self.labels[r]] += 1.0);
            let total: f64 = counts.iter().sum();
            let shares: Vec<f64> = counts.iter().map(|c| c / total).collect();
            for row in self.folds.test_rows(repeat, fold) {
                repeats[repeat][row * k..][..k].copy_from_slice(&shares);
            }
        }
        OutOfFold {
            repeats,
            fit_s: 0.0,
        }
    }

    fn training_fold<'f>(
        &'f self,
        features: &'f FeatureSet,
        rows: &'f [usize],
        index: usize,
    ) -> TrainingFold<'f> {
        let seed = self.seed.derive("inner splits", index as u64);
        TrainingFold::new(
            features,
            rows,
            self.labels,
            self.units,
            self.n_classes,
            seed,
        )
    }

    /// What a candidate's predictions depend on: features, labels, units, folds, head, seed, version.
    pub fn fingerprint(&self, features: &FeatureSet, head: &str) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
        hasher.update(head.as_bytes());
        let x = features.rows(&(0..self.labels.len()).collect::<Vec<_>>());
        hasher.update(bytemuck::cast_slice(&x));
        for list in [self.labels, self.units] {
            for value in list {
                hasher.update(&(*value as u64).to_le_bytes());
            }
        }
        hasher.update(format!("{:?} {} {:?}", self.folds, self.n_classes, self.seed).as_bytes());
        hasher.finalize().to_hex().to_string()
    }
}

/// Finished candidates of an unfinished run, on disk.
pub struct Kept<'a> {
    folder: &'a RunFolder,
}

impl<'a> Kept<'a> {
    /// Those of this run.
    pub fn of(folder: &'a RunFolder) -> Kept<'a> {
        Kept { folder }
    }

    fn path(&self, fingerprint: &str) -> PathBuf {
        self.folder
            .path(KEPT)
            .join(format!("{fingerprint}.safetensors"))
    }

    /// The predictions with this fingerprint, if an interrupted run left them whole.
    pub fn find(&self, fingerprint: &str, task: &Task) -> Option<OutOfFold> {
        let file = Weights::from_safetensors(&fs::read(self.path(fingerprint)).ok()?).ok()?;
        let repeats: Vec<Vec<f64>> = (0..task.folds.n_repeats())
            .map(|r| Some(file.tensors.get(&format!("repeat.{r}"))?.to_f64()))
            .collect::<Option<_>>()?;
        let fits = repeats
            .iter()
            .all(|p| p.len() == task.labels.len() * task.n_classes);
        let fit_s = *file.tensors.get("fit_s")?.to_f64().first()?;
        fits.then_some(OutOfFold { repeats, fit_s })
    }

    /// Keeps predictions.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn put(&self, fingerprint: &str, out: &OutOfFold, task: &Task) -> Result<(), Failure> {
        let path = self.path(fingerprint);
        let dir = self.folder.path(KEPT);
        fs::create_dir_all(&dir).map_err(|e| Failure::io("making the folder", &dir, &e))?;
        let shape = vec![task.labels.len(), task.n_classes];
        let mut tensors: BTreeMap<String, Stored> = out
            .repeats
            .iter()
            .enumerate()
            .map(|(r, p)| (format!("repeat.{r}"), Stored::from_f64(shape.clone(), p)))
            .collect();
        tensors.insert("fit_s".into(), Stored::from_f64(vec![1], &[out.fit_s]));
        super::run_folder::write_whole(
            &path,
            &Weights {
                tensors,
                metadata: BTreeMap::new(),
            }
            .to_safetensors(),
        )
    }
}
