//! Do the reference implementations still give the numbers that the golden tests hold?
//!
//! Runs `bench/golden/*.py` (each writes into the `tests/golden` folder of its crate) in a virtual environment of its
//! own, then shows what git sees changed there. Needs Python, git, and on the first run a package index.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::failure::{Failure, Outcome};

/// The scripts, below the repository's root.
const SCRIPTS: &str = "bench/golden";
/// What they need, with versions; the stored numbers are those of these versions.
const REQUIREMENTS: &str = "bench/golden/requirements.txt";
/// The virtual environment, below the repository's root.
const VENV: &str = "target/golden-venv";

/// Runs the named scripts, all of them when none is named.
pub fn run(root: &Path, wanted: &[String]) -> Result<Outcome, Failure> {
    let scripts = scripts(&root.join(SCRIPTS), wanted)?;
    let python = environment(root)?;
    let mut n_failed = 0;
    for script in &scripts {
        eprintln!(
            "running `{}`",
            script.strip_prefix(root).unwrap_or(script).display()
        );
        if !execute(Command::new(&python).arg(script).current_dir(root))? {
            n_failed += 1;
            println!("failed  {}; do: read its message above", script.display());
        }
    }

    // `--stat` doesn't see new files, which `status` lists with `??`.
    let pathspec = "crates/*/tests/golden/*";
    println!("changed golden files, as git sees them (none below: all as stored):");
    execute(
        Command::new("git")
            .args(["--no-pager", "diff", "--stat", "--", pathspec])
            .current_dir(root),
    )?;
    execute(
        Command::new("git")
            .args(["status", "--short", "--untracked-files=all", "--", pathspec])
            .current_dir(root),
    )?;
    println!(
        "{} of {} scripts ran to their end",
        scripts.len() - n_failed,
        scripts.len()
    );
    Ok(Outcome::of(n_failed == 0))
}

/// The scripts to run, sorted by name.
fn scripts(folder: &Path, wanted: &[String]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(Failure::reading(folder))? {
        let path = entry.map_err(Failure::reading(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "py") {
            found.push(path);
        }
    }
    found.sort_unstable();
    let stem = |path: &PathBuf| {
        path.file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let names: Vec<_> = found.iter().map(stem).collect();
    if let Some(unknown) = wanted.iter().find(|name| !names.contains(name)) {
        return Err(Failure::new(
            format!("there is no script `{unknown}` in `{SCRIPTS}`"),
            if names.is_empty() {
                "no scripts".to_owned()
            } else {
                names.join(", ")
            },
            "name one of those, or none for all",
        ));
    }
    Ok(found
        .into_iter()
        .filter(|path| wanted.is_empty() || wanted.contains(&stem(path)))
        .collect())
}

/// Makes the environment if it is missing or older than the requirements; returns its Python.
fn environment(root: &Path) -> Result<PathBuf, Failure> {
    let venv = root.join(VENV);
    let python = venv.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    let requirements = root.join(REQUIREMENTS);
    let wanted = fs::read_to_string(&requirements).map_err(Failure::reading(&requirements))?;
    // Written after a whole installation, so that an interrupted one is made again.
    let stamp = venv.join("installed.txt");
    if python.exists() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    let failed = |what: &str| {
        Failure::new(
            what,
            "see the message above",
            "install Python 3.11 or newer with venv, and reach a package index",
        )
    };
    eprintln!("making `{VENV}`");
    let system_python = if cfg!(windows) { "python" } else { "python3" };
    if !execute(
        Command::new(system_python)
            .args(["-m", "venv", "--clear"])
            .arg(&venv),
    )? {
        return Err(failed("cannot make a virtual environment"));
    }
    if !execute(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "-r"])
            .arg(&requirements),
    )? {
        return Err(failed("cannot install what the scripts need"));
    }
    fs::write(&stamp, wanted).map_err(Failure::writing(&stamp))?;
    Ok(python)
}

/// Runs a command with our output streams; whether it ended well.
fn execute(command: &mut Command) -> Result<bool, Failure> {
    Ok(command::run(command, "install it or put it on the `PATH`")?.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_sorted_and_an_unknown_name_lists_the_known_ones() {
        let folder = std::env::temp_dir().join(format!("handful-golden-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder can be written");
        for name in ["stats.py", "heads.py", "requirements.txt"] {
            fs::write(folder.join(name), "").expect("the temporary folder can be written");
        }
        let all = scripts(&folder, &[]).expect("the folder exists");
        assert_eq!(all, [folder.join("heads.py"), folder.join("stats.py")]);
        let one = scripts(&folder, &["stats".to_owned()]).expect("the script exists");
        assert_eq!(one, [folder.join("stats.py")]);
        let failure = scripts(&folder, &["image".to_owned()]).expect_err("there is no such script");
        assert_eq!(failure.found, "heads, stats");
        fs::remove_dir_all(&folder).expect("the folder was made above");
    }
}
