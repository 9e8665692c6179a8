//! What is a person told of a training? How it went epoch by epoch, what it would learn where there is nothing to learn, and what the
//! network forgot over it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use handful_image::{Geometry, Limits, Pixels, decode};
use handful_learn::drift::{SkillChange, drift, skill};
use handful_learn::train::{Model, Now, Recipe};
use handful_report::{Forgetting, Shuffled, StageForgetting, TrainingStory};
use handful_stats::{Look, argmax, training_course};

use super::families::Families;
use super::one_fold::{FoldLook, FoldResult};
use super::prepared::Prepared;
use super::probes::probes;
use super::trial::Trial;
use super::workbench::{Lesson, NoModel, Workbench};
use crate::cache::ImageKey;
use crate::demo::PHOTOS;
use crate::exit::Failure;
use crate::photos::Photos;
use crate::workflow::judge::{Judged, LEVEL};

/// What forgetting is measured on: so many photos of …
const PROBE: &str = "clothing that ship with the program (CC0)";
/// Which of them: those of the demo that it trains on.
const PROBE_FOLDER: &str = "train/";
/// With fewer of them left that it was not trained on, nothing is measured.
const FEWEST_PROBES: usize = 100;

/// The story of the chosen candidate where its network was trained, otherwise of the best one that was; none where none was.
///
/// `tuned` is the chosen model: what it forgot is measured on it, and a training on shuffled labels stands beside it.
///
/// # Errors
/// When interrupted, or when the statistics can't be computed.
pub fn story(
    families: &Families,
    (judged, chosen): (&[Judged], usize),
    tuned: Option<&Model>,
    photos: &Photos,
) -> Result<Option<TrainingStory>, Failure> {
    let loss = |idx: &usize| judged[*idx].column.mean_loss();
    // What stands beside it in an ensemble says nothing of how it was trained.
    let is_alone = |judged: &Judged| judged.plan.as_ref().is_some_and(|p| p.beside.is_none());
    let best = (0..judged.len())
        .filter(|&idx| judged[idx].trial.is_some() && is_alone(&judged[idx]))
        .min_by(|a, b| loss(a).total_cmp(&loss(b)));
    let of = match &judged[chosen].trial {
        Some(_) => Some(chosen),
        None => best,
    };
    let Some((of, trial)) = of.and_then(|of| Some((of, judged[of].trial.as_ref()?))) else {
        return Ok(None);
    };
    let plan = judged[of].plan.as_ref().expect("it was trained by a plan");
    let (bench, prepared) = families.of(plan);
    let (looks, folds, groups) = looks(bench, trial);
    let (shuffled, forgetting) = match tuned {
        Some(tuned) if of == chosen => (
            shuffled(bench, prepared, trial)?,
            match bench.is_pretrained {
                true => forgetting(bench, tuned, trial, photos)?,
                false => None,
            },
        ),
        _ => (None, None),
    };
    let probes = match bench.is_pretrained {
        true => probes(bench, trial.recipe.trains.cut(bench.network))?,
        false => Vec::new(),
    };
    Ok(Some(TrainingStory {
        probes,
        // Of an ensemble the part that was trained.
        candidate: plan.alone().name(&bench.network.card.name),
        chosen: of == chosen,
        training: training_course(&looks, &folds, &groups, LEVEL)?,
        shuffled,
        forgetting,
        alpha: trial.blend.alpha,
        by_alpha: match bench.is_pretrained {
            true => (bench.shares().iter().copied())
                .zip(trial.by_alpha.iter().copied())
                .collect(),
            false => Vec::new(),
        },
    }))
}

/// The looks at all folds of the first repeat, each held-out photo once; the fold and the group of each photo.
fn looks(bench: &Workbench, trial: &Trial) -> (Vec<Look>, Vec<usize>, Vec<usize>) {
    let folds: Vec<&FoldResult> = (trial.folds.iter())
        .filter(|fold| fold.held.repeat == 0)
        .collect();
    // A training with patience may have ended before its last looks.
    let steps: Vec<usize> = folds.first().map_or(Vec::new(), |first| {
        let in_all = |step: &&usize| folds.iter().all(|fold| fold.looks.contains_key(step));
        first.looks.keys().filter(in_all).copied().collect()
    });
    let look = |step: usize| {
        let of_folds = || folds.iter().map(|fold| &fold.looks[&step]);
        let mean =
            |value: fn(&FoldLook) -> f64| of_folds().map(value).sum::<f64>() / folds.len() as f64;
        Look {
            epoch: mean(|look| look.epoch),
            train_loss: mean(|look| look.learned.0),
            train_accuracy: mean(|look| look.learned.1),
            losses: of_folds().flat_map(|look| look.losses.clone()).collect(),
            hits: of_folds().flat_map(|look| look.hits.clone()).collect(),
        }
    };
    let held = || folds.iter().map(|fold| &fold.held);
    let groups = &bench.task.photos.groups;
    (
        steps.into_iter().map(look).collect(),
        held()
            .flat_map(|held| vec![held.fold; held.rows.len()])
            .collect(),
        held()
            .flat_map(|held| held.rows.iter().map(|&row| groups[row]))
            .collect(),
    )
}

/// What the same training makes of shuffled labels: it can only learn them by heart. None where it diverges over them.
fn shuffled(
    bench: &Workbench,
    prepared: &Prepared,
    trial: &Trial,
) -> Result<Option<Shuffled>, Failure> {
    let task = bench.task;
    let rows = task.folds.train_rows(0, 0);
    let seed = task.seed.derive("shuffled labels", 0);
    let mut order = rows.clone();
    order.sort_by_key(|&row| seed.key(row as u64));
    let of_rows: Vec<usize> = order.iter().map(|&r| task.photos.labels[r]).collect();
    let mut labels = task.photos.labels.clone();
    rows.iter()
        .zip(&of_rows)
        .for_each(|(&row, &label)| labels[row] = label);
    let idx = task.folds.n_repeats() * task.folds.k + 1;
    let start = bench.start(&rows, &labels, idx)?;
    let recipe = Recipe {
        patience: None,
        ..trial.recipe.clone()
    };
    let lesson = Lesson {
        rows: &rows,
        stop_by: &[],
        labels: &labels,
        recipe: &recipe,
        seed: task.seed.derive("training", idx as u64),
    };
    let work = bench.mega_macs(&trial.recipe) as u64;
    let progress = bench.events.progress("training on shuffled labels", work);
    let inputs = prepared.of(bench, &trial.recipe);
    let mut look = |_: &Now| Ok(ControlFlow::Continue(()));
    let model = match bench.train(&start, inputs, &lesson, &progress, &mut look) {
        Ok((model, _)) => model,
        Err(NoModel::Diverged(why)) => {
            let remark = format!("what it learns by heart is not known: {why}");
            bench.events.remark(remark);
            return Ok(None);
        }
        Err(why) => return Err(why.into()),
    };
    let right = model.logits(inputs, &rows)?;
    let right = right.chunks_exact(task.photos.n_classes).zip(&of_rows);
    let n_right = right.filter(|(z, label)| argmax(z) == **label).count();
    let photos = task.photos.subset(&rows);
    Ok(Some(Shuffled {
        train_accuracy: n_right as f64 / rows.len() as f64,
        chance: photos.majority().1,
    }))
}

/// What the network forgot, by photos that it was not trained on; none where it was trained on most of these.
fn forgetting(
    bench: &Workbench,
    tuned: &Model,
    trial: &Trial,
    photos: &Photos,
) -> Result<Option<Forgetting>, Failure> {
    let (before, after) = (bench.network, &tuned.backbone);
    let preprocessing = before.preprocessing(Geometry::CenterCrop, bench.size_px());
    let learned = bench.task.photos.rows.iter();
    let learned: BTreeSet<ImageKey> = learned.filter_map(|&p| photos.list[p].key).collect();
    let is_new = |bytes: &[u8]| !learned.contains(blake3::hash(bytes).as_bytes());
    let probe =
        (PHOTOS.iter()).filter(|(name, bytes)| name.starts_with(PROBE_FOLDER) && is_new(bytes));
    let (names, pixels): (Vec<&str>, Vec<Pixels>) = probe
        .map(|(name, bytes)| {
            let decoded = decode(bytes, &Limits::default()).expect("photos that ship are whole");
            (*name, preprocessing.prepare(&decoded.pixels))
        })
        .unzip();
    if pixels.len() < FEWEST_PROBES {
        return Ok(None);
    }
    let class = |name: &&str| name.split('/').nth(1).expect("a folder a class").to_owned();
    let mut classes: Vec<String> = names.iter().map(class).collect();
    let labels = classes.clone();
    classes.sort_unstable();
    classes.dedup();
    let label = |name: &String| classes.binary_search(name).expect("it is one of them");
    let labels: Vec<usize> = labels.iter().map(label).collect();
    let seed = bench.task.seed.derive("probe", 0);
    let skill = skill(
        before,
        after,
        &pixels,
        &labels,
        classes.len(),
        &preprocessing,
        seed,
    )?;
    let cut = trial.recipe.trains.cut(before);
    let stage = |(idx, drift): (usize, handful_learn::drift::StageDrift)| StageForgetting {
        stage: drift.stage,
        trained: idx >= cut,
        cka: drift.cka,
        l2: drift.l2,
    };
    let change = |change: SkillChange| handful_report::SkillChange {
        before: change.before,
        after: change.after,
        difference: change.difference,
    };
    Ok(Some(Forgetting {
        stages: drift(before, after, &pixels, &preprocessing)
            .into_iter()
            .enumerate()
            .map(stage)
            .collect(),
        probe: PROBE.into(),
        n_probe: pixels.len(),
        ridge: change(skill.ridge),
        knn: change(skill.knn),
    }))
}
