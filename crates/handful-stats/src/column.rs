//! What did a candidate score? Its losses and hits, image by image, on folds that all candidates share.

use crate::metric::{argmax, image_loss};
use crate::{Folds, StatsError};

/// One candidate's column in the table of out-of-fold results.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Rows that were scored, ascending; the other lists are in this order.
    pub scored: Vec<usize>,
    /// Log-loss of each scored image in nats, averaged over repeats.
    pub losses: Vec<f64>,
    /// Share of repeats in which each scored image was predicted right.
    pub hits: Vec<f64>,
}

impl Column {
    /// From out-of-fold probabilities of each repeat, `[n, classes]`. Losses are averaged over repeats, never
    /// probabilities: an average of ten models is better than the one model that is returned.
    ///
    /// # Panics
    /// When the probabilities are not `[labels.len(), n_classes]` for every repeat of `folds`.
    pub fn of_repeats(
        repeats: &[Vec<f64>],
        labels: &[usize],
        n_classes: usize,
        folds: &Folds,
    ) -> Column {
        assert_eq!(
            repeats.len(),
            folds.n_repeats(),
            "one table of probabilities a repeat"
        );
        assert!(
            repeats.iter().all(|p| p.len() == labels.len() * n_classes),
            "one row an image, one column a class"
        );
        let mean = |row: usize, value: &dyn Fn(&[f64], usize) -> f64| {
            let of = |p: &Vec<f64>| value(&p[row * n_classes..][..n_classes], labels[row]);
            repeats.iter().map(of).sum::<f64>() / repeats.len() as f64
        };
        let scored = folds.scored_rows(0);
        let losses = scored.iter().map(|&row| mean(row, &image_loss)).collect();
        let hits = scored.iter().map(|&row| mean(row, &hit)).collect();
        Column {
            scored,
            losses,
            hits,
        }
    }

    /// From one table of probabilities in which every row counts.
    ///
    /// # Panics
    /// When the probabilities are not `[labels.len(), n_classes]`.
    pub fn of_probabilities(probabilities: &[f64], labels: &[usize], n_classes: usize) -> Column {
        assert_eq!(
            probabilities.len(),
            labels.len() * n_classes,
            "one row an image, one column a class"
        );
        let rows = || probabilities.chunks_exact(n_classes).zip(labels);
        Column {
            scored: (0..labels.len()).collect(),
            losses: rows().map(|(p, &label)| image_loss(p, label)).collect(),
            hits: rows().map(|(p, &label)| hit(p, label)).collect(),
        }
    }

    /// Mean log-loss in nats.
    pub fn mean_loss(&self) -> f64 {
        mean(&self.losses)
    }

    /// Accuracy.
    pub fn mean_hit(&self) -> f64 {
        mean(&self.hits)
    }

    /// The entries of the scored images in a list that has one for every image.
    pub(crate) fn of_scored(&self, list: &[usize]) -> Vec<usize> {
        self.scored.iter().map(|&row| list[row]).collect()
    }

    pub(crate) fn check_groups(&self, groups: &[usize]) -> Result<(), StatsError> {
        let needed = self.scored.last().map_or(0, |last| last + 1);
        if self.scored.is_empty() {
            return Err(StatsError::NoGroups);
        }
        if groups.len() < needed {
            return Err(StatsError::Length {
                what: "the list of groups",
                expected: needed,
                found: groups.len(),
            });
        }
        Ok(())
    }
}

fn hit(probabilities: &[f64], label: usize) -> f64 {
    f64::from(argmax(probabilities) == label)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
