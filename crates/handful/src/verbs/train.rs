//! `handful train`: from a folder of photos to a run.

use std::ffi::OsString;
use std::path::PathBuf;

use handful_data::ClassLevel;

use crate::events::Events;
use crate::exit::Failure;
use crate::verbs::find_lr;
use crate::verbs::flags::{self, DataFlags, MachineFlags};
use crate::verbs::tuning_flags::TuningFlags;
use crate::workflow::recipe_file::RecipeFile;
use crate::workflow::run_folder::Destination;
use crate::workflow::tuning::Strategy;
use crate::workflow::{self, Settings};

/// Train a model on a folder of photos and say how good it is
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  handful train photos/\n  \
    handful train birds/ --group-by groups.csv:nest --test new-birds/ --name birds-1\n\n\
    photos/ holds a folder a class; or train/, val/ and test/ with a folder a class in each; or is a CSV file\n\
    with the columns image and label.")]
pub struct Args {
    /// Folder of photos, or a CSV file that lists them
    data: PathBuf,
    #[command(flatten)]
    reading: DataFlags,
    /// Backbone to use: a safetensors file of EfficientNet-Lite 0 to 4 or ResNet-18, -34 or -50 [default: the embedded
    /// Lite0]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Image side in pixels for the backbone, 32 to 1024 [default: the best of three, measured]
    #[arg(long, value_name = "PX", value_parser = flags::image_size)]
    imgsz: Option<usize>,
    /// Numbers that the backbone computes with; the model keeps to them [default: float32]
    #[arg(long, value_enum)]
    precision: Option<flags::PrecisionFlag>,
    #[command(flatten)]
    tuning: TuningFlags,
    /// Fine-tuning: instead of a model, find a learning rate: train once with a rate that rises step by step, draw how the loss goes,
    /// and suggest one
    #[arg(long, conflicts_with_all = ["lr", "epochs", "patience", "augment", "allow", "plan", "resume", "time_limit"])]
    find_lr: bool,
    /// Folds of the cross-validation, 2 to 20 [default: 5]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u16).range(2..=20))]
    folds: Option<u16>,
    /// Seed of every random choice [default: 0]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Stop trying further candidates after this time: 90s, 10m, 1h [default: no limit]
    #[arg(long, value_name = "TIME", value_parser = flags::duration)]
    time_limit: Option<std::time::Duration>,
    /// Repeat a run exactly: its plan.json, which says what is tried, at which sizes and on how many folds
    #[arg(long, value_name = "FILE", conflicts_with_all = ["strategy", "epochs", "lr", "batch", "freeze", "patience", "augment", "allow", "imgsz", "folds"])]
    plan: Option<PathBuf>,
    /// Train a network by exactly this recipe: the recipe.toml of a run, or a changed one, with its size and geometry; frozen features
    /// stand beside it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["find_lr", "plan", "strategy", "epochs", "lr", "batch", "freeze", "patience",
        "augment", "allow", "imgsz"])]
    recipe: Option<PathBuf>,
    /// Further folder of photos that joins training and stays in one fold
    #[arg(long, value_name = "DIR")]
    val: Option<PathBuf>,
    /// Folder of photos that is held back and looked at once, at the end
    #[arg(long, value_name = "DIR")]
    test: Option<PathBuf>,
    /// Name of the run: it goes to runs/NAME [default: the folder's name, numbered]
    #[arg(long, value_name = "NAME", conflicts_with = "out")]
    name: Option<String>,
    /// Folder for the run, which must not exist yet
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on with the run of this name that was interrupted
    #[arg(long)]
    resume: bool,
    /// End with exit code 4 if any file was skipped
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    machine: MachineFlags,
}

/// Trains, and shows the verdict; `typed` is the command line.
pub fn run(args: Args, typed: &[OsString], events: &Events) -> Result<(), Failure> {
    let destination = match (args.out, args.name) {
        (Some(dir), _) => Destination::Folder(dir),
        (None, Some(name)) if args.find_lr => Destination::Named(name + find_lr::BEHIND),
        (None, Some(name)) => Destination::Named(name),
        (None, None) if args.find_lr => Destination::Numbered(find_lr::BEHIND),
        (None, None) => Destination::Numbered(""),
    };
    let mut wishes = args.tuning.wishes()?;
    let mut size_px = args.imgsz;
    if let Some(path) = &args.recipe {
        let recipe = RecipeFile::read(path)?;
        wishes.strategy = recipe.to_be_trained(path)?;
        if wishes.strategy == Strategy::FineTune {
            size_px = Some(recipe.size_px);
        }
        wishes.recipe = Some(recipe);
    }
    let settings = Settings {
        data: args.data,
        each_alone: args.reading.each_alone(),
        scan: args.reading.options()?,
        model: args.model,
        size_px,
        precision: args.precision.map(Into::into),
        wishes,
        folds: args.folds.map(usize::from),
        seed: args.seed,
        time_limit: args.time_limit,
        plan: args.plan,
        val: args.val,
        test: args.test,
        destination,
        resume: args.resume,
        strict: args.strict,
        machine: args.machine.resolve()?,
    };
    if args.find_lr {
        return find_lr::run(&settings, typed, events);
    }
    let done = workflow::train(&settings, events)?;
    if !events.tone.json {
        workflow::show::outcome(&done, events);
    }
    done.strict_failure.map_or(Ok(()), Err)
}

/// `--class-level`, as the command line spells it.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Level {
    /// The first folder below the root
    First,
    /// The folder that holds the photos
    Last,
}

impl From<Level> for ClassLevel {
    fn from(level: Level) -> ClassLevel {
        match level {
            Level::First => ClassLevel::First,
            Level::Last => ClassLevel::Last,
        }
    }
}
