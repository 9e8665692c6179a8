//! Do rustfmt and clippy agree with every file?
//!
//! Their own messages go to stderr as they come, since a line could not hold them.

use std::process::{Command, Stdio};

use super::{Complaint, Repository, Verdict};

/// `cargo fmt --check`, or `cargo fmt` when generated files are to be written.
pub fn formatting(repository: &Repository) -> Verdict {
    let arguments: &[&str] = if repository.write {
        &["fmt", "--all"]
    } else {
        &["fmt", "--all", "--", "--check"]
    };
    cargo(repository, arguments, "run `cargo fmt --all`")?;
    Ok("rustfmt changes nothing".to_owned())
}

/// Clippy over every target, warnings as errors.
pub fn lints(repository: &Repository) -> Verdict {
    cargo(
        repository,
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
        "mend what clippy says above, or allow it at the spot with a reason",
    )?;
    Ok("no warnings of rustc or clippy in any target".to_owned())
}

fn cargo(repository: &Repository, arguments: &[&str], advice: &str) -> Result<(), Complaint> {
    // The cargo that runs this task names itself; a plain `cargo` is for a binary started by hand.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(arguments)
        .current_dir(repository.root)
        .stdin(Stdio::null())
        // rustfmt prints its differences on stdout, which here carries the checks' lines.
        .stdout(std::io::stderr())
        .status()
        .map_err(|error| {
            Complaint::new(
                format!("`cargo {}`: {error}", arguments[0]),
                "install cargo",
            )
        })?;
    if status.success() {
        return Ok(());
    }
    Err(Complaint::new(
        format!("`cargo {}` ended with {status}", arguments.join(" ")),
        advice,
    ))
}
