//! Are scenes found where there are some, and only there? Diagnoses sets that the example `shots` of handful-data makes of
//! the development sets, once as a person has them and once told what belongs together.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::command;
use crate::failure::{Failure, Outcome};

/// Where the sets are made, below the repository's root.
const FOLDER: &str = "target/bench/shots";
/// What belongs together, by the names of the files; where classes were joined, nothing does.
const SOURCES: &str = r"(s\d+)_";
const NOTHING: &str = "none";

/// What a diagnosis says.
struct Said {
    /// Accuracy of the quick model in whole per cent, as it is printed.
    headline: String,
    /// The finding of scenes, if there is one.
    scenes: Option<Value>,
}

/// Makes the sets, diagnoses each twice and prints a row a set.
pub fn run(root: &Path, binary: &Path, data: &Path) -> Result<Outcome, Failure> {
    let folder = root.join(FOLDER);
    let mut make = Command::new(env!("CARGO"));
    let arguments = "run --release --quiet -p handful-data --example shots --";
    make.args(arguments.split(' '))
        .args([data, &folder])
        .current_dir(root);
    // Its list of sets is no part of our table.
    make.stdout(Stdio::null());
    if !command::run(&mut make, "run the example `shots` of handful-data by hand")?.success() {
        return Ok(Outcome::Failed);
    }
    println!("| set | says | if all are independent | scenes kept together | sources known |");
    println!("| --- | --- | --: | --: | --: |");
    for set in sets(&folder)? {
        let name = set
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let found = diagnose(binary, &set, None)?;
        let by = if name.contains("joined") {
            NOTHING
        } else {
            SOURCES
        };
        let known = diagnose(binary, &set, Some(by))?;
        let number = |scenes: &Value, key: &str| {
            let share = scenes["numbers"][key].as_f64();
            share.map_or("–".to_owned(), |share| format!("{:.0}", 100.0 * share))
        };
        let (says, independent, kept) = match &found.scenes {
            None => ("nothing", found.headline.clone(), "–".to_owned()),
            Some(scenes) => (
                if scenes["numbers"]["agree"] == 1.0 {
                    "one number"
                } else {
                    "both numbers"
                },
                number(scenes, "independent"),
                number(scenes, "kept_together"),
            ),
        };
        println!(
            "| {name} | {says} | {independent} | {kept} | {} |",
            known.headline
        );
    }
    Ok(Outcome::Done)
}

/// The headline from what a person reads, the scenes from what a program reads.
fn diagnose(binary: &Path, set: &Path, group_by: Option<&str>) -> Result<Said, Failure> {
    let output = |json: bool| {
        let mut command = Command::new(binary);
        command
            .arg("diagnose")
            .arg(set)
            .args(group_by.map(|by| format!("--group-by={by}")));
        command.args(json.then_some("--json")).stdin(Stdio::null());
        let output = command.output().map_err(|error| {
            Failure::new(
                format!("cannot start `{}`", binary.display()),
                error,
                "build it: `cargo build --release -p handful`",
            )
        })?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let text = output(false)?;
    let headline = text
        .split("gets ")
        .nth(1)
        .and_then(|rest| rest.split(" %").next());
    let findings = output(true)?;
    let is_scene = |finding: &Value| finding["kind"] == "scene";
    let mut parsed = findings
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    Ok(Said {
        headline: headline.unwrap_or("–").to_owned(),
        scenes: parsed.find(is_scene),
    })
}

fn sets(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| {
        Failure::new(
            format!("`{}` can't be listed", folder.display()),
            error,
            "run the example by hand to see why",
        )
    })?;
    let mut sets: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    sets.sort();
    Ok(sets)
}
