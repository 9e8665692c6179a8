//! The way of a training: read, look, decide, compare, judge, refit, write. One direction; nothing but [`judge`] looks
//! across candidates, and nothing but the refit sees all labels.

pub mod candidates;
pub mod judge;
pub mod looks;
pub mod page;
pub mod plan;
pub mod results;
mod run_folder;
pub mod screen;
pub mod show;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use handful_data::{Issue, ScanOptions, Split};
use handful_image::Geometry;
use handful_learn::backbone::Card;
use handful_learn::head::HEADS;
use handful_learn::{Backbone, Bundle, Weights, bundle};
use handful_stats::{Column, Folds, Seed, argmax, protocol};

pub use run_folder::{Destination, RunFolder, data_name, write_whole};

use crate::cache::Cache;
use crate::events::{Event, Events};
use crate::exit::{self, Failure};
use crate::extract::Extractor;
use crate::photos::Photos;
use candidates::{Kept, Task};
use judge::{Facts, Judged, Judgement, TestResult};
use looks::{Look, Looks};
use plan::{CandidatePlan, Plan};
use results::{Metrics, Timing};
use screen::{Decision, Screen};

/// Everything that decides a training.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folder or list of photos.
    pub data: PathBuf,
    /// How it is read.
    pub scan: ScanOptions,
    /// Weights of another backbone than the embedded one.
    pub model: Option<PathBuf>,
    /// A fixed image side instead of the measured one.
    pub size_px: Option<usize>,
    /// Folds instead of those of the protocol.
    pub folds: Option<usize>,
    /// Seed; 0 or the plan's if not given.
    pub seed: Option<u64>,
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

/// Steps and how long they took.
struct Watch {
    started: Instant,
    last: Instant,
    steps: Vec<(String, f64)>,
    limit: Option<Duration>,
}

impl Watch {
    fn start(limit: Option<Duration>) -> Watch {
        let now = Instant::now();
        Watch {
            started: now,
            last: now,
            steps: Vec::new(),
            limit,
        }
    }

    fn lap(&mut self, step: &str) {
        let now = Instant::now();
        self.steps
            .push((step.into(), (now - self.last).as_secs_f64()));
        self.last = now;
    }

    /// Whether a step of about `seconds` would still end in time.
    fn has_time_for(&self, seconds: f64) -> bool {
        self.limit.is_none_or(|limit| {
            self.started.elapsed().as_secs_f64() + seconds <= limit.as_secs_f64()
        })
    }
}

/// Trains a model on a folder of photos and writes the run folder.
///
/// # Errors
/// Every way in which this can fail has an exit code in [`exit`].
pub fn train(settings: &Settings, events: &Events) -> Result<Outcome, Failure> {
    let mut watch = Watch::start(settings.time_limit);
    let repeated = settings.plan.as_deref().map(Plan::read).transpose()?;
    let seed = Seed(
        settings
            .seed
            .or(repeated.as_ref().map(|p| p.seed))
            .unwrap_or(0),
    );
    let backbone = load_backbone(settings.model.as_deref())?;
    if let Some(plan) = &repeated
        && plan.backbone != backbone.weights.digest()
    {
        return Err(Failure::new(
            exit::USAGE,
            "the plan was made with other weights than these",
        )
        .advice("give the same `--model` as for the run that the plan is from"));
    }

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
    watch.lap("read");

    let Photos {
        list,
        classes,
        mut issues,
    } = photos;
    let has_groups = list.iter().any(|p| p.group.is_some());
    let training: Vec<usize> = (0..list.len())
        .filter(|&i| {
            list[i].split != Split::Test && list[i].key.is_some() && list[i].label.is_some()
        })
        .collect();
    let test: Vec<usize> = (0..list.len())
        .filter(|&i| {
            list[i].split == Split::Test && list[i].key.is_some() && list[i].label.is_some()
        })
        .collect();
    let label = |i: &usize| list[*i].label.expect("only labelled photos are kept");
    events.emit(&Event::Scan {
        images: training.len(),
        classes: classes.len(),
        test_images: test.len(),
        issues: issues.len(),
    });
    events.say(&format!(
        "{} photos in {} classes{}",
        training.len(),
        classes.len(),
        if test.is_empty() {
            String::new()
        } else {
            format!(", {} held back for the test", test.len())
        }
    ));

    let stage_sets = backbone.stage_sets();
    let all_stages: Vec<String> = stage_sets.iter().flatten().cloned().collect();
    let last_stage = stage_sets[0].clone();
    let mut looks = Looks::new(extractor, &list, &backbone, &all_stages)?;
    let sizes = sizes(settings.size_px, &backbone);
    let (units, _) = units_of(&list, &training, has_groups);
    let labels: Vec<usize> = training.iter().map(label).collect();

    // What to compare: from the plan, or measured.
    let mut decisions = Vec::new();
    let (geometry, plans) = match &repeated {
        Some(plan) => {
            let wanted: BTreeSet<usize> = plan.candidates.iter().map(|c| c.size_px).collect();
            let mut wants: Vec<(Look, &[usize])> = wanted
                .iter()
                .map(|s| (Look::Backbone(plan.geometry, *s), training.as_slice()))
                .collect();
            wants.push((Look::Control, &training));
            looks.ensure("looking at all photos", &wants)?;
            (plan.geometry, plan.candidates.clone())
        }
        None => {
            let mut screen = Screen {
                looks: &mut looks,
                rows: &training,
                labels: &labels,
                units: &units,
                n_classes: classes.len(),
                seed,
                events,
                decisions: Vec::new(),
            };
            let found = decide(
                &mut screen,
                &sizes,
                &stage_sets,
                &last_stage,
                &backbone,
                &mut watch,
            )?;
            decisions = screen.decisions;
            found
        }
    };
    watch.lap("features");

    // Photos that turned out to be unreadable are gone from here on.
    let rows: Vec<usize> = training
        .iter()
        .copied()
        .filter(|i| !looks.unreadable.contains(i))
        .collect();
    let labels: Vec<usize> = rows.iter().map(label).collect();
    let (units, groups) = units_of(&list, &rows, has_groups);
    let n_groups = judge::count(&groups);
    let standard = protocol(n_groups);
    let k = repeated
        .as_ref()
        .map(|p| p.folds)
        .or(settings.folds)
        .unwrap_or(standard.k);
    let repeats = repeated.as_ref().map_or(standard.repeats, |p| p.repeats);
    let folds = Folds::assign(
        &labels,
        &units,
        classes.len(),
        k,
        repeats,
        seed.derive("folds", 0),
    )
    .map_err(|e| {
        Failure::new(exit::DATA, "these photos can't be judged")
            .found(e.to_string())
            .advice("add photos, at least two of each class in different groups")
    })?;
    let task = Task {
        labels: &labels,
        units: &units,
        n_classes: classes.len(),
        folds: &folds,
        seed,
    };
    let (mut judged, plans) = compare(
        &task, &looks, geometry, &rows, &plans, &folder, &backbone, &mut watch, events,
    )?;
    judged.extend(controls(&task, &looks, &rows, events)?);
    watch.lap("candidates");

    let facts = Facts {
        labels: &labels,
        groups: &groups,
        n_classes: classes.len(),
        folds: &folds,
        seed,
    };
    let judgement = judge::judge(&judged, facts)?;
    let winner = plans[judgement.chosen].clone();
    watch.lap("judging");

    // The refit sees all labels.
    let look = Look::Backbone(geometry, winner.size_px);
    let features = looks.features(look, &rows, &winner.stages)?;
    let head = HEADS
        .iter()
        .find(|h| h.name() == winner.head)
        .expect("checked when it was compared");
    let fitted = task.refit(&features, *head)?;
    let n = classes.len();
    let on_training = fitted.probabilities(&features.rows(&(0..rows.len()).collect::<Vec<_>>()));
    let train_accuracy = Column::of_probabilities(&on_training, &labels, n).mean_hit();
    let model = Bundle {
        record: bundle::Record {
            schema: bundle::SCHEMA,
            version: env!("CARGO_PKG_VERSION").into(),
            labels: classes.clone(),
            preprocessing: backbone.preprocessing(geometry, winner.size_px),
            stages: winner.stages.clone(),
            backbone: backbone.card.clone(),
            head: fitted.head.clone(),
            setting: fitted.setting,
            unit_length: fitted.unit_length,
            temperature: fitted.temperature,
            accuracy: judgement.accuracy,
            n_effective: judgement.n_effective,
            n_images: rows.len(),
            seed: seed.0,
        },
        backbone: load_backbone(settings.model.as_deref())?,
        head: fitted,
    };
    folder.write("model.handful", &model.to_bytes())?;
    watch.lap("refit");

    let test = test_of(
        &model, &mut looks, look, &list, &test, has_groups, &judgement, seed,
    )?;
    watch.lap("test");

    issues.extend(looks.issues.iter().map(|(_, issue)| issue.clone()));
    issues.sort_by(|a, b| (&a.path, &a.kind).cmp(&(&b.path, &b.kind)));
    let control = |name: &str| {
        judged
            .iter()
            .position(|c| c.name == name)
            .expect("controls are always judged")
    };
    let metrics = Metrics {
        schema: results::SCHEMA,
        winner: judged[judgement.chosen].name.clone(),
        accuracy: judgement.accuracy,
        balanced_accuracy: judgement.balanced_accuracy,
        log_loss: judgement.log_loss,
        ece: judgement.ece,
        majority_accuracy: majority_share(&labels, n).1,
        hog_accuracy: judgement.accuracies[control(CONTROL_HOG)],
        train_accuracy,
        test,
        images: rows.len(),
        classes: n,
        groups: n_groups,
        effective_groups: judgement.n_effective,
        seed: seed.0,
    };
    let plan = Plan {
        schema: plan::SCHEMA,
        version: env!("CARGO_PKG_VERSION").into(),
        seed: seed.0,
        folds: folds.k,
        repeats: folds.n_repeats(),
        backbone: backbone.weights.digest(),
        geometry,
        candidates: plans,
    };
    let paths: Vec<&str> = rows.iter().map(|&i| list[i].shown.as_str()).collect();
    let predict_ms = predict_ms(&judged, &looks, &backbone);
    results::write_json(&folder, "plan.json", &plan)?;
    results::write_json(&folder, "metrics.json", &metrics)?;
    folder.write("folds.csv", &results::folds_csv(&paths, &folds))?;
    folder.write(
        "candidates.csv",
        &results::candidates_csv(&judged, &judgement, &predict_ms),
    )?;
    let chosen = &judged[judgement.chosen];
    folder.write(
        "predictions.csv",
        &results::predictions_csv(&paths, &labels, &classes, &folds, chosen),
    )?;
    let mut text = Vec::new();
    handful_data::write_issues_csv(&issues, &mut text)
        .map_err(|e| Failure::new(exit::IO, e.to_string()))?;
    folder.write("issues.csv", &text)?;

    let page = page::model(&page::Facts {
        name: data_name(&settings.data),
        run: folder.target(),
        classes: &classes,
        photos: &list,
        rows: &rows,
        labels: &labels,
        groups: &groups,
        has_groups,
        folds: &folds,
        judged: &judged,
        judgement: &judgement,
        predict_ms: &predict_ms,
        decisions: &decisions,
        metrics: &metrics,
        issues: &issues,
        model: &model.record,
    });
    results::write_json(&folder, "report.json", &page)?;
    folder.write("report.html", handful_report::render(&page).as_bytes())?;
    watch.lap("report");

    let timing = Timing {
        schema: results::SCHEMA,
        version: env!("CARGO_PKG_VERSION").into(),
        total_s: watch.started.elapsed().as_secs_f64(),
        steps: watch.steps.clone(),
        features: looks.spent,
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
    let skipped = looks.unreadable.len() + issues.iter().filter(|i| i.is_skipped()).count();
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
        n_issues: issues.len(),
        strict_failure,
    })
}

/// Name of the control that knows only the class shares.
pub const CONTROL_MAJORITY: &str = "control/majority";
/// Name of the control that knows edges and colours.
pub const CONTROL_HOG: &str = "control/hog+colour/ridge";

/// The embedded backbone, or the one in a file.
///
/// # Errors
/// When the file can't be read or holds no known backbone.
pub fn load_backbone(file: Option<&std::path::Path>) -> Result<Backbone, Failure> {
    let Some(path) = file else {
        return embedded_backbone();
    };
    let bytes = std::fs::read(path).map_err(|e| Failure::io("reading", path, &e))?;
    let weights = Weights::from_safetensors(&bytes).map_err(|e| Failure::model(path, &e))?;
    let name = path
        .file_name()
        .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let card = Card {
        name: String::new(),
        provenance: format!("the file `{name}` (BLAKE3 {})", &weights.digest()[..16]),
        licence: "not known to handful: see where the file came from".into(),
    };
    Backbone::load(&weights, card).map_err(|e| Failure::model(path, &e))
}

#[cfg(feature = "embedded-backbone")]
fn embedded_backbone() -> Result<Backbone, Failure> {
    Ok(handful_learn::backbone::EMBEDDED.load())
}

#[cfg(not(feature = "embedded-backbone"))]
fn embedded_backbone() -> Result<Backbone, Failure> {
    Err(
        Failure::new(exit::USAGE, "this build has no embedded backbone")
            .advice("give one with `--model FILE`, or build with the feature `embedded-backbone`"),
    )
}

fn read(settings: &Settings, events: &Events) -> Result<Photos, Failure> {
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

/// `(units, groups)` of some photos. Groups are what is independent: explicit ones, otherwise single photos. Units are
/// what folds keep together: the same, but that without explicit groups a given validation split stays in one fold,
/// as the person drew it. It does not count as *one* group: that a person set photos aside says nothing about how
/// alike they are, and an interval over seven groups would be as wrong as none.
fn units_of(
    list: &[crate::photos::Photo],
    rows: &[usize],
    has_groups: bool,
) -> (Vec<usize>, Vec<usize>) {
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    let mut id = |name: String| {
        let next = ids.len();
        *ids.entry(name).or_insert(next)
    };
    rows.iter()
        .map(|&i| {
            let photo = &list[i];
            let alone = || format!("photo {i}");
            let group = id(photo
                .group
                .as_ref()
                .map_or_else(alone, |g| format!("group {g}")));
            let together = !has_groups && photo.split == Split::Validation;
            (
                if together {
                    id("validation".into())
                } else {
                    group
                },
                group,
            )
        })
        .unzip()
}

fn sizes(fixed: Option<usize>, backbone: &Backbone) -> Vec<usize> {
    let of_share = |share: f64| {
        ((backbone.trained_px as f64 * share / SIZE_STEP_PX).round() * SIZE_STEP_PX) as usize
    };
    fixed.map_or_else(
        || SIZE_SHARES.iter().map(|s| of_share(*s)).collect(),
        |size| vec![size],
    )
}

/// Geometry, sizes and stages by measurement, as far as the time limit allows.
fn decide(
    screen: &mut Screen,
    sizes: &[usize],
    stage_sets: &[Vec<String>],
    last_stage: &[String],
    backbone: &Backbone,
    watch: &mut Watch,
) -> Result<(Geometry, Vec<CandidatePlan>), Failure> {
    let rows = screen.rows;
    // Without a limit this is never asked, so that the clock decides nothing.
    let seconds = |looks: &Looks, size_px: usize, n: usize| {
        let speed = looks.spent.forward_s / looks.spent.mega_macs.max(1.0);
        speed * backbone.cost(size_px).mega_macs * n as f64
    };
    let geometry = screen.geometry(sizes[0], last_stage)?;
    let (smallest, larger) = sizes.split_first().expect("there is at least one size");
    screen.looks.ensure(
        "looking at all photos",
        &[
            (Look::Backbone(geometry, *smallest), rows),
            (Look::Control, rows),
        ],
    )?;
    let part = screen.screened();
    let mut tried = vec![*smallest];
    for &size in larger {
        if watch.has_time_for(seconds(screen.looks, size, part.len())) {
            screen.looks.ensure(
                &format!("looking closer, at {size} px"),
                &[(Look::Backbone(geometry, size), &part)],
            )?;
            tried.push(size);
        }
    }
    let mut plans = screen.candidates(geometry, &tried, stage_sets, &backbone.card.name)?;
    for &size in &tried[1..] {
        if plans.iter().any(|p| p.size_px == size) {
            if watch.has_time_for(seconds(screen.looks, size, rows.len() - part.len())) {
                screen.looks.ensure(
                    &format!("looking at all photos, at {size} px"),
                    &[(Look::Backbone(geometry, size), rows)],
                )?;
            } else {
                plans.retain(|p| p.size_px != size);
            }
        }
    }
    if plans.is_empty() {
        let head = |h: &&dyn handful_learn::head::Head| CandidatePlan {
            size_px: *smallest,
            stages: last_stage.to_vec(),
            head: h.name().to_owned(),
        };
        plans = HEADS.iter().map(head).collect();
    }
    Ok((geometry, plans))
}

/// Judges the planned candidates on the folds, features by features, as far as the time limit allows; returns them
/// cheapest first, with the plans of those that were judged.
#[expect(
    clippy::too_many_arguments,
    reason = "the steps of one function, in the order of `train`"
)]
fn compare(
    task: &Task,
    looks: &Looks,
    geometry: Geometry,
    rows: &[usize],
    plans: &[CandidatePlan],
    folder: &RunFolder,
    backbone: &Backbone,
    watch: &mut Watch,
    events: &Events,
) -> Result<(Vec<Judged>, Vec<CandidatePlan>), Failure> {
    let kept = Kept::of(folder);
    let mut judged: Vec<Judged> = Vec::new();
    let n_splits = task.folds.splits().count() as u64;
    let progress = events.progress("comparing candidates", n_splits * plans.len() as u64);
    let mut sets: Vec<(usize, Vec<String>)> = Vec::new();
    for plan in plans {
        let set = (plan.size_px, plan.stages.clone());
        if !sets.contains(&set) {
            sets.push(set);
        }
    }
    let mut longest_s = 0.0f64;
    for (size_px, stages) in sets {
        if !judged.is_empty() && !watch.has_time_for(longest_s) {
            events.remark("the time limit leaves out further candidates");
            break;
        }
        let started = Instant::now();
        let features = looks.features(Look::Backbone(geometry, size_px), rows, &stages)?;
        let of_set: Vec<&CandidatePlan> = plans
            .iter()
            .filter(|p| p.size_px == size_px && p.stages == stages)
            .collect();
        let mut outs = BTreeMap::new();
        let mut missing = Vec::new();
        for plan in &of_set {
            let head = *HEADS
                .iter()
                .find(|h| h.name() == plan.head)
                .ok_or_else(|| {
                    Failure::new(
                        exit::NOT_WHAT_IT_CLAIMS,
                        format!("the plan has an unknown head `{}`", plan.head),
                    )
                })?;
            let fingerprint = task.fingerprint(&features, head.name());
            match folder
                .resumed
                .then(|| kept.find(&fingerprint, task))
                .flatten()
            {
                Some(out) => {
                    progress.advance(n_splits);
                    outs.insert(head.name(), out);
                }
                None => missing.push((head, fingerprint)),
            }
        }
        let heads: Vec<_> = missing.iter().map(|(head, _)| *head).collect();
        for ((head, fingerprint), out) in missing
            .iter()
            .zip(task.judge(&features, &heads, &progress, events)?)
        {
            kept.put(fingerprint, &out, task)?;
            outs.insert(head.name(), out);
        }
        for plan in of_set {
            let Some(out) = outs.remove(plan.head.as_str()) else {
                continue;
            };
            judged.push(as_judged(
                plan.name(&backbone.card.name),
                "frozen",
                Some(plan.clone()),
                out,
                task,
                events,
            ));
        }
        longest_s = longest_s.max(started.elapsed().as_secs_f64());
    }
    // Cheapest first: what a prediction costs in the network, then the order of the heads.
    let rank = |j: &Judged| {
        let plan = j.plan.as_ref().expect("only planned candidates are here");
        let macs = backbone.cost_through(plan.size_px, &plan.stages).mega_macs;
        let head = HEADS
            .iter()
            .position(|h| h.name() == plan.head)
            .expect("checked above");
        (macs, head)
    };
    judged.sort_by(|a, b| rank(a).partial_cmp(&rank(b)).expect("costs are finite"));
    let plans = judged.iter().filter_map(|j| j.plan.clone()).collect();
    Ok((judged, plans))
}

/// What a classifier gets right that knows nothing, and one that knows only edges and colours.
fn controls(
    task: &Task,
    looks: &Looks,
    rows: &[usize],
    events: &Events,
) -> Result<Vec<Judged>, Failure> {
    let features = looks.features(Look::Control, rows, &[])?;
    let ridge = *HEADS
        .iter()
        .find(|h| h.name() == "ridge")
        .expect("ridge is registered");
    let progress = events.progress(
        "comparing with the control",
        task.folds.splits().count() as u64,
    );
    let hog = task
        .judge(&features, &[ridge], &progress, events)?
        .remove(0);
    Ok(vec![
        as_judged(CONTROL_HOG.into(), "control", None, hog, task, events),
        as_judged(
            CONTROL_MAJORITY.into(),
            "control",
            None,
            task.majority(),
            task,
            events,
        ),
    ])
}

fn as_judged(
    name: String,
    strategy: &'static str,
    plan: Option<CandidatePlan>,
    out: candidates::OutOfFold,
    task: &Task,
    events: &Events,
) -> Judged {
    let column = Column::of_repeats(&out.repeats, task.labels, task.n_classes, task.folds);
    events.emit(&Event::Candidate {
        name: name.clone(),
        log_loss: column.mean_loss(),
        accuracy: column.mean_hit(),
    });
    Judged {
        name,
        strategy,
        plan,
        out,
        column,
    }
}

/// Opens the held-back photos, once, with the finished model.
#[expect(
    clippy::too_many_arguments,
    reason = "the steps of one function, in the order of `train`"
)]
fn test_of(
    model: &Bundle,
    looks: &mut Looks,
    look: Look,
    list: &[crate::photos::Photo],
    test: &[usize],
    has_groups: bool,
    judgement: &Judgement,
    seed: Seed,
) -> Result<Option<TestResult>, Failure> {
    looks.ensure("looking at the test photos", &[(look, test)])?;
    let rows: Vec<usize> = test
        .iter()
        .copied()
        .filter(|i| !looks.unreadable.contains(i))
        .collect();
    if rows.is_empty() {
        return Ok(None);
    }
    let n = model.record.labels.len();
    let features = looks.features(look, &rows, &model.record.stages)?;
    let probabilities = model
        .head
        .probabilities(&features.rows(&(0..rows.len()).collect::<Vec<_>>()));
    let labels: Vec<usize> = rows
        .iter()
        .map(|&i| list[i].label.expect("only labelled photos are kept"))
        .collect();
    let (_, groups) = units_of(list, &rows, has_groups);
    judge::test_result(
        &probabilities,
        &labels,
        &groups,
        n,
        judgement.accuracy,
        judgement.n_effective,
        seed,
    )
    .map(Some)
}

/// `(class, share)` of the largest class.
pub fn majority_share(labels: &[usize], n_classes: usize) -> (usize, f64) {
    let mut counts = vec![0.0; n_classes];
    labels.iter().for_each(|&l| counts[l] += 1.0);
    let class = argmax(&counts);
    (class, counts[class] / labels.len() as f64)
}

/// What predicting one photo takes on this machine with one thread, from the speed that was measured while looking;
/// 0 where everything came from the cache.
fn predict_ms(judged: &[Judged], looks: &Looks, backbone: &Backbone) -> Vec<f64> {
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
            decode + per_mega_mac * backbone.cost_through(p.size_px, &p.stages).mega_macs
        })
    };
    judged.iter().map(of).collect()
}

/// What was skipped or noted, for whoever counts.
pub fn skipped(issues: &[Issue]) -> usize {
    issues.iter().filter(|i| i.is_skipped()).count()
}

/// Decisions are part of the public outcome.
pub type Decisions = Vec<Decision>;
