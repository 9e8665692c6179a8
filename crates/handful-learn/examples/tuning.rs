//! What does fine-tuning give, how long does it take, and what does the same in PyTorch?
//!
//! `tuning ROOT LIST RECIPE [PX [KEPT [NETWORK]]]`: LIST is a CSV file as `bench/peers/draw.py` writes it (path, label, part: train or
//! test), RECIPE a JSON record of a recipe of which only what differs from the default is written, `{}` or
//! `{"trains":"all","steps":300}`. KEPT is `memory` or `file`: where outputs of a frozen prefix lie. NETWORK is an architecture that learns
//! from nothing in place of the embedded backbone. Prints one JSON object; `bench/peers/finetune.py` prints the same of PyTorch.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use handful_image::{Geometry, Limits, Pixels, decode};
use handful_learn::Backbone;
use handful_learn::backbone::EMBEDDED;
use handful_learn::features::{Taps, pooled};
use handful_learn::head::{FeatureSet, Head, Logistic, TrainingFold};
use handful_learn::train::{
    Examples, Inputs, Model, Now, Place, Recipe, Shelf, Squares, Training, Trains, fit,
};
use handful_stats::{Column, Seed, fit_temperature, softmax_rows};
use rayon::prelude::*;
use serde_json::{Value, json};

const USAGE: &str = "usage: tuning ROOT LIST RECIPE [PX [memory|file [NETWORK]]]";
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
    let [root, list, recipe, rest @ ..] = &arguments[..] else {
        eprintln!("{USAGE}");
        std::process::exit(2);
    };
    let size_px = rest.first().map_or(128, |px| px.parse().expect(USAGE));
    let in_file = rest.get(1).is_some_and(|kept| kept == "file");
    let (entries, n_classes) = read(list);
    let recipe = changed(recipe);
    let untrained = rest.get(2).map(|name| Backbone::untrained(name, SEED.0));
    let is_pretrained = untrained.is_none();
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
            let path = Path::new(root).join(&entry.path);
            let bytes = fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let decoded = decode(&bytes, &Limits::default());
            let pixels = decoded
                .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
                .pixels;
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
    let start = if is_pretrained {
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
    let epochs = (recipe.steps * recipe.batch) as f64 / rows.len() as f64;
    let result = json!({
        "frozen_accuracy": by_alpha[0]["accuracy"],
        "accuracy": by_alpha[4]["accuracy"],
        "by_alpha": by_alpha,
        "seconds_features": features_s,
        "seconds_prefix": prefix_s,
        "seconds_training": training_s,
        "seconds_per_epoch": training_s / epochs,
        "train": rows.len(),
        "test": test.len(),
    });
    println!("{result}");
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
