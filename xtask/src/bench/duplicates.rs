//! Are planted near-duplicates found? Runs `near_duplicates` of handful-data, and imagehash on the same files.
//!
//! The work is an example of the crate that knows the search: the tools stay on the lowest floor.

use std::path::Path;
use std::process::Command;

use crate::command;
use crate::failure::{Failure, Outcome};

/// Where photos and their copies are written, below the repository's root.
const PHOTOS: &str = "target/bench/duplicates";
/// Pairs of the sets themselves that somebody has looked at.
const JUDGED: &str = "bench/near_duplicates.csv";
const PEER: &str = "bench/peers/imagehash_duplicates.py";

/// Plants, searches and prints; then the peer, where a Python is given.
pub fn run(root: &Path, data: &Path, peer: Option<&Path>) -> Result<Outcome, Failure> {
    let mut example = Command::new(env!("CARGO"));
    let arguments = "run --release --quiet -p handful-data --example near_duplicates --";
    example
        .args(arguments.split(' '))
        .arg(data)
        .args([PHOTOS, JUDGED]);
    let mut is_well = ended_well(root, &mut example)?;
    if let Some(python) = peer {
        println!("\n## imagehash on the same files\n");
        let mut script = Command::new(python);
        script.args([PEER, PHOTOS, "--judged", JUDGED]);
        is_well &= ended_well(root, &mut script)?;
    }
    Ok(Outcome::of(is_well))
}

/// Runs a command at the root, with our output streams.
fn ended_well(root: &Path, command: &mut Command) -> Result<bool, Failure> {
    let advice = "give a Python with `bench/peers/requirements.txt` as `--peer`";
    Ok(command::run(command.current_dir(root), advice)?.success())
}
