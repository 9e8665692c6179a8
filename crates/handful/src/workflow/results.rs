//! What a run leaves for machines and people. Names and keys are an interface: see `docs/outputs.md`.

use std::path::Path;

use handful_image::Geometry;
use handful_learn::Bundle;
use handful_report::{ReportModel, TrainingStory};
use handful_stats::Interval;
use serde::{Deserialize, Serialize};

use super::augment::told::AugmentationMetrics;
use super::compare::{CONTROL_HOG, CONTROL_MAJORITY};
use super::curve::CurveMetrics;
use super::diagnosis::scenes::SceneMetrics;
use super::diagnosis::{Findings, FindingsFile};
use super::judge::{Judged, Judgement, PlannedClaim, Probabilities, TestResult};
use super::plan::{self, Plan};
use super::recipe_file::{self, RecipeFile};
use super::run_folder::RunFolder;
use super::screen::Decision;
use super::task::Task;
use super::{page, tables};
use crate::exit::{self, Failure};
use crate::extract::Spent;
use crate::photos::Photos;

/// Version of the outputs; keys are only ever added within one.
pub const SCHEMA: u32 = 1;

/// `metrics.json`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Name of the chosen candidate.
    pub winner: String,
    /// Out-of-fold accuracy of the model, corrected for the choice.
    pub accuracy: Interval,
    /// Mean recall, out of fold.
    pub balanced_accuracy: Interval,
    /// Mean of the classes' F1, out of fold.
    pub macro_f1: Interval,
    /// Out-of-fold log-loss in nats.
    pub log_loss: f64,
    /// The same with its interval.
    pub log_loss_interval: Interval,
    /// What the out-of-fold probabilities are worth: `ece`, `brier`, `reliability`, `sets`.
    #[serde(flatten)]
    pub probabilities: Probabilities,
    /// How often the whole choice, made again on resampled groups, comes to the same candidate.
    pub chosen_again: f64,
    /// How the error falls with the number of photos; null where it was not looked at.
    pub learning_curve: Option<CurveMetrics>,
    /// Share of the largest class among the photos that are scored.
    pub majority_accuracy: f64,
    /// Accuracy of edges and colours without a network.
    pub hog_accuracy: Interval,
    /// Accuracy of the model on the photos that it was trained on.
    pub train_accuracy: f64,
    /// How the training of a network went: of the winner if its network was trained, alone or as a part of an ensemble, else of
    /// the best one that was; null where none was.
    pub training: Option<TrainingStory>,
    /// What the photos said of changes of themselves; null where they were not asked.
    pub augmentation: Option<AugmentationMetrics>,
    /// What photos that may show one scene, object or person do to the accuracy; null where groups were given, none were
    /// found, or they make no difference.
    pub scenes: Option<SceneMetrics>,
    /// Held-back photos, if any were given.
    pub test: Option<TestResult>,
    /// What may be said of the comparisons that were planned.
    pub claims: Vec<PlannedClaim>,
    /// Photos that were learnt from.
    pub images: usize,
    /// Classes.
    pub classes: usize,
    /// Groups of photos; the number of photos when nothing made groups.
    pub groups: usize,
    /// Effective number of independent groups (Kish).
    pub effective_groups: f64,
    /// The seed.
    pub seed: u64,
}

/// `timing.json`: all that may differ between two runs with the same results.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Timing {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Version of handful.
    pub version: String,
    /// Seconds from start to finish.
    pub total_s: f64,
    /// Seconds by step, in their order.
    pub steps: Vec<(String, f64)>,
    /// What reading and the network took.
    pub features: Spent,
    /// Threads.
    pub threads: usize,
    /// Largest resident memory of the process, where the system tells it.
    pub peak_rss_bytes: Option<u64>,
    /// Operating system and processor architecture.
    pub host: String,
}

/// All that a training found.
pub struct Results<'a> {
    /// Name of the data.
    pub name: String,
    /// Where the run will be.
    pub target: &'a Path,
    /// All photos, their classes and what was wrong with files.
    pub photos: &'a Photos,
    /// The photos that were learnt from, and the folds.
    pub task: &'a Task,
    /// How photos become squares.
    pub geometry: Geometry,
    /// What is wrong in the photos.
    pub findings: &'a Findings,
    /// Image side at which scenes were looked for, in pixels.
    pub look_px: usize,
    /// What was decided by measurement.
    pub decisions: &'a [Decision],
    /// All candidates and controls.
    pub judged: &'a [Judged],
    /// The judgement on them.
    pub judgement: &'a Judgement,
    /// Milliseconds to predict a photo, by candidate; 0 where not measured.
    pub predict_ms: &'a [f64],
    /// The model.
    pub model: &'a Bundle,
    /// BLAKE3 of the backbone's tensors.
    pub backbone: String,
    /// Accuracy of the model on the photos that it was trained on.
    pub train_accuracy: f64,
    /// How the training of a network went, where one was trained.
    pub training: Option<TrainingStory>,
    /// What the photos said of changes of themselves, and how it is shown.
    pub augmentation: Option<(AugmentationMetrics, handful_report::Augmentation)>,
    /// What photos that may show one scene do to the accuracy.
    pub scenes: Option<SceneMetrics>,
    /// Whether it was asked if more photos would help.
    pub wants_curve: bool,
    /// How the error falls with the number of photos.
    pub curve: Option<CurveMetrics>,
    /// Held-back photos, if any were given.
    pub test: Option<TestResult>,
}

impl Results<'_> {
    /// The chosen candidate.
    pub fn chosen(&self) -> &Judged {
        &self.judged[self.judgement.chosen]
    }

    /// Index of a control among the candidates.
    pub fn control(&self, name: &str) -> usize {
        let found = self.judged.iter().position(|c| c.name == name);
        found.expect("controls are always judged")
    }

    /// Mean log-loss of knowing only how often each class occurs.
    pub fn log_loss_of_shares(&self) -> f64 {
        self.judged[self.control(CONTROL_MAJORITY)]
            .column
            .mean_loss()
    }

    /// `metrics.json`
    pub fn metrics(&self) -> Metrics {
        let photos = &self.task.photos;
        Metrics {
            schema: SCHEMA,
            winner: self.chosen().name.clone(),
            accuracy: self.judgement.accuracy,
            balanced_accuracy: self.judgement.balanced_accuracy,
            macro_f1: self.judgement.macro_f1,
            log_loss: self.judgement.log_loss.value,
            log_loss_interval: self.judgement.log_loss,
            probabilities: self.judgement.probabilities.clone(),
            chosen_again: self.judgement.chosen_again,
            learning_curve: self.curve.clone(),
            majority_accuracy: self.task.scored().majority().1,
            hog_accuracy: self.judgement.accuracies[self.control(CONTROL_HOG)],
            train_accuracy: self.train_accuracy,
            training: self.training.clone(),
            augmentation: self
                .augmentation
                .as_ref()
                .map(|(metrics, _)| metrics.clone()),
            scenes: self.scenes.clone(),
            test: self.test.clone(),
            claims: self.judgement.claims.clone(),
            images: photos.len(),
            classes: photos.n_classes,
            groups: photos.n_groups(),
            effective_groups: self.judgement.n_effective,
            seed: self.task.seed.0,
        }
    }

    /// `plan.json`: what was judged, cheapest first.
    pub fn plan(&self) -> Plan {
        Plan {
            schema: plan::SCHEMA,
            version: env!("CARGO_PKG_VERSION").into(),
            seed: self.task.seed.0,
            folds: self.task.folds.k,
            repeats: self.task.folds.n_repeats(),
            backbone: self.backbone.clone(),
            precision: self.model.members[0].backbone.precision(),
            geometry: self.geometry,
            look_px: Some(self.look_px),
            curve: self.wants_curve,
            candidates: self.judged.iter().filter_map(|j| j.plan.clone()).collect(),
        }
    }

    /// `recipe.toml`: how the model is made.
    pub fn recipe(&self) -> RecipeFile {
        let chosen = self.chosen().plan.as_ref();
        let chosen = chosen.expect("controls are never chosen");
        let backbone = &self.model.members[0].backbone.card.name;
        RecipeFile::of(chosen, backbone, self.geometry)
    }

    /// Writes everything but the model and the times; returns the content of the report.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, folder: &RunFolder) -> Result<ReportModel, Failure> {
        let Task { photos, folds, .. } = self.task;
        let paths: Vec<&str> = photos
            .rows
            .iter()
            .map(|&i| self.photos.list[i].shown.as_str())
            .collect();
        let classes = &self.photos.classes;
        write_json(folder, "plan.json", &self.plan())?;
        let mut recipe = self.recipe().to_toml();
        if self.model.members.len() > 1 {
            recipe += "\n# That is one of two members: a run with this recipe stands it beside the best frozen features of its own size. `--plan plan.json` repeats the pair.\n";
        }
        folder.write(recipe_file::NAME, recipe.as_bytes())?;
        write_json(folder, "metrics.json", &self.metrics())?;
        folder.write("folds.csv", &tables::folds(&paths, folds))?;
        folder.write(
            "candidates.csv",
            &tables::candidates(self.judged, self.judgement, self.predict_ms),
        )?;
        folder.write(
            "predictions.csv",
            &tables::predictions(&paths, &photos.labels, classes, folds, self.chosen()),
        )?;
        let mut issues = Vec::new();
        handful_data::write_issues_csv(&self.photos.issues, &mut issues)
            .map_err(|e| Failure::new(exit::IO, e.to_string()))?;
        folder.write("issues.csv", &issues)?;
        let findings = FindingsFile {
            schema: SCHEMA,
            findings: &self.findings.list,
        };
        write_json(folder, "findings.json", &findings)?;
        let page = page::model(self);
        write_json(folder, "report.json", &page)?;
        folder.write("report.html", handful_report::render(&page).as_bytes())?;
        Ok(page)
    }
}

/// Writes a value as indented JSON with a newline at its end.
///
/// # Errors
/// When the disk refuses.
pub fn write_json(folder: &RunFolder, name: &str, value: &impl Serialize) -> Result<(), Failure> {
    let mut text =
        serde_json::to_string_pretty(value).expect("results are plain data with finite numbers");
    text.push('\n');
    folder.write(name, text.as_bytes())
}

/// Largest resident memory of this process so far, from Linux's `/proc`.
pub fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace()
        .nth(1)?
        .parse::<u64>()
        .ok()
        .map(|kib| kib * 1024)
}
