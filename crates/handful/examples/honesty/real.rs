//! Real photos: what a comparison on a few of a set's photos says, against the set's other photos.

use std::path::Path;

use handful_learn::head::{self, FeatureSet};
use handful_stats::{Folds, Seed, effective_groups};
use rayon::prelude::*;

use crate::comparison::{Candidate, Compared, accuracy, labelled};
use crate::set::{HEAD, Set, shuffled};
use crate::tally::{HEADER, RULE, Told, row};

const IMAGES: [usize; 2] = [100, 300];
/// Photos that tell the truth: at most as many as make it known to a point, and at least as many as leave it known to three.
const MOST_OTHERS: usize = 3_000;
const LEAST_OTHERS: usize = 250;
/// Heads that are compared. Logistic regression takes ten times as long as the others together.
const HEADS: [&str; 4] = ["centroid", "lda", "ridge", "knn"];

/// The sets of which a folder has features.
pub fn sets(features: &Path) -> Vec<Set> {
    let files = std::fs::read_dir(features).expect("the folder of features");
    let mut names: Vec<String> = files
        .filter_map(|file| {
            Some(
                file.ok()?
                    .file_name()
                    .to_str()?
                    .strip_suffix(".npy")?
                    .to_owned(),
            )
        })
        .collect();
    names.sort();
    let read = |name: &String| Set::read(features, Path::new(""), name);
    names.iter().map(read).collect()
}

/// A part of a set, its features, and the other photos of the classes that can be measured on the part.
pub struct Part {
    pub labels: Vec<usize>,
    pub features: FeatureSet,
    pub other_labels: Vec<usize>,
    pub others: Vec<f64>,
}

impl Part {
    /// `n` photos at random.
    pub fn of(set: &Set, n: usize, seed: Seed) -> Part {
        let rows = shuffled((0..set.labels.len()).collect(), seed.derive("photos", 0));
        let (own, rest) = rows.split_at(n.min(rows.len()));
        let labels: Vec<usize> = own.iter().map(|&r| set.labels[r]).collect();
        let is_measured = |class: usize| labels.iter().filter(|l| **l == class).count() > 1;
        let rest: Vec<usize> = (rest.iter().copied())
            .filter(|&r| is_measured(set.labels[r]))
            .take(MOST_OTHERS)
            .collect();
        let values = |rows: &[usize]| -> Vec<f32> {
            rows.iter().flat_map(|&r| set.row(r).to_vec()).collect()
        };
        Part {
            features: FeatureSet::new(own.len(), vec![(HEAD, values(own))]).expect("finite"),
            labels,
            other_labels: rest.iter().map(|&r| set.labels[r]).collect(),
            others: values(&rest).into_iter().map(f64::from).collect(),
        }
    }
}

/// Prints one row a set and number of photos.
pub fn table(features: &Path, n_parts: usize) {
    println!("\n## Parts of real sets, the rest is the truth\n");
    println!(
        "Usual number: the best head by the accuracy on one fifth of the part, set aside once.\n"
    );
    println!("| set | photos | {HEADER}\n| --- | --: | {RULE}");
    let mut all = Vec::new();
    for set in sets(features) {
        for n in IMAGES {
            let told: Vec<Told> = (0..n_parts)
                .into_par_iter()
                .filter_map(|part| one(&set, n, Seed(part as u64).derive("part", n as u64)))
                .collect();
            if !told.is_empty() {
                println!("| {} | {n} | {}", set.name, row(&told));
            }
            all.extend(told);
        }
    }
    println!("| all | | {}", row(&all));
}

fn one(set: &Set, n: usize, seed: Seed) -> Option<Told> {
    let part = Part::of(set, n, seed);
    if part.other_labels.len() < LEAST_OTHERS {
        return None;
    }
    let alone: Vec<usize> = (0..part.labels.len()).collect();
    let photos = labelled(part.labels.clone(), alone.clone(), set.n_classes);
    let candidates = HEADS.map(|head| Candidate { features: 0, head });
    let naive = usual(&part, set.n_classes, seed)?;
    let compared = Compared::of(
        photos,
        std::slice::from_ref(&part.features),
        &candidates,
        seed,
    )?;
    Some(Told {
        interval: compared.judgement.accuracy,
        truth: compared.truth(&part.features, &part.others, &part.other_labels),
        naive,
        n_effective: effective_groups(&alone),
    })
}

/// The best accuracy of all heads on one fifth, learnt from the rest.
fn usual(part: &Part, n_classes: usize, seed: Seed) -> Option<f64> {
    let alone: Vec<usize> = (0..part.labels.len()).collect();
    let split = seed.derive("one split", 0);
    let folds = Folds::assign(&part.labels, &alone, n_classes, 5, 1, split).ok()?;
    let (train, test) = (folds.train_rows(0, 0), folds.test_rows(0, 0));
    let labels: Vec<usize> = test.iter().map(|&r| part.labels[r]).collect();
    let x = part.features.rows(&test);
    let of = |head: &str| {
        let head = head::named(head).expect("a head");
        let training = head::TrainingFold::new(
            &part.features,
            &train,
            &part.labels,
            &alone,
            n_classes,
            split,
        );
        let fitted = head.fit(&training).expect("finite features");
        accuracy(&fitted.probabilities(&x), &labels, n_classes)
    };
    HEADS.into_iter().map(of).reduce(f64::max)
}
