//! Would more photos help? The chosen candidate is fitted on parts of each training fold, and judged on the same photos.

use handful_learn::head::{FeatureSet, Head};
use handful_stats::{
    Answer, CurvePoint, Hindcast, LearningCurve, PowerLaw, argmax, learning_curve,
    stratified_subset,
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::task::{OutOfFold, Task};
use crate::events::Events;
use crate::exit::Failure;

/// Parts of a training fold that are learnt from, besides the whole (recipe A7).
const PARTS: [f64; 4] = [0.125, 0.25, 0.5, 0.75];
/// Draws of each part: those of few photos differ much from each other.
const MOST_DRAWS: usize = 5;
const FEWEST_DRAWS: usize = 2;

/// What is gained is asked for so many more points of accuracy, as a share.
pub const GAIN: f64 = 0.02;

/// `learning_curve` in `metrics.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurveMetrics {
    /// Photos that were learnt from, and the out-of-fold error.
    pub points: Vec<CurvePoint>,
    /// error = a + b·photos^(−c)
    #[serde(flatten)]
    pub curve: PowerLaw,
    /// How many more photos would gain two points.
    pub two_points: Answer,
    /// The curve of half of the photos, and what was measured with all; null where they are too few for one.
    pub hindcast: Option<Hindcast>,
}

impl CurveMetrics {
    /// Of a curve, for a set of `n_photos`.
    pub fn of(curve: &LearningCurve, n_photos: usize) -> CurveMetrics {
        CurveMetrics {
            points: curve.points.clone(),
            curve: curve.curve,
            two_points: curve.more_images(GAIN, n_photos),
            hindcast: curve.hindcast(),
        }
    }
}

/// How the error of a candidate falls with the number of photos, by `out`, its predictions with whole training folds, and
/// by fits on nested parts of them in whole groups.
///
/// # Errors
/// When interrupted, when features are not finite, or when the statistics can't be computed.
pub fn curve(
    task: &Task,
    features: &FeatureSet,
    head: &dyn Head,
    out: &OutOfFold,
    events: &Events,
) -> Result<LearningCurve, Failure> {
    let repeats = task.folds.n_repeats();
    let draws = repeats.clamp(FEWEST_DRAWS, MOST_DRAWS);
    let progress = events.progress(
        "would more photos help",
        (PARTS.len() * draws * task.folds.k) as u64,
    );
    let photos = &task.photos;
    let scored = task.folds.scored_rows(0);
    let mut place = vec![None; photos.len()];
    (scored.iter().enumerate()).for_each(|(i, &row)| place[row] = Some(i));

    let mut sizes = Vec::new();
    let mut errors = Vec::new();
    for part in PARTS {
        let splits: Vec<(usize, usize)> = (0..draws)
            .flat_map(|draw| (0..task.folds.k).map(move |fold| (draw, fold)))
            .filter(|&(draw, fold)| !task.folds.test_rows(draw % repeats, fold).is_empty())
            .collect();
        let judged: Vec<(usize, Vec<(usize, f64)>)> = splits
            .par_iter()
            .map(|&(draw, fold)| {
                events.check_interrupted()?;
                // One seed for all parts of a draw, so that the larger hold the smaller.
                let rows = task.part_of_fold(draw, fold, part);
                let test = task.folds.test_rows(draw % repeats, fold);
                let index = draw * task.folds.k + fold;
                let fitted = head.fit(&task.training_fold(features, &rows, index))?;
                let probabilities = fitted.probabilities(&features.rows(&test));
                progress.advance(1);
                let wrong = |(&row, p): (&usize, &[f64])| {
                    (row, f64::from(u8::from(argmax(p) != photos.labels[row])))
                };
                let rows_of = probabilities.chunks_exact(photos.n_classes);
                Ok((rows.len(), test.iter().zip(rows_of).map(wrong).collect()))
            })
            .collect::<Result<_, Failure>>()?;
        let n: usize = judged.iter().map(|(n, _)| n).sum();
        sizes.push(n as f64 / judged.len() as f64);
        let mut of_images = vec![0.0; scored.len()];
        for (row, wrong) in judged.into_iter().flat_map(|(_, wrong)| wrong) {
            of_images[place[row].expect("what is tested is scored")] += wrong / draws as f64;
        }
        errors.push(of_images);
    }
    let n: usize = (task.folds.splits())
        .map(|(repeat, fold)| task.folds.train_rows(repeat, fold).len())
        .sum();
    sizes.push(n as f64 / task.folds.splits().count() as f64);
    errors.push(task.column(out).hits.iter().map(|hit| 1.0 - hit).collect());
    let groups: Vec<usize> = scored.iter().map(|&row| photos.groups[row]).collect();
    let seed = task.seed.derive("learning curve", 0);
    Ok(learning_curve(&sizes, &errors, &groups, seed)?)
}

impl Task {
    /// A part of the training fold, in whole groups and with the classes in proportion.
    fn part_of_fold(&self, draw: usize, fold: usize, part: f64) -> Vec<usize> {
        let rows = self.folds.train_rows(draw % self.folds.n_repeats(), fold);
        let photos = self.photos.subset(&rows);
        let wanted = (part * rows.len() as f64).round() as usize;
        let seed = self
            .seed
            .derive("part", (draw * self.folds.k + fold) as u64);
        stratified_subset(
            &photos.labels,
            &photos.units,
            photos.n_classes,
            wanted,
            seed,
        )
        .into_iter()
        .map(|i| rows[i])
        .collect()
    }
}
