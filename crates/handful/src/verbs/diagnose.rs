//! `handful diagnose`: what is wrong in a folder of photos, before anything is learnt from it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use handful_data::Issue;
use handful_data::finding::Severity;
use handful_report::words;

use super::flags::{DataFlags, MachineFlags};
use crate::events::Events;
use crate::exit::{self, Failure};
use crate::extract::{Extractor, View};
use crate::photos::Photos;
use crate::workflow::findings;

/// Say what is wrong in a folder of photos, before training
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  handful diagnose photos/\n  handful diagnose photos/ --json | jq .kind\n\n\
    Ends with exit code 3 where a finding makes training unwise."
)]
pub struct Args {
    /// Folder of photos, or a CSV file that lists them
    data: PathBuf,
    #[command(flatten)]
    reading: DataFlags,
    /// Findings that are shown, what matters most first; `--json` prints all
    #[arg(long, value_name = "N", default_value_t = SHOWN)]
    top: usize,
    #[command(flatten)]
    machine: MachineFlags,
}

/// Findings that are shown unless more are asked for.
const SHOWN: usize = 5;
/// Sets of files that are shown of a finding, and unread files of each kind.
const FILES_SHOWN: usize = 3;

/// Reads, finds, tells.
pub fn run(args: Args, events: &Events) -> Result<(), Failure> {
    let machine = args.machine.resolve()?;
    let catalog = handful_data::scan(&args.data, &args.reading.options()?)?;
    let remarks: Vec<String> = catalog.remarks.iter().map(ToString::to_string).collect();
    let mut photos = Photos::from_catalog(catalog);
    let extractor = Extractor {
        cache: machine.cache.as_ref(),
        threads: machine.threads,
        events,
    };
    let unread = extractor.hash(&mut photos.list)?;
    // Only decoding tells whether a file is whole.
    let seen = extractor.run(
        "looking at all photos",
        &photos.list,
        &[View::Control],
        &|_, _| true,
    )?;
    for position in seen.unreadable {
        photos.list[position].key = None;
    }
    let told = unread.into_iter().chain(seen.issues);
    photos.issues.extend(told.map(|(_, issue)| issue));
    photos.issues.sort();
    let found = findings::find(&photos);

    if events.tone.json {
        for finding in &found {
            events.print(&serde_json::to_string(finding).expect("findings are plain data"));
        }
    } else {
        remarks.iter().for_each(|remark| events.say(remark));
        let n_test = photos.test().len();
        events.print(&format!(
            "{} in {}{}",
            words::counted(photos.training().len(), "photo"),
            match photos.classes.len() {
                1 => "1 class".to_owned(),
                n => format!("{n} classes"),
            },
            match n_test {
                0 => String::new(),
                n => format!(", {n} held back for the test"),
            }
        ));
        for finding in found.iter().take(args.top) {
            events.print("");
            let word = findings::word(finding.severity);
            events.print(&format!("{word}: {}", finding.text));
            for set in finding.files.iter().take(FILES_SHOWN) {
                events.print(&format!("  {}", set.join("  =  ")));
            }
            if let Some(more) = finding.files.len().checked_sub(FILES_SHOWN)
                && more > 0
            {
                events.print(&format!("  and {more} more: `--json` names all"));
            }
            events.print(&format!("  do: {}", finding.advice));
        }
        if let Some(more) = found.len().checked_sub(args.top)
            && more > 0
        {
            events.print(&format!("\n{more} more: `--top {}`", found.len()));
        }
        if found.is_empty() {
            events.print("nothing was found that speaks against training");
        }
        show_issues(&photos.issues, events);
    }
    let n_wrong = found
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .count();
    if n_wrong > 0 {
        let texts: Vec<&str> = found[..n_wrong].iter().map(|f| f.text.as_str()).collect();
        return Err(
            Failure::new(exit::DATA, "training on these photos would be unwise")
                .found(texts.join("; "))
                .advice("mend what is called wrong above; `handful train` will do what it can"),
        );
    }
    Ok(())
}

/// Files that can't be used and files that were read with a note, by kind.
fn show_issues(issues: &[Issue], events: &Events) {
    // Skipped files first: they are lost, the others are not.
    let mut kinds: BTreeMap<(bool, &str, &str), Vec<&Issue>> = BTreeMap::new();
    for issue in issues {
        let key = (!issue.is_skipped(), issue.kind, issue.advice.as_str());
        kinds.entry(key).or_default().push(issue);
    }
    for ((is_used, kind, advice), of_kind) in kinds {
        events.print(&format!(
            "\n{}, {}: {}",
            words::counted(of_kind.len(), "file"),
            if is_used {
                "read with a note"
            } else {
                "not used"
            },
            kind.replace('_', " "),
        ));
        for issue in of_kind.iter().take(FILES_SHOWN) {
            let path = handful_data::shown(&issue.path);
            events.print(&format!("  {path}: {}", issue.detail));
        }
        if of_kind.len() > FILES_SHOWN {
            events.print(&format!("  and {} more", of_kind.len() - FILES_SHOWN));
        }
        events.print(&format!("  do: {advice}"));
    }
}
