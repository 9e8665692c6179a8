//! A few photos of a class are drawn to learn from; others of the set judge.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::command;
use crate::failure::Failure;

/// Photos that judge.
const JUDGED_BY: &str = "1500";
/// Where lists are written, below the repository's root.
pub const WORK: &str = "target/bench/tuning";
const VENV: &str = "make a virtual environment with bench/peers/requirements.txt";

/// One draw of photos.
pub struct Draw {
    pub set: &'static str,
    pub of_a_class: usize,
    pub seed: usize,
}

impl Draw {
    /// The list of its photos: path, label, part (train or test).
    pub fn list(&self, root: &Path, data: &Path, python: &Path) -> Result<PathBuf, Failure> {
        let folder = root.join(WORK);
        fs::create_dir_all(&folder).map_err(Failure::writing(&folder))?;
        let name = format!("{}-{}-{}.csv", self.set, self.of_a_class, self.seed);
        let list = folder.join(name);
        let mut script = Command::new(python);
        script
            .arg(root.join("bench/peers/draw.py"))
            .arg(data.join(self.set))
            .arg(&list)
            .args(["--images", &self.of_a_class.to_string()])
            .args(["--test", JUDGED_BY, "--seed", &self.seed.to_string()])
            .stdout(Stdio::null());
        match command::run(&mut script, VENV)?.success() {
            true => Ok(list),
            false => Err(Failure::new("photos can't be drawn", list.display(), VENV)),
        }
    }

    /// The same as two lists that the program reads, beside it: those to learn from and those that judge.
    pub fn parts(&self, list: &Path, data: &Path) -> Result<[PathBuf; 2], Failure> {
        let text = fs::read_to_string(list).map_err(Failure::reading(list))?;
        let root = data.join(self.set);
        let parts = ["train", "test"].map(|part| {
            let row = |line: &str| {
                let (rest, of) = line.rsplit_once(',')?;
                (of == part).then(|| format!("{}/{rest}", root.display()))
            };
            let rows: Vec<String> = text.lines().filter_map(row).collect();
            let table = format!("path,label\n{}\n", rows.join("\n"));
            let path = list.with_file_name(format!("{part}.csv"));
            fs::write(&path, table).map_err(Failure::writing(&path))?;
            Ok(path)
        });
        let [learned, judging] = parts;
        Ok([learned?, judging?])
    }
}

/// To so many digits.
pub fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale
}

/// What a program prints as JSON in its last line.
pub fn printed(command: &mut Command) -> Result<Value, Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output();
    let output = output.map_err(|e| Failure::new(format!("cannot start `{name}`"), e, VENV))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    serde_json::from_str(last)
        .map_err(|e| Failure::new(format!("`{name}` printed no result"), e, "run it by hand"))
}
