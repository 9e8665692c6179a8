//! Is the repository as it says it is? One line a check, all of them run, exit code 1 when one fails.
//!
//! A new check is a file with a function `fn(&Repository) -> Verdict` and a row in [`CHECKS`].

mod command_reference;
mod demo_table;
mod dependencies;
mod embedded_weights;
mod floors;
mod rust_tools;

use std::fs;
use std::path::Path;

use crate::failure::{Failure, Outcome};

/// What a check looks at.
struct Repository<'a> {
    root: &'a Path,
    /// Whether generated files are rewritten rather than compared.
    write: bool,
}

/// A remark on what was checked, or what was found with what to do.
type Verdict = Result<String, Complaint>;

/// Why a check failed. Both parts are printed on the check's line.
#[derive(Debug)]
struct Complaint {
    found: String,
    advice: String,
}

impl Complaint {
    fn new(found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            found: found.into(),
            advice: advice.into(),
        }
    }
}

impl From<Failure> for Complaint {
    fn from(failure: Failure) -> Self {
        Self::new(
            format!("{}: {}", failure.what, failure.found),
            failure.advice,
        )
    }
}

struct Check {
    name: &'static str,
    run: fn(&Repository) -> Verdict,
}

/// Cheap checks first, so that a slip is seen before the compiler has run for minutes.
const CHECKS: &[Check] = &[
    Check {
        name: "formatting",
        run: rust_tools::formatting,
    },
    Check {
        name: "floors",
        run: floors::check,
    },
    Check {
        name: "dependencies",
        run: dependencies::check,
    },
    Check {
        name: "demo-photos",
        run: demo_table::check,
    },
    Check {
        name: "embedded-weights",
        run: embedded_weights::check,
    },
    Check {
        name: "lints",
        run: rust_tools::lints,
    },
    Check {
        name: "command-reference",
        run: command_reference::check,
    },
];

/// Runs the checks whose name contains `only` (all without) and prints a line for each.
pub fn run(root: &Path, write: bool, only: Option<&str>) -> Outcome {
    let repository = Repository { root, write };
    let (mut n_run, mut n_failed) = (0, 0);
    for check in CHECKS
        .iter()
        .filter(|check| only.is_none_or(|part| check.name.contains(part)))
    {
        n_run += 1;
        match (check.run)(&repository) {
            Ok(remark) => println!("ok      {}: {remark}", check.name),
            Err(Complaint { found, advice }) => {
                n_failed += 1;
                println!("failed  {}: {found}; do: {advice}", check.name);
            }
        }
    }
    if n_run == 0 {
        let names: Vec<_> = CHECKS.iter().map(|check| check.name).collect();
        println!(
            "failed  no check of that name; do: `--only` one of {}",
            names.join(", ")
        );
        return Outcome::Failed;
    }
    println!("{} of {n_run} checks ok", n_run - n_failed);
    Outcome::of(n_failed == 0)
}

/// Compares a generated file with what it should be, or writes it.
fn compare_or_write(repository: &Repository, path: &str, wanted: &str) -> Verdict {
    let file = repository.root.join(path);
    let found = fs::read_to_string(&file).ok();
    if found.as_deref() == Some(wanted) {
        return Ok(format!("`{path}` is up to date"));
    }
    if repository.write {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(Failure::writing(folder))?;
        }
        fs::write(&file, wanted).map_err(Failure::writing(&file))?;
        return Ok(format!("`{path}` written"));
    }
    let found = match found {
        None => format!("`{path}` is missing"),
        Some(found) => {
            let same = found
                .lines()
                .zip(wanted.lines())
                .take_while(|(found, wanted)| found == wanted)
                .count();
            format!("`{path}` is out of date from line {} on", same + 1)
        }
    };
    Err(Complaint::new(
        found,
        "run `cargo xtask check --write` and look at the difference",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_file_names_its_first_wrong_line_and_writing_mends_it() {
        let folder = std::env::temp_dir().join(format!("handful-xtask-{}", std::process::id()));
        let path = "docs/made.md";
        let mut repository = Repository {
            root: &folder,
            write: false,
        };
        let complaint =
            compare_or_write(&repository, path, "a\nb\n").expect_err("the file does not exist");
        assert!(complaint.found.contains("missing"), "{complaint:?}");

        repository.write = true;
        compare_or_write(&repository, path, "a\nc\n").expect("the folder is made on the way");
        repository.write = false;
        let complaint = compare_or_write(&repository, path, "a\nb\n").expect_err("line 2 differs");
        assert!(complaint.found.contains("line 2"), "{complaint:?}");
        compare_or_write(&repository, path, "a\nc\n").expect("equal text is fresh");
        fs::remove_dir_all(&folder).expect("the folder was made above");
    }
}
