//! The verbs: one file each, one line in [`Verb`]. A verb reads its flags, calls the workflow and shows what came out.

mod augment;
mod cache;
mod demo;
mod diagnose;
mod embed;
mod eval;
mod find_lr;
mod flags;
mod models;
mod predict;
mod report;
mod train;
mod tuning_flags;
mod typed;
mod view_flags;

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::events::{Events, Tone};
use crate::exit::Failure;

/// Width of help texts on a terminal that is wider or unknown.
const HELP_WIDTH: usize = 100;

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "handful",
    version,
    about = "An image classifier you can trust, from a handful of photos",
    long_about = "An image classifier you can trust, from a handful of photos: offline, on a laptop.\n\n\
        Put the photos of each class into a folder of its own, then `handful train photos/`.",
    after_help = "Try it now, with photos that are built in:\n  handful demo\n\nThen with yours:\n  \
        handful train photos/\n  handful predict runs/photos/model.handful new/",
    max_term_width = HELP_WIDTH,
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
    /// Write events and results as JSON lines to stdout
    #[arg(long, global = true)]
    json: bool,
    /// Say nothing on stderr but errors
    #[arg(long, short, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Train(Box<train::Args>),
    Diagnose(diagnose::Args),
    Augment(augment::Args),
    Predict(predict::Args),
    Eval(eval::Args),
    Embed(embed::Args),
    Models(models::Args),
    Report(report::Args),
    Cache(cache::Args),
    Demo(demo::Args),
}

impl Cli {
    /// How the command is to talk.
    pub fn tone(&self) -> Tone {
        Tone {
            json: self.json,
            quiet: self.quiet,
        }
    }

    /// Does what was asked. `typed` is the command line that it was read from, the program's name first.
    ///
    /// # Errors
    /// A [`Failure`] with its exit code.
    pub fn run(self, typed: &[OsString], events: &Events) -> Result<(), Failure> {
        match self.verb {
            Verb::Train(args) => train::run(*args, typed, events),
            Verb::Diagnose(args) => diagnose::run(args, events),
            Verb::Augment(args) => augment::run(args, events),
            Verb::Predict(args) => predict::run(args, events),
            Verb::Eval(args) => eval::run(args, events),
            Verb::Embed(args) => embed::run(args, events),
            Verb::Models(args) => models::run(args, events),
            Verb::Report(args) => report::run(args, events),
            Verb::Cache(args) => cache::run(args, events),
            Verb::Demo(args) => demo::run(args, events),
        }
    }
}
