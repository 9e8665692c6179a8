//! Does any parser panic, hang or eat memory on bytes that nobody wrote? Runs the targets of `fuzz/` and sums up.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Outcome};

/// Arguments of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub struct FuzzArguments {
    /// Targets of `fuzz/fuzz_targets`, without `.rs` [default: all]
    targets: Vec<String>,
    /// How long each target runs, in minutes
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    minutes: f64,
}

/// Where the targets are, below the repository's root.
const FOLDER: &str = "fuzz";
/// An input that takes longer is a failure. In seconds; with the address sanitizer, code runs a few times slower.
const TIME_LIMIT_S: u32 = 10;
/// A process that grows larger is a failure. In MiB; most of it are the sanitizer's own books.
const MEMORY_LIMIT_MIB: u32 = 2048;
/// Longest input that is made, in bytes: headers lie at the start or the end, and short inputs are tried faster.
const LONGEST_INPUT: u32 = 16_384;

/// What the fuzzer says at its end.
#[derive(Debug, Default, PartialEq, Eq)]
struct Summary {
    /// Inputs that were tried.
    inputs: Option<u64>,
    /// Largest memory, in MiB.
    peak_mib: Option<u64>,
    /// Branches of the code that were reached.
    coverage: Option<u64>,
    /// The file with the input that failed.
    artifact: Option<String>,
}

/// Runs the targets one after the other.
pub fn run(root: &Path, arguments: &FuzzArguments) -> Result<Outcome, Failure> {
    if !(arguments.minutes.is_finite() && arguments.minutes > 0.0) {
        return Err(Failure::new(
            format!("`--minutes {}` is no time to run", arguments.minutes),
            "it is a number above 0",
            "write 0.5 for half a minute",
        ));
    }
    let known = targets(root)?;
    if let Some(other) = arguments.targets.iter().find(|t| !known.contains(t)) {
        return Err(Failure::new(
            format!("there is no target `{other}`"),
            format!("`{FOLDER}/fuzz_targets` has {}", known.join(", ")),
            "name one of them, or none for all",
        ));
    }
    let chosen = if arguments.targets.is_empty() {
        &known
    } else {
        &arguments.targets
    };
    let seconds = (arguments.minutes * 60.0).ceil() as u64;
    println!("| target | inputs | branches | peak MiB | result |");
    println!("| --- | ---: | ---: | ---: | --- |");
    let mut n_failed = 0;
    for target in chosen {
        let (passed, summary) = fuzz(root, target, seconds)?;
        n_failed += usize::from(!passed);
        let number = |n: Option<u64>| n.map_or("-".to_owned(), |n| n.to_string());
        let result = match (&summary.artifact, passed) {
            (_, true) => "nothing found".to_owned(),
            (Some(file), false) => format!("failed on `{file}`"),
            (None, false) => "stopped by itself; its output stands above".to_owned(),
        };
        println!(
            "| {target} | {} | {} | {} | {result} |",
            number(summary.inputs),
            number(summary.coverage),
            number(summary.peak_mib),
        );
    }
    Ok(Outcome::of(n_failed == 0))
}

/// Names of the targets, sorted.
fn targets(root: &Path) -> Result<Vec<String>, Failure> {
    let folder = root.join(FOLDER).join("fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(Failure::reading(&folder))? {
        let path = entry.map_err(Failure::reading(&folder))?.path();
        if path.extension().is_some_and(|e| e == "rs")
            && let Some(stem) = path.file_stem()
        {
            names.push(stem.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Runs a target; whether nothing was found, and what the fuzzer says of it.
fn fuzz(root: &Path, target: &str, seconds: u64) -> Result<(bool, Summary), Failure> {
    let folder = root.join(FOLDER);
    let corpus = folder.join("corpus").join(target);
    // New inputs go into the first folder; the seeds are only read.
    fs::create_dir_all(&corpus).map_err(Failure::writing(&corpus))?;
    let missing = |found: String| {
        Failure::new(
            "`cargo +nightly fuzz` can't be run",
            found,
            "`rustup toolchain install nightly` and `cargo install cargo-fuzz`",
        )
    };
    let output = Command::new("cargo")
        .args(["+nightly", "fuzz", "run", target])
        .arg(&corpus)
        .arg(folder.join("seeds").join(target))
        .arg("--")
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={TIME_LIMIT_S}"))
        .arg(format!("-rss_limit_mb={MEMORY_LIMIT_MIB}"))
        .arg(format!("-max_len={LONGEST_INPUT}"))
        .args(["-print_final_stats=1", "-seed=1"])
        .current_dir(root)
        // `cargo xtask` runs under the stable cargo, whose choice of toolchain would win over `+nightly`.
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO")
        .output()
        .map_err(|e| missing(e.to_string()))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let summary = summary(&text);
    if !output.status.success() {
        // A build that failed looks like a finding: only the fuzzer's own words tell.
        if summary.inputs.is_none() && summary.artifact.is_none() {
            let last: Vec<&str> = text.lines().rev().take(3).collect();
            return Err(missing(
                last.into_iter().rev().collect::<Vec<_>>().join(" "),
            ));
        }
        // What it says is needed in full, and there is nobody left to tell if stderr is closed.
        let _ = std::io::stderr().write_all(&output.stderr);
    }
    Ok((output.status.success(), summary))
}

/// Reads the fuzzer's talk.
fn summary(text: &str) -> Summary {
    let mut summary = Summary::default();
    for line in text.lines() {
        let number = |key: &str| line.strip_prefix(key)?.trim().parse().ok();
        if let Some(n) = number("stat::number_of_executed_units:") {
            summary.inputs = Some(n);
        }
        if let Some(n) = number("stat::peak_rss_mb:") {
            summary.peak_mib = Some(n);
        }
        if let Some((_, rest)) = line.split_once(" cov: ") {
            let cov = rest.split_whitespace().next().and_then(|n| n.parse().ok());
            summary.coverage = cov.or(summary.coverage);
        }
        if let Some((_, file)) = line.split_once("Test unit written to ") {
            summary.artifact = Some(file.trim().to_owned());
        }
    }
    summary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fuzzers_last_words_are_understood() {
        let text = "#8 pulse  cov: 12 ft: 20 corp: 1/1b\n#9\tDONE   cov: 123 ft: 456 corp: 1/1b lim: 4\n\
                    stat::number_of_executed_units: 900\nstat::peak_rss_mb:              77\n\
                    artifact_prefix='x/'; Test unit written to x/crash-1\n";
        let expected = Summary {
            inputs: Some(900),
            peak_mib: Some(77),
            coverage: Some(123),
            artifact: Some("x/crash-1".to_owned()),
        };
        assert_eq!(summary(text), expected);
        assert_eq!(summary("error: no such command"), Summary::default());
    }
}
