//! What a person wants of a training, and what comes of it.

use std::path::PathBuf;
use std::time::Duration;

use handful_data::ScanOptions;
use handful_learn::backbone::Precision;

use super::results::Metrics;
use super::run_folder::Destination;
use super::tuning::Wishes;
use crate::cache::Cache;
use crate::exit::Failure;

/// Everything that decides a training.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folder or list of photos.
    pub data: PathBuf,
    /// How it is read.
    pub scan: ScanOptions,
    /// Whether the person said that each photo shows another thing: then nothing is looked for that would make groups,
    /// but copies.
    pub each_alone: bool,
    /// Weights of another backbone than the embedded one.
    pub model: Option<PathBuf>,
    /// A fixed image side instead of the measured one.
    pub size_px: Option<usize>,
    /// Numbers that the backbone computes with; those of the plan, or float32, if not given.
    pub precision: Option<Precision>,
    /// Folds instead of those of the protocol.
    pub folds: Option<usize>,
    /// Seed; 0 or the plan's if not given.
    pub seed: Option<u64>,
    /// What is wanted of the training of networks.
    pub wishes: Wishes,
    /// When to stop trying.
    pub time_limit: Option<Duration>,
    /// A plan to repeat.
    pub plan: Option<PathBuf>,
    /// Further photos that join training.
    pub val: Option<PathBuf>,
    /// Further photos that are held back.
    pub test: Option<PathBuf>,
    /// Where the run goes.
    pub destination: Destination,
    /// Whether an interrupted run is to be continued.
    pub resume: bool,
    /// Whether skipped files are a failure.
    pub strict: bool,
    /// What it runs on.
    pub machine: Machine,
}

/// What the work runs on.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Threads.
    pub threads: usize,
    /// Where features are kept, if anywhere.
    pub cache: Option<Cache>,
}

/// What a training came to.
#[derive(Debug)]
pub struct Outcome {
    /// The run folder.
    pub run: PathBuf,
    /// The content of `metrics.json`.
    pub metrics: Metrics,
    /// The content of the report.
    pub page: handful_report::ReportModel,
    /// Files that were skipped or read with a note.
    pub n_issues: usize,
    /// With `--strict`, why the command fails although the run is whole.
    pub strict_failure: Option<Failure>,
}
