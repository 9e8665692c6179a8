//! The way of a training: read, look, find what belongs together, compare a few things on a part, judge the candidates
//! on all, refit, open the test, write. One direction; nothing but [`judge`] looks across candidates, and nothing but the
//! refit sees all labels.
//!
//! Reading order: [`labelled`] (the photos as numbers), [`looks`] (their features), [`diagnosis`] (what is wrong in them,
//! and what belongs together), [`screen`] (what is worth comparing), [`task`] and [`compare`] (out-of-fold predictions),
//! [`tuning`] (the network itself is trained), [`judge`] (what may be said of them), [`refit`], [`results`] (what is written).

pub mod backbone;
pub mod compare;
pub mod curve;
pub mod diagnosis;
pub mod judge;
pub mod kept;
pub mod labelled;
pub mod looks;
pub mod openings;
pub mod page;
pub mod plan;
pub mod refit;
pub mod results;
pub mod run_folder;
pub mod screen;
pub mod show;
pub mod tables;
pub mod task;
pub mod tuning;
pub mod warning;
pub mod watch;

use std::path::PathBuf;
use std::time::Duration;

use handful_data::{ScanOptions, Split};
use handful_learn::Backbone;
use handful_learn::backbone::Precision;
use handful_stats::{Seed, protocol};

use crate::cache::Cache;
use crate::events::{Event, Events};
use crate::exit::{self, Failure};
use crate::extract::Extractor;
use crate::photos::Photos;
use curve::CurveMetrics;
use diagnosis::after::Predicted;
use diagnosis::before::Before;
use diagnosis::{Findings, scenes};
use judge::Judged;
use kept::Kept;
use labelled::Labelled;
use looks::{Look, Looks};
use openings::Opening;
use plan::Plan;
use refit::Winner;
use results::{Metrics, Results, Timing};
use run_folder::{Destination, RunFolder, data_name};
use screen::{Comparison, Screen};
use task::Task;
use tuning::{Prepared, Proposed, Wishes, Workbench};
use watch::Watch;

/// Everything that decides a training.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folder or list of photos.
    pub data: PathBuf,
    /// How it is read.
    pub scan: ScanOptions,
    /// Whether the person said that each photo shows another thing: then nothing is looked for that would make groups,
    /// but copies.
    pub each_alone: bool,
    /// Weights of another backbone than the embedded one.
    pub model: Option<PathBuf>,
    /// A fixed image side instead of the measured one.
    pub size_px: Option<usize>,
    /// Numbers that the backbone computes with; those of the plan, or float32, if not given.
    pub precision: Option<Precision>,
    /// Folds instead of those of the protocol.
    pub folds: Option<usize>,
    /// Seed; 0 or the plan's if not given.
    pub seed: Option<u64>,
    /// What is wanted of fine-tuning.
    pub wishes: Wishes,
    /// When to stop trying.
    pub time_limit: Option<Duration>,
    /// A plan to repeat.
    pub plan: Option<PathBuf>,
    /// Further photos that join training.
    pub val: Option<PathBuf>,
    /// Further photos that are held back.
    pub test: Option<PathBuf>,
    /// Where the run goes.
    pub destination: Destination,
    /// Whether an interrupted run is to be continued.
    pub resume: bool,
    /// Whether skipped files are a failure.
    pub strict: bool,
    /// What it runs on.
    pub machine: Machine,
}

/// What the work runs on.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Threads.
    pub threads: usize,
    /// Where features are kept, if anywhere.
    pub cache: Option<Cache>,
}

/// What a training came to.
#[derive(Debug)]
pub struct Outcome {
    /// The run folder.
    pub run: PathBuf,
    /// The content of `metrics.json`.
    pub metrics: Metrics,
    /// The content of the report.
    pub page: handful_report::ReportModel,
    /// Files that were skipped or read with a note.
    pub n_issues: usize,
    /// With `--strict`, why the command fails although the run is whole.
    pub strict_failure: Option<Failure>,
}

/// Sizes that are tried, as shares of the side that the backbone was trained at: a third, a half and all of its cost.
const SIZE_SHARES: [f64; 3] = [4.0 / 7.0, 5.0 / 7.0, 1.0];
/// Sizes are rounded to this many pixels.
const SIZE_STEP_PX: f64 = 4.0;

/// Trains a model on a folder of photos and writes the run folder.
///
/// # Errors
/// Every way in which this can fail has an exit code in [`exit`].
pub fn train(settings: &Settings, events: &Events) -> Result<Outcome, Failure> {
    let mut watch = Watch::start(settings.time_limit);
    settings.wishes.check()?;
    let backbone = backbone::load_backbone(settings.model.as_deref())?;
    let plan = match &settings.plan {
        Some(path) => Some(Plan::read(path, &backbone)?),
        None => None,
    };
    let precision = settings.precision.or(plan.as_ref().map(|p| p.precision));
    let backbone = backbone.in_precision(precision.unwrap_or_default());
    let seed = settings.seed.or(plan.as_ref().map(|p| p.seed));
    let seed = Seed(seed.unwrap_or(0));

    // Read: the folder first, so that a mistake in it costs no time; then every file, once, for its checksum.
    let mut photos = read(settings, events)?;
    let folder = RunFolder::begin(&settings.destination, &settings.data, settings.resume)?;
    events.record_in(&folder.path("events.jsonl"))?;
    events.emit(&Event::Start {
        version: env!("CARGO_PKG_VERSION").into(),
        data: data_name(&settings.data),
        seed: seed.0,
    });
    let extractor = Extractor {
        cache: settings.machine.cache.as_ref(),
        threads: settings.machine.threads,
        events,
    };
    let unread = extractor.hash(&mut photos.list)?;
    photos
        .issues
        .extend(unread.into_iter().map(|(_, issue)| issue));
    let sample_range = photos.settle_range();
    let given = Labelled::of(&photos, photos.training());
    let held_back = Labelled::of(&photos, photos.test());
    tell(&photos, &given, &held_back, events);
    watch.lap("read");

    // Look: each photo once, for the diagnosis and for the first comparison.
    let mut looks = Looks::new(extractor, &photos.list, &backbone)?;
    let sizes = match &plan {
        Some(plan) => vec![plan.look_px.unwrap_or(backbone.trained_px)],
        None => sizes(settings.size_px, &backbone),
    };
    let screen = Screen {
        photos: &given,
        seed,
        events,
    };
    let (geometry, geometry_decided) = match &plan {
        Some(plan) => (plan.geometry, None),
        None => screen.geometry(&mut looks, sizes[0])?,
    };
    let everything: Vec<usize> = given.rows.iter().chain(&held_back.rows).copied().collect();
    let also = [
        (Look::Portrait, given.rows.as_slice()),
        (Look::Signature, &everything),
    ];
    let tried = screen.look_at_all(&mut looks, geometry, &sizes, &also, &watch)?;
    let look = Look::Backbone(geometry, sizes[0]);
    watch.lap("features");
    let n_unread = given.len() - looks.readable(&given).len();
    if n_unread > 0 {
        events.say(&format!(
            "{n_unread} of them can't be read: `issues.csv` will say why"
        ));
    }

    // What belongs together is known before anything is judged.
    let signatures = looks.take(Look::Signature);
    let before = Before {
        photos: &photos,
        looks: &looks,
        look,
        events,
    };
    let learnt = looks.readable(&given);
    let found_before = before.find(&learnt, &looks.readable(&held_back), signatures)?;
    let mut findings = Findings::default();
    diagnosis::tell(&found_before.findings, events);
    findings.add(found_before.findings);
    let alone = learnt.joined(&found_before.together);
    let scenes = if settings.each_alone || photos.has_groups() {
        None
    } else {
        let k = settings.folds.unwrap_or(protocol(alone.n_groups()).k);
        scenes::look_for(&alone, &found_before.runs, (&looks, look), k, seed, events)?
    };
    let learnt = match &scenes {
        Some(scenes) if scenes.agree => alone.kept_together(&scenes.of_row),
        _ => alone.clone(),
    };
    watch.lap("diagnosis");

    // What to compare: from the plan, or measured.
    let mut comparison = match &plan {
        Some(plan) => Comparison::repeated(plan, &mut looks, &learnt)?,
        None => Screen {
            photos: &learnt,
            ..screen
        }
        .compare(&mut looks, geometry, &tried, &watch)?,
    };
    comparison.decisions.splice(0..0, geometry_decided);
    watch.lap("comparing features");

    let standard = protocol(learnt.n_groups());
    let k = plan.as_ref().map(|p| p.folds).or(settings.folds);
    let k = k.unwrap_or(standard.k);
    let proposed = match &plan {
        Some(plan) => Proposed::repeated(plan),
        None => {
            let n_fits = k * standard.trained_repeats;
            let mut with_features = vec![comparison.candidates[0].size_px];
            with_features.extend(comparison.sizes(sizes[0]));
            let wishes = &settings.wishes;
            Proposed::of(&learnt, &backbone, &with_features, n_fits, wishes, events)?
        }
    };
    let standard = match proposed.recipes.is_empty() {
        true => standard.repeats,
        false => standard.trained_repeats,
    };
    let repeats = plan.as_ref().map_or(standard, |p| p.repeats);
    let fold_seed = seed.derive("folds", 0);
    let task = Task::new(learnt, k, repeats, fold_seed, seed)?;
    let kept = Kept::of(&folder);
    let mut judged = compare::candidates(&task, &looks, &comparison, &kept, &watch, events)?;
    watch.lap("candidates");
    let bench = match proposed.recipes.is_empty() {
        true => None,
        false => {
            let (geometry, size_px) = (comparison.geometry, proposed.size_px);
            let bench = Workbench::of(&task, &looks, geometry, size_px, &kept, events);
            Some(bench?)
        }
    };
    let mut prepared = Prepared::default();
    if let Some(bench) = &bench {
        let searched = tuning::search(bench, proposed, &mut prepared, &kept, &watch)?;
        comparison.decisions.extend(searched.decision);
        judged.extend(compare::tuned(searched.trials, bench));
        compare::sort(&mut judged, &backbone);
        watch.lap("fine-tuning");
    }
    judged.extend(compare::controls(&task, &looks, events)?);
    let judgement = judge::judge(&judged, &task)?;
    let chosen = &judged[judgement.chosen];
    let winner = chosen.plan.as_ref().expect("controls are never chosen");
    let predicted = Predicted {
        task: &task,
        judged: chosen,
        judged_look: Look::Backbone(comparison.geometry, winner.size_px),
        headline: judgement.accuracy,
        scenes: scenes.as_ref().map(|scenes| (scenes, &alone)),
        looks: &looks,
        look,
        photos: &photos,
        is_embedded: settings.model.is_none(),
    };
    let (found_after, scene_metrics) = predicted.findings(events)?;
    diagnosis::tell(&found_after.list, events);
    findings.add(found_after.list);
    findings.notes = found_after.notes;
    watch.lap("judging");

    let trained = match (&bench, &chosen.trial) {
        (Some(bench), Some(trial)) => Some(tuning::refit(bench, &prepared, trial)?),
        _ => None,
    };
    let training = match &bench {
        Some(bench) => {
            let tuned = trained.as_ref().map(|(model, _)| model);
            tuning::story(bench, &prepared, &judged, judgement.chosen, tuned)?
        }
        None => None,
    };
    // Nothing is trained any more: what was kept for it need not fill a disk, nor stand in the way when the run is renamed.
    drop(prepared);
    let winner = Winner {
        plan: winner,
        geometry: comparison.geometry,
        trained,
    };
    let (model, train_accuracy) = refit::refit(
        &task,
        &looks,
        winner,
        &judgement,
        &photos.classes,
        sample_range,
    )?;
    folder.write("model.handful", &model.to_bytes())?;
    watch.lap("refit");
    let drawn = curve::candidate(&judged, judgement.chosen);
    let curve_s = drawn.map_or(0.0, |drawn| curve::seconds(&task, &drawn.out));
    let wants_curve = match &plan {
        Some(plan) => plan.curve,
        None => watch.has_time_for(curve_s / settings.machine.threads.max(1) as f64),
    };
    if !wants_curve {
        events.remark("there is no time left to ask whether more photos would help");
    }
    let drawn = drawn.filter(|_| wants_curve);
    let drawn = drawn.and_then(|drawn| drawn.plan.as_ref().map(|plan| (drawn, plan)));
    let curve = match drawn {
        None => None,
        Some((drawn, plan)) => {
            let look = Look::Backbone(comparison.geometry, plan.size_px);
            let features = looks.features(look, &task.photos.rows, &plan.stages)?;
            let head = compare::head_of(plan)?;
            let curve = curve::curve(&task, &features, head, &drawn.out, events)?;
            curve.map(|curve| CurveMetrics::of(&curve, &drawn.name, task.photos.len()))
        }
    };
    watch.lap("learning curve");
    let baseline = judge::baseline(&judged).map(|b| &judged[b]);
    let baseline = baseline.filter(|b| b.name != chosen.name);
    let test = refit::open_test(&model, &mut looks, &held_back, &task, baseline)?;
    let tested = looks.readable(&held_back).rows.into_iter();
    let opening = Opening::of(tested.filter_map(|i| photos.list[i].key).collect());
    folder.write(openings::NAME, opening.file(test.is_some()).as_bytes())?;
    watch.lap("test");

    let predict_ms = predict_ms(&judged, &looks);
    let Looks { issues, spent, .. } = looks;
    photos
        .issues
        .extend(issues.into_iter().map(|(_, issue)| issue));
    photos
        .issues
        .sort_by(|a, b| (&a.path, &a.kind).cmp(&(&b.path, &b.kind)));
    let results = Results {
        name: data_name(&settings.data),
        target: folder.target(),
        photos: &photos,
        task: &task,
        geometry: comparison.geometry,
        findings: &findings,
        look_px: sizes[0],
        decisions: &comparison.decisions,
        judged: &judged,
        judgement: &judgement,
        predict_ms: &predict_ms,
        model: &model.record,
        backbone: backbone.weights.digest(),
        train_accuracy,
        training,
        scenes: scene_metrics,
        wants_curve,
        curve,
        test,
    };
    let metrics = results.metrics();
    let page = results.write(&folder)?;
    watch.lap("report");
    let timing = Timing {
        schema: results::SCHEMA,
        version: env!("CARGO_PKG_VERSION").into(),
        total_s: watch.total_s(),
        steps: watch.steps,
        features: spent,
        threads: settings.machine.threads,
        peak_rss_bytes: results::peak_rss_bytes(),
        host: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
    };
    results::write_json(&folder, "timing.json", &timing)?;
    events.emit(&Event::Done {
        run: folder.target().display().to_string(),
        metrics: serde_json::to_value(&metrics).expect("metrics are plain data"),
    });
    events.close();
    let run = folder.finish()?;
    let skipped = photos.n_skipped();
    let strict_failure = (settings.strict && skipped > 0).then(|| {
        Failure::new(exit::STRICT, format!("{skipped} files were skipped"))
            .found(format!(
                "they are named in `{}`",
                run.join("issues.csv").display()
            ))
            .advice("mend or remove them, or leave `--strict` out; the run itself is whole")
    });
    Ok(Outcome {
        run,
        metrics,
        page,
        n_issues: photos.issues.len(),
        strict_failure,
    })
}

/// Says what was found, before the long work begins.
fn tell(photos: &Photos, given: &Labelled, held_back: &Labelled, events: &Events) {
    events.emit(&Event::Scan {
        images: given.len(),
        classes: given.n_classes,
        test_images: held_back.len(),
        issues: photos.issues.len(),
    });
    let (n, n_classes) = (given.len(), given.n_classes);
    events.say(&match held_back.len() {
        0 => format!("{n} photos in {n_classes} classes"),
        held => format!("{n} photos in {n_classes} classes, {held} held back for the test"),
    });
}

/// All photos that the person gave, before any of them is opened.
pub fn read(settings: &Settings, events: &Events) -> Result<Photos, Failure> {
    let catalog = handful_data::scan(&settings.data, &settings.scan)?;
    catalog
        .remarks
        .iter()
        .for_each(|r| events.remark(r.to_string()));
    let mut photos = Photos::from_catalog(catalog);
    for (dir, split) in [
        (&settings.val, Split::Validation),
        (&settings.test, Split::Test),
    ] {
        if let Some(dir) = dir {
            photos.add(handful_data::scan(dir, &settings.scan)?, split)?;
        }
    }
    if settings.each_alone {
        photos.list.iter_mut().for_each(|photo| photo.group = None);
    }
    let n_val = photos
        .list
        .iter()
        .filter(|p| p.split == Split::Validation)
        .count();
    if n_val > 0 {
        events.remark(format!(
            "the {n_val} validation photos join training{}",
            if photos.list.iter().any(|p| p.group.is_some()) {
                ""
            } else {
                ", all in the same fold"
            }
        ));
    }
    Ok(photos)
}

/// The sizes to compare, in pixels, ascending.
fn sizes(fixed: Option<usize>, backbone: &Backbone) -> Vec<usize> {
    let of_share = |share: f64| {
        ((backbone.trained_px as f64 * share / SIZE_STEP_PX).round() * SIZE_STEP_PX) as usize
    };
    fixed.map_or_else(
        || SIZE_SHARES.iter().map(|s| of_share(*s)).collect(),
        |size| vec![size],
    )
}

/// What predicting one photo takes on this machine with one thread, from the speed that was measured while looking;
/// 0 where everything came from the cache.
fn predict_ms(judged: &[Judged], looks: &Looks) -> Vec<f64> {
    let spent = looks.spent;
    let per_mega_mac = if spent.mega_macs > 0.0 {
        1e3 * spent.forward_s / spent.mega_macs
    } else {
        0.0
    };
    let decode = if spent.decoded > 0 {
        1e3 * spent.decode_s / spent.decoded as f64
    } else {
        0.0
    };
    let of = |j: &Judged| {
        j.plan.as_ref().map_or(0.0, |p| {
            decode + per_mega_mac * looks.backbone.cost_through(p.size_px, &p.stages).mega_macs
        })
    };
    judged.iter().map(of).collect()
}
