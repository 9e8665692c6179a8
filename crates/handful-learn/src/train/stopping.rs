//! When to stop: after so many epochs without progress on photos that are not learned from.
//!
//! The photos that it stops on must not be those that judge the model: they are a part of the training fold.

use std::ops::ControlFlow;

use handful_stats::{log_loss, softmax_rows};

use super::{Inputs, Model, Now};
use crate::LearnError;

/// Watches a training, and keeps its best model.
pub struct Stopping<'a> {
    inputs: &'a Inputs<'a>,
    rows: &'a [usize],
    labels: Vec<usize>,
    n_classes: usize,
    /// Epochs without progress after which it stops.
    patience: usize,
    next_epoch: f64,
    best: Option<Best>,
}

struct Best {
    loss: f64,
    epoch: f64,
    step: usize,
    model: Model,
}

impl<'a> Stopping<'a> {
    /// By the photos `rows` of `inputs`; `labels` has the class of every photo of `inputs`.
    ///
    /// # Panics
    /// When there is no photo to stop by.
    pub fn new(
        inputs: &'a Inputs<'a>,
        rows: &'a [usize],
        labels: &[usize],
        n_classes: usize,
        patience: usize,
    ) -> Stopping<'a> {
        assert!(!rows.is_empty(), "there are photos to stop by");
        Stopping {
            inputs,
            rows,
            labels: rows.iter().map(|&row| labels[row]).collect(),
            n_classes,
            patience,
            next_epoch: 0.0,
            best: None,
        }
    }

    /// Looks at a training once an epoch.
    ///
    /// # Errors
    /// As [`Model::logits`].
    pub fn look(&mut self, now: &Now) -> Result<ControlFlow<()>, LearnError> {
        if now.epoch < self.next_epoch {
            return Ok(ControlFlow::Continue(()));
        }
        self.next_epoch = now.epoch.floor() + 1.0;
        let model = now.model();
        let mut p = model.logits(self.inputs, self.rows)?;
        softmax_rows(&mut p, self.n_classes);
        let loss = log_loss(&p, &self.labels, self.n_classes);
        match &self.best {
            Some(best) if loss >= best.loss => {
                let waited = now.epoch - best.epoch;
                if waited >= self.patience as f64 {
                    return Ok(ControlFlow::Break(()));
                }
            }
            _ => {
                self.best = Some(Best {
                    loss,
                    epoch: now.epoch,
                    step: now.step,
                    model,
                });
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The best model, and the steps that made it; none if it never looked.
    pub fn best(self) -> Option<(Model, usize)> {
        self.best.map(|best| (best.model, best.step))
    }
}
