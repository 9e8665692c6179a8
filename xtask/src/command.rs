//! How other programs are run: nothing on stdin, our output streams, and an error that says what to do.

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use crate::failure::Failure;

/// Runs a command to its end; `advice` is for the reader when it can't be started.
pub fn run(command: &mut Command, advice: &str) -> Result<ExitStatus, Failure> {
    command.stdin(Stdio::null()).status().map_err(|error| {
        Failure::new(
            format!("cannot start `{}`", command.get_program().to_string_lossy()),
            error,
            advice,
        )
    })
}

/// An example of one of our crates, built for speed and run at the root; arguments are added by the caller.
pub fn example(root: &Path, package: &str, name: &str) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["run", "--release", "--quiet", "-p", package])
        .args(["--example", name, "--"])
        .current_dir(root);
    command
}
