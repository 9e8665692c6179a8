//! What does fine-tuning give, how long does it take, and what does the same in PyTorch?
//!
//! `tuning ROOT LIST RECIPE [OPTION VALUE]…`: LIST is a CSV file as `bench/peers/draw.py` writes it (path, label, part: train or test),
//! RECIPE a JSON record of a recipe of which only what differs from the default is written, `{}` or `{"trains":"all","steps":300}`.
//!
//! - `--px 128`: side of the images.
//! - `--kept memory`: where outputs of a frozen prefix lie; or `file`.
//! - `--network NAME`: an architecture that learns from nothing in place of the embedded backbone.
//! - `--head fitted`: what training starts from; or `zeros`, as if the head had not been fitted first.
//! - `--probe-root ROOT --probe-list LIST`: other photos, whose training part shows what the network forgets.
//!
//! Prints one JSON object; `bench/peers/finetune.py` prints the same of PyTorch.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use handful_image::{Geometry, Limits, Pixels, decode};
use handful_learn::Backbone;
use handful_learn::backbone::EMBEDDED;
use handful_learn::drift::{SkillChange, drift, skill};
use handful_learn::features::{Taps, pooled};
use handful_learn::head::{FeatureSet, Head, Logistic, TrainingFold};
use handful_learn::train::{
    Examples, Inputs, Model, Now, Place, Recipe, Shelf, Squares, Training, Trains, fit,
};
use handful_stats::{Column, Seed, argmax, fit_temperature, softmax_rows};
use rayon::prelude::*;
use serde_json::{Value, json};

const USAGE: &str = "usage: tuning ROOT LIST RECIPE [--px N] [--kept memory|file] [--network NAME] [--head fitted|zeros] \
                     [--probe-root ROOT --probe-list LIST]";
const OPTIONS: [&str; 6] = [
    "--px",
    "--kept",
    "--network",
    "--head",
    "--probe-root",
    "--probe-list",
];
const SEED: Seed = Seed(1);
const ALPHAS: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

/// A photo of the list.
struct Entry {
    path: String,
    label: usize,
    is_test: bool,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = || -> ! {
        eprintln!("{USAGE}");
        std::process::exit(2);
    };
    let [root, list, recipe, options @ ..] = &arguments[..] else {
        usage()
    };
    let mut given: BTreeMap<&str, &str> = BTreeMap::new();
    for pair in options.chunks(2) {
        match pair {
            [name, value] if OPTIONS.contains(&name.as_str()) => given.insert(name, value),
            _ => usage(),
        };
    }
    let option = |name: &str| given.get(name).copied();
    let size_px = option("--px").map_or(128, |px| px.parse().unwrap_or_else(|_| usage()));
    let in_file = option("--kept") == Some("file");
    let (entries, n_classes) = read(list);
    let recipe = changed(recipe);
    let untrained = option("--network").map(|name| Backbone::untrained(name, SEED.0));
    let has_fitted_head = untrained.is_none() && option("--head") != Some("zeros");
    let backbone = match untrained {
        Some(backbone) => backbone.unwrap_or_else(|e| panic!("{e}")),
        None => EMBEDDED.load(),
    };
    let preprocessing = backbone.preprocessing(Geometry::CenterCrop, size_px);
    let wide = Squares::wide(&preprocessing);

    let started = Instant::now();
    let prepared: Vec<(Pixels, Pixels)> = entries
        .par_iter()
        .map(|entry| {
            let pixels = photo(root, entry);
            (preprocessing.prepare(&pixels), wide.prepare(&pixels))
        })
        .collect();
    let (plain, wide): (Vec<Pixels>, Vec<Pixels>) = prepared.into_iter().unzip();
    let last = backbone.stages[backbone.stages.len() - 1].name.clone();
    let taps = Taps::new(&backbone, &[last]).expect("the last stage");
    let features = pooled(&backbone, &plain, &preprocessing, &taps);
    let features = FeatureSet::new(entries.len(), vec![(taps.len(), features)]).expect("finite");
    let features_s = started.elapsed().as_secs_f64();

    let labels: Vec<usize> = entries.iter().map(|e| e.label).collect();
    let units: Vec<usize> = (0..entries.len()).collect();
    let of = |is_test: bool| -> Vec<usize> {
        (0..entries.len())
            .filter(|&i| entries[i].is_test == is_test)
            .collect()
    };
    let (rows, test) = (of(false), of(true));
    let seed = SEED;
    let start = if has_fitted_head {
        let fold = TrainingFold::new(&features, &rows, &labels, &units, n_classes, seed);
        let head = Logistic.fit(&fold).expect("a head");
        Model::start(&backbone, &head).expect("a linear head")
    } else {
        Model::untrained(&backbone, n_classes, rows.len())
    };

    let squares = Squares::new(preprocessing, plain, wide);
    let cut = recipe.trains.cut(&backbone);
    let started = Instant::now();
    let mut inputs = Inputs::fresh(&squares, &backbone, cut, seed);
    inputs = inputs.by_policy(recipe.policy.as_ref());
    if recipe.keeps_views(&backbone) {
        let kept = inputs.kept(recipe.views, shelf(in_file), &|_| {});
        inputs = kept.unwrap_or_else(|e| panic!("{e}"));
    }
    let prefix_s = started.elapsed().as_secs_f64();
    let judged = |model: &Model| -> (f64, f64, f64) {
        let logits = model.logits(&inputs, &test);
        let logits = logits.unwrap_or_else(|e| panic!("{e}"));
        let labels: Vec<usize> = test.iter().map(|&t| labels[t]).collect();
        let loss_at = |t: f64| {
            let mut p: Vec<f64> = logits.iter().map(|l| l / t).collect();
            softmax_rows(&mut p, n_classes);
            let column = Column::of_probabilities(&p, &labels, n_classes);
            let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
            (mean(&column.losses), mean(&column.hits))
        };
        let (loss, right) = loss_at(1.0);
        (
            right,
            loss,
            loss_at(fit_temperature(&logits, &labels, n_classes)).0,
        )
    };
    let training = Training {
        start: &start,
        examples: Examples {
            inputs: &inputs,
            rows: &rows,
            labels: &labels,
        },
        recipe: &recipe,
        seed,
        identity: "",
    };
    let started = Instant::now();
    let tuned = fit(training, None, &mut |_: &Now| ControlFlow::Continue(()));
    let training_s = started.elapsed().as_secs_f64();
    let tuned = tuned.unwrap_or_else(|e| panic!("{e}"));
    let by_alpha: Vec<Value> = ALPHAS
        .iter()
        .map(|&alpha| {
            let (right, loss, calibrated) = judged(&Model::blend(&start, &tuned, alpha));
            json!({ "alpha": alpha, "accuracy": right, "log_loss": loss, "calibrated": calibrated })
        })
        .collect();
    // Which photos the trained model has right, four a digit.
    let logits = tuned
        .logits(&inputs, &test)
        .unwrap_or_else(|e| panic!("{e}"));
    let right = logits.chunks_exact(n_classes).zip(&test);
    let right: Vec<u32> = right
        .map(|(z, &t)| u32::from(argmax(z) == labels[t]))
        .collect();
    let digit = |four: &[u32]| {
        let bits = (0..4).fold(0, |bits, i| bits << 1 | four.get(i).copied().unwrap_or(0));
        char::from_digit(bits, 16).expect("below 16")
    };
    let hits: String = right.chunks(4).map(digit).collect();
    let epochs = (recipe.steps * recipe.batch) as f64 / rows.len() as f64;
    let result = json!({
        "frozen_accuracy": by_alpha[0]["accuracy"],
        "accuracy": by_alpha[4]["accuracy"],
        "by_alpha": by_alpha,
        "hits": hits,
        "seconds_features": features_s,
        "seconds_prefix": prefix_s,
        "seconds_training": training_s,
        "seconds_per_epoch": training_s / epochs,
        "train": rows.len(),
        "test": test.len(),
        "forgets": option("--probe-root").zip(option("--probe-list")).map(|(root, list)| {
            forgets(&backbone, &tuned.backbone, (root, list), size_px)
        }),
    });
    println!("{result}");
}

/// What a network lost of what it could tell apart, on the training part of a list of other photos.
fn forgets(
    before: &Backbone,
    after: &Backbone,
    (root, list): (&str, &str),
    size_px: usize,
) -> Value {
    let (entries, n_classes) = read(list);
    let probe: Vec<&Entry> = entries.iter().filter(|entry| !entry.is_test).collect();
    let preprocessing = before.preprocessing(Geometry::CenterCrop, size_px);
    let pixels: Vec<Pixels> = probe
        .par_iter()
        .map(|entry| preprocessing.prepare(&photo(root, entry)))
        .collect();
    let labels: Vec<usize> = probe.iter().map(|entry| entry.label).collect();
    let change = skill(
        before,
        after,
        &pixels,
        &labels,
        n_classes,
        &preprocessing,
        SEED,
    );
    let change = change.unwrap_or_else(|e| panic!("{e}"));
    let of = |change: &SkillChange| json!({ "before": change.before, "after": change.after, "difference": change.difference });
    let stages: Vec<Value> = drift(before, after, &pixels, &preprocessing)
        .into_iter()
        .map(|stage| json!({ "stage": stage.stage, "cka": stage.cka, "l2": stage.l2 }))
        .collect();
    json!({ "photos": pixels.len(), "ridge": of(&change.ridge), "knn": of(&change.knn), "stages": stages })
}

/// The pixels of a photo of a list.
fn photo(root: &str, entry: &Entry) -> Pixels {
    let path = Path::new(root).join(&entry.path);
    let bytes = fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let decoded = decode(&bytes, &Limits::default());
    decoded
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
        .pixels
}

/// Where the outputs of a frozen prefix are kept: in memory, or in a file without a name.
fn shelf(in_file: bool) -> Shelf {
    match in_file {
        true => Shelf {
            place: Place::File(tempfile::tempfile().expect("a file")),
            most_bytes: u64::MAX,
        },
        false => Shelf::memory(),
    }
}

/// The photos of a list, and how many classes they have.
fn read(list: &str) -> (Vec<Entry>, usize) {
    let text = fs::read_to_string(list).unwrap_or_else(|e| panic!("{list}: {e}"));
    let rows: Vec<Vec<&str>> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect())
        .collect();
    let mut names: Vec<&str> = rows.iter().map(|row| row[1]).collect();
    names.sort_unstable();
    names.dedup();
    let entry = |row: &Vec<&str>| Entry {
        path: row[0].to_owned(),
        label: names.binary_search(&row[1]).expect("it is one of them"),
        is_test: row[2] == "test",
    };
    (rows.iter().map(entry).collect(), names.len())
}

/// The default recipe with what the person wrote.
fn changed(text: &str) -> Recipe {
    let recipe = Recipe::new(Trains::All, 3e-4, 150, 32);
    let mut value = serde_json::to_value(recipe).expect("plain data");
    let more: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    for (name, more) in more.as_object().expect("a record") {
        value[name] = more.clone();
    }
    serde_json::from_value(value).unwrap_or_else(|e| panic!("{text}: {e}"))
}
