//! What a developer does around the program: `cargo xtask <task>`.
//!
//! Reading order: `check` (what CI runs), `weights` and `demo_photos` (how the embedded files were made), `golden`
//! (reference numbers from Python), `fuzz` (parsers against bytes that nobody wrote), `sanitize` (`unsafe`), `bench`,
//! `evidence` and `honesty` (what BENCHMARKS.md is written from).

mod bench;
mod check;
mod command;
mod demo_photos;
mod evidence;
mod failure;
mod fuzz;
mod golden;
mod honesty;
mod jpeg_size;
mod sanitize;
mod weights;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::{Failure, Outcome};

/// Tasks around the program: checks, embedded files, reference numbers, benches.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Check formatting, lints, floors, documented dependencies and generated files
    Check {
        /// Rewrite generated files instead of comparing them
        #[arg(long)]
        write: bool,
        /// Run only the checks whose name contains this
        #[arg(long, value_name = "NAME")]
        only: Option<String>,
    },
    /// Cut the embedded backbone's weights and distil its natural images: `cargo xtask weights ../shared`
    Weights {
        /// Folder that holds `weights/efficientnet_lite0.safetensors` and its features of natural images
        shared: PathBuf,
    },
    /// Draw the demo's photos: `cargo xtask demo-photos ../shared --seed 1`
    DemoPhotos {
        /// Folder that holds `data/clothing`
        shared: PathBuf,
        /// Seed of the draw; another seed is another set of photos
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Compute the reference numbers of the golden tests again and show what changed
    Golden {
        /// Scripts of `bench/golden` to run, without `.py` [default: all]
        scripts: Vec<String>,
    },
    /// Feed every parser of files with bytes that nobody wrote: `cargo xtask fuzz --minutes 60`
    Fuzz(fuzz::FuzzArguments),
    /// Test handful-kernel, which has `unsafe`, under the address sanitizer and Miri (nightly Rust)
    Sanitize {
        /// address, miri, or all of them
        #[arg(default_value = "all", value_name = "WHAT", value_parser = ["address", "miri", "all"])]
        what: String,
    },
    /// Train on the data sets with the release binary and print a Markdown table
    Bench(bench::BenchArguments),
    /// Measure what the diagnosis finds on planted faults, noise and clean sets
    Evidence(evidence::EvidenceArguments),
    /// Measure whether what a whole comparison says is true: simulated sets, claims, parts of real sets, learning curves
    Honesty(honesty::HonestyArguments),
}

/// The repository's root: the folder above this crate's.
fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is a folder of the repository")
}

fn run(task: Task) -> Result<Outcome, Failure> {
    let root = repository();
    match task {
        Task::Check { write, only } => Ok(check::run(root, write, only.as_deref())),
        Task::Weights { shared } => weights::cut(root, &shared),
        Task::DemoPhotos { shared, seed } => demo_photos::draw(root, &shared, seed),
        Task::Golden { scripts } => golden::run(root, &scripts),
        Task::Fuzz(arguments) => fuzz::run(root, &arguments),
        Task::Sanitize { what } => sanitize::run(root, &what),
        Task::Bench(arguments) => bench::run(root, &arguments),
        Task::Evidence(arguments) => evidence::run(root, &arguments),
        Task::Honesty(arguments) => honesty::run(root, &arguments),
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
