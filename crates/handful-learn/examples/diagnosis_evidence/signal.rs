//! How often does the test for a signal see one where there is none, and where there is one; how long does it take?

use std::time::Instant;

use handful_learn::head::{FeatureSet, Head, Ridge, TrainingFold};
use handful_learn::signal;
use handful_stats::{Column, Seed};
use rayon::prelude::*;

use crate::Folders;
use crate::set::{HEAD, Set, shuffled, unit};

const SETS: u64 = 100;
const PHOTOS: usize = 100;
/// Classes of the tasks: drawn from 2 to 5.
const FEWEST_CLASSES: usize = 2;
const CLASS_NUMBERS: usize = 4;
/// True accuracy over chance of the sets that must be seen.
const EXCESS: f64 = 0.20;
/// Photos of a class at most, those that are learnt from and those that are asked about: sets are unequal.
const PHOTOS_OF_CLASS: usize = 250;
/// Halvings of the share of true labels, and draws of photos for each.
const HALVINGS: usize = 6;
const DRAWS: u64 = 6;

fn sets(folders: &Folders, names: &[&str]) -> Vec<Set> {
    let read = |name: &&str| Set::read(&folders.features, &folders.data, name);
    names.iter().map(read).collect()
}

fn feature_set(set: &Set, rows: &[usize], columns: &[usize]) -> FeatureSet {
    let values = rows
        .iter()
        .flat_map(|&row| columns.iter().map(move |&c| set.row(row)[c]))
        .collect();
    FeatureSet::new(rows.len(), vec![(columns.len(), values)]).expect("whole rows")
}

/// Time of the largest task that the test takes, with all relabellings.
pub fn seconds(folders: &Folders) {
    for (name, columns) in [("cifar10", HEAD), ("cifar10", 30), ("grocery", HEAD)] {
        let set = &sets(folders, &[name])[0];
        let all: Vec<usize> = (0..set.labels.len()).collect();
        let features = feature_set(set, &all, &(0..columns).collect::<Vec<_>>());
        let start = Instant::now();
        let found = signal(&features, &set.labels, &all, set.n_classes, Seed(1))
            .expect("algebra")
            .expect("a task");
        println!(
            "- {name}, {columns} columns: n = {}, K = {}, {} relabellings, p = {}, balanced accuracy {:.3}: {:.1} s on one \
             core",
            found.n_images,
            found.n_classes,
            found.n_draws,
            found.p,
            found.balanced_accuracy,
            start.elapsed().as_secs_f64()
        );
    }
}

/// Labels at random: one a photo, one a scene of four alike photos, and any in such a scene.
pub fn noise(folders: &Folders) {
    let sets = sets(
        folders,
        &["clothing", "waste", "grocery", "hands", "cifar10"],
    );
    for (at, kind) in ["a label a photo", "a label a scene", "labels in scenes"]
        .iter()
        .enumerate()
    {
        let passed: usize = (0..SETS)
            .into_par_iter()
            .map(|number| {
                let seed = Seed(number).derive(kind, 0);
                let set = &sets[number as usize % sets.len()];
                let n_classes = FEWEST_CLASSES + number as usize / sets.len() % CLASS_NUMBERS;
                let width = 64 << (number % 5);
                let columns =
                    &shuffled((0..HEAD).collect(), seed.derive("columns", 0))[..width.min(HEAD)];
                let rows = photos(set, at > 0, seed);
                let group_of = |i: usize| if at > 0 { i / 4 } else { i };
                let groups: Vec<usize> = (0..PHOTOS).map(group_of).collect();
                let of = seed.derive("labels", 0);
                let drawn_by = |i: usize| if at == 1 { i / 4 } else { i };
                let labels: Vec<usize> = (0..PHOTOS)
                    .map(|i| (unit(of, drawn_by(i)) * n_classes as f64) as usize % n_classes)
                    .collect();
                let features = feature_set(set, &rows, columns);
                let found = signal(&features, &labels, &groups, n_classes, seed).expect("algebra");
                usize::from(found.is_some_and(|f| f.is_found()))
            })
            .sum();
        println!("- {kind}: {passed} of {SETS} sets pass at p < 0.01");
    }
}

/// 100 photos at random, or 25 times four neighbours in the list of a class: often one object or scene.
fn photos(set: &Set, in_scenes: bool, seed: Seed) -> Vec<usize> {
    if !in_scenes {
        return shuffled((0..set.labels.len()).collect(), seed)[..PHOTOS].to_vec();
    }
    let starts = (0..set.labels.len() / 4).collect();
    let starts = shuffled(starts, seed).into_iter().take(PHOTOS / 4);
    starts.flat_map(|start| 4 * start..4 * start + 4).collect()
}

/// A task whose labels are true with a chance and otherwise drawn from all its classes.
struct Mixed<'a> {
    set: &'a Set,
    /// Rows of the task's classes, at most [`PHOTOS_OF_CLASS`] each.
    rows: Vec<usize>,
    /// True class of each, counted from 0.
    truth: Vec<usize>,
    n_classes: usize,
}

impl Mixed<'_> {
    fn new(set: &Set, n_classes: usize, seed: Seed) -> Mixed<'_> {
        let classes = shuffled((0..set.n_classes).collect(), seed.derive("classes", 0));
        let by_class = set.shuffled_by_class(seed);
        let (mut rows, mut truth) = (Vec::new(), Vec::new());
        for (class, of) in classes.into_iter().take(n_classes).enumerate() {
            let of = &by_class[of];
            let taken = of.len().min(PHOTOS_OF_CLASS);
            rows.extend(&of[..taken]);
            truth.extend(std::iter::repeat_n(class, taken));
        }
        Mixed {
            set,
            rows,
            truth,
            n_classes,
        }
    }

    fn labels(&self, share: f64, seed: Seed) -> Vec<usize> {
        let drawn =
            |i: usize| (unit(seed, 2 * i) * self.n_classes as f64) as usize % self.n_classes;
        let label = |i: usize| {
            if unit(seed, 2 * i + 1) < share {
                self.truth[i]
            } else {
                drawn(i)
            }
        };
        (0..self.rows.len()).map(label).collect()
    }

    /// 100 places to learn from, equally many a class, and all others.
    fn split(&self, seed: Seed) -> (Vec<usize>, Vec<usize>) {
        let mut left = vec![PHOTOS / self.n_classes; self.n_classes];
        shuffled((0..self.rows.len()).collect(), seed)
            .into_iter()
            .partition(|&i| {
                let takes = left[self.truth[i]] > 0;
                left[self.truth[i]] -= usize::from(takes);
                takes
            })
    }

    /// Accuracy on all other photos, with labels mixed in the same way, of a ridge head that learnt from 100.
    fn accuracy(&self, share: f64, seed: Seed) -> f64 {
        let labels = self.labels(share, seed.derive("labels", 0));
        let (learn, ask) = self.split(seed);
        let all: Vec<usize> = (0..self.rows.len()).collect();
        let features = feature_set(self.set, &self.rows, &(0..HEAD).collect::<Vec<_>>());
        let fold = TrainingFold::new(&features, &learn, &labels, &all, self.n_classes, seed);
        let p = Ridge
            .fit(&fold)
            .expect("algebra")
            .probabilities(&features.rows(&ask));
        let asked: Vec<usize> = ask.iter().map(|&i| labels[i]).collect();
        Column::of_probabilities(&p, &asked, self.n_classes).mean_hit()
    }

    /// The share of true labels at which the accuracy lies 20 points over chance, and that accuracy.
    fn calibrate(&self, seed: Seed) -> (f64, f64) {
        let (mut low, mut high) = (0.0, 1.0);
        let wanted = 1.0 / self.n_classes as f64 + EXCESS;
        let mean = |share: f64| {
            let draws =
                (0..DRAWS).map(|draw| self.accuracy(share, seed.derive("calibration", draw)));
            draws.sum::<f64>() / DRAWS as f64
        };
        for _ in 0..HALVINGS {
            let middle = (low + high) / 2.0;
            if mean(middle) < wanted {
                low = middle;
            } else {
                high = middle;
            }
        }
        // Draws that did not choose the share say what it is worth.
        let fresh = (0..DRAWS).map(|draw| self.accuracy(high, seed.derive("fresh", draw)));
        (high, fresh.sum::<f64>() / DRAWS as f64)
    }
}

/// Sets whose true accuracy is 20 points over chance.
pub fn power(folders: &Folders) {
    let sets = sets(folders, &["clothing", "waste", "hands", "cifar10"]);
    let found: Vec<(usize, f64, f64, f64)> = (0..SETS)
        .into_par_iter()
        .map(|number| {
            let seed = Seed(number).derive("power", 0);
            let set = &sets[number as usize % sets.len()];
            let n_classes = FEWEST_CLASSES + number as usize / sets.len() % CLASS_NUMBERS;
            let task = Mixed::new(set, n_classes, seed);
            let (share, truth) = task.calibrate(seed);
            let labels = task.labels(share, seed.derive("labels of the test", 0));
            let (learn, _) = task.split(seed.derive("photos of the test", 0));
            let rows: Vec<usize> = learn.iter().map(|&i| task.rows[i]).collect();
            let labels: Vec<usize> = learn.iter().map(|&i| labels[i]).collect();
            let features = feature_set(set, &rows, &(0..HEAD).collect::<Vec<_>>());
            let alone: Vec<usize> = (0..rows.len()).collect();
            let found = signal(&features, &labels, &alone, n_classes, seed)
                .expect("algebra")
                .expect("a task");
            let chance = 1.0 / n_classes as f64;
            (
                n_classes,
                found.p,
                truth - chance,
                found.balanced_accuracy - chance,
            )
        })
        .collect();
    println!(
        "| classes | sets | pass at p < 0.01 | largest p | true accuracy over chance | seen in the test |"
    );
    println!("|---|---|---|---|---|---|");
    for n_classes in [0, 2, 3, 4, 5] {
        let of: Vec<_> = found
            .iter()
            .filter(|f| n_classes == 0 || f.0 == n_classes)
            .collect();
        let mean = |value: fn(&(usize, f64, f64, f64)) -> f64| {
            100.0 * of.iter().map(|f| value(f)).sum::<f64>() / of.len() as f64
        };
        println!(
            "| {} | {} | {} | {:.3} | {:.1} | {:.1} |",
            if n_classes == 0 {
                "all".to_owned()
            } else {
                n_classes.to_string()
            },
            of.len(),
            of.iter().filter(|f| f.1 < 0.01).count(),
            of.iter().map(|f| f.1).fold(0.0, f64::max),
            mean(|f| f.2),
            mean(|f| f.3)
        );
    }
}
