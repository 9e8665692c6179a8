//! One training: how is it started, and what is read from what it leaves?
//!
//! Seconds are the wall time of the whole process as a person waits for it. Memory is what the program itself reports
//! in `timing.json` (the peak of its resident set), because asking the system about a child needs `unsafe`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::command;
use crate::failure::Failure;

use super::set::Set;

/// Which features a run finds ready.
#[derive(Debug, Clone, Copy)]
pub enum Cache<'a> {
    /// None: this folder is empty.
    Cold(&'a Path),
    /// Those that a cold run has left in this folder.
    Warm(&'a Path),
    /// Whatever the user's own cache holds.
    User,
}

impl Cache<'_> {
    /// The word for the table.
    fn name(self) -> &'static str {
        match self {
            Self::Cold(_) => "cold",
            Self::Warm(_) => "warm",
            Self::User => "as is",
        }
    }
}

/// One run of one program on one set.
#[derive(Debug)]
pub struct Trial {
    pub set: String,
    pub program: &'static str,
    pub cache: &'static str,
    pub repeat: usize,
    /// Arguments beyond the set's path and the folder of the run.
    pub arguments: String,
    /// What it measured, or how it ended.
    pub result: Result<Measured, String>,
}

/// What one run measured. `metrics` and `timing` are the files as they are.
#[derive(Debug)]
pub struct Measured {
    pub time_s: f64,
    pub metrics: Value,
    pub timing: Value,
}

impl Measured {
    /// Peak of the resident set in bytes, if the program told it.
    pub fn peak_rss_bytes(&self) -> Option<f64> {
        self.timing.get("peak_rss_bytes").and_then(Value::as_f64)
    }
}

/// What all runs of a bench have in common.
pub struct Bench<'a> {
    pub root: &'a Path,
    pub binary: &'a Path,
    pub train_arguments: &'a [String],
    pub peer: Option<&'a Path>,
    pub peer_arguments: Vec<&'a str>,
}

impl Bench<'_> {
    /// One run of the program and, where asked for, one of the peer right after it.
    pub fn trials(
        &self,
        set: &Set,
        cache: Cache,
        work: &Path,
        repeat: usize,
    ) -> Result<Vec<Trial>, Failure> {
        eprintln!("{}, {}, run {}", set.name, cache.name(), repeat + 1);
        let run = work.join(format!("{}-{}", cache.name().replace(' ', "-"), repeat + 1));
        let mut trials = vec![self.train(set, cache, &run, repeat)?];
        if let Some(python) = self.peer {
            trials.push(self.train_peer(python, set, cache, &run, work, repeat)?);
        }
        Ok(trials)
    }

    fn train(&self, set: &Set, cache: Cache, run: &Path, repeat: usize) -> Result<Trial, Failure> {
        remove(run)?;
        let parent = run.parent().expect("a run lies in the bench's folder");
        fs::create_dir_all(parent).map_err(Failure::writing(parent))?;
        let mut arguments: Vec<&str> = set.arguments.to_vec();
        arguments.extend(self.train_arguments.iter().map(String::as_str));
        let mut command = Command::new(self.binary);
        command
            .arg("train")
            .arg(&set.path)
            .arg("--out")
            .arg(run)
            .args(["--json", "--quiet"])
            .args(&arguments);
        if let Cache::Cold(folder) | Cache::Warm(folder) = cache {
            command.env("HANDFUL_CACHE_DIR", folder);
        }
        // Events are for machines that watch; this one reads the files.
        command.stdout(Stdio::null());
        let (time_s, ended) = timed(&mut command)?;
        let result = match ended {
            Some(how) => Err(how),
            None => measured(run, time_s),
        };
        Ok(Trial {
            set: set.name.clone(),
            program: "handful",
            cache: cache.name(),
            repeat,
            arguments: arguments.join(" "),
            result,
        })
    }

    fn train_peer(
        &self,
        python: &Path,
        set: &Set,
        cache: Cache,
        run: &Path,
        work: &Path,
        repeat: usize,
    ) -> Result<Trial, Failure> {
        let features = work.join("peer-features.npz");
        let output = run.with_extension("peer.json");
        remove(&output)?;
        let mut command = Command::new(python);
        command
            .arg(self.root.join("bench/peers/train_peer.py"))
            .arg(&set.path)
            .args(&self.peer_arguments);
        command
            .arg("--out")
            .arg(&output)
            .arg("--folds")
            .arg(run.join("folds.csv"))
            .stdout(Stdio::null());
        let is_warm = !matches!(cache, Cache::Cold(_)) && features.exists();
        command
            .arg(if is_warm { "--warm" } else { "--save-features" })
            .arg(&features);
        let (time_s, ended) = timed(&mut command)?;
        let result = match ended {
            Some(how) => Err(how),
            None => read_json(&output).map(|report| Measured {
                time_s,
                metrics: report["metrics"].clone(),
                timing: report["timing"].clone(),
            }),
        };
        Ok(Trial {
            set: set.name.clone(),
            program: "peer",
            cache: if is_warm { "warm" } else { "cold" },
            repeat,
            arguments: self.peer_arguments.join(" "),
            result,
        })
    }
}

/// Makes `folder` an empty folder.
pub fn empty(folder: &Path) -> Result<(), Failure> {
    remove(folder)?;
    fs::create_dir_all(folder).map_err(Failure::writing(folder))
}

/// Processor, cores, system and the program's version, for the raw numbers.
pub fn machine(binary: &Path) -> String {
    let processor = fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let n_cores = std::thread::available_parallelism().map_or(1, usize::from);
    let version = Command::new(binary)
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .unwrap_or_default();
    format!(
        "{processor}, {n_cores} cores, {}; {}",
        std::env::consts::OS,
        version.trim()
    )
}

/// Wall seconds of a command, and how it ended when it did not end well.
fn timed(command: &mut Command) -> Result<(f64, Option<String>), Failure> {
    let start = Instant::now();
    let status = command::run(command, "check the path and its rights")?;
    Ok((
        start.elapsed().as_secs_f64(),
        (!status.success()).then(|| status.to_string()),
    ))
}

fn measured(run: &Path, time_s: f64) -> Result<Measured, String> {
    let metrics = read_json(&run.join("metrics.json"))?;
    let timing = read_json(&run.join("timing.json")).unwrap_or(Value::Null);
    Ok(Measured {
        time_s,
        metrics,
        timing,
    })
}

fn read_json(path: &PathBuf) -> Result<Value, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let text = fs::read_to_string(path).map_err(|error| format!("`{name}`: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("`{name}`: {error}"))
}

/// Removes a file or a folder that may not exist.
fn remove(path: &Path) -> Result<(), Failure> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::writing(path)(error))
        }
        _ => Ok(()),
    }
}
