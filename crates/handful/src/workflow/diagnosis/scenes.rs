//! Do several photos show one scene, and what does that do to the accuracy? Decided before anything is chosen.
//!
//! Groups from details are the witness, groups from details and look the scenes (`handful_learn::scenes`). A quick ridge
//! is judged three times on the same photos: as if all were independent, by the witness, by the scenes. Where the scenes
//! cost nothing there is nothing to say. Where they cost and the witness confirms a good part of it, everything that
//! follows is done on folds that keep scenes together. Where it does not, the photos can't tell: both numbers are said.

use std::collections::BTreeMap;

use handful_data::finding::{Finding, Severity};
use handful_image::Geometry;
use handful_learn::head;
use handful_learn::scenes::scenes;
use handful_report::Sign;
use handful_stats::{
    Column, Difference, Interval, Seed, accuracy_interval, paired_difference, stratified_subset,
};
use serde::{Deserialize, Serialize};

use crate::events::Events;
use crate::exit::Failure;
use crate::photos::Photos;
use crate::workflow::compare::head_of;
use crate::workflow::judge::{Judged, LEVEL};
use crate::workflow::labelled::Labelled;
use crate::workflow::looks::{Look, Looks};
use crate::workflow::task::{OutOfFold, Task};

/// Share of photos with a link in the details below which scenes are not looked for: three times what chance gives, as
/// one in a hundred has a link by chance and each link has two ends.
const WITNESSED: f64 = 0.06;
/// Fall of the accuracy from which it is said that scenes matter: twice what any development set without scenes lost.
const MATTERS: f64 = 0.03;
/// A fall must also be so many of its standard errors.
const CLEAR_SE: f64 = 2.0;
/// Share of the fall that the witness must confirm. On development sets and on photos of their photos it was 0.31 or more
/// where several photos show one thing, and 0.23 or less where they don't.
const CONFIRMED: f64 = 0.3;
/// Photos that the quick ridge is judged on, in whole scenes: the standard error of a fall is then about a point.
const QUICK_PHOTOS: usize = 1_500;
/// Scenes that a finding names: enough to see what kind of likeness it is.
const SCENES_NAMED: usize = 12;

/// Photos of which several seem to show one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundScenes {
    /// The scene of each photo, named by the row of its first one.
    pub of_row: Vec<usize>,
    /// Whether the witness confirms it.
    pub agree: bool,
    /// What says so.
    pub by: Sign,
}

/// `scenes` in `metrics.json`: what photos that may show one scene, object or person do to the accuracy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SceneMetrics {
    /// Out of fold with the photos of a scene in one fold.
    pub accuracy: Interval,
    /// Out of fold as if each photo showed another scene.
    pub independent: Interval,
    /// Groups of two or more photos that seem to show one thing.
    pub groups: usize,
    /// Photos in these groups.
    pub photos: usize,
    /// Whether all signals say that these photos show one thing: then `accuracy` is the headline, otherwise
    /// `independent` is, and both are said.
    pub agree: bool,
    /// What says so: `looks` or `times`.
    pub by: Sign,
}

/// Predictions of a candidate with frozen features, the chosen one or its stand-in, by other folds than those of the headline.
pub struct JudgedOnceMore {
    /// The same photos in the same order, with the other groups.
    pub task: Task,
    /// What was predicted.
    pub out: OutOfFold,
}

/// Looks for scenes among photos, and where there are none, whether `runs` (positions of photos) make a difference;
/// none where nothing makes a difference that can be seen. Folds are `k`.
///
/// # Errors
/// When interrupted.
pub fn look_for(
    photos: &Labelled,
    runs: &[Vec<usize>],
    (looks, look): (&Looks, Look),
    k: usize,
    seed: Seed,
    events: &Events,
) -> Result<Option<FoundScenes>, Failure> {
    let quick = Quick {
        photos,
        looks,
        look,
        stages: &looks.backbone.stage_sets().swap_remove(0),
        seed: seed.derive("scenes", 0),
        k,
    };
    match of_looks(&quick, events)? {
        None => of_runs(&quick, runs, events),
        found => Ok(found),
    }
}

fn of_looks(quick: &Quick, events: &Events) -> Result<Option<FoundScenes>, Failure> {
    let Quick {
        photos,
        looks,
        look,
        seed,
        ..
    } = *quick;
    let [last, middle, ..] = &looks.backbone.stage_sets()[..] else {
        return Ok(None);
    };
    let detail = looks.features(look, &photos.rows, middle)?;
    let whole = looks.features(look, &photos.rows, last)?;
    let Some(found) = scenes(&detail, &whole, &photos.labels, photos.n_classes, seed) else {
        return Ok(None);
    };
    if (n_shared(&found.by_detail) as f64) < WITNESSED * photos.len() as f64 {
        return Ok(None);
    }
    let kept = [&found.by_detail[..], &found.by_both];
    let Some([by_detail, by_both]) = quick.falls(kept, events)? else {
        return Ok(None);
    };
    Ok(matters(&by_both).then(|| FoundScenes {
        agree: is_clear(&by_detail) && by_detail.mean >= CONFIRMED * by_both.mean,
        of_row: found.by_both,
        by: Sign::Looks,
    }))
}

/// Nothing confirms that a run shows one thing, so the signals never agree.
fn of_runs(
    quick: &Quick,
    runs: &[Vec<usize>],
    events: &Events,
) -> Result<Option<FoundScenes>, Failure> {
    let row_of: BTreeMap<usize, usize> = quick.photos.rows.iter().copied().zip(0..).collect();
    let mut of_row: Vec<usize> = (0..quick.photos.len()).collect();
    for run in runs {
        let rows: Vec<usize> = run.iter().filter_map(|p| row_of.get(p).copied()).collect();
        if let Some(first) = rows.iter().min().copied() {
            rows.iter().for_each(|&row| of_row[row] = first);
        }
    }
    if n_shared(&of_row) == 0 {
        return Ok(None);
    }
    let Some([fall]) = quick.falls([&of_row], events)? else {
        return Ok(None);
    };
    Ok(matters(&fall).then_some(FoundScenes {
        of_row,
        agree: false,
        by: Sign::Times,
    }))
}

fn is_clear(fall: &Difference) -> bool {
    fall.mean > CLEAR_SE * fall.se
}

fn matters(fall: &Difference) -> bool {
    fall.mean >= MATTERS && is_clear(fall)
}

/// The quick ridge.
struct Quick<'a> {
    photos: &'a Labelled,
    looks: &'a Looks<'a>,
    look: Look,
    stages: &'a [String],
    seed: Seed,
    k: usize,
}

impl Quick<'_> {
    /// By how much its accuracy falls when photos are kept together by each of these partitions, of which the last one is
    /// the coarsest; none where that leaves nothing to be judged.
    fn falls<const N: usize>(
        &self,
        kept: [&[usize]; N],
        events: &Events,
    ) -> Result<Option<[Difference; N]>, Failure> {
        let together = kept.map(|partition| self.photos.kept_together(partition));
        let coarsest = together.last().expect("one partition or more");
        let part = stratified_subset(
            &coarsest.labels,
            &coarsest.units,
            coarsest.n_classes,
            QUICK_PHOTOS,
            self.seed,
        );
        let rows = self.photos.subset(&part).rows;
        let features = self.looks.features(self.look, &rows, self.stages)?;
        let ridge = head::named("ridge").expect("ridge is registered");
        let progress = events.progress("looking for scenes", ((N + 1) * self.k) as u64);
        let mut columns = Vec::new();
        for photos in [self.photos].into_iter().chain(&together) {
            let photos = photos.subset(&part);
            let Ok(task) = Task::new(photos, self.k, 1, self.seed, self.seed) else {
                return Ok(None);
            };
            let out = task.out_of_fold(&features, &[ridge], &progress, events)?;
            columns.push(task.column(&out[0]));
        }
        let groups = coarsest.subset(&part).groups;
        let mut falls = Vec::new();
        for kept in &columns[1..] {
            falls.push(paired_fall(kept, &columns[0], &groups)?);
        }
        Ok(falls.try_into().ok())
    }
}

/// How many more photos are wrong in `kept` than in `random`, as a share, on the photos that both have scored.
fn paired_fall(kept: &Column, random: &Column, groups: &[usize]) -> Result<Difference, Failure> {
    Ok(paired_difference(
        &wrong(kept, random),
        &wrong(random, kept),
        groups,
    )?)
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

impl FoundScenes {
    /// A candidate with frozen features judged once more on `photos` with the other folds: as if all were independent, where the task
    /// keeps scenes together, and the other way round. `photos` are those of the task, as they were before scenes made
    /// groups. None where the other folds leave nothing to be judged.
    ///
    /// # Errors
    /// When interrupted.
    pub fn judge_once_more(
        &self,
        task: &Task,
        photos: &Labelled,
        looks: &Looks,
        (candidate, geometry): (&Judged, Geometry),
        events: &Events,
    ) -> Result<Option<JudgedOnceMore>, Failure> {
        let other = if self.agree {
            photos.clone()
        } else {
            photos.kept_together(&self.of_row)
        };
        let seed = task.seed.derive("scenes", 1);
        let Ok(other) = Task::new(other, task.folds.k, 1, seed, task.seed) else {
            return Ok(None);
        };
        let plan = candidate
            .plan
            .as_ref()
            .expect("controls are never judged so");
        let features = looks.of_candidate(plan, geometry, &photos.rows)?;
        let progress = events.progress("judging once more", task.folds.k as u64);
        let out = other
            .out_of_fold(&features, &[head_of(plan)?], &progress, events)?
            .remove(0);
        Ok(Some(JudgedOnceMore { task: other, out }))
    }

    /// Both numbers: that of `headline` and the other one, which is by so much `ahead` of what was judged once more. None
    /// where the signals disagree about scenes that cost the chosen candidate nothing.
    ///
    /// # Errors
    /// When the statistics can't be computed.
    pub fn metrics(
        &self,
        more: &JudgedOnceMore,
        headline: Interval,
        ahead: f64,
    ) -> Result<Option<SceneMetrics>, Failure> {
        let column = more.task.column(&more.out);
        let number = accuracy_interval(&column, &more.task.photos.groups, LEVEL)?;
        let moved = |share: f64| (share + ahead).clamp(0.0, 1.0);
        let number = Interval {
            value: moved(number.value),
            low: moved(number.low),
            high: moved(number.high),
        };
        if !self.agree && headline.value - number.value < MATTERS {
            return Ok(None);
        }
        let (accuracy, independent) = if self.agree {
            (headline, number)
        } else {
            (number, headline)
        };
        Ok(Some(SceneMetrics {
            accuracy,
            independent,
            groups: self.shared().len(),
            photos: n_shared(&self.of_row),
            agree: self.agree,
            by: self.by,
        }))
    }

    /// What a person is told; `numbers` are the accuracies with scenes kept together and as if there were none. Nothing,
    /// where the signals disagree and there are no numbers.
    pub fn finding(
        &self,
        numbers: Option<&SceneMetrics>,
        rows: &[usize],
        photos: &Photos,
    ) -> Option<Finding> {
        if !self.agree && numbers.is_none() {
            return None;
        }
        let path = |&row: &usize| photos.list[rows[row]].shown.clone();
        let shared = self.shared();
        let n_photos = n_shared(&self.of_row);
        let n_sets = shared.len();
        let mut text = match (self.by, self.agree) {
            (Sign::Looks, true) => format!(
                "{n_photos} photos in {n_sets} groups look like the same scene, object or person taken several times; each \
                 group is kept in one fold"
            ),
            (Sign::Looks, false) => format!(
                "{n_photos} photos in {n_sets} groups look like one another, and nothing in them tells whether a group shows \
                 one thing or several of a kind"
            ),
            (Sign::Times, _) => format!(
                "{n_photos} photos were taken in {n_sets} runs, and nothing in them tells whether a run shows one thing"
            ),
        };
        let mut values = BTreeMap::from([
            ("photos".into(), n_photos as f64),
            ("groups".into(), shared.len() as f64),
            ("agree".into(), f64::from(u8::from(self.agree))),
        ]);
        if let Some(numbers) = numbers {
            text += &format!(
                ": {:.0} % of photos of new ones are told right, {:.0} % if each photo shows another one",
                100.0 * numbers.accuracy.value,
                100.0 * numbers.independent.value
            );
            for (name, interval) in [
                ("kept_together", numbers.accuracy),
                ("independent", numbers.independent),
            ] {
                values.insert(name.into(), interval.value);
                values.insert(format!("{name}_low"), interval.low);
                values.insert(format!("{name}_high"), interval.high);
            }
        }
        Some(Finding {
            kind: "scene".into(),
            severity: Severity::Warning,
            text,
            files: shared
                .iter()
                .take(SCENES_NAMED)
                .map(|set| set.iter().map(path).collect())
                .collect(),
            numbers: values,
            advice: "look at the largest groups and say with `--group-by` what belongs together, or `--group-by none` if \
                     each photo shows another thing"
                .into(),
        })
    }

    /// Rows of each scene of two or more photos, largest first.
    fn shared(&self) -> Vec<Vec<usize>> {
        let mut by_scene: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (row, scene) in self.of_row.iter().enumerate() {
            by_scene.entry(*scene).or_default().push(row);
        }
        let mut sets: Vec<Vec<usize>> = by_scene.into_values().filter(|s| s.len() > 1).collect();
        sets.sort_by_key(|set| std::cmp::Reverse(set.len()));
        sets
    }
}

/// Photos that are not alone in their part.
fn n_shared(part_of: &[usize]) -> usize {
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    part_of
        .iter()
        .for_each(|part| *sizes.entry(*part).or_default() += 1);
    sizes.values().filter(|&&size| size > 1).sum()
}
