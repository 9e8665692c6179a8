//! `handful augment`: which changes of photos keep their labels true, and what do they look like?

use std::path::{Path, PathBuf};

use handful_expand::{OPS, Op};
use handful_stats::Seed;

use super::flags::{DataFlags, MachineFlags, image_size};
use super::tuning_flags::{overruled, overruled_by};
use crate::events::Events;
use crate::exit::{self, Failure};
use crate::workflow::augment::told::{Told, range_text, why};
use crate::workflow::augment::{Asked, Augmented, augment, policies, sheet};
use crate::workflow::run_folder::{Destination, write_whole};

/// Find out which changes of your photos keep their labels true
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  handful augment photos/\n  handful augment photos/ --policy trivial_augment_wide --save-policy mine.toml\n\n\
    Writes a page and a contact sheet of changed photos, by default to `runs/NAME-augment`."
)]
pub struct Args {
    /// Folder of photos, a CSV or COCO file that lists them, or a zip or tar archive
    data: PathBuf,
    #[command(flatten)]
    reading: DataFlags,
    /// What is shown: the name of a policy or a file of one; operations that these photos don't bear are left out
    /// [default: flips, crops and light as far as they bear them]
    #[arg(long, value_name = "NAME|FILE")]
    policy: Option<String>,
    /// Operations that act although the photos don't bear them, or `all`
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = overruled)]
    allow: Vec<String>,
    /// Judge these operations only [default: all]
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = operation)]
    only: Vec<&'static dyn Op>,
    /// Write the policy that is shown, as far as the photos bear it
    #[arg(long, value_name = "FILE")]
    save_policy: Option<PathBuf>,
    /// Write changed copies of all photos into this new folder, for other trainers
    #[arg(long, value_name = "FOLDER")]
    apply: Option<PathBuf>,
    /// Copies of each photo, 1 to 1000
    #[arg(long, value_name = "N", default_value_t = 4, requires = "apply", value_parser = clap::value_parser!(u16).range(1..=1000))]
    copies: u16,
    /// Side at which photos are looked at, 32 to 1024 pixels [default: 128]
    #[arg(long, value_name = "PX", value_parser = image_size)]
    imgsz: Option<usize>,
    /// Seed of all draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// New folder for the page and the contact sheet [default: runs/NAME-augment, numbered]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    #[command(flatten)]
    machine: MachineFlags,
}

/// Reads the name of an operation.
fn operation(name: &str) -> Result<&'static dyn Op, String> {
    handful_expand::named(name).ok_or_else(|| {
        let known: Vec<&str> = OPS.iter().map(|op| op.name()).collect();
        format!("write some of {}", known.join(", "))
    })
}

/// Judges, shows, tells.
pub fn run(args: Args, events: &Events) -> Result<(), Failure> {
    for (flag, path) in [("--apply", &args.apply), ("--out", &args.out)] {
        if let Some(path) = path {
            check_new(flag, path, &args.data)?;
        }
    }
    let machine = args.machine.resolve()?;
    let asked = Asked {
        each_alone: args.reading.each_alone(),
        options: args.reading.options()?,
        data: args.data,
        policy: args.policy.as_deref().map(policies::read).transpose()?,
        overruled: overruled_by(&args.allow),
        ops: match args.only.is_empty() {
            true => OPS.to_vec(),
            false => args.only,
        },
        size_px: args.imgsz,
        copies: args.apply.map(|out| (out, usize::from(args.copies))),
        seed: Seed(args.seed),
        destination: match args.out {
            Some(folder) => Destination::Folder(folder),
            None => Destination::Numbered("-augment"),
        },
        machine,
    };
    let silent = events.silent();
    let working = if events.tone.json { &silent } else { events };
    let found = augment(&asked, working)?;
    if let Some(path) = &args.save_policy {
        write_whole(path, found.policy.to_text().as_bytes())?;
    }
    if events.tone.json {
        for judged in &found.guarded.judged {
            let line = serde_json::to_string(&Told::of(judged));
            events.print(&line.expect("verdicts are plain data"));
        }
        return Ok(());
    }
    show(&found, events);
    if let Some((out, copies)) = &asked.copies {
        let (n, out) = (found.n_copies, out.display());
        events.say(&format!(
            "{n} copies, {copies} of each photo: `{out}`; copies of a photo belong on one side of every split, as its `list.csv` says"
        ));
    }
    if let Some(path) = &args.save_policy {
        events.say(&format!("policy: `{}`", path.display()));
    }
    Ok(())
}

/// Whether a folder can be made there, before minutes of work.
fn check_new(flag: &str, path: &Path, data: &Path) -> Result<(), Failure> {
    let refuse = |what: String| {
        let advice = format!("name a new folder elsewhere with `{flag}`");
        Err(Failure::new(exit::USAGE, what).advice(advice))
    };
    if path.exists() {
        return refuse(format!("`{}` is there already", path.display()));
    }
    match data.is_dir() && handful_data::is_inside(path, data) {
        true => refuse(format!(
            "`{}` would lie in the folder of photos",
            path.display()
        )),
        false => Ok(()),
    }
}

fn show(found: &Augmented, events: &Events) {
    for sentence in sheet::sentences(&found.guarded) {
        events.print(&sentence);
    }
    events.print("");
    let mut rows: Vec<[String; 4]> =
        vec![["change", "allowed", "beyond that", "why"].map(String::from)];
    for judged in &found.guarded.judged {
        let limit = judged.limit().unwrap_or_else(|| judged.decisive());
        rows.push([
            judged.operation.clone(),
            range_text(judged),
            limit.verdict.name().into(),
            why(limit, &found.photos.classes),
        ]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths = [0, 1, 2].map(|column| width(column).unwrap_or(0));
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| {
            let pad = width - cell.chars().count().min(width);
            cell.clone() + &" ".repeat(pad)
        });
        let cells: Vec<String> = cells.chain([row[3].clone()]).collect();
        events.print(cells.join("  ").trim_end());
    }
    events.print(&format!(
        "\npage: `{}`",
        found.folder.join("sheet.html").display()
    ));
}
