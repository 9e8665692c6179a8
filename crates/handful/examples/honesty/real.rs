//! Real photos: what a comparison on a few of a set's photos says, against the set's other photos.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use handful_learn::head::{self, FeatureSet};
use handful_stats::{Folds, Seed};
use rayon::prelude::*;

use crate::comparison::{Candidate, Compared, accuracy, labelled};
use crate::set::{HEAD, Set, shuffled};
use crate::tally::{HEADER, RULE, Told, row};

/// Sets that name what belongs together, and the column that does.
const GROUPS: [(&str, &str); 3] = [
    ("clothing", "sender"),
    ("hands", "signer_guess"),
    ("omniglot", "drawer"),
];
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
    pub groups: Vec<usize>,
    pub features: FeatureSet,
    pub other_labels: Vec<usize>,
    pub others: Vec<f64>,
}

impl Part {
    /// Whole groups at random until they are `n` photos; `groups` names the group of each photo of the set.
    pub fn of(set: &Set, groups: &[usize], n: usize, seed: Seed) -> Part {
        let mut rows: Vec<usize> = (0..set.labels.len()).collect();
        let order = shuffled(rows.clone(), seed.derive("photos", 0));
        let mut place = vec![0; rows.len()];
        (order.iter().zip(0..)).for_each(|(&group, i)| place[group] = i);
        rows.sort_by_key(|&row| (place[groups[row]], place[row]));
        let mut n = n.min(rows.len());
        while n > 0 && n < rows.len() && groups[rows[n]] == groups[rows[n - 1]] {
            n += 1;
        }
        let (own, rest) = rows.split_at(n);
        let labels: Vec<usize> = own.iter().map(|&r| set.labels[r]).collect();
        let mut of_class = vec![BTreeSet::new(); set.n_classes];
        for (&label, &r) in labels.iter().zip(own) {
            of_class[label].insert(groups[r]);
        }
        let is_measured = |class: usize| of_class[class].len() > 1;
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
            groups: own.iter().map(|&r| groups[r]).collect(),
            other_labels: rest.iter().map(|&r| set.labels[r]).collect(),
            others: values(&rest).into_iter().map(f64::from).collect(),
        }
    }
}

/// Each photo of a set as its own group.
pub fn alone(set: &Set) -> Vec<usize> {
    (0..set.labels.len()).collect()
}

/// The groups of a set by a column of its `groups.csv`.
fn grouped(set: &Set, data: &Path, column: &str) -> Vec<usize> {
    let file = data.join(&set.name).join("groups.csv");
    let mut list = csv::Reader::from_path(&file).expect("the list of groups");
    let header = list.headers().expect("a header").clone();
    let place = |name: &str| header.iter().position(|h| h == name).expect("the column");
    let (path, column) = (place("path"), place(column));
    let rows = list.records().map(|row| row.expect("a row"));
    let name: BTreeMap<String, String> = rows
        .map(|row| (row[path].to_owned(), row[column].to_owned()))
        .collect();
    let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
    let group = |path: &PathBuf| {
        let path = path.strip_prefix(&set.name).expect("a photo of the set");
        let next = ids.len();
        *ids.entry(&name[path.to_str().expect("UTF-8")])
            .or_insert(next)
    };
    set.paths.iter().map(group).collect()
}

/// Prints one row a set and number of photos: every photo alone, then in groups where the set has a list of them in `data`.
pub fn table(features: &Path, data: &Path, n_parts: usize) {
    println!("\n## Parts of real sets, the rest is the truth\n");
    println!(
        "Usual number: the best head by the accuracy on one fifth of the part, set aside once.\n"
    );
    println!("| set | photos | {HEADER}\n| --- | --: | {RULE}");
    let (mut all, mut in_groups) = (Vec::new(), Vec::new());
    let sets = sets(features);
    for set in &sets {
        all.extend(rows(&set.name, set, &alone(set), n_parts));
    }
    println!("| all | | {}", row(&all));
    for (name, column) in GROUPS {
        if let Some(set) = sets.iter().find(|set| set.name == name) {
            let groups = grouped(set, data, column);
            in_groups.extend(rows(&format!("{name}, {column}"), set, &groups, n_parts));
        }
    }
    println!("| all in groups | | {}", row(&in_groups));
}

/// Prints the rows of one set.
fn rows(name: &str, set: &Set, groups: &[usize], n_parts: usize) -> Vec<Told> {
    let mut all = Vec::new();
    for n in IMAGES {
        let told: Vec<Told> = (0..n_parts)
            .into_par_iter()
            .filter_map(|part| one(set, groups, n, Seed(part as u64).derive("part", n as u64)))
            .collect();
        if !told.is_empty() {
            println!("| {name} | {n} | {}", row(&told));
        }
        all.extend(told);
    }
    all
}

fn one(set: &Set, groups: &[usize], n: usize, seed: Seed) -> Option<Told> {
    let part = Part::of(set, groups, n, seed);
    if part.other_labels.len() < LEAST_OTHERS {
        return None;
    }
    let photos = labelled(part.labels.clone(), part.groups.clone(), set.n_classes);
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
        n_effective: compared.judgement.n_effective,
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
