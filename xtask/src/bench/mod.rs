//! How good and how fast is the program on real sets? Trains with the release binary and prints a Markdown table.
//!
//! Reading order: `set` (what is trained on), `run` (one training and what is read from it), `table` (what is printed
//! and kept). A cold run starts with an empty feature cache, a warm one with the cache that the cold one has left.
//! `duplicates`, `shots`, `kernels`, `training` and `tuning` are benches of their own: of the search for near-duplicates and for scenes,
//! of networks, and of what fine-tuning gives.

mod draws;
mod duplicates;
mod kernels;
mod raw;
mod run;
mod set;
mod shots;
mod table;
mod tuning;
mod views;

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};

use run::{Cache, Trial};

/// Arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct BenchArguments {
    /// Names of sets, `all` of them, `scenes` (those without given groups), `speed` (clothing, cold and warm) or folders of
    /// your own; `duplicates` alone: planted near-duplicates, found again; `shots` alone: scenes that are known; `kernels` alone: how
    /// fast networks run; `training` alone: how fast they learn; `tuning` alone: what fine-tuning gives on a few photos of a class;
    /// `views` alone: what policies of views give
    #[arg(
        required = true,
        value_name = "SET|all|scenes|speed|FOLDER|duplicates|shots|kernels|training|tuning|views"
    )]
    sets: Vec<String>,
    /// Folder that holds the sets
    #[arg(long, default_value = "../shared/data", value_name = "FOLDER")]
    data: PathBuf,
    /// Runs that start with an empty cache [default: 0; `speed`: 3]
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "1")]
    cold: Option<usize>,
    /// Runs with the features of the cold ones, or with the user's cache when there are none [default: 1; `speed`: 3]
    #[arg(long, value_name = "N")]
    warm: Option<usize>,
    /// The program to measure
    #[arg(long, default_value = "target/release/handful", value_name = "FILE")]
    binary: PathBuf,
    /// Python with `bench/peers/requirements.txt`: the peer runs after every run, on the same folds
    #[arg(long, value_name = "PYTHON")]
    peer: Option<PathBuf>,
    /// More arguments of the peer, separated by spaces, so that it does the same work
    #[arg(
        long,
        default_value = "",
        value_name = "ARGUMENTS",
        allow_hyphen_values = true
    )]
    peer_arguments: String,
    /// Name of the file of raw numbers [default: the sets' names]
    #[arg(long, value_name = "NAME")]
    what: Option<String>,
    /// More arguments of `handful train`
    #[arg(last = true)]
    train_arguments: Vec<String>,
}

/// Where runs and caches are written, below the repository's root.
const WORK: &str = "target/bench";
/// Repeats of `speed` where none are asked for: a median and a spread.
const SPEED_REPEATS: usize = 3;

/// Trains on every set asked for, as often as asked for, and prints and keeps the results.
pub fn run(root: &Path, arguments: &BenchArguments) -> Result<Outcome, Failure> {
    if arguments.sets == ["kernels"] {
        return kernels::kernels(root, arguments.peer.as_deref());
    }
    if arguments.sets == ["training"] {
        return kernels::training(root, arguments.peer.as_deref());
    }
    if arguments.sets == ["duplicates"] {
        return duplicates::run(root, &arguments.data, arguments.peer.as_deref());
    }
    let binary = fs::canonicalize(root.join(&arguments.binary)).map_err(|error| {
        Failure::new(
            format!("there is no program `{}`", arguments.binary.display()),
            error,
            "build it with `cargo build --release -p handful`",
        )
    })?;
    if arguments.sets == ["tuning"] || arguments.sets == ["views"] {
        let python = arguments.peer.as_deref().ok_or_else(|| {
            let advice = "name a Python with `--peer PYTHON`";
            Failure::new(
                "photos are drawn with a script",
                "there is no `--peer`",
                advice,
            )
        })?;
        let data = fs::canonicalize(root.join(&arguments.data));
        let data = data.map_err(Failure::reading(&arguments.data))?;
        return match arguments.sets == ["tuning"] {
            true => tuning::run(root, &data, &binary, python),
            false => views::run(root, &data, &binary, python),
        };
    }
    if arguments.sets == ["shots"] {
        return shots::run(root, &binary, &root.join(&arguments.data));
    }
    let is_speed = arguments.sets.iter().any(|name| name == "speed");
    let n_cold = arguments
        .cold
        .unwrap_or(if is_speed { SPEED_REPEATS } else { 0 });
    let n_warm = arguments.warm.unwrap_or(match (is_speed, n_cold) {
        (true, _) => SPEED_REPEATS,
        (false, 0) => 1,
        (false, _) => 0,
    });
    let sets = set::chosen(&root.join(&arguments.data), &arguments.sets)?;
    let bench = run::Bench {
        root,
        binary: &binary,
        train_arguments: &arguments.train_arguments,
        peer: arguments.peer.as_deref(),
        peer_arguments: arguments.peer_arguments.split_whitespace().collect(),
    };

    let mut trials: Vec<Trial> = Vec::new();
    for set in &sets {
        let work = root.join(WORK).join(&set.name);
        let cache = work.join("cache");
        // Cold, warm, cold, warm: a machine that slows down slows both.
        for repeat in 0..n_cold.max(n_warm) {
            if repeat < n_cold {
                run::empty(&cache)?;
                trials.extend(bench.trials(set, Cache::Cold(&cache), &work, repeat)?);
            }
            if repeat < n_warm {
                let kind = if n_cold > 0 {
                    Cache::Warm(&cache)
                } else {
                    Cache::User
                };
                trials.extend(bench.trials(set, kind, &work, repeat)?);
            }
        }
    }

    print!("{}", table::markdown(&trials));
    let what = arguments.what.clone().unwrap_or_else(|| {
        let names: Vec<_> = arguments
            .sets
            .iter()
            .map(|name| name.trim_matches('/').replace(['/', '.'], "-"))
            .collect();
        names.join("-")
    });
    let file = table::keep(root, &what, &run::machine(&binary), &trials)?;
    println!(
        "\nraw numbers: `{}`",
        file.strip_prefix(root).unwrap_or(&file).display()
    );
    let n_failed = trials.iter().filter(|trial| trial.result.is_err()).count();
    Ok(Outcome::of(n_failed == 0))
}
