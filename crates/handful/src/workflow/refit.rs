//! The chosen candidate sees all labels, and then, once, the photos that were held back.

use handful_learn::{Bundle, bundle};
use handful_stats::{Column, Seed};

use super::compare::head_of;
use super::judge::{self, Judgement, TestResult};
use super::labelled::Labelled;
use super::looks::{Look, Looks};
use super::plan::CandidatePlan;
use super::task::Task;
use crate::exit::Failure;
use handful_image::{Geometry, SampleRange};

/// Fits the winner on all photos: `(model, its accuracy on these very photos)`.
///
/// # Errors
/// When features are not finite.
pub fn refit(
    task: &Task,
    looks: &Looks,
    geometry: Geometry,
    winner: &CandidatePlan,
    judgement: &Judgement,
    classes: &[String],
    sample_range: Option<SampleRange>,
) -> Result<(Bundle, f64), Failure> {
    let Labelled { rows, labels, .. } = &task.photos;
    let look = Look::Backbone(geometry, winner.size_px);
    let features = looks.features(look, rows, &winner.stages)?;
    let head = task.refit(&features, head_of(winner)?)?;
    let probabilities = head.probabilities(&features.all_rows());
    let on_training = Column::of_probabilities(&probabilities, labels, classes.len());
    let backbone = looks.backbone.clone();
    let record = bundle::Record {
        schema: bundle::SCHEMA,
        version: env!("CARGO_PKG_VERSION").into(),
        labels: classes.to_vec(),
        preprocessing: backbone.preprocessing(geometry, winner.size_px),
        sample_range,
        stages: winner.stages.clone(),
        backbone: backbone.card.clone(),
        head: head.head.clone(),
        setting: head.setting,
        unit_length: head.unit_length,
        temperature: head.temperature,
        accuracy: judgement.accuracy,
        n_effective: judgement.n_effective,
        n_images: rows.len(),
        seed: task.seed.0,
    };
    let model = Bundle {
        record,
        backbone,
        head,
    };
    Ok((model, on_training.mean_hit()))
}

/// Opens the held-back photos with the finished model; none if there are none that can be read.
///
/// # Errors
/// When interrupted, or when the statistics can't be computed.
pub fn open_test(
    model: &Bundle,
    looks: &mut Looks,
    held_back: &Labelled,
) -> Result<Option<TestResult>, Failure> {
    let record = &model.record;
    let look = Look::Backbone(record.preprocessing.geometry, record.preprocessing.size_px);
    looks.ensure("looking at the test photos", &[(look, &held_back.rows)])?;
    let photos = looks.readable(held_back);
    if photos.is_empty() {
        return Ok(None);
    }
    let features = looks.features(look, &photos.rows, &record.stages)?;
    let probabilities = model.head.probabilities(&features.all_rows());
    judge::test_result(
        &probabilities,
        &photos.labels,
        &photos.groups,
        photos.n_classes,
        (record.accuracy, record.n_effective),
        Seed(record.seed),
    )
    .map(Some)
}
