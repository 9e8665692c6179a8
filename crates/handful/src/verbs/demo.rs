//! `handful demo`: the whole way on photos that are built in.

use std::path::{Path, PathBuf};

use handful_data::ScanOptions;
use handful_report::words;
use handful_stats::argmax;

use super::flags::MachineFlags;
use super::predict::{predict_all, read_model};
use crate::demo::write_photos;
use crate::events::Events;
use crate::exit::{self, Failure};
use crate::photos::Photos;
use crate::workflow::run_folder::Destination;
use crate::workflow::tuning::{Strategy, Wishes};
use crate::workflow::{self, Settings};

/// Train and predict on photos that are built in: 6 kinds of clothing, 40 photos each
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  handful demo\n  handful demo --out /tmp/clothes --threads 1\n\n\
    Writes the photos to OUT/photos/, trains on its train/ folder, and predicts the 60 photos of new/, which are of\n\
    other people."
)]
pub struct Args {
    /// Folder for the photos and the run; a run of an earlier demo in it is kept, the new one is numbered
    #[arg(long, value_name = "DIR", default_value = "handful-demo")]
    out: PathBuf,
    #[command(flatten)]
    machine: MachineFlags,
}

/// Writes, trains, predicts, compares.
pub fn run(args: Args, events: &Events) -> Result<(), Failure> {
    let photos = args.out.join("photos");
    write_photos(&photos)?;
    events.say(&format!(
        "300 photos of clothing (CC0) are in `{}`",
        photos.display()
    ));
    let machine = args.machine.resolve()?;
    let settings = Settings {
        data: photos.join("train"),
        scan: ScanOptions::default(),
        each_alone: false,
        model: None,
        size_px: None,
        precision: None,
        // What can be seen in a minute.
        wishes: Wishes {
            strategy: Strategy::Frozen,
            ..Wishes::default()
        },
        folds: None,
        seed: None,
        time_limit: None,
        plan: None,
        val: None,
        test: None,
        destination: Destination::Folder(free_run(&args.out)),
        resume: false,
        strict: false,
        machine: machine.clone(),
    };
    let done = workflow::train(&settings, events)?;
    if !events.tone.json {
        workflow::show::outcome(&done, events);
    }

    let new = photos.join("new");
    let catalog = handful_data::scan(&new, &ScanOptions::default())?;
    let model = read_model(&done.run.join("model.handful"))?;
    let labels = &model.record.labels;
    let Photos { list, classes, .. } = Photos::from_catalog(catalog);
    let expected: Vec<&String> = list
        .iter()
        .map(|p| &classes[p.label.expect("class folders give labels")])
        .collect();
    let mut found = Vec::with_capacity(list.len());
    let mut unread = None;
    predict_all(
        &model,
        &list,
        machine.threads,
        events,
        &mut |answer| match answer {
            Ok((_, p)) => found.push((&labels[argmax(p)], p[argmax(p)])),
            Err(issue) => unread = Some(issue),
        },
    )?;
    if let Some(issue) = unread {
        return Err(Failure::new(
            exit::IO,
            format!("`{}`: {}", new.join(&issue.path).display(), issue.detail),
        )
        .advice(issue.advice));
    }
    let right = expected
        .iter()
        .zip(&found)
        .filter(|(e, (f, _))| *e == f)
        .count();
    if events.tone.json {
        let result = serde_json::json!({ "run": done.run, "held_back": { "images": found.len(), "right": right } });
        events.print(&result.to_string());
        return Ok(());
    }
    events.print("");
    events.print(&format!(
        "{right} of {} held-back photos, of other people, are right; the others:",
        found.len()
    ));
    for ((photo, expected), (label, p)) in list.iter().zip(&expected).zip(&found) {
        if *expected != *label {
            events.print(&format!(
                "  {:<20} expected {expected:<8} found {label:<8} {}",
                photo.shown,
                words::percent(*p)
            ));
        }
    }
    events.print(&format!(
        "\nreport: `{}`",
        done.run.join("report.html").display()
    ));
    Ok(())
}

/// `OUT/run`, or the first number after it that is free.
fn free_run(out: &Path) -> PathBuf {
    let names = (1..).map(|n| {
        if n == 1 {
            "run".to_owned()
        } else {
            format!("run-{n}")
        }
    });
    names
        .map(|name| out.join(name))
        .find(|path| !path.exists())
        .expect("one of the numbers is free")
}
