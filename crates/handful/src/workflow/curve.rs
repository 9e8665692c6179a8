//! Would more photos help? The chosen candidate is fitted on parts of each training fold, and judged on the same photos.

use handful_learn::head::{FeatureSet, Head};
use handful_stats::{
    Answer, CurvePoint, Hindcast, LearningCurve, PowerLaw, argmax, learning_curve,
    stratified_subset,
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::judge::Judged;
use super::plan::CandidatePlan;
use super::task::{OutOfFold, Task};
use crate::events::Events;
use crate::exit::Failure;

/// Parts of a training fold that are learnt from, besides the whole (recipe A7).
const PARTS: [f64; 4] = [0.125, 0.25, 0.5, 0.75];
/// Draws of each part: those of few photos differ much from each other.
const MOST_DRAWS: usize = 5;
const FEWEST_DRAWS: usize = 2;

/// Heads whose fits are too slow to be repeated, and the one that stands in for them.
const SLOW_HEADS: [&str; 2] = ["logistic", "knn"];
const CURVE_HEAD: &str = "ridge";
/// What is gained is asked for so many more points of accuracy, as a share.
pub const GAIN: f64 = 0.02;

/// `learning_curve` in `metrics.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurveMetrics {
    /// The candidate that was fitted on fewer photos; see [`candidate`].
    pub candidate: String,
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
    /// Of the curve of a candidate, for a set of `n_photos`.
    pub fn of(curve: &LearningCurve, candidate: &str, n_photos: usize) -> CurveMetrics {
        CurveMetrics {
            candidate: candidate.to_owned(),
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
/// When interrupted, or when features are not finite.
pub fn curve(
    task: &Task,
    features: &FeatureSet,
    head: &dyn Head,
    out: &OutOfFold,
    events: &Events,
) -> Result<Option<LearningCurve>, Failure> {
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

    let whole: usize = (task.folds.splits())
        .map(|(repeat, fold)| task.folds.train_rows(repeat, fold).len())
        .sum();
    let whole = whole as f64 / task.folds.splits().count() as f64;
    let mut sizes: Vec<f64> = Vec::new();
    let mut errors = Vec::new();
    for part in PARTS {
        let splits: Vec<Split> = (0..draws)
            .flat_map(|draw| (0..task.folds.k).map(move |fold| (draw, fold)))
            .map(|(draw, fold)| task.split(draw, fold, part))
            .filter(|split| !split.test.is_empty())
            .collect();
        let n: usize = splits.iter().map(|split| split.rows.len()).sum();
        let size = n as f64 / splits.len() as f64;
        // Few groups, or two that every class keeps, can make parts equal.
        if size >= whole || sizes.last().is_some_and(|last| *last >= size) {
            continue;
        }
        let judged: Vec<Vec<(usize, f64)>> = splits
            .par_iter()
            .map(|split| {
                events.check_interrupted()?;
                let fold = task.training_fold(features, &split.rows, split.index);
                let probabilities = head.fit(&fold)?.probabilities(&features.rows(&split.test));
                progress.advance(1);
                let wrong = |(&row, p): (&usize, &[f64])| {
                    (row, f64::from(u8::from(argmax(p) != photos.labels[row])))
                };
                let rows_of = probabilities.chunks_exact(photos.n_classes);
                Ok(split.test.iter().zip(rows_of).map(wrong).collect())
            })
            .collect::<Result<_, Failure>>()?;
        let mut of_images = vec![0.0; scored.len()];
        for (row, wrong) in judged.into_iter().flatten() {
            of_images[place[row].expect("what is tested is scored")] += wrong / draws as f64;
        }
        sizes.push(size);
        errors.push(of_images);
    }
    sizes.push(whole);
    errors.push(task.column(out).hits.iter().map(|hit| 1.0 - hit).collect());
    let groups: Vec<usize> = scored.iter().map(|&row| photos.groups[row]).collect();
    let seed = task.seed.derive("learning curve", 0);
    // All else is known by now: a curve that can't be drawn must not cost the run.
    Ok(learning_curve(&sizes, &errors, &groups, seed).ok())
}

/// Whose curve is drawn: the chosen candidate's, but a ridge's where the chosen head has no closed form (recipe A7) or the network
/// was trained: fits by the dozen would take longer than all the rest. On the same features, for an ensemble on those of its frozen half, if
/// there is one, else the best ridge; none where there is none and the network was trained.
pub fn candidate(judged: &[Judged], chosen: usize) -> Option<&Judged> {
    let chosen = &judged[chosen];
    let plan = chosen.plan.as_ref()?;
    if plan.tune.is_none() && !SLOW_HEADS.contains(&plan.head.as_str()) {
        return Some(chosen);
    }
    let ridges = judged.iter().filter_map(|other| {
        let of = other.plan.as_ref()?;
        (of.head == CURVE_HEAD && of.tune.is_none()).then_some((other, of))
    });
    // Of an ensemble the half that is fitted, not trained.
    let fitted = plan.beside.as_deref().unwrap_or(plan);
    let (same, others): (Vec<_>, Vec<_>) = ridges.partition(|(_, of)| of.has_features_of(fitted));
    if plan.tune.is_none() {
        return Some(same.first().map_or(chosen, |(ridge, _)| *ridge));
    }
    let loss = |ridge: &(&Judged, &CandidatePlan)| ridge.0.column.mean_loss();
    let best = others
        .into_iter()
        .min_by(|a, b| loss(a).total_cmp(&loss(b)));
    same.first().copied().or(best).map(|(ridge, _)| ridge)
}

/// About how long [`curve`] takes on one thread, in seconds, by how long whole training folds took.
pub fn seconds(task: &Task, out: &OutOfFold) -> f64 {
    let repeats = task.folds.n_repeats();
    let draws = repeats.clamp(FEWEST_DRAWS, MOST_DRAWS);
    out.fit_s * PARTS.iter().sum::<f64>() * draws as f64 / repeats as f64
}

/// What is learnt from and what is judged, in one fold of one draw.
struct Split {
    rows: Vec<usize>,
    test: Vec<usize>,
    /// Tells the draws and folds apart.
    index: usize,
}

impl Task {
    /// A part of a training fold, in whole groups and with the classes in proportion. One seed for all parts of a draw, so
    /// that the larger hold the smaller, but for groups of unequal size.
    fn split(&self, draw: usize, fold: usize, part: f64) -> Split {
        let repeat = draw % self.folds.n_repeats();
        let index = draw * self.folds.k + fold;
        let rows = self.folds.train_rows(repeat, fold);
        let photos = self.photos.subset(&rows);
        let wanted = (part * rows.len() as f64).round() as usize;
        let seed = self.seed.derive("part", index as u64);
        let (labels, units) = (&photos.labels, &photos.units);
        Split {
            rows: stratified_subset(labels, units, photos.n_classes, wanted, seed)
                .into_iter()
                .map(|i| rows[i])
                .collect(),
            test: self.folds.test_rows(repeat, fold),
            index,
        }
    }
}

#[cfg(test)]
mod tests {
    use handful_learn::backbone::EMBEDDED;
    use handful_learn::head::{Head, Lda, Ridge};
    use handful_learn::train::{Recipe, Trains};
    use handful_stats::Seed;

    use super::*;
    use crate::workflow::labelled::Labelled;

    #[test]
    fn the_curve_of_an_ensemble_is_that_of_its_frozen_half() {
        let task = Task::new(Labelled::of_two_classes(20), 5, 1, Seed(0), Seed(0)).unwrap();
        let judged = |plan, right: f64| Judged::giving(|_| right, plan, "net", &task);
        let frozen =
            |size_px, head: &dyn Head| CandidatePlan::frozen(size_px, &["head".into()], head);
        let recipe = Recipe::new(Trains::Last, 1e-3, 150, 32);
        let tuned = CandidatePlan::trained(128, &EMBEDDED.load(), &recipe);
        let ensemble = CandidatePlan {
            beside: Some(Box::new(frozen(224, &Lda))),
            ..tuned.clone()
        };
        let all = [
            judged(frozen(160, &Ridge), 0.8),
            judged(frozen(224, &Ridge), 0.7),
            judged(tuned, 0.85),
            judged(ensemble, 0.9),
        ];
        let name = |chosen| candidate(&all, chosen).unwrap().name.as_str();
        assert_eq!(name(3), "net/224/head/ridge");
        assert_eq!(name(2), "net/160/head/ridge", "the best there is");
    }
}
