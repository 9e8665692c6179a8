//! Learning curves drawn out from half of the photos to all, of parts of sets and of whole sets: does the band hold what was then
//! measured?

use std::path::Path;

use handful::workflow::curve::curve;
use handful::workflow::task::Task;
use handful_learn::head;
use handful_stats::{Hindcast, Seed, protocol, wilson};

use crate::comparison::{labelled, silence};
use crate::real::{Part, alone, sets};
use crate::set::Set;

const IMAGES: [usize; 3] = [100, 300, 1_000];
const PARTS: u64 = 5;

/// Prints one row a set and number of photos, and one for all.
pub fn table(features: &Path) {
    println!("\n## Learning curves: fitted up to half of the photos, checked at all\n");
    println!(
        "The band holds 90 % by design; ridge, {PARTS} parts of each set and size, and once the whole set.\n"
    );
    println!(
        "| set | photos | curves | covered % | error predicted, measured % | width of the band, points |\n| --- | --: | --: | --: | --: | --: |"
    );
    let mut all = Vec::new();
    for set in sets(features) {
        let whole = set.labels.len();
        let sizes = IMAGES.into_iter().filter(|n| *n < whole);
        for n in sizes.chain([whole]) {
            // Of the whole set there is one part.
            let found: Vec<Hindcast> = (0..if n == whole { 1 } else { PARTS })
                .filter_map(|part| one(&set, n, Seed(part).derive("curve", n as u64)))
                .collect();
            if !found.is_empty() {
                println!("| {} | {n} | {}", set.name, row(&found));
            }
            all.extend(found);
        }
    }
    let covered = all.iter().filter(|h| h.covered).count() as f64 / all.len() as f64;
    let sure = wilson(covered, all.len() as f64, 0.95).expect("a share");
    println!("| all | | {}", row(&all));
    println!(
        "\nCovered {:.1} % (95 % interval {:.1} to {:.1}).",
        100.0 * covered,
        100.0 * sure.low,
        100.0 * sure.high
    );
}

fn row(all: &[Hindcast]) -> String {
    let mean =
        |of: &dyn Fn(&Hindcast) -> f64| 100.0 * all.iter().map(of).sum::<f64>() / all.len() as f64;
    format!(
        "{} | {:.0} | {:.1}, {:.1} | {:.1} |",
        all.len(),
        mean(&|h| f64::from(u8::from(h.covered))),
        mean(&|h| h.predicted.value),
        mean(&|h| h.measured),
        mean(&|h| h.predicted.high - h.predicted.low)
    )
}

fn one(set: &Set, n: usize, seed: Seed) -> Option<Hindcast> {
    let part = Part::of(set, &alone(set), n, seed);
    let photos = labelled(part.labels, part.groups, set.n_classes);
    let standard = protocol(photos.n_groups());
    let folds = seed.derive("folds", 0);
    let task = Task::new(photos, standard.k, standard.repeats, folds, seed).ok()?;
    let events = silence();
    let ridge = head::named("ridge").expect("a head");
    let progress = events.progress("ridge", 1);
    let outs = task.out_of_fold(&part.features, &[ridge], &progress, &events);
    let out = outs.expect("finite features").remove(0);
    curve(&task, &part.features, ridge, &out, &events)
        .expect("finite features")?
        .hindcast()
}
