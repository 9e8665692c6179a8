//! Are the numbers true? Runs the example `honesty` of handful: simulated sets, claims, parts of real sets, learning curves.

use std::path::{Path, PathBuf};

use crate::command;
use crate::evidence::{SETS, embedded, ended_well};
use crate::failure::{Failure, Outcome};

/// Arguments of `cargo xtask honesty`.
#[derive(clap::Args)]
pub struct HonestyArguments {
    /// simulation, unequal, claims, real, hindcast, or all of them
    #[arg(default_value = "all", value_name = "QUESTION")]
    question: String,
    /// Simulated sets; a quarter as many runs of each claim, a fortieth as many parts of each real set
    #[arg(long, default_value_t = 2_000, value_name = "N")]
    sets: usize,
    /// Folder that holds the real sets
    #[arg(long, default_value = "../shared/data", value_name = "FOLDER")]
    data: PathBuf,
    /// Folder with features `SET.npy` at 128 px; sets that are missing are embedded into it
    #[arg(long, default_value = "target/bench/features", value_name = "FOLDER")]
    features: PathBuf,
}

/// Sets that nothing was chosen on.
const LAST_LOOK: &[&str] = &["flowers", "insects", "xray"];

/// Embeds what is missing, where real photos are asked for, and runs the example.
pub fn run(root: &Path, arguments: &HonestyArguments) -> Result<Outcome, Failure> {
    let features = root.join(&arguments.features);
    if ["real", "hindcast", "all"].contains(&arguments.question.as_str())
        && !embedded(
            root,
            &root.join(&arguments.data),
            &features,
            &[SETS, LAST_LOOK].concat(),
        )?
    {
        return Ok(Outcome::Failed);
    }
    let mut example = command::example(root, "handful", "honesty");
    example
        .arg(&arguments.question)
        .arg(&features)
        .arg(arguments.sets.to_string())
        .arg(root.join(&arguments.data));
    Ok(Outcome::of(ended_well(&mut example)?))
}
