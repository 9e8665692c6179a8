//! How many planted wrong labels are found? Writes the out-of-fold probabilities that `bench/peers/doubts.py` gives to
//! cleanlab.

use std::fmt::Write;
use std::fs;

use handful_learn::head::{FeatureSet, Head, Ridge, TrainingFold};
use handful_stats::{Folds, Seed, label_doubts, stratified_subset};
use rayon::prelude::*;

use crate::Folders;
use crate::set::{HEAD, Set, unit};

const SETS: [&str; 3] = ["clothing", "waste", "hands"];
const NOISE_PERCENT: [usize; 3] = [5, 10, 20];
const SEEDS: u64 = 3;
/// Photos of a set: what people have, and a fit takes seconds.
const PHOTOS: usize = 1_000;
const FOLDS: usize = 5;

/// Ridge, five folds, labels exchanged for one of the others with a chance.
pub fn planted(folders: &Folders) {
    fs::create_dir_all(&folders.out).expect("a folder for tables");
    let sets: Vec<Set> = SETS
        .iter()
        .map(|name| Set::read(&folders.features, &folders.data, name))
        .collect();
    let mut tasks = Vec::new();
    for set in &sets {
        for noise in NOISE_PERCENT {
            tasks.extend((0..SEEDS).map(|seed| (set, noise, seed)));
        }
    }
    let lines: Vec<String> = tasks
        .into_par_iter()
        .map(|(set, noise, seed)| one(folders, set, noise, seed))
        .collect();
    println!(
        "| set | noise % | seed | planted | listed | precision | recall | seconds of the list |\n|---|---|---|---|---|---|---|---|"
    );
    lines.iter().for_each(|line| println!("{line}"));
}

fn one(folders: &Folders, set: &Set, noise: usize, number: u64) -> String {
    let seed = Seed(number).derive(&set.name, noise as u64);
    let alone: Vec<usize> = (0..set.labels.len()).collect();
    let rows = stratified_subset(&set.labels, &alone, set.n_classes, PHOTOS, seed);
    let k = set.n_classes;
    let truth: Vec<usize> = rows.iter().map(|&r| set.labels[r]).collect();
    let given: Vec<usize> = truth
        .iter()
        .enumerate()
        .map(|(i, &label)| {
            let other = 1 + (unit(seed, 2 * i) * (k - 1) as f64) as usize % (k - 1);
            let is_wrong = unit(seed, 2 * i + 1) < noise as f64 / 100.0;
            if is_wrong { (label + other) % k } else { label }
        })
        .collect();
    let values = rows.iter().flat_map(|&r| set.row(r)).copied().collect();
    let features = FeatureSet::new(rows.len(), vec![(HEAD, values)]).expect("whole rows");
    let all: Vec<usize> = (0..rows.len()).collect();
    let folds = Folds::assign(&given, &all, k, FOLDS, 1, seed).expect("classes enough");
    let mut probabilities = vec![0.0; rows.len() * k];
    for (repeat, fold) in folds.splits() {
        let (learn, ask) = (
            folds.train_rows(repeat, fold),
            folds.test_rows(repeat, fold),
        );
        let training = TrainingFold::new(&features, &learn, &given, &all, k, seed);
        let p = Ridge
            .fit(&training)
            .expect("algebra")
            .probabilities(&features.rows(&ask));
        for (row, p) in ask.iter().zip(p.chunks_exact(k)) {
            probabilities[row * k..][..k].copy_from_slice(p);
        }
    }
    let start = std::time::Instant::now();
    let scored = folds.scored_rows(0);
    let found = label_doubts(&probabilities, &given, &all, &scored, k).expect("lists that fit");
    let seconds = start.elapsed().as_secs_f64();

    let mut rank = vec![None; rows.len()];
    found
        .ranked
        .iter()
        .enumerate()
        .for_each(|(at, d)| rank[d.row] = Some(at));
    let mut table = String::from("given,true,doubted");
    (0..k).for_each(|c| write!(table, ",p{c}").expect("a string takes all"));
    for i in all {
        let doubted = rank[i].map_or(String::new(), |at| at.to_string());
        write!(table, "\n{},{},{doubted}", given[i], truth[i]).expect("a string takes all");
        for p in &probabilities[i * k..][..k] {
            write!(table, ",{p}").expect("a string takes all");
        }
    }
    let file = folders
        .out
        .join(format!("{}_{noise}_{number}.csv", set.name));
    fs::write(file, table).expect("a table can be written");
    let planted = given.iter().zip(&truth).filter(|(g, t)| g != t).count();
    let right = found
        .ranked
        .iter()
        .filter(|d| given[d.row] != truth[d.row])
        .count();
    format!(
        "| {} | {noise} | {number} | {planted} | {} | {:.2} | {:.2} | {seconds:.3} |",
        set.name,
        found.ranked.len(),
        right as f64 / found.ranked.len().max(1) as f64,
        right as f64 / planted.max(1) as f64
    )
}
