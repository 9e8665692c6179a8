//! Does the diagnosis find what is there, and nothing else? Runs `diagnosis_evidence` of handful-learn, and cleanlab on the
//! same probabilities.
//!
//! The work is an example of the crate that knows the algebra; here it only gets its files: features of the development
//! sets, written once by the release binary.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::failure::{Failure, Outcome};

/// Arguments of `cargo xtask evidence`.
#[derive(clap::Args)]
pub struct EvidenceArguments {
    /// seconds, noise, power, doubts, shortcuts, domain, or all of them
    #[arg(default_value = "all", value_name = "QUESTION")]
    question: String,
    /// Folder that holds the sets
    #[arg(long, default_value = "../shared/data", value_name = "FOLDER")]
    data: PathBuf,
    /// Folder with features `SET.npy` at 128 px; sets that are missing are embedded into it
    #[arg(long, default_value = "target/bench/features", value_name = "FOLDER")]
    features: PathBuf,
    /// Python with cleanlab and pandas: it judges the same probabilities
    #[arg(long, value_name = "PYTHON")]
    peer: Option<PathBuf>,
}

/// Development sets: what is measured here may be learnt from.
pub const SETS: &[&str] = &[
    "clothing", "waste", "grocery", "hands", "cifar10", "omniglot",
];
/// Where tables for the peer are written, below the repository's root.
const TABLES: &str = "target/bench/doubts";
/// Writes the features, below the repository's root.
const BINARY: &str = "target/release/handful";
/// Side in pixels of the features.
const SIZE_PX: &str = "128";

/// Embeds what is missing, runs the example, then the peer.
pub fn run(root: &Path, arguments: &EvidenceArguments) -> Result<Outcome, Failure> {
    let (data, features) = (root.join(&arguments.data), root.join(&arguments.features));
    if !embedded(root, &data, &features, SETS)? {
        return Ok(Outcome::Failed);
    }
    let mut example = command::example(root, "handful-learn", "diagnosis_evidence");
    example
        .arg(&arguments.question)
        .args([&features, &data])
        .arg(TABLES);
    let mut is_well = ended_well(&mut example)?;
    if let Some(python) = &arguments.peer {
        let mut peer = Command::new(python);
        peer.arg(root.join("bench/peers/doubts.py"))
            .arg(root.join(TABLES));
        println!("\n## doubts, and cleanlab on the same probabilities\n");
        is_well &= ended_well(&mut peer)?;
    }
    Ok(Outcome::of(is_well))
}

/// Makes sure that `features` has those of all `sets` below `data`; false when the program failed.
pub fn embedded(root: &Path, data: &Path, features: &Path, sets: &[&str]) -> Result<bool, Failure> {
    std::fs::create_dir_all(features).map_err(Failure::writing(features))?;
    for set in sets {
        let out = features.join(format!("{set}.npy"));
        if out.exists() {
            continue;
        }
        eprintln!("embedding {set}");
        let mut embed = Command::new(root.join(BINARY));
        embed
            .arg("embed")
            .arg(data.join(set))
            .args(["--imgsz", SIZE_PX, "--quiet", "--out"])
            .arg(&out);
        if !ended_well(&mut embed)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Runs a command with our output streams.
pub fn ended_well(command: &mut Command) -> Result<bool, Failure> {
    let advice =
        "build the program with `cargo build --release -p handful`; a peer needs a Python of yours";
    Ok(command::run(command, advice)?.success())
}
