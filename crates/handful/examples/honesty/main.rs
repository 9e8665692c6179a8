//! Are the numbers true? What a whole comparison says (folds, candidates, choice, headline, claims, learning curve) against
//! what its model then does on photos that nobody had.
//!
//! `cargo xtask honesty [QUESTION] [--features FOLDER] [--sets N]`, or this example directly: `honesty QUESTION FEATURES
//! SETS DATA`, QUESTION one of `simulation`,
//! `unequal`, `claims`, `real`, `hindcast`, `all`. Prints tables in Markdown.
//!
//! Reading order: `comparison` (the pipeline, as `train` runs it), `simulation` (sets whose truth is known), `claims` (false
//! alarms and power), `set` and `real` (features of real photos), `hindcast` (learning curves drawn out).

mod claims;
mod comparison;
mod hindcast;
mod real;
#[expect(dead_code, reason = "the evidence for the diagnosis needs more of it")]
#[path = "../../../handful-learn/examples/diagnosis_evidence/set.rs"]
mod set;
mod simulation;
mod tally;

use std::path::PathBuf;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let question = arguments.next().unwrap_or_else(|| "all".into());
    let features = PathBuf::from(
        arguments
            .next()
            .unwrap_or_else(|| "target/bench/features".into()),
    );
    let n_sets: usize = arguments
        .next()
        .map_or(2_000, |n| n.parse().expect("SETS is a number"));
    let data = PathBuf::from(arguments.next().unwrap_or_else(|| "../shared/data".into()));
    assert!(
        n_sets >= 40,
        "SETS is 40 or more: a part of each real set takes 40"
    );
    let asked = |name: &str| question == name || question == "all";
    if asked("simulation") {
        simulation::table(n_sets);
    }
    if asked("unequal") {
        simulation::unequal(n_sets / 4);
    }
    if asked("claims") {
        claims::table(n_sets / 4);
    }
    if asked("real") {
        real::table(&features, &data, n_sets / 40);
    }
    if asked("hindcast") {
        hindcast::table(&features);
    }
}
