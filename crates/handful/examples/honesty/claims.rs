//! How often are two equally good candidates called different, and how often is a true difference of five points seen?

use handful_learn::head::FeatureSet;
use handful_stats::{Said, Seed, wilson};
use rayon::prelude::*;

use crate::comparison::{Candidate, Compared, labelled};
use crate::simulation::{Plan, World, drawn};

/// Signals whose accuracies differ by some five points with ridge on 100 and on 300 images of four classes.
const EQUAL: f64 = 1.9;
const BETTER: f64 = 2.1;

/// Prints false claims and power.
pub fn table(n_runs: usize) {
    println!("\n## Claims: ridge on two sets of features\n");
    println!(
        "| images | groups | true difference, points | called better % | called worse % | said of {n_runs} runs (95 % interval) |\n| --: | --- | --: | --: | --: | --- |"
    );
    for n_images in [60, 100, 300] {
        for has_groups in [false, true] {
            for other in [EQUAL, BETTER] {
                print(n_images, has_groups, other, n_runs);
            }
        }
    }
    println!("\nTwelve equal candidates against the first: runs with any false claim.\n");
    println!("| images | runs | false % (95 % interval) |\n| --: | --: | --: |");
    for n_images in [60, 100] {
        print_twelve(n_images, n_runs);
    }
}

/// Holm's share: how often one of eleven comparisons of equals is called a difference.
fn print_twelve(n_images: usize, n_runs: usize) {
    let plan = Plan {
        n_images,
        n_classes: 4,
        n_candidates: 12,
        has_groups: false,
        first_class: 1,
        signal: EQUAL,
    };
    let runs: Vec<bool> = (0..n_runs)
        .into_par_iter()
        .filter_map(|run| {
            let seed = Seed(run as u64).derive("twelve", n_images as u64);
            let compared = compared(plan, &[EQUAL; 12], seed)?.0;
            let mut claims = compared.judgement.claims.iter();
            Some(claims.any(|c| c.claim.said != Said::NoDifferenceSeen))
        })
        .collect();
    let n = runs.len() as f64;
    let share = runs.iter().filter(|any| **any).count() as f64 / n;
    let sure = wilson(share, n, 0.95).expect("a share");
    println!(
        "| {n_images} | {} | {:.1} ({:.1} to {:.1}) |",
        runs.len(),
        100.0 * share,
        100.0 * sure.low,
        100.0 * sure.high
    );
}

/// A comparison of ridge on the features that candidates of these signals see, with what it was made of.
fn compared(plan: Plan, signals: &[f64], seed: Seed) -> Option<(Compared, World, Vec<FeatureSet>)> {
    let world = World::with_signals(plan, signals, seed);
    let (labels, groups) = drawn(plan, &mut seed.stream("images", 0));
    let sets: Vec<FeatureSet> = world
        .see(&labels, &groups, seed.derive("seen", 0))
        .into_iter()
        .map(|values| {
            let width = values.len() / labels.len();
            FeatureSet::new(labels.len(), vec![(width, values)]).expect("finite")
        })
        .collect();
    let head = "ridge";
    let candidates: Vec<Candidate> = (0..signals.len())
        .map(|features| Candidate { features, head })
        .collect();
    let photos = labelled(labels, groups, plan.n_classes);
    let compared = Compared::of(photos, &sets, &candidates, seed)?;
    Some((compared, world, sets))
}

fn print(n_images: usize, has_groups: bool, other: f64, n_runs: usize) {
    let plan = Plan {
        n_images,
        n_classes: 4,
        n_candidates: 2,
        has_groups,
        first_class: 1,
        signal: EQUAL,
    };
    let runs: Vec<(f64, Said)> = (0..n_runs)
        .into_par_iter()
        .filter_map(|run| {
            one(
                plan,
                other,
                Seed(run as u64).derive("claim", n_images as u64),
            )
        })
        .collect();
    let n = runs.len() as f64;
    let share = |said: Said| runs.iter().filter(|(_, s)| *s == said).count() as f64 / n;
    let difference = runs.iter().map(|(d, _)| d).sum::<f64>() / n;
    let (better, worse) = (share(Said::Better), share(Said::Worse));
    let sure = wilson(better + worse, n, 0.95).expect("a share");
    println!(
        "| {n_images} | {} | {:+.1} | {:.1} | {:.1} | {:.1} % ({:.1} to {:.1}) |",
        if has_groups { "yes" } else { "no" },
        100.0 * difference,
        100.0 * better,
        100.0 * worse,
        100.0 * (better + worse),
        100.0 * sure.low,
        100.0 * sure.high
    );
}

/// The difference of the two models' true accuracies, and what was said.
fn one(plan: Plan, other: f64, seed: Seed) -> Option<(f64, Said)> {
    let (compared, world, sets) = compared(plan, &[plan.signal, other], seed)?;
    let fresh: Vec<usize> = (0..2_000).map(|i| i % plan.n_classes).collect();
    let alone: Vec<usize> = (0..fresh.len()).collect();
    let truth = |candidate: usize| {
        let seen = world.see_by(candidate, &fresh, &alone, seed.derive("fresh", 0));
        let seen: Vec<f64> = seen.into_iter().map(f64::from).collect();
        compared.truth_of(candidate, &sets[candidate], &seen, &fresh)
    };
    let claim = compared.judgement.claims.first()?;
    Some((truth(1) - truth(0), claim.claim.said))
}
