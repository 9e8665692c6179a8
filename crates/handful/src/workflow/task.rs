//! What does a head predict for photos that its training did not see? Every candidate is asked on the same folds.

use std::time::Instant;

use handful_learn::head::{FeatureSet, Fitted, Head, TrainingFold};
use handful_stats::{Column, Folds, Seed};
use rayon::prelude::*;

use super::labelled::Labelled;
use crate::events::{Events, Progress};
use crate::exit::{self, Failure};

/// What all candidates of a comparison have in common.
#[derive(Clone, Debug)]
pub struct Task {
    /// The photos.
    pub photos: Labelled,
    /// The folds that everything is judged on.
    pub folds: Folds,
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

impl Task {
    /// Draws the folds of these photos from `fold_seed`; `seed` is for everything inside them.
    ///
    /// # Errors
    /// When the photos can't be divided so that each fold leaves something to learn from.
    pub fn new(
        photos: Labelled,
        k: usize,
        repeats: usize,
        fold_seed: Seed,
        seed: Seed,
    ) -> Result<Task, Failure> {
        let folds = Folds::assign(
            &photos.labels,
            &photos.units,
            photos.n_classes,
            k,
            repeats,
            fold_seed,
        )
        .map_err(|e| {
            Failure::new(exit::DATA, "these photos can't be judged")
                .found(e.to_string())
                .advice("add photos, at least two of each class in different groups")
        })?;
        Ok(Task {
            photos,
            folds,
            seed,
        })
    }

    /// The photos that a fold scores; a class in one group has none.
    pub fn scored(&self) -> Labelled {
        self.photos.subset(&self.folds.scored_rows(0))
    }

    /// The probabilities of each repeat for the photos of [`Task::scored`], `[scored, classes]`.
    pub fn scored_tables(&self, out: &OutOfFold) -> Vec<Vec<f64>> {
        let k = self.photos.n_classes;
        let scored = self.folds.scored_rows(0);
        let row = |p: &Vec<f64>| {
            scored
                .iter()
                .flat_map(|&r| p[r * k..][..k].to_vec())
                .collect()
        };
        out.repeats.iter().map(row).collect()
    }

    /// Mean losses and hits of each photo.
    pub fn column(&self, out: &OutOfFold) -> Column {
        let Labelled {
            labels, n_classes, ..
        } = &self.photos;
        Column::of_repeats(&out.repeats, labels, *n_classes, &self.folds)
    }

    /// Fits `heads` on one set of features in every fold, in the order of the heads. Folds run side by side; the
    /// decompositions of a fold are shared by its heads.
    ///
    /// # Errors
    /// When interrupted, or when features are not finite.
    pub fn out_of_fold(
        &self,
        features: &FeatureSet,
        heads: &[&dyn Head],
        progress: &Progress,
        events: &Events,
    ) -> Result<Vec<OutOfFold>, Failure> {
        let all: Vec<_> = heads.iter().map(|head| (features, *head)).collect();
        self.out_of_fold_of_all(&all, progress, events)
    }

    /// The same of heads on feature sets that hold the same numbers and are asked otherwise; those of one set stand side by side.
    ///
    /// # Errors
    /// Those of [`Task::out_of_fold`].
    pub fn out_of_fold_of_all(
        &self,
        heads: &[(&FeatureSet, &dyn Head)],
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
                let index = repeat * self.folds.k + fold;
                let mut known: Option<TrainingFold> = None;
                let mut of_heads = Vec::with_capacity(heads.len());
                for (features, head) in heads {
                    let started = Instant::now();
                    let training = match known.take() {
                        None => self.training_fold(features, &rows, index),
                        Some(same) if same.is_of(features) => same,
                        Some(other) => other.asked_as(features),
                    };
                    let fitted = head.fit(known.insert(training))?;
                    let probabilities = fitted.probabilities(&features.rows(&test));
                    progress.advance(1);
                    of_heads.push((probabilities, started.elapsed().as_secs_f64()));
                }
                Ok(of_heads)
            })
            .collect::<Result<_, Failure>>()?;

        let n = self.photos.len();
        let empty = || OutOfFold {
            repeats: vec![vec![0.0; n * self.photos.n_classes]; self.folds.n_repeats()],
            fit_s: 0.0,
        };
        let mut all: Vec<OutOfFold> = heads.iter().map(|_| empty()).collect();
        for (&(repeat, fold), of_heads) in splits.iter().zip(&fitted) {
            let test = self.folds.test_rows(repeat, fold);
            for (out, (probabilities, seconds)) in all.iter_mut().zip(of_heads) {
                out.fit_s += seconds;
                for (row, p) in test
                    .iter()
                    .zip(probabilities.chunks_exact(self.photos.n_classes))
                {
                    out.repeats[repeat][row * self.photos.n_classes..][..self.photos.n_classes]
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
        let rows: Vec<usize> = (0..self.photos.len()).collect();
        let last = self.folds.n_repeats() * self.folds.k;
        Ok(head.fit(&self.training_fold(features, &rows, last))?)
    }

    /// The control that knows only how often each class occurs in the training fold: shares of (n_k + ½)/(n + K/2).
    pub fn majority(&self) -> OutOfFold {
        let (n, k) = (self.photos.len(), self.photos.n_classes);
        let mut repeats = vec![vec![0.0; n * k]; self.folds.n_repeats()];
        for (repeat, fold) in self.folds.splits() {
            let rows = self.folds.train_rows(repeat, fold);
            let mut counts = vec![0.5; k];
            rows.iter()
                .for_each(|&r| counts[self.photos.labels[r]] += 1.0);
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

    pub(super) fn training_fold<'f>(
        &'f self,
        features: &'f FeatureSet,
        rows: &'f [usize],
        index: usize,
    ) -> TrainingFold<'f> {
        self.training_fold_with(features, rows, &self.photos.labels, index)
    }

    /// The same with other labels than those of the photos.
    pub(super) fn training_fold_with<'f>(
        &'f self,
        features: &'f FeatureSet,
        rows: &'f [usize],
        labels: &[usize],
        index: usize,
    ) -> TrainingFold<'f> {
        let seed = self.seed.derive("inner splits", index as u64);
        TrainingFold::new(
            features,
            rows,
            labels,
            &self.photos.units,
            self.photos.n_classes,
            seed,
        )
    }

    /// What a candidate's predictions depend on: features, labels, units, folds, head, seed, version.
    pub fn fingerprint(&self, features: &FeatureSet, head: &str) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
        hasher.update(head.as_bytes());
        // What it learns from, and what it is asked.
        hasher.update(bytemuck::cast_slice(features.values()));
        hasher.update(bytemuck::cast_slice(&features.all_rows()));
        for list in [&self.photos.labels, &self.photos.units] {
            for value in list {
                hasher.update(&(*value as u64).to_le_bytes());
            }
        }
        hasher.update(
            format!("{:?} {} {:?}", self.folds, self.photos.n_classes, self.seed).as_bytes(),
        );
        hasher.finalize().to_hex().to_string()
    }
}
