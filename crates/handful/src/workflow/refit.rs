//! The chosen candidate sees all labels, and then, once, the photos that were held back.

use std::collections::BTreeSet;

use handful_learn::bundle::{Member, Record};
use handful_learn::head::Fitted;
use handful_learn::train::Model;
use handful_learn::{Backbone, Bundle};
use handful_stats::{Column, log_pool};

use super::compare::head_of;
use super::judge::{self, AgainstBaseline, Judged, Judgement, TestResult};
use super::labelled::Labelled;
use super::looks::{Look, Looks};
use super::plan::CandidatePlan;
use super::task::Task;
use super::tuning::OnAll;
use crate::exit::Failure;
use handful_image::{Geometry, SampleRange};

/// The candidate that becomes the model.
pub struct Winner<'a> {
    /// What it is.
    pub plan: &'a CandidatePlan,
    /// How photos become squares.
    pub geometry: Geometry,
    /// Where its network was trained: what came of that on all photos.
    pub trained: Option<OnAll>,
}

/// Fits the winner on all photos: `(model, its accuracy on these very photos)`.
///
/// # Errors
/// When features are not finite.
pub fn refit(
    task: &Task,
    looks: &Looks,
    winner: Winner,
    judgement: &Judgement,
    classes: &[String],
    sample_range: Option<SampleRange>,
) -> Result<(Bundle, f64), Failure> {
    let Labelled { rows, labels, .. } = &task.photos;
    let Winner {
        plan,
        geometry,
        trained,
    } = winner;
    let mut members = Vec::new();
    let mut tables = Vec::new();
    if let Some(OnAll {
        model: Model { backbone, head },
        probabilities,
    }) = trained
    {
        members.push(member(&plan.alone(), geometry, backbone, head));
        tables.push(probabilities);
    }
    let frozen = plan.tune.is_none().then_some(plan);
    if let Some(plan) = frozen.or(plan.beside.as_deref()) {
        let features = looks.of_candidate(plan, geometry, rows)?;
        let head = task.refit(&features, head_of(plan)?)?;
        tables.push(head.probabilities(&features.all_rows()));
        members.push(member(plan, geometry, looks.backbone.clone(), head));
    }
    let probabilities = log_pool(&tables, classes.len());
    let on_training = Column::of_probabilities(&probabilities, labels, classes.len());
    let record = Record {
        version: env!("CARGO_PKG_VERSION").into(),
        labels: classes.to_vec(),
        sample_range,
        sets: Some(judgement.probabilities.sets),
        accuracy: judgement.accuracy,
        n_effective: judgement.n_effective,
        n_images: rows.len(),
        seed: task.seed.0,
    };
    Ok((Bundle { record, members }, on_training.mean_hit()))
}

fn member(plan: &CandidatePlan, geometry: Geometry, backbone: Backbone, head: Fitted) -> Member {
    Member {
        preprocessing: backbone.preprocessing(geometry, plan.size_px),
        stages: plan.stages.clone(),
        views: plan.views_asked(),
        backbone,
        head,
    }
}

/// Opens the held-back photos with the finished model; none if there are none that can be read. Where it is given, the
/// baseline is fitted on the photos of the task, and both are compared on the test.
///
/// # Errors
/// When interrupted, or when the statistics can't be computed.
pub fn open_test<'a>(
    model: &'a Bundle,
    looks: &mut Looks<'a>,
    held_back: &Labelled,
    task: &Task,
    baseline: Option<&Judged>,
) -> Result<Option<TestResult>, Failure> {
    let record = &model.record;
    let n_classes = record.labels.len();
    let mut said = Vec::new();
    for member in &model.members {
        match tested(member, looks, held_back)? {
            Some(of_member) => said.push(of_member),
            None => return Ok(None),
        }
    }
    // What one member can't read, another may: those that all have read count.
    let photos = looks.readable(held_back);
    if photos.is_empty() {
        return Ok(None);
    }
    let read_by_all: BTreeSet<usize> = photos.rows.iter().copied().collect();
    let of_all = said.iter().map(|said| said.of(&read_by_all, n_classes));
    let probabilities = log_pool(&of_all.collect::<Vec<_>>(), n_classes);
    let mut result = judge::test_result(&probabilities, &photos.labels, &photos.groups, record)?;
    result.openings = Some(1);
    if let Some(baseline) = baseline
        && let Some(plan) = &baseline.plan
    {
        let geometry = model.members[0].preprocessing.geometry;
        let wanted = (plan.look(geometry), &photos.rows[..]);
        looks.ensure("looking at the test photos", &[wanted])?;
        let learnt = looks.of_candidate(plan, geometry, &task.photos.rows)?;
        let head = task.refit(&learnt, head_of(plan)?)?;
        let features = looks.of_candidate(plan, geometry, &photos.rows)?;
        let other = head.probabilities(&features.all_rows());
        let hits = |p: &[f64]| -> Vec<bool> {
            let column = Column::of_probabilities(p, &photos.labels, photos.n_classes);
            column.hits.iter().map(|hit| *hit > 0.5).collect()
        };
        let (model, other) = (hits(&probabilities), hits(&other));
        let name = baseline.name.clone();
        result.against_baseline = Some(AgainstBaseline::of(name, &model, &other, &photos.groups));
    }
    Ok(Some(result))
}

/// What a member says of photos.
struct Said {
    /// Positions of the photos.
    rows: Vec<usize>,
    /// `[n, classes]`
    probabilities: Vec<f64>,
}

impl Said {
    /// What it says of those of its photos that are among these, `[n, classes]`.
    fn of(&self, wanted: &BTreeSet<usize>, n_classes: usize) -> Vec<f64> {
        let each = self.probabilities.chunks_exact(n_classes);
        let of_photos = self.rows.iter().zip(each);
        let is_wanted = of_photos.filter(|(row, _)| wanted.contains(row));
        is_wanted.flat_map(|(_, p)| p.to_vec()).collect()
    }
}

/// What a member says of the held-back photos that it can read; none if there are none.
fn tested<'a>(
    member: &'a Member,
    looks: &mut Looks<'a>,
    held_back: &Labelled,
) -> Result<Option<Said>, Failure> {
    let preprocessing = &member.preprocessing;
    let look = Look::through(preprocessing.geometry, preprocessing.size_px, member.views);
    let is_frozen = member.backbone.weights == looks.backbone.weights;
    let mut own = match is_frozen {
        true => None,
        false => Some(looks.through(&member.backbone)?),
    };
    let seen = own.as_mut().unwrap_or(looks);
    seen.ensure("looking at the test photos", &[(look, &held_back.rows)])?;
    let photos = seen.readable(held_back);
    let features = match photos.is_empty() {
        true => None,
        false => Some(seen.features(look, &photos.rows, &member.stages)?),
    };
    if let Some(own) = own {
        looks.take_over(own);
    }
    Ok(features.map(|features| Said {
        rows: photos.rows,
        probabilities: member.head.probabilities(&features.all_rows()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_that_read_different_photos_are_brought_to_the_same_ones() {
        let first = Said {
            rows: vec![2, 5, 7],
            probabilities: vec![0.2, 0.8, 0.5, 0.5, 0.7, 0.3],
        };
        let second = Said {
            rows: vec![2, 3, 7],
            probabilities: vec![0.1, 0.9, 0.4, 0.6, 0.6, 0.4],
        };
        let read_by_both = BTreeSet::from([2, 7]);
        assert_eq!(first.of(&read_by_both, 2), [0.2, 0.8, 0.7, 0.3]);
        assert_eq!(second.of(&read_by_both, 2), [0.1, 0.9, 0.6, 0.4]);
    }
}
