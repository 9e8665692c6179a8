//! The content of the report: what a person is shown of a run.

use handful_report::{
    BackboneCard, Calibration, Candidate, Claimed, ClassResult, Confusion, Curve, LookAlikes, Made,
    Mistake, Notice, PairedDifference, ReportModel, Severity, TestResult, UNREAD_SHOWN, Unread,
    UnreadFile, Verdict, words,
};
use handful_stats::{argmax, effective_groups, paired_difference, wilson};

use super::curve::GAIN;
use super::diagnosis::gallery;
use super::judge::{Judged, LEVEL};
use super::labelled::count;
use super::plan::CandidatePlan;
use super::results::{Metrics, Results};
use super::screen::geometry_name;

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
        notices: notices(results, &metrics),
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
            temperature: results.model.temperature,
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

fn notices(results: &Results, metrics: &Metrics) -> Vec<Notice> {
    let mut all = Vec::new();
    let mut add = |severity, text: String, advice: Option<String>| {
        all.push(Notice {
            severity,
            text,
            advice,
        })
    };
    let skipped = results.photos.n_skipped();
    if skipped > 0 {
        add(
            Severity::Warning,
            format!("{skipped} files could not be read and are not part of these numbers."),
            Some("See the list at the end of this page.".into()),
        );
    }
    let hog = metrics.hog_accuracy;
    if hog.value >= metrics.accuracy.low {
        add(
            Severity::Warning,
            "A control that sees only edges and colours is about as good as the network.".into(),
            Some("The classes may differ by something trivial, such as background or lighting: look at the photos.".into()),
        );
    }
    if metrics.accuracy.low <= metrics.majority_accuracy {
        add(
            Severity::Warning,
            "It is not shown that the model is better than always guessing the largest class."
                .into(),
            Some("Add photos, or check whether the labels can be told from a photo at all.".into()),
        );
    }
    if let Some(test) = &metrics.test
        && test.difference.high < 0.0
    {
        add(
            Severity::Warning,
            "The held-back test photos are harder than the photos to learn from: believe the test.".into(),
            Some("Photos to learn from may show the same scene, object or person several times: name them with `--group-by`.".into()),
        );
    }
    if let Some(against) = metrics
        .test
        .as_ref()
        .and_then(|t| t.against_baseline.as_ref())
    {
        let (model, other) = (against.test.only_a, against.test.only_b);
        add(
            Severity::Remark,
            format!(
                "On the test photos {} that {} gets wrong are right with this model, and {} the other way round (McNemar's exact \
                 test: p {:.2}).",
                words::count(model),
                words::quoted(&against.baseline),
                words::count(other),
                against.test.p
            ),
            None,
        );
    }
    if !results.photos.has_groups() && metrics.scenes.is_none() {
        add(
            Severity::Remark,
            "Copies and bursts aside, each photo is taken as independent of the others.".into(),
            Some("If several photos show the same object, person or scene, say so with `--group-by`: the number is too good otherwise.".into()),
        );
    }
    if let Some(sentence) = overfitting(results, metrics) {
        all.push(sentence);
    }
    let mut add = |severity, text: String, advice: Option<String>| {
        all.push(Notice {
            severity,
            text,
            advice,
        })
    };
    let unscored = (0..results.photos.classes.len())
        .filter(|&c| {
            !results
                .task
                .photos
                .labels
                .iter()
                .zip(&results.task.folds.repeats[0])
                .any(|(l, f)| *l == c && f.is_some())
        })
        .map(|c| format!("\"{}\"", results.photos.classes[c]))
        .collect::<Vec<_>>();
    if results.photos.classes.len() - unscored.len() < 2 {
        add(
            Severity::Warning,
            "Only one class could be measured: the accuracy says nothing about telling classes apart."
                .into(),
            Some("Add photos of other objects, persons or scenes to the other classes.".into()),
        );
    }
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

/// Points between the accuracy on training photos and on new ones from which a person asks what that means.
const NOTABLE_GAP: f64 = 0.05;

/// What it means that a model does better on its own training photos. More features than photos always fit them, which
/// harms nothing unless a candidate with less freedom does better on new ones: then that is named.
fn overfitting(results: &Results, metrics: &Metrics) -> Option<Notice> {
    if metrics.train_accuracy - metrics.accuracy.value < NOTABLE_GAP {
        return None;
    }
    let chosen = results.chosen();
    let plan = chosen.plan.as_ref()?;
    // Each can bend further than those before it.
    let ordered = ["centroid", "lda", "ridge", "logistic"];
    let freedom = |head: &str| ordered.iter().position(|h| *h == head);
    let groups = &results.task.photos.groups;
    let gap = format!(
        "It gets {} of its own training photos right, and {} of new ones.",
        words::percent(metrics.train_accuracy),
        words::percent_at(&metrics.accuracy)
    );
    let less_free = results.judged.iter().filter(|other| {
        let same_features =
            |p: &CandidatePlan| p.size_px == plan.size_px && p.stages == plan.stages;
        (other.plan.as_ref())
            .is_some_and(|p| same_features(p) && freedom(&p.head) < freedom(&plan.head))
    });
    let better = less_free
        .filter_map(|other| {
            let difference = paired_difference(&chosen.column, &other.column, groups).ok()?;
            (difference.mean > difference.se).then_some((difference.mean, other))
        })
        .max_by(|a, b| a.0.total_cmp(&b.0));
    Some(match better {
        Some((difference, other)) => Notice {
            severity: Severity::Warning,
            text: format!(
                "{gap} It overfits: {} has less freedom, and on new photos a log-loss {} lower.",
                words::quoted(&other.name),
                words::loss(difference)
            ),
            advice: Some("It was not taken because it costs more to predict with; a `plan.json` can name it alone.".into()),
        },
        None => Notice {
            severity: Severity::Remark,
            text: format!(
                "{gap} That alone is no fault: no compared candidate with less freedom does better on new photos."
            ),
            advice: None,
        },
    })
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
    let p = &results.model.preprocessing;
    let by_scenes = metrics.scenes.as_ref().is_some_and(|s| s.agree);
    let grouped = if results.photos.has_groups() || by_scenes {
        "grouped and stratified"
    } else {
        "stratified"
    };
    Made {
        version: results.model.version.clone(),
        seed: results.model.seed,
        protocol: format!(
            "{} × {}-fold, {grouped}",
            results.task.folds.n_repeats(),
            results.task.folds.k
        ),
        backbone: Some(BackboneCard {
            name: results.model.backbone.name.clone(),
            licence: results.model.backbone.licence.clone(),
            provenance: results.model.backbone.provenance.clone(),
        }),
        preprocessing: format!(
            "{} px, {}, antialiased bilinear",
            p.size_px,
            geometry_name(p.geometry)
        ),
        predict_command: format!(
            "handful predict {} new-photos/",
            results.target.join("model.handful").display()
        ),
        train_command: None,
        more: vec![
            ("Features".into(), results.model.stages.join(" + ")),
            ("Head".into(), results.model.head.clone()),
            (
                "Accuracy on its own training photos".into(),
                words::percent(metrics.train_accuracy),
            ),
        ],
    }
}
