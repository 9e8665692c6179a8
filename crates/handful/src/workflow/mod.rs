//! The way of a training: read, look, find what belongs together, compare a few things on a part, judge the candidates
//! on all, refit, open the test, write. One direction; nothing but [`judge`] and [`ensemble`] looks across candidates, and nothing but the
//! refit sees all labels.
//!
//! Reading order: [`settings`] (what is wanted), [`labelled`] (the photos as numbers), [`looks`] (their features), [`diagnosis`] (what
//! is wrong in them, and what belongs together), [`screen`] (what is worth comparing), [`settle`] (all of that in its order), [`task`]
//! and [`compare`] (out-of-fold predictions), [`tuning`] (the network itself is trained), [`ensemble`] (both together), [`judge`] (what may be said of them),
//! [`refit`], [`results`] (what is written). Beside it: [`rate_test`] (which learning rate?).

pub mod augment;
pub mod backbone;
pub mod compare;
pub mod curve;
pub mod diagnosis;
pub mod ensemble;
pub mod judge;
pub mod kept;
pub mod labelled;
pub mod looks;
pub mod openings;
pub mod page;
pub mod plan;
pub mod rate_test;
pub mod recipe_file;
pub mod refit;
pub mod results;
pub mod run_folder;
pub mod screen;
pub mod settings;
pub mod settle;
pub mod show;
pub mod tables;
pub mod task;
pub mod tuning;
pub mod warning;
pub mod watch;

use std::path::Path;

use handful_data::Split;
use handful_image::{Geometry, SampleRange};
use handful_learn::Backbone;
use handful_stats::{Seed, protocol};

use crate::events::{Event, Events};
use crate::exit::{self, Failure};
use crate::extract::Extractor;
use crate::photos::Photos;
use augment::changes::Changes;
use curve::CurveMetrics;
use diagnosis::after::Predicted;
use judge::{Judged, Judgement};
use kept::Kept;
use labelled::Labelled;
use looks::Looks;
use openings::Opening;
use plan::Plan;
use refit::Winner;
use results::{Results, Timing};
use run_folder::{RunFolder, data_name};
use screen::Comparison;
pub use settings::{Machine, Outcome, Settings};
use settle::{Given, Settled, settle};
use task::Task;
use tuning::workbench::NoModel;
use tuning::{Families, OnAll, Proposed, Starts};
use watch::Watch;

/// Trains a model on a folder of photos and writes the run folder.
///
/// # Errors
/// Every way in which this can fail has an exit code in [`exit`].
pub fn train(settings: &Settings, events: &Events) -> Result<Outcome, Failure> {
    let mut watch = Watch::start(settings.time_limit);
    settings.wishes.check()?;
    let backbone = backbone::load_backbone(settings.model.as_deref())?;
    if let Some(recipe) = &settings.wishes.recipe {
        recipe.check_backbone(&backbone)?;
    }
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
    let Opened {
        training,
        held_back,
        sample_range,
    } = open(&mut photos, extractor)?;
    watch.lap("read");

    let mut looks = Looks::new(extractor, &photos.list, &backbone)?;
    let given = Given {
        settings,
        plan: plan.as_ref(),
        seed,
        photos: &photos,
        training: &training,
        held_back: &held_back,
        events,
    };
    let Settled {
        learnt,
        alone,
        scenes,
        mut findings,
        look_px,
        look,
        mut comparison,
    } = settle(given, &mut looks, &mut watch)?;

    let standard = protocol(learnt.n_groups());
    let k = plan.as_ref().map(|p| p.folds).or(settings.folds);
    let k = k.unwrap_or(standard.k);
    let n_fits = k * standard.trained_repeats;
    let proposed = propose(given, &learnt, &comparison, look_px, &looks, n_fits)?;
    let views = Changes::judged(
        given,
        &learnt,
        (comparison.geometry, look_px),
        &looks,
        &proposed,
    )?;
    let proposed = views.augmented(proposed, &learnt, &settings.wishes);
    views.join(given, &mut comparison, &mut looks, &learnt, &watch)?;
    watch.lap("judging changes of the photos");
    let standard = match proposed.is_empty() {
        true => standard.repeats,
        false => standard.trained_repeats,
    };
    let repeats = plan.as_ref().map_or(standard, |p| p.repeats);
    let fold_seed = seed.derive("folds", 0);
    let task = Task::new(learnt, k, repeats, fold_seed, seed)?;
    let kept = Kept::of(&folder);
    let mut judged = compare::candidates(&task, &looks, &comparison, &kept, &watch, events)?;
    watch.lap("candidates");

    let starts = Starts::of(proposed, seed)?;
    let geometry = comparison.geometry;
    let benches = starts.benches(&task, &looks, (geometry, look), &kept, events)?;
    let (families, trained, decisions) = Families::search(&starts, &benches, &kept, &watch)?;
    if !trained.is_empty() {
        comparison.decisions.extend(decisions);
        judged.extend(trained);
        let given = (&task, &backbone);
        judged.extend(ensemble::ensembles(&judged, plan.as_ref(), given, events));
        compare::sort(&mut judged, &backbone);
        watch.lap("training networks");
    }
    judged.extend(compare::controls(&task, &looks, events)?);
    let (judgement, trained) = judge_and_refit(&mut judged, (&task, &backbone), &families, events)?;
    let chosen = &judged[judgement.chosen];
    let winner = chosen.plan.as_ref().expect("controls are never chosen");
    watch.lap("judging");
    let stand_in = judge::with_frozen_features(&judged, judgement.chosen);
    let stand_in = stand_in.map(|stand_in| (stand_in, geometry));
    let predicted = Predicted {
        task: &task,
        judged: chosen,
        stand_in,
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
    watch.lap("diagnosis after predictions");

    let tuned = trained.as_ref().map(|trained| &trained.model);
    let training = tuning::story(&families, (&judged, judgement.chosen), tuned, &photos)?;
    let augmentation = views.shown(given, chosen, &looks, geometry)?;
    // Nothing is trained any more: what was kept for it need not fill a disk, nor stand in the way when the run is renamed.
    drop(families);
    let winner = Winner {
        plan: winner,
        geometry,
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
    let (wants_curve, curve) = draw_curve(
        given,
        (&task, &looks, geometry),
        &judged,
        &judgement,
        &watch,
    )?;
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
        geometry,
        findings: &findings,
        look_px,
        decisions: &comparison.decisions,
        judged: &judged,
        judgement: &judgement,
        predict_ms: &predict_ms,
        model: &model,
        backbone: backbone.weights.digest(),
        train_accuracy,
        training,
        augmentation,
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
    Ok(Outcome {
        strict_failure: settings
            .strict
            .then(|| strict_failure(&photos, &run))
            .flatten(),
        run,
        metrics,
        page,
        n_issues: photos.issues.len(),
    })
}

/// What may be said of the candidates, and the chosen network trained on all photos, where it is one. One that diverges on all photos
/// is out with the ensembles that it stands in, and the others are judged without it.
fn judge_and_refit(
    judged: &mut Vec<Judged>,
    (task, backbone): (&Task, &Backbone),
    families: &Families,
    events: &Events,
) -> Result<(Judgement, Option<OnAll>), Failure> {
    loop {
        let judgement = judge::judge(judged, &compare::prices(judged, backbone), task)?;
        let chosen = &judged[judgement.chosen];
        let (Some(trial), Some(plan)) = (&chosen.trial, &chosen.plan) else {
            return Ok((judgement, None));
        };
        let (bench, prepared) = families.of(plan);
        match tuning::refit(bench, prepared, trial) {
            Ok(model) => return Ok((judgement, Some(model))),
            Err(NoModel::Diverged(why))
                if judged
                    .iter()
                    .filter(|c| c.plan.is_some())
                    .any(|c| !c.has_network_of(plan)) =>
            {
                let network = plan.alone();
                let name = network.name(&backbone.card.name);
                events.remark(format!("{name} is left out: on all photos, {why}"));
                judged.retain(|candidate| !candidate.has_network_of(&network));
            }
            Err(why) => return Err(why.into()),
        }
    }
}

/// Groups below which no network is trained: nothing could be chosen by evidence, and the cheapest candidate would win.
const FEWEST_GROUPS: usize = 5;

/// Which networks are trained, and how; each recipe `n_fits` times.
fn propose(
    given: Given,
    learnt: &Labelled,
    comparison: &Comparison,
    look_px: usize,
    looks: &Looks,
    n_fits: usize,
) -> Result<Vec<Proposed>, Failure> {
    let Settings {
        wishes, size_px, ..
    } = given.settings;
    if let Some(plan) = given.plan {
        return Ok(Proposed::repeated(plan));
    }
    if learnt.n_groups() < FEWEST_GROUPS {
        return Ok(Vec::new());
    }
    let mut with_features = vec![comparison.candidates[0].size_px];
    with_features.extend(comparison.sizes(look_px));
    let (backbone, events) = (looks.backbone, given.events);
    let tuned = Proposed::fine_tuning(learnt, backbone, &with_features, n_fits, wishes, events)?;
    let short_px = given.photos.short_side_px(&learnt.rows);
    let of_recipe = wishes.recipe.as_ref().map(|recipe| recipe.size_px);
    let size_px = of_recipe.or(*size_px);
    let scratch =
        tuning::scratch::scratch(learnt, short_px, size_px, backbone.precision(), wishes)?;
    Ok(tuned.into_iter().chain(scratch).collect())
}

/// Whether it was asked if more photos would help, and the answer.
fn draw_curve(
    given: Given,
    (task, looks, geometry): (&Task, &Looks, Geometry),
    judged: &[Judged],
    judgement: &Judgement,
    watch: &Watch,
) -> Result<(bool, Option<CurveMetrics>), Failure> {
    let events = given.events;
    let drawn = curve::candidate(judged, judgement.chosen);
    let curve_s = drawn.map_or(0.0, |drawn| curve::seconds(task, &drawn.out));
    let threads = given.settings.machine.threads.max(1);
    let is_wanted = match given.plan {
        Some(plan) => plan.curve,
        None => watch.has_time_for(curve_s / threads as f64),
    };
    if !is_wanted {
        events.remark("there is no time left to ask whether more photos would help");
        return Ok((false, None));
    }
    let Some((drawn, plan)) = drawn.and_then(|drawn| Some((drawn, drawn.plan.as_ref()?))) else {
        return Ok((true, None));
    };
    let features = looks.of_candidate(plan, geometry, &task.photos.rows)?;
    let head = compare::head_of(plan)?;
    let curve = curve::curve(task, &features, head, &drawn.out, events)?;
    let curve = curve.map(|curve| CurveMetrics::of(&curve, &drawn.name, task.photos.len()));
    Ok((true, curve))
}

/// Why a whole run fails with `--strict`.
fn strict_failure(photos: &Photos, run: &Path) -> Option<Failure> {
    let skipped = photos.n_skipped();
    (skipped > 0).then(|| {
        Failure::new(exit::STRICT, format!("{skipped} files were skipped"))
            .found(format!(
                "they are named in `{}`",
                run.join("issues.csv").display()
            ))
            .advice("mend or remove them, or leave `--strict` out; the run itself is whole")
    })
}

/// Photos after each has been read once.
struct Opened {
    /// Those to learn from.
    training: Labelled,
    /// Those that are held back.
    held_back: Labelled,
    /// Which values of deep pictures become black and white.
    sample_range: Option<SampleRange>,
}

/// Reads every file once, for its checksum and for what it says about itself, and says what was found.
///
/// # Errors
/// When interrupted.
fn open(photos: &mut Photos, extractor: Extractor) -> Result<Opened, Failure> {
    let unread = extractor.hash(&mut photos.list)?;
    photos
        .issues
        .extend(unread.into_iter().map(|(_, issue)| issue));
    let opened = Opened {
        sample_range: photos.settle_range(),
        training: Labelled::of(photos, photos.training()),
        held_back: Labelled::of(photos, photos.test()),
    };
    tell(
        photos,
        &opened.training,
        &opened.held_back,
        extractor.events,
    );
    Ok(opened)
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
        j.plan
            .as_ref()
            .map_or(0.0, |p| decode + per_mega_mac * p.mega_macs(looks.backbone))
    };
    judged.iter().map(of).collect()
}
