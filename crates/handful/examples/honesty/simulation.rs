//! Sets whose truth is known: classes are clouds, candidates see them through noise of their own and are equally good.

use std::collections::BTreeMap;

use handful_learn::head::FeatureSet;
use handful_stats::Seed;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rayon::prelude::*;

use crate::comparison::{Candidate, Compared, labelled};
use crate::tally::{HEADER, RULE, Told, row};

const IMAGES: [usize; 3] = [60, 100, 300];
const CLASSES: [usize; 3] = [2, 5, 10];
const CANDIDATES: [usize; 3] = [1, 5, 20];
/// Images of a group at most, where there are groups.
const GROUP: usize = 5;
/// Features of a candidate, and images that tell the truth.
const WIDTH: usize = 16;
const FRESH: usize = 4_000;
/// Heads of the candidates in turn.
const HEADS: [&str; 3] = ["ridge", "lda", "centroid"];

/// How a set is made.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub n_images: usize,
    pub n_classes: usize,
    pub n_candidates: usize,
    pub has_groups: bool,
    /// Images of the first class for one of each other.
    pub first_class: usize,
    /// Distance of the class centres from their mean, in standard deviations of the noise.
    pub signal: f64,
}

impl Plan {
    /// All but the signal.
    fn design(&self) -> (usize, usize, usize, bool) {
        (
            self.n_images,
            self.n_classes,
            self.n_candidates,
            self.has_groups,
        )
    }

    /// The design in turn, the signal at random: from hardly any to nearly all.
    fn numbered(number: usize, seed: Seed) -> Plan {
        let mut rest = number;
        let mut digit = |base: usize| {
            let digit = rest % base;
            rest /= base;
            digit
        };
        Plan {
            has_groups: digit(2) == 1,
            first_class: 1,
            n_images: IMAGES[digit(3)],
            n_candidates: CANDIDATES[digit(3)],
            n_classes: CLASSES[digit(3)],
            signal: seed.stream("signal", 0).random_range(0.5..3.5),
        }
    }
}

/// Prints one row a number of images, of candidates, with and without groups, and one for all.
pub fn table(n_sets: usize) {
    let all: Vec<(Plan, Told)> = (0..n_sets)
        .into_par_iter()
        .filter_map(|number| {
            let seed = Seed(number as u64).derive("simulated set", 0);
            let plan = Plan::numbered(number, seed);
            Some((plan, one(plan, seed)?))
        })
        .collect();
    println!("\n## Simulated sets through the whole comparison\n");
    println!(
        "{} of {n_sets} sets could be judged. Usual number: the best out-of-fold accuracy of all candidates.\n",
        all.len()
    );
    println!("| sets of | {HEADER}\n| --- | {RULE}");
    let print = |name: &str, is: &dyn Fn(&Plan) -> bool| {
        let part: Vec<Told> = all.iter().filter(|(p, _)| is(p)).map(|(_, t)| *t).collect();
        if !part.is_empty() {
            println!("| {name} | {}", row(&part));
        }
    };
    print("all", &|_| true);
    for n in IMAGES {
        print(&format!("{n} images"), &|p| p.n_images == n);
    }
    for k in CLASSES {
        print(&format!("{k} classes"), &|p| p.n_classes == k);
    }
    for m in CANDIDATES {
        print(&format!("{m} candidates"), &|p| p.n_candidates == m);
    }
    print("each image alone", &|p| !p.has_groups);
    print("groups", &|p| p.has_groups);
    print("20 candidates, 60 images", &|p| {
        p.n_candidates == 20 && p.n_images == 60
    });
    print("20 candidates, 100 images", &|p| {
        p.n_candidates == 20 && p.n_images == 100
    });
    // Designs, not sets: a set whose usual number came out too high is one whose centre did, too.
    let mut designs: BTreeMap<_, Vec<Told>> = BTreeMap::new();
    for (plan, told) in &all {
        designs.entry(plan.design()).or_default().push(*told);
    }
    let excess =
        |told: &Vec<Told>| told.iter().map(|t| t.naive - t.truth).sum::<f64>() / told.len() as f64;
    let far: Vec<&Vec<Told>> = designs
        .values()
        .filter(|told| excess(told) >= 0.05)
        .collect();
    let n_far = far.len();
    let far: Vec<Told> = far.into_iter().flatten().copied().collect();
    if !far.is_empty() {
        println!(
            "| the {n_far} designs where the usual number is 5 points or more too high | {}",
            row(&far)
        );
    }
}

/// Prints what the balanced accuracy comes to where the first class has six times the images of each other.
pub fn unequal(n_sets: usize) {
    println!(
        "\n## Balanced accuracy where one of five classes has six times the images of each other\n"
    );
    println!("Usual number: the best plain accuracy, out of fold.\n");
    println!("| images | {HEADER}\n| --: | {RULE}");
    for n_images in IMAGES {
        let all: Vec<Told> = (0..n_sets)
            .into_par_iter()
            .filter_map(|number| {
                let seed = Seed(number as u64).derive("unequal set", n_images as u64);
                let plan = Plan {
                    n_images,
                    n_classes: 5,
                    n_candidates: CANDIDATES[number % 3],
                    first_class: 6,
                    ..Plan::numbered(0, seed)
                };
                one(plan, seed)
            })
            .collect();
        println!("| {n_images} | {}", row(&all));
    }
}

/// The balanced accuracy where classes are unequal, otherwise the accuracy: new images are of all classes alike.
fn one(plan: Plan, seed: Seed) -> Option<Told> {
    let world = World::new(plan, seed);
    let mut random = seed.stream("images", 0);
    let (labels, groups) = drawn(plan, &mut random);
    let sets = world.see(&labels, &groups, seed.derive("seen", 0));
    let candidates: Vec<Candidate> = (0..plan.n_candidates)
        .map(|features| Candidate {
            features,
            head: HEADS[features % HEADS.len()],
        })
        .collect();
    let sets: Vec<FeatureSet> = sets
        .into_iter()
        .map(|values| FeatureSet::new(labels.len(), vec![(WIDTH, values)]).expect("finite"))
        .collect();
    let photos = labelled(labels, groups, plan.n_classes);
    let compared = Compared::of(photos, &sets, &candidates, seed)?;

    // The truth: new images, each of a group of its own, of the classes that could be measured, as likely as before.
    let mut measured = compared.task.scored().labels;
    measured.sort_unstable();
    measured.dedup();
    let fresh: Vec<usize> = (0..FRESH).map(|i| measured[i % measured.len()]).collect();
    let alone: Vec<usize> = (0..FRESH).collect();
    let chosen = compared.chosen().features;
    let seen = world.see_by(chosen, &fresh, &alone, seed.derive("fresh", 0));
    let seen: Vec<f64> = seen.into_iter().map(f64::from).collect();
    Some(Told {
        interval: if plan.first_class > 1 {
            compared.judgement.balanced_accuracy
        } else {
            compared.judgement.accuracy
        },
        truth: compared.truth(&sets[chosen], &seen, &fresh),
        naive: compared.naive_best(),
        n_effective: compared.judgement.n_effective,
    })
}

/// Labels and groups: classes in turn, so that they are equally frequent but for the first; a group has one class.
pub fn drawn(plan: Plan, random: &mut ChaCha8Rng) -> (Vec<usize>, Vec<usize>) {
    let (mut labels, mut groups) = (Vec::new(), Vec::new());
    let mut group = 0;
    while labels.len() < plan.n_images {
        let size = if plan.has_groups {
            random.random_range(1..=GROUP)
        } else {
            1
        };
        for _ in 0..size.min(plan.n_images - labels.len()) {
            let turn = group % (plan.n_classes - 1 + plan.first_class);
            labels.push((turn + 1).saturating_sub(plan.first_class));
            groups.push(group);
        }
        group += 1;
    }
    (labels, groups)
}

/// What every candidate sees of the classes.
pub struct World {
    /// `[candidates][classes][WIDTH]`
    centres: Vec<Vec<Vec<f64>>>,
    has_groups: bool,
}

impl World {
    /// All candidates see centres as far from the middle, in directions of their own.
    pub fn new(plan: Plan, seed: Seed) -> World {
        let directions = |candidate: usize| (seed.derive("centres", candidate as u64), plan.signal);
        World::of(plan, (0..plan.n_candidates).map(directions))
    }

    /// All candidates see the same centres, each as clearly as its signal says and through noise of its own: with equal
    /// signals they are equally good, whatever the directions.
    pub fn with_signals(plan: Plan, signals: &[f64], seed: Seed) -> World {
        World::of(
            plan,
            signals
                .iter()
                .map(|signal| (seed.derive("centres", 0), *signal)),
        )
    }

    fn of(plan: Plan, candidates: impl Iterator<Item = (Seed, f64)>) -> World {
        let centres = candidates.map(|(seed, signal)| {
            let mut random = seed.stream("directions", 0);
            let mut centre = |_| {
                let direction: Vec<f64> = (0..WIDTH).map(|_| normal(&mut random)).collect();
                let norm = direction.iter().map(|v| v * v).sum::<f64>().sqrt();
                direction.iter().map(|v| v * signal / norm).collect()
            };
            (0..plan.n_classes).map(&mut centre).collect()
        });
        World {
            centres: centres.collect(),
            has_groups: plan.has_groups,
        }
    }

    /// Features `[n, WIDTH]` of each candidate.
    pub fn see(&self, labels: &[usize], groups: &[usize], seed: Seed) -> Vec<Vec<f32>> {
        (0..self.centres.len())
            .map(|candidate| self.see_by(candidate, labels, groups, seed))
            .collect()
    }

    /// Features of one candidate. Where there are groups, half of the variance is common to a group.
    pub fn see_by(
        &self,
        candidate: usize,
        labels: &[usize],
        groups: &[usize],
        seed: Seed,
    ) -> Vec<f32> {
        let mut random = seed.stream("noise", candidate as u64);
        let common = if self.has_groups { 0.5f64 } else { 0.0 };
        let mut of_group = (usize::MAX, vec![0.0; WIDTH]);
        let mut values = Vec::with_capacity(labels.len() * WIDTH);
        for (&label, &group) in labels.iter().zip(groups) {
            if of_group.0 != group {
                of_group = (group, (0..WIDTH).map(|_| normal(&mut random)).collect());
            }
            for (centre, shared) in self.centres[candidate][label].iter().zip(&of_group.1) {
                let own = normal(&mut random);
                values.push((centre + common.sqrt() * shared + (1.0 - common).sqrt() * own) as f32);
            }
        }
        values
    }
}

/// Standard normal (G. Box, M. Muller, 1958).
fn normal(random: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (1.0 - random.random::<f64>(), random.random());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}
