//! The content of the report: what a person is shown of a run.

use handful_learn::bundle::Member;
use handful_report::{
    BackboneCard, Calibration, Candidate, Claimed, ClassResult, Confusion, Curve, LookAlikes, Made,
    Mistake, PairedDifference, ReportModel, TestResult, UNREAD_SHOWN, Unread, UnreadFile, Verdict,
    words,
};
use handful_stats::{argmax, effective_groups, wilson};

use super::curve::GAIN;
use super::diagnosis::gallery;
use super::judge::{Judged, LEVEL};
use super::labelled::count;
use super::results::{Metrics, Results};
use super::screen::geometry_name;
use super::warning::Warning;

/// A class in fewer groups has no recall of its own.
const GROUPS_OF_A_CLAIM: usize = 5;
/// Mistakes that are shown with their photo.
const MISTAKES: usize = 24;

/// Fills the report.
pub fn model(results: &Results) -> ReportModel {
    let chosen = results.chosen();
    let metrics = results.metrics();
    ReportModel {
        name: results.name.clone(),
        verdict: verdict(results, &metrics),
        notices: Warning::of(results, &metrics)
            .iter()
            .map(Warning::notice)
            .collect(),
        findings: gallery::cards(results.findings, results.photos),
        hog_accuracy: Some(metrics.hog_accuracy),
        candidates: (0..results.judged.len())
            .map(|i| candidate(results, i))
            .collect(),
        claims: (metrics.claims.iter())
            .map(|planned| Claimed {
                candidate: planned.candidate.clone(),
                baseline: planned.baseline.clone(),
                claim: planned.claim,
            })
            .collect(),
        chosen_again: Some(metrics.chosen_again),
        curve: metrics.learning_curve.as_ref().map(|of| Curve {
            candidate: of.candidate.clone(),
            points: of.points.clone(),
            gain: GAIN,
            answer: of.two_points,
            hindcast: of.hindcast,
        }),
        training: metrics.training.clone(),
        augmentation: results.augmentation.as_ref().map(|(_, page)| page.clone()),
        decisions: results
            .decisions
            .iter()
            .map(|d| handful_report::Decision {
                topic: d.topic.clone(),
                text: format!("{}. {}.", d.choice, d.why),
            })
            .collect(),
        classes: class_results(results, chosen),
        confusion: confusion(results, chosen),
        calibration: Calibration {
            log_loss: metrics.log_loss,
            log_loss_of_shares: Some(results.log_loss_of_shares()),
            ece: metrics.probabilities.ece,
            ece_when_perfect: Some(handful_stats::ece_bias(
                metrics.accuracy.value,
                metrics.effective_groups as usize,
            )),
            temperature: match &results.model.members[..] {
                [only] => Some(only.head.temperature),
                _ => None,
            },
            brier: Some(metrics.probabilities.brier),
            reliability: metrics.probabilities.reliability.clone(),
            sets: Some(metrics.probabilities.sets),
        },
        mistakes: mistakes(results, chosen),
        unread: Unread {
            files: results
                .photos
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
            n_files: results.photos.issues.len(),
        },
        made: made(results, &metrics),
    }
}

fn verdict(results: &Results, metrics: &Metrics) -> Verdict {
    let counts = results.task.photos.class_counts();
    let present = counts.iter().filter(|&&c| c > 0);
    let (largest, smallest) = (present.clone().max(), present.min());
    let scored = results.task.scored();
    let (majority, share) = scored.majority();
    Verdict {
        accuracy: metrics.accuracy,
        balanced_accuracy: metrics.balanced_accuracy,
        level: LEVEL,
        class_ratio: match (largest, smallest) {
            (Some(&l), Some(&s)) => l as f64 / s as f64,
            _ => 1.0,
        },
        majority_class: results.photos.classes[majority].clone(),
        majority_accuracy: share,
        n_images: scored.len(),
        n_classes: results.photos.classes.len(),
        n_groups: results.photos.has_groups().then_some(metrics.groups),
        look_alikes: metrics.scenes.as_ref().map(|s| LookAlikes {
            apart: s.accuracy,
            random: s.independent,
            n_sets: s.groups,
            n_photos: s.photos,
            agree: s.agree,
            by: s.by,
        }),
        test: metrics.test.as_ref().map(|t| TestResult {
            accuracy: t.accuracy,
            n_images: t.images,
            difference: t.difference,
            n_openings: t.openings.unwrap_or(1),
        }),
    }
}

fn candidate(results: &Results, idx: usize) -> Candidate {
    let judged = &results.judged[idx];
    Candidate {
        name: judged.name.clone(),
        strategy: judged.strategy.into(),
        log_loss: judged.column.mean_loss(),
        accuracy: results.judgement.accuracies[idx],
        predict_ms: Some(results.predict_ms[idx]).filter(|ms| *ms > 0.0),
        difference: results.judgement.differences[idx]
            .map(|(mean, se)| PairedDifference { mean, se }),
        chosen: idx == results.judgement.chosen,
    }
}

fn class_results(results: &Results, chosen: &Judged) -> Vec<ClassResult> {
    results
        .photos
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
                    .filter(|(i, _)| results.task.photos.labels[**i] == class)
            };
            let groups: Vec<usize> = scored()
                .map(|(&i, _)| results.task.photos.groups[i])
                .collect();
            let right: f64 = scored().map(|(_, hit)| hit).sum();
            // Of a class that could not be held out nothing is known, and next to nothing of a few groups.
            let share = right / groups.len().max(1) as f64;
            let recall = (count(&groups) >= GROUPS_OF_A_CLAIM)
                .then(|| wilson(share, effective_groups(&groups), LEVEL).ok())
                .flatten();
            ClassResult {
                name: name.clone(),
                n_images: results
                    .task
                    .photos
                    .labels
                    .iter()
                    .filter(|l| **l == class)
                    .count(),
                recall,
            }
        })
        .collect()
}

fn confusion(results: &Results, chosen: &Judged) -> Confusion {
    let n = results.photos.classes.len();
    let mut counts = vec![0; n * n];
    for (row, predicted, _) in first_repeat(results, chosen) {
        counts[results.task.photos.labels[row] * n + predicted] += 1;
    }
    Confusion {
        counts,
        n_repeats: results.task.folds.n_repeats(),
    }
}

fn mistakes(results: &Results, chosen: &Judged) -> Vec<Mistake> {
    let mut wrong: Vec<(usize, usize, f64)> = first_repeat(results, chosen)
        .filter(|(row, predicted, _)| results.task.photos.labels[*row] != *predicted)
        .collect();
    wrong.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
    wrong
        .into_iter()
        .take(MISTAKES)
        .map(|(row, predicted, probability)| {
            let photo = &results.photos.list[results.task.photos.rows[row]];
            Mistake {
                path: photo.shown.clone(),
                label: results.photos.classes[results.task.photos.labels[row]].clone(),
                predicted: results.photos.classes[predicted].clone(),
                probability,
                thumbnail: gallery::picture(photo),
            }
        })
        .collect()
}

/// `(row, predicted class, its probability)` of every scored photo in the first repeat.
fn first_repeat<'a>(
    results: &'a Results<'a>,
    chosen: &'a Judged,
) -> impl Iterator<Item = (usize, usize, f64)> + 'a {
    let probabilities = chosen.out.repeats[0].chunks_exact(results.photos.classes.len());
    results.task.folds.repeats[0]
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

fn made(results: &Results, metrics: &Metrics) -> Made {
    let by_scenes = metrics.scenes.as_ref().is_some_and(|s| s.agree);
    let model = results.model;
    // Each once, in the order of the members.
    let of_members = |say: &dyn Fn(&Member) -> String| {
        let mut all: Vec<String> = model.members.iter().map(say).collect();
        all.dedup();
        all.join(" & ")
    };
    let grouped = if results.photos.has_groups() || by_scenes {
        "grouped and stratified"
    } else {
        "stratified"
    };
    Made {
        version: model.record.version.clone(),
        seed: model.record.seed,
        protocol: format!(
            "{} × {}-fold, {grouped}",
            results.task.folds.n_repeats(),
            results.task.folds.k
        ),
        backbone: Some(BackboneCard {
            name: of_members(&|member| member.backbone.card.name.clone()),
            licence: of_members(&|member| member.backbone.card.licence.clone()),
            provenance: of_members(&|member| member.backbone.card.provenance.clone()),
        }),
        preprocessing: format!(
            "{} px, {}, antialiased bilinear",
            of_members(&|member| member.preprocessing.size_px.to_string()),
            geometry_name(results.geometry)
        ),
        predict_command: format!(
            "handful predict {} new-photos/",
            results.target.join("model.handful").display()
        ),
        train_command: None,
        more: vec![
            (
                "Members".into(),
                match &model.members[..] {
                    [_] => "one network".into(),
                    several => format!(
                        "{} networks, the geometric mean of their probabilities",
                        several.len()
                    ),
                },
            ),
            (
                "Features".into(),
                of_members(&|member| member.stages.join(" + ")),
            ),
            (
                "Precision".into(),
                of_members(&|member| member.backbone.precision().name().into()),
            ),
            (
                "Head".into(),
                of_members(&|member| member.head.head.clone()),
            ),
            (
                "Accuracy on its own training photos".into(),
                words::percent(metrics.train_accuracy),
            ),
        ],
    }
}
