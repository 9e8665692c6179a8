//! `handful diagnose`: what is wrong in a folder of photos, before anything is learnt from it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use handful_data::finding::{Finding, Severity};
use handful_data::{Fate, Issue};
use handful_report::words;

use super::flags::{DataFlags, MachineFlags};
use crate::events::Events;
use crate::exit::{self, Failure};
use crate::workflow::diagnosis;
use crate::workflow::diagnosis::folder::{Diagnosis, diagnose};
use crate::workflow::diagnosis::gallery::severity;
use crate::workflow::run_folder::write_whole;

/// Say what is wrong in a folder of photos, before training
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  handful diagnose photos/ --html diagnosis.html\n  handful diagnose photos.zip --json | jq .kind\n\n\
    Ends with exit code 3 where a finding makes training unwise."
)]
pub struct Args {
    /// Folder of photos, a CSV or COCO file that lists them, or a zip or tar archive
    data: PathBuf,
    #[command(flatten)]
    reading: DataFlags,
    /// Findings that are shown, what matters most first; `--json` and `--html` have all
    #[arg(long, value_name = "N", default_value_t = SHOWN)]
    top: usize,
    /// Write a page with the photos of each finding
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    machine: MachineFlags,
}

/// Findings that are shown unless more are asked for.
const SHOWN: usize = 5;
/// Sets of files that are shown of a finding, files of a set, and unread files of each kind.
const FILES_SHOWN: usize = 3;
const SET_SHOWN: usize = 4;

/// Looks, tells, writes the page.
pub fn run(args: Args, events: &Events) -> Result<(), Failure> {
    if let Some(path) = &args.html
        && args.data.is_dir()
        && handful_data::is_inside(path, &args.data)
    {
        let what = format!(
            "the page would go into the folder of photos, to `{}`",
            path.display()
        );
        return Err(Failure::new(exit::USAGE, what)
            .advice("name a file outside with `--html`, for example `--html diagnosis.html`"));
    }
    if let Some(path) = &args.html {
        check_writable(path)?;
    }
    let machine = args.machine.resolve()?;
    let each_alone = args.reading.each_alone();
    let options = args.reading.options()?;
    let silent = events.silent();
    let working = if events.tone.json { &silent } else { events };
    let found = diagnose(&args.data, &options, each_alone, &machine, working)?;
    if events.tone.json {
        let of_files = findings_of(&found.photos.issues);
        for finding in found.findings.list.iter().chain(&of_files) {
            events.print(&serde_json::to_string(finding).expect("findings are plain data"));
        }
    } else {
        show(&found, args.top, events);
        show_issues(&found.photos.issues, events);
    }
    if let Some(path) = &args.html {
        write_whole(
            path,
            handful_report::render_diagnosis(&found.page()).as_bytes(),
        )?;
        events.say(&format!("\npage: `{}`", path.display()));
    }
    let wrong: Vec<&str> = found
        .findings
        .list
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .map(|f| f.text.as_str())
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    Err(
        Failure::new(exit::DATA, "training on these photos would be unwise")
            .found(wrong.join("; "))
            .advice("mend what is called wrong above; `handful train` will do what it can"),
    )
}

/// Minutes of work are not to end with a page that can't be written.
fn check_writable(path: &Path) -> Result<(), Failure> {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty());
    if path.is_dir() || folder.is_some_and(|folder| !folder.is_dir()) {
        let what = format!("the page can't be written to `{}`", path.display());
        return Err(Failure::new(exit::USAGE, what)
            .advice("name a file in a folder that exists, for example `--html diagnosis.html`"));
    }
    Ok(())
}

fn show(found: &Diagnosis, top: usize, events: &Events) {
    found.remarks.iter().for_each(|remark| events.say(remark));
    let list = &found.findings.list;
    let n_classes = found.photos.classes.len();
    let n_test = found.photos.test().len();
    events.print(&words::looked_at(found.learnt.len(), n_classes, n_test));
    let told = list.iter().map(|f| (severity(f.severity), f.text.as_str()));
    events.print(&words::training_advice(told).to_string());
    if let Some(quick) = found.quick_accuracy() {
        events.print(&words::quick_accuracy(&quick));
    }
    for finding in list.iter().take(top) {
        events.print("");
        let word = diagnosis::word(finding.severity);
        events.print(&format!("{word}: {}", finding.text));
        for set in finding.files.iter().take(FILES_SHOWN) {
            let named: Vec<String> = set
                .iter()
                .take(SET_SHOWN)
                .map(|path| with_note(found, path))
                .collect();
            let more = match set.len().saturating_sub(SET_SHOWN) {
                0 => String::new(),
                n => format!("  and {n} more"),
            };
            events.print(&format!("  {}{more}", named.join("  =  ")));
        }
        let more = finding.files.len().saturating_sub(FILES_SHOWN);
        if more > 0 {
            events.print(&format!(
                "  and {more} more: `--json` names all, `--html FILE` shows the first"
            ));
        }
        if !finding.advice.is_empty() {
            events.print(&format!("  do: {}", finding.advice));
        }
    }
    let more = list.len().saturating_sub(top);
    if more > 0 {
        events.print(&format!(
            "\n{} more: `--top {}`",
            words::counted(more, "finding"),
            list.len()
        ));
    }
}

fn with_note(found: &Diagnosis, path: &str) -> String {
    match found.findings.notes.get(path) {
        Some(note) => format!("{path} ({note})"),
        None => path.to_owned(),
    }
}

fn heading(fate: Fate) -> &'static str {
    match fate {
        Fate::Skipped => "not used",
        Fate::Noted => "read with a note",
        Fate::PassedOver => "passed over",
    }
}

/// Issues of one kind with one advice; those that are lost come first.
type Kind<'a> = (Fate, &'a str, &'a str);

fn by_kind(issues: &[Issue]) -> BTreeMap<Kind<'_>, Vec<&Issue>> {
    let mut kinds: BTreeMap<Kind, Vec<&Issue>> = BTreeMap::new();
    for issue in issues {
        let key = (issue.fate(), issue.kind, issue.advice.as_str());
        kinds.entry(key).or_default().push(issue);
    }
    kinds
}

/// Files that can't be used and files that were read with a note as findings, one a kind: `--json` names them all.
fn findings_of(issues: &[Issue]) -> Vec<Finding> {
    let finding = |((fate, kind, advice), of_kind): (Kind, Vec<&Issue>)| Finding {
        kind: kind.to_owned(),
        severity: match fate {
            Fate::Skipped => Severity::Warning,
            Fate::Noted | Fate::PassedOver => Severity::Remark,
        },
        text: of_kind[0].detail.clone(),
        files: of_kind
            .iter()
            .map(|issue| vec![handful_data::shown(&issue.path)])
            .collect(),
        numbers: BTreeMap::from([("files".to_owned(), of_kind.len() as f64)]),
        advice: advice.to_owned(),
    };
    by_kind(issues).into_iter().map(finding).collect()
}

/// The same for a person.
fn show_issues(issues: &[Issue], events: &Events) {
    for ((fate, kind, advice), of_kind) in by_kind(issues) {
        events.print(&format!(
            "\n{}, {}: {}",
            words::counted(of_kind.len(), "file"),
            heading(fate),
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
