//! A folder of photos is looked at without training on it: both parts of the diagnosis, with one quick ridge between.

use std::path::Path;

use handful_data::ScanOptions;
use handful_image::{Geometry, SampleRange};
use handful_learn::{Backbone, head};
use handful_report::{
    ClassSize, DiagnosisMade, DiagnosisModel, QuickAccuracy, UNREAD_SHOWN, Unread, UnreadFile,
};
use handful_stats::{Interval, Seed, accuracy_interval, protocol, stratified_subset};

use super::after::Predicted;
use super::before::Before;
use super::scenes::{self, FoundScenes, SceneMetrics};
use super::{Findings, gallery};
use crate::events::Events;
use crate::exit::Failure;
use crate::extract::Extractor;
use crate::photos::Photos;
use crate::workflow::judge::{Judged, LEVEL};
use crate::workflow::labelled::{Labelled, count};
use crate::workflow::looks::{Look, Looks};
use crate::workflow::plan::CandidatePlan;
use crate::workflow::run_folder::data_name;
use crate::workflow::task::Task;
use crate::workflow::{Machine, backbone};

/// Image side at which the backbone looks: that of the recipes, and a third of the cost of the side it was trained at.
const SIZE_PX: usize = 128;
/// Photos that the backbone looks at, in whole groups: the others are read, decoded and compared for copies alone. On two
/// cores these take half a minute; no finding of features needs more.
const FEATURE_PHOTOS: usize = 5_000;

/// What a folder looks like.
#[derive(Debug)]
pub struct Diagnosis {
    /// The photos, with the files that gave none.
    pub photos: Photos,
    /// Decisions that reading took.
    pub remarks: Vec<String>,
    /// What was found.
    pub findings: Findings,
    /// What the quick ridge reaches; none where nothing could be judged.
    pub quick: Option<Interval>,
    /// What photos that may show one scene do to it.
    pub scenes: Option<SceneMetrics>,
    /// The readable photos to learn from.
    pub learnt: Labelled,
    /// Photos that the backbone looked at.
    pub n_looked_at: usize,
    /// Which values of deep pictures are black and white.
    pub sample_range: Option<SampleRange>,
    name: String,
    command: String,
}

/// Looks at the folder or list at `data`.
///
/// # Errors
/// When it can't be read, or when interrupted.
pub fn diagnose(
    data: &Path,
    options: &ScanOptions,
    each_alone: bool,
    machine: &Machine,
    events: &Events,
) -> Result<Diagnosis, Failure> {
    let seed = Seed(0);
    let backbone = backbone::load_backbone(None)?;
    let catalog = handful_data::scan(data, options)?;
    let remarks: Vec<String> = catalog.remarks.iter().map(ToString::to_string).collect();
    let mut photos = Photos::from_catalog(catalog);
    if each_alone {
        photos.list.iter_mut().for_each(|photo| photo.group = None);
    }
    let extractor = Extractor {
        cache: machine.cache.as_ref(),
        threads: machine.threads,
        events,
    };
    let unread = extractor.hash(&mut photos.list)?;
    photos
        .issues
        .extend(unread.into_iter().map(|(_, issue)| issue));
    let sample_range = photos.settle_range();
    let given = Labelled::of(&photos, photos.training());
    let held_back = Labelled::of(&photos, photos.test());

    let look = Look::Backbone(Geometry::CenterCrop, SIZE_PX);
    let part = stratified_subset(
        &given.labels,
        &given.units,
        given.n_classes,
        FEATURE_PHOTOS,
        seed.derive("features", 0),
    );
    let part = given.subset(&part);
    let everything: Vec<usize> = given.rows.iter().chain(&held_back.rows).copied().collect();
    let mut looks = Looks::new(extractor, &photos.list, &backbone)?;
    looks.ensure(
        "looking at all photos",
        &[
            (look, &part.rows),
            (Look::Portrait, &given.rows),
            (Look::Signature, &everything),
        ],
    )?;
    let learnt = looks.readable(&given);
    let part = looks.readable(&part);
    let signatures = looks.take(Look::Signature);
    let before = Before {
        photos: &photos,
        looks: &looks,
        look,
        events,
    };
    let found = before.find(&learnt, &looks.readable(&held_back), signatures)?;
    let mut findings = Findings::default();
    findings.add(found.findings);
    let learnt = learnt.joined(&found.together);
    let part = learnt.only(|position| part.rows.binary_search(&position).is_ok());
    looks.keep_only(Look::Portrait, &part.rows);

    let judged = Judging {
        photos: &photos,
        looks: &looks,
        backbone: &backbone,
        look,
        runs: found.runs,
        seed,
        events,
    };
    let may_search = !each_alone && !photos.has_groups();
    let (quick, scenes) = match judged.part(&part, may_search)? {
        None => (None, None),
        Some(Judgements {
            findings: more,
            accuracy,
            scenes,
        }) => {
            findings.notes = more.notes;
            findings.add(more.list);
            (Some(accuracy), scenes)
        }
    };
    let (n_looked_at, issues) = (part.len(), looks.issues);
    photos
        .issues
        .extend(issues.into_iter().map(|(_, issue)| issue));
    photos.issues.sort();
    Ok(Diagnosis {
        photos,
        remarks,
        findings,
        quick,
        scenes,
        learnt,
        n_looked_at,
        sample_range,
        name: data_name(data),
        command: format!("handful train {}", data.display()),
    })
}

/// What judging needs.
struct Judging<'a> {
    photos: &'a Photos,
    looks: &'a Looks<'a>,
    backbone: &'a Backbone,
    look: Look,
    /// Positions of photos that were taken in one run.
    runs: Vec<Vec<usize>>,
    seed: Seed,
    events: &'a Events,
}

/// What judging gives.
struct Judgements {
    findings: Findings,
    accuracy: Interval,
    scenes: Option<SceneMetrics>,
}

impl Judging<'_> {
    /// Folds, a quick ridge, and what its predictions tell; none where the photos can't be divided into folds.
    fn part(&self, alone: &Labelled, may_search: bool) -> Result<Option<Judgements>, Failure> {
        if alone.is_empty() {
            return Ok(None);
        }
        let k = protocol(alone.n_groups()).k;
        let scenes = if may_search {
            let seen = (self.looks, self.look);
            scenes::look_for(alone, &self.runs, seen, k, self.seed, self.events)?
        } else {
            None
        };
        let kept = match &scenes {
            Some(FoundScenes {
                agree: true,
                of_row,
                ..
            }) => alone.kept_together(of_row),
            _ => alone.clone(),
        };
        let Ok(task) = Task::new(kept, k, 1, self.seed.derive("folds", 0), self.seed) else {
            return Ok(None);
        };
        let stages = self.backbone.stage_sets().pop();
        let stages = stages.expect("there is a last stage");
        let ridge = head::named("ridge").expect("ridge is registered");
        let plan = CandidatePlan::frozen(SIZE_PX, &stages, ridge);
        let features = self
            .looks
            .features(self.look, &task.photos.rows, &plan.stages)?;
        let progress = self.events.progress("a quick model", k as u64);
        let out = task
            .out_of_fold(&features, &[ridge], &progress, self.events)?
            .remove(0);
        drop(progress);
        let column = task.column(&out);
        let accuracy = accuracy_interval(&column, &task.photos.groups, LEVEL)?;
        let judged = Judged {
            name: plan.name(&self.backbone.card.name),
            strategy: "frozen",
            plan: Some(plan),
            out,
            column,
            trial: None,
        };
        let predicted = Predicted {
            task: &task,
            judged: &judged,
            stand_in: Some((&judged, Geometry::CenterCrop)),
            headline: accuracy,
            scenes: scenes.as_ref().map(|scenes| (scenes, alone)),
            looks: self.looks,
            look: self.look,
            photos: self.photos,
            is_embedded: true,
        };
        let (findings, metrics) = predicted.findings(self.events)?;
        Ok(Some(Judgements {
            findings,
            accuracy,
            scenes: metrics,
        }))
    }
}

impl Diagnosis {
    /// The page.
    pub fn page(&self) -> DiagnosisModel {
        let Labelled {
            labels,
            groups,
            n_classes,
            ..
        } = &self.learnt;
        let counts = self.learnt.class_counts();
        let groups_of = |class: usize| {
            let own: Vec<usize> = (0..labels.len())
                .filter(|&row| labels[row] == class)
                .map(|row| groups[row])
                .collect();
            count(&own)
        };
        let issues = &self.photos.issues;
        let unread = issues.iter().take(UNREAD_SHOWN).map(|i| UnreadFile {
            path: handful_data::shown(&i.path),
            kind: i.kind.to_string(),
            detail: i.detail.clone(),
            advice: i.advice.clone(),
        });
        let mut settings = vec![(
            "Looked at by the backbone".to_owned(),
            format!(
                "{} of {} photos, at {SIZE_PX} px",
                self.n_looked_at,
                labels.len()
            ),
        )];
        if let Some(range) = self.sample_range {
            settings.push((
                "Black and white in deep pictures".to_owned(),
                format!("{} and {}", range.low, range.high),
            ));
        }
        DiagnosisModel {
            name: self.name.clone(),
            n_images: labels.len(),
            n_classes: self.photos.classes.len(),
            n_test: self.photos.test().len(),
            classes: (0..*n_classes)
                .map(|class| ClassSize {
                    name: self.photos.classes[class].clone(),
                    n_images: counts[class],
                    n_groups: groups_of(class),
                })
                .collect(),
            findings: gallery::cards(&self.findings, &self.photos),
            unread: Unread {
                files: unread.collect(),
                n_files: issues.len(),
            },
            quick: self.quick_accuracy(),
            made: DiagnosisMade {
                version: env!("CARGO_PKG_VERSION").into(),
                train_command: self.command.clone(),
                settings,
            },
        }
    }

    /// The quick number with all that it needs to be honest.
    pub fn quick_accuracy(&self) -> Option<QuickAccuracy> {
        self.quick.map(|accuracy| QuickAccuracy {
            accuracy,
            level: LEVEL,
            majority_accuracy: self.learnt.majority().1,
            assumption: self.assumption(),
        })
    }

    /// What must be true for the quick number to hold.
    fn assumption(&self) -> Option<String> {
        let settled = self.photos.has_groups() || self.scenes.as_ref().is_some_and(|s| s.agree);
        (!settled).then(|| "every photo shows a different object".to_owned())
    }
}
