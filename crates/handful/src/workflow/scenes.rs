//! What if look-alike photos are one scene? The chosen candidate again, on folds that keep them together.

use std::collections::BTreeMap;

use handful_data::finding::{Finding, Severity, join};
use handful_learn::scenes::scenes;
use handful_stats::{Column, Interval, accuracy_interval, paired_difference};
use serde::{Deserialize, Serialize};

use super::compare::head_of;
use super::judge::{Judged, LEVEL};
use super::looks::{Look, Looks};
use super::screen::Comparison;
use super::task::Task;
use crate::events::Events;
use crate::exit::Failure;
use crate::photos::Photos;

/// `scenes` in `metrics.json`: the accuracy if look-alike photos of a class show one scene.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scenes {
    /// Out of fold with look-alike photos in one fold; the first repeat.
    pub accuracy: Interval,
    /// Scenes, those of a single photo included.
    pub scenes: usize,
    /// Photos that share their scene with another one.
    pub photos: usize,
    /// Whether the accuracy falls by more than can be chance, and by at least 3 points.
    pub matters: bool,
    /// Rows of the photos of each scene of two or more, largest first.
    #[serde(skip)]
    pub sets: Vec<Vec<usize>>,
}

/// Fall of the accuracy from which it is said that scenes matter: twice what any set without scenes lost in recipe A15
/// (waste 1.4 points, hands 1.5), line drawings apart.
const MATTERS: f64 = 0.03;
/// The fall must also be so many of its standard errors.
const CLEAR_SE: f64 = 2.0;
/// Scenes that a finding names: enough to see what kind of likeness it is.
const SCENES_NAMED: usize = 12;

/// Finds scenes and judges the chosen candidate by them; none where no two photos are alike, or where scenes leave
/// nothing to be judged.
///
/// # Errors
/// When interrupted.
pub fn judge(
    task: &Task,
    looks: &Looks,
    comparison: &Comparison,
    chosen: &Judged,
    events: &Events,
) -> Result<Option<Scenes>, Failure> {
    // The recipe was measured at 128 px; the smallest size that all photos were looked at is the nearest to it.
    let sizes = comparison.candidates.iter().map(|c| c.size_px);
    let smallest = sizes.min().expect("there are candidates");
    let last_stage = looks.backbone.stage_sets().swap_remove(0);
    let photos = &task.photos;
    let look = Look::Backbone(comparison.geometry, smallest);
    let features = looks.features(look, &photos.rows, &last_stage)?;
    let scene = scenes(&features, &photos.labels, photos.n_classes);
    let mut by_scene: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (row, scene) in scene.iter().enumerate() {
        by_scene.entry(*scene).or_default().push(row);
    }
    let n_scenes = by_scene.len();
    let mut sets: Vec<Vec<usize>> = by_scene.into_values().filter(|s| s.len() > 1).collect();
    if sets.is_empty() {
        return Ok(None);
    }
    sets.sort_by_key(|set| std::cmp::Reverse(set.len()));

    let mut together = photos.clone();
    join(&mut together.groups, &sets);
    join(&mut together.units, &sets);
    let fold_seed = task.seed.derive("scenes", 0);
    let Ok(by_scenes) = Task::new(together, task.folds.k, 1, fold_seed, task.seed) else {
        return Ok(None);
    };
    let plan = chosen.plan.as_ref().expect("controls are never chosen");
    let look = Look::Backbone(comparison.geometry, plan.size_px);
    let features = looks.features(look, &photos.rows, &plan.stages)?;
    let progress = events.progress("judging by look-alikes", task.folds.k as u64);
    let out = by_scenes
        .out_of_fold(&features, &[head_of(plan)?], &progress, events)?
        .remove(0);
    let column = by_scenes.column(&out);
    let groups = &by_scenes.photos.groups;
    let (apart, random) = (
        wrong(&column, &chosen.column),
        wrong(&chosen.column, &column),
    );
    let fall = paired_difference(&apart, &random, groups)?;
    Ok(Some(Scenes {
        accuracy: accuracy_interval(&column, groups, LEVEL)?,
        scenes: n_scenes,
        photos: sets.iter().map(Vec::len).sum(),
        matters: fall.mean >= MATTERS && fall.mean > CLEAR_SE * fall.se,
        sets,
    }))
}

/// Errors of `column` (1 wrong, 0 right) in place of its losses, on the photos that `other` has scored, too.
fn wrong(column: &Column, other: &Column) -> Column {
    let shared = column
        .scored
        .iter()
        .zip(&column.hits)
        .filter(|(row, _)| other.scored.binary_search(row).is_ok());
    let (scored, hits): (Vec<usize>, Vec<f64>) = shared.map(|(row, hit)| (*row, *hit)).unzip();
    Column {
        losses: hits.iter().map(|hit| 1.0 - hit).collect(),
        scored,
        hits,
    }
}

/// What a person is told of scenes that matter.
pub fn finding(scenes: &Scenes, claimed: Interval, task: &Task, photos: &Photos) -> Finding {
    let path = |&row: &usize| photos.list[task.photos.rows[row]].shown.clone();
    let named = scenes.sets.iter().take(SCENES_NAMED);
    Finding {
        kind: "scene".into(),
        severity: Severity::Warning,
        text: format!(
            "{} photos look like another one of their class; if look-alikes show one scene, object or person, {:.0} % \
             of new ones are told right, not {:.0} %",
            scenes.photos,
            100.0 * scenes.accuracy.value,
            100.0 * claimed.value
        ),
        files: named.map(|set| set.iter().map(path).collect()).collect(),
        numbers: BTreeMap::from([
            ("accuracy".into(), scenes.accuracy.value),
            ("low".into(), scenes.accuracy.low),
            ("high".into(), scenes.accuracy.high),
            ("accuracy_of_random_folds".into(), claimed.value),
            ("scenes".into(), scenes.scenes as f64),
            ("photos".into(), scenes.photos as f64),
        ]),
        advice: "look at the largest of these groups (`findings.json` names them) and say with `--group-by` what \
                 belongs together; line drawings of one kind look alike without being one"
            .into(),
    }
}
