//! The content of the report: what a person is shown of a run.

use std::path::Path;

use handful_data::Issue;
use handful_image::{Limits, decode, encode_jpeg, thumbnail};
use handful_learn::bundle::Record;
use handful_report::{
    BackboneCard, Calibration, Candidate, ClassResult, Confusion, Made, Mistake, Notice,
    PairedDifference, ReportModel, Severity, TestResult, UNREAD_SHOWN, Unread, UnreadFile, Verdict,
};
use handful_stats::{Folds, argmax, effective_groups, wilson};

use super::judge::{Judged, Judgement, LEVEL};
use super::majority_share;
use super::results::Metrics;
use super::screen::{Decision, geometry_name};
use crate::photos::Photo;

/// Mistakes that are shown with their photo.
const MISTAKES: usize = 24;
/// Longer side of a thumbnail in pixels, and its JPEG quality: sharp on the page, some 5 kB each.
const THUMBNAIL_PX: usize = 180;
const THUMBNAIL_QUALITY: u8 = 80;

/// What the page is made from.
pub struct Facts<'a> {
    /// Name of the data.
    pub name: String,
    /// Where the run will be.
    pub run: &'a Path,
    /// Class names.
    pub classes: &'a [String],
    /// All photos.
    pub photos: &'a [Photo],
    /// Positions of those that were learnt from.
    pub rows: &'a [usize],
    /// Class of each of `rows`.
    pub labels: &'a [usize],
    /// What is independent: groups, or single photos.
    pub groups: &'a [usize],
    /// Whether anything made groups.
    pub has_groups: bool,
    /// The folds.
    pub folds: &'a Folds,
    /// All candidates.
    pub judged: &'a [Judged],
    /// The judgement on them.
    pub judgement: &'a Judgement,
    /// Milliseconds to predict a photo, by candidate; 0 where not measured.
    pub predict_ms: &'a [f64],
    /// What was decided by measurement.
    pub decisions: &'a [Decision],
    /// The numbers.
    pub metrics: &'a Metrics,
    /// Files that were skipped or read with a note.
    pub issues: &'a [Issue],
    /// What is known about the model.
    pub model: &'a Record,
}

/// Fills the report.
pub fn model(facts: &Facts) -> ReportModel {
    let chosen = &facts.judged[facts.judgement.chosen];
    ReportModel {
        name: facts.name.clone(),
        verdict: verdict(facts),
        notices: notices(facts),
        hog_accuracy: Some(facts.metrics.hog_accuracy),
        candidates: (0..facts.judged.len())
            .map(|i| candidate(facts, i))
            .collect(),
        decisions: facts
            .decisions
            .iter()
            .map(|d| handful_report::Decision {
                topic: d.topic.clone(),
                text: format!("{}. {}.", d.choice, d.why),
            })
            .collect(),
        classes: class_results(facts, chosen),
        confusion: confusion(facts, chosen),
        calibration: Calibration {
            log_loss: facts.metrics.log_loss,
            log_loss_of_shares: facts
                .judged
                .iter()
                .find(|j| j.name == super::CONTROL_MAJORITY)
                .map(|j| j.column.mean_loss()),
            ece: facts.metrics.ece,
            ece_when_perfect: Some(handful_stats::ece_bias(
                facts.metrics.accuracy.value,
                facts.labels.len(),
            )),
            temperature: facts.model.temperature,
        },
        mistakes: mistakes(facts, chosen),
        unread: Unread {
            files: facts
                .issues
                .iter()
                .take(UNREAD_SHOWN)
                .map(|i| UnreadFile {
                    path: handful_data::shown(&i.path),
                    kind: i.kind.to_string(),
                    detail: i.detail.clone(),
                    advice: i.advice.clone(),
                })
                .collect(),
            n_files: facts.issues.len(),
        },
        made: made(facts),
    }
}

fn verdict(facts: &Facts) -> Verdict {
    let counts = class_counts(facts);
    let present = counts.iter().filter(|&&c| c > 0);
    let (largest, smallest) = (present.clone().max(), present.min());
    let (majority, share) = majority_share(facts.labels, facts.classes.len());
    Verdict {
        accuracy: facts.metrics.accuracy,
        balanced_accuracy: facts.metrics.balanced_accuracy,
        level: LEVEL,
        class_ratio: match (largest, smallest) {
            (Some(&l), Some(&s)) => l as f64 / s as f64,
            _ => 1.0,
        },
        majority_class: facts.classes[majority].clone(),
        majority_accuracy: share,
        n_images: facts.labels.len(),
        n_classes: facts.classes.len(),
        n_groups: facts.has_groups.then_some(facts.metrics.groups),
        test: facts.metrics.test.as_ref().map(|t| TestResult {
            accuracy: t.accuracy,
            n_images: t.images,
            difference: t.difference,
            n_openings: 1,
        }),
    }
}

fn notices(facts: &Facts) -> Vec<Notice> {
    let mut all = Vec::new();
    let mut add = |severity, text: String, advice: Option<String>| {
        all.push(Notice {
            severity,
            text,
            advice,
        })
    };
    let skipped = super::skipped(facts.issues);
    if skipped > 0 {
        add(
            Severity::Warning,
            format!("{skipped} files could not be read and are not part of these numbers."),
            Some("See the list at the end of this page.".into()),
        );
    }
    let hog = facts.metrics.hog_accuracy;
    if hog.value >= facts.metrics.accuracy.low {
        add(
            Severity::Warning,
            "A control that sees only edges and colours is about as good as the network.".into(),
            Some("The classes may differ by something trivial, such as background or lighting: look at the photos.".into()),
        );
    }
    if facts.metrics.accuracy.low <= facts.metrics.majority_accuracy {
        add(
            Severity::Warning,
            "It is not shown that the model is better than always guessing the largest class."
                .into(),
            Some("Add photos, or check whether the labels can be told from a photo at all.".into()),
        );
    }
    if let Some(test) = &facts.metrics.test
        && test.difference.high < 0.0
    {
        add(
            Severity::Warning,
            "The held-back test photos are harder than the photos to learn from: believe the test.".into(),
            Some("Photos to learn from may show the same scene, object or person several times: name them with `--group-by`.".into()),
        );
    }
    if !facts.has_groups {
        add(
            Severity::Remark,
            "Each photo is taken as independent of the others.".into(),
            Some("If several photos show the same object, person or scene, say so with `--group-by`: the number is too good otherwise.".into()),
        );
    }
    let unscored = (0..facts.classes.len())
        .filter(|&c| {
            !facts
                .labels
                .iter()
                .zip(&facts.folds.repeats[0])
                .any(|(l, f)| *l == c && f.is_some())
        })
        .map(|c| format!("\"{}\"", facts.classes[c]))
        .collect::<Vec<_>>();
    if !unscored.is_empty() {
        add(
            Severity::Warning,
            format!(
                "Not measured, because all their photos belong to one group: {}.",
                unscored.join(", ")
            ),
            Some("Add photos of another object, person or scene.".into()),
        );
    }
    all
}

fn candidate(facts: &Facts, idx: usize) -> Candidate {
    let judged = &facts.judged[idx];
    Candidate {
        name: judged.name.clone(),
        strategy: judged.strategy.into(),
        log_loss: judged.column.mean_loss(),
        accuracy: facts.judgement.accuracies[idx],
        predict_ms: Some(facts.predict_ms[idx]).filter(|ms| *ms > 0.0),
        difference: facts.judgement.differences[idx]
            .map(|(mean, se)| PairedDifference { mean, se }),
        chosen: idx == facts.judgement.chosen,
    }
}

fn class_results(facts: &Facts, chosen: &Judged) -> Vec<ClassResult> {
    facts
        .classes
        .iter()
        .enumerate()
        .map(|(class, name)| {
            let scored = || {
                chosen
                    .column
                    .scored
                    .iter()
                    .zip(&chosen.column.hits)
                    .filter(|(i, _)| facts.labels[**i] == class)
            };
            let groups: Vec<usize> = scored().map(|(&i, _)| facts.groups[i]).collect();
            let right: f64 = scored().map(|(_, hit)| hit).sum();
            // A class that could not be held out has no recall.
            let recall = wilson(
                right / groups.len().max(1) as f64,
                effective_groups(&groups),
                LEVEL,
            )
            .ok();
            ClassResult {
                name: name.clone(),
                n_images: facts.labels.iter().filter(|l| **l == class).count(),
                recall,
            }
        })
        .collect()
}

fn confusion(facts: &Facts, chosen: &Judged) -> Confusion {
    let n = facts.classes.len();
    let mut counts = vec![0; n * n];
    for (row, predicted, _) in first_repeat(facts, chosen) {
        counts[facts.labels[row] * n + predicted] += 1;
    }
    Confusion {
        counts,
        n_repeats: facts.folds.n_repeats(),
    }
}

fn mistakes(facts: &Facts, chosen: &Judged) -> Vec<Mistake> {
    let mut wrong: Vec<(usize, usize, f64)> = first_repeat(facts, chosen)
        .filter(|(row, predicted, _)| facts.labels[*row] != *predicted)
        .collect();
    wrong.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
    wrong
        .into_iter()
        .take(MISTAKES)
        .map(|(row, predicted, probability)| {
            let photo = &facts.photos[facts.rows[row]];
            Mistake {
                path: photo.shown.clone(),
                label: facts.classes[facts.labels[row]].clone(),
                predicted: facts.classes[predicted].clone(),
                probability,
                thumbnail: picture(&photo.path),
            }
        })
        .collect()
}

/// `(row, predicted class, its probability)` of every scored photo in the first repeat.
fn first_repeat<'a>(
    facts: &'a Facts,
    chosen: &'a Judged,
) -> impl Iterator<Item = (usize, usize, f64)> + 'a {
    let probabilities = chosen.out.repeats[0].chunks_exact(facts.classes.len());
    facts.folds.repeats[0]
        .iter()
        .zip(probabilities)
        .enumerate()
        .filter_map(|(row, (fold, p))| {
            fold.map(|_| {
                let predicted = argmax(p);
                (row, predicted, p[predicted])
            })
        })
}

/// A small JPEG of a photo; none when the file has gone meanwhile.
fn picture(path: &Path) -> Option<Vec<u8>> {
    let bytes = std::fs::read(path).ok()?;
    let pixels = decode(&bytes, &Limits::default()).ok()?.pixels;
    Some(encode_jpeg(
        &thumbnail(&pixels, THUMBNAIL_PX),
        THUMBNAIL_QUALITY,
    ))
}

fn class_counts(facts: &Facts) -> Vec<usize> {
    let mut counts = vec![0; facts.classes.len()];
    facts.labels.iter().for_each(|&l| counts[l] += 1);
    counts
}

fn made(facts: &Facts) -> Made {
    let p = &facts.model.preprocessing;
    let grouped = if facts.has_groups {
        "grouped and stratified"
    } else {
        "stratified"
    };
    Made {
        version: facts.model.version.clone(),
        seed: facts.model.seed,
        protocol: format!(
            "{} × {}-fold, {grouped}",
            facts.folds.n_repeats(),
            facts.folds.k
        ),
        backbone: Some(BackboneCard {
            name: facts.model.backbone.name.clone(),
            licence: facts.model.backbone.licence.clone(),
            provenance: facts.model.backbone.provenance.clone(),
        }),
        preprocessing: format!(
            "{} px, {}, antialiased bilinear",
            p.size_px,
            geometry_name(p.geometry)
        ),
        predict_command: format!(
            "handful predict {} new-photos/",
            facts.run.join("model.handful").display()
        ),
        train_command: None,
        more: vec![
            ("Features".into(), facts.model.stages.join(" + ")),
            ("Head".into(), facts.model.head.clone()),
            (
                "Accuracy on its own training photos".into(),
                handful_report::words::percent(facts.metrics.train_accuracy),
            ),
        ],
    }
}
