//! What do policies of views give on photos that nothing was fitted on? One recipe, all of the network, learns each draw with each policy;
//! the same photos judge, so that policies are compared photo by photo.
//!
//! Guards see the photos to learn from alone. Rows are kept as they come: a bench that was stopped goes on.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::draws::{self, Draw, printed, rounded};
use super::raw;
use crate::command;
use crate::failure::{Failure, Outcome};

/// Far from natural photos, small ones, near ones.
const SETS: [&str; 3] = ["hands", "cifar10", "clothing"];
const OF_A_CLASS: [usize; 2] = [20, 50];
const SEEDS: [usize; 3] = [1, 2, 3];
const SIZE_PX: &str = "128";
const RAW: &str = "bench/results/views.csv";
/// Turns by any angle, upside down, and five times the light: what nobody's photos look like.
const EXTREME: &str = "bench/policies/extreme.toml";

/// What makes views.
#[derive(Clone, Copy)]
enum By {
    /// Nothing: each photo as it is.
    Nothing,
    /// Windows of a slightly wider square.
    Windows,
    /// A built-in policy, or one in a file of the repository, as it is.
    Given(&'static str),
    /// What `handful augment` leaves of it on the photos to learn from.
    Guarded(&'static str),
    /// What it proposes for them.
    Fitted(&'static str),
}

/// The first is what all others are compared with.
const POLICIES: [(&str, By); 9] = [
    ("none", By::Nothing),
    ("windows", By::Windows),
    ("usual", By::Given("usual")),
    ("trivial_augment_wide", By::Given("trivial_augment_wide")),
    (
        "trivial_augment_wide, guarded",
        By::Guarded("trivial_augment_wide"),
    ),
    ("fitted: safe", By::Fitted("safe")),
    ("fitted: one", By::Fitted("one")),
    ("fitted: two", By::Fitted("two")),
    ("extreme", By::Given(EXTREME)),
];

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Row {
    set: String,
    of_a_class: usize,
    seed: usize,
    policy: String,
    accuracy: f64,
    /// Half-way between the frozen model and the trained one.
    half_way: f64,
    test_images: usize,
    seconds: f64,
    /// Which photos are right, four a digit, in the order of the list.
    hits: String,
}

/// Runs what is missing in the file of raw numbers, and prints the table of all.
pub fn run(root: &Path, data: &Path, binary: &Path, python: &Path) -> Result<Outcome, Failure> {
    let mut built = command::example(root, "handful-learn", "tuning");
    // Without arguments it says how it is used: then it is built.
    command::run(built.stderr(Stdio::null()), "install Rust's cargo")?;
    let file = root.join(RAW);
    let mut rows: Vec<Row> = raw::read(&file)?;
    for of_a_class in OF_A_CLASS {
        for seed in SEEDS {
            for set in SETS {
                let draw = Draw {
                    set,
                    of_a_class,
                    seed,
                };
                let list = draw.list(root, data, python)?;
                for (name, by) in POLICIES {
                    let is_it = |row: &Row| {
                        (row.set.as_str(), row.of_a_class, row.seed) == (set, of_a_class, seed)
                            && row.policy == name
                    };
                    if rows.iter().any(is_it) {
                        continue;
                    }
                    let bench = Bench {
                        root,
                        data,
                        binary,
                        draw: &draw,
                        list: &list,
                    };
                    let row = bench.learn(name, by)?;
                    eprintln!(
                        "{set}, {of_a_class} a class, seed {seed}, {name}: {:.4}, {:.1} s",
                        row.accuracy, row.seconds
                    );
                    raw::keep(&file, &row)?;
                    rows.push(row);
                }
            }
        }
    }
    print!("{}\n{}", table(&rows), over_draws(&rows));
    Ok(Outcome::Done)
}

struct Bench<'a> {
    root: &'a Path,
    data: &'a Path,
    binary: &'a Path,
    draw: &'a Draw,
    list: &'a Path,
}

impl Bench<'_> {
    fn learn(&self, name: &str, by: By) -> Result<Row, Failure> {
        let policy = match by {
            By::Windows => None,
            By::Nothing => Some(json!({ "name": "none" })),
            By::Given(path) if path.ends_with(".toml") => Some(policy(&self.root.join(path))?),
            By::Given(built_in) => Some(policy(&self.built_in(built_in)?)?),
            By::Guarded(built_in) => Some(policy(&self.guarded(built_in)?.join("policy.toml"))?),
            By::Fitted(fitted) => {
                let folder = self.guarded("trivial_augment_wide")?;
                Some(policy(&folder.join(format!("fitted-{fitted}.toml")))?)
            }
        };
        let mut recipe = json!({ "trains": "all", "learning_rate": 3e-4 });
        if let Some(policy) = policy {
            recipe["policy"] = policy;
        }
        let mut example = Command::new(self.root.join("target/release/examples/tuning"));
        example
            .arg(self.data.join(self.draw.set))
            .arg(self.list)
            .args([&recipe.to_string(), "--px", SIZE_PX]);
        let found = printed(&mut example)?;
        let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
        Ok(Row {
            set: self.draw.set.into(),
            of_a_class: self.draw.of_a_class,
            seed: self.draw.seed,
            policy: name.into(),
            accuracy: rounded(number(&found["accuracy"]), 4),
            half_way: rounded(number(&found["by_alpha"][2]["accuracy"]), 4),
            test_images: number(&found["test"]) as usize,
            seconds: rounded(number(&found["seconds_training"]), 1),
            hits: found["hits"].as_str().unwrap_or_default().into(),
        })
    }

    /// The folder that `handful augment` made of the photos to learn from; made once a draw.
    fn guarded(&self, built_in: &str) -> Result<PathBuf, Failure> {
        let [learned, _] = self.draw.parts(self.list, self.data)?;
        let name = format!(
            "{}-{}-{}-augment",
            self.draw.set, self.draw.of_a_class, self.draw.seed
        );
        let out = self.root.join(draws::WORK).join(name);
        if out.is_dir() {
            return Ok(out);
        }
        self.augment(&learned, &out, &["--policy", built_in])?;
        Ok(out)
    }

    /// A built-in policy as a file.
    fn built_in(&self, name: &str) -> Result<PathBuf, Failure> {
        let file = self.root.join(draws::WORK).join(format!("{name}.toml"));
        if !file.exists() {
            let [learned, _] = self.draw.parts(self.list, self.data)?;
            let out = self.root.join(draws::WORK).join("unguarded");
            let _ = fs::remove_dir_all(&out);
            let path = file.display().to_string();
            let whole = [
                "--policy",
                name,
                "--allow",
                "all",
                "--only",
                "horizontal_flip",
            ];
            let arguments = [&whole[..], &["--save-policy", &path]].concat();
            self.augment(&learned, &out, &arguments)?;
        }
        Ok(file)
    }

    fn augment(&self, photos: &Path, out: &Path, arguments: &[&str]) -> Result<(), Failure> {
        let mut augment = Command::new(self.binary);
        augment
            .arg("augment")
            .arg(photos)
            .arg("--out")
            .arg(out)
            .args(arguments)
            .args(["--no-cache", "--quiet"])
            .stdout(Stdio::null());
        match command::run(&mut augment, "build it with `cargo build --release`")?.success() {
            true => Ok(()),
            false => Err(Failure::new(
                "`handful augment` failed",
                photos.display(),
                "run it by hand",
            )),
        }
    }
}

/// A policy's file as a record.
fn policy(path: &Path) -> Result<Value, Failure> {
    let text = fs::read_to_string(path).map_err(Failure::reading(path))?;
    toml::from_str(&text).map_err(|e| Failure::new("a policy can't be read", e, "report it"))
}

/// Per cent right, and points more than without any policy on the same photos with a 95 % interval; draws together.
fn table(rows: &[Row]) -> String {
    let mut out = String::from(
        "| photos | draws | policy | right | against none (95 %) | s |\n| --- | --: | --- | --: | --: | --: |\n",
    );
    for of_a_class in OF_A_CLASS {
        for set in SETS {
            let of = |policy: &str| -> BTreeMap<usize, &Row> {
                let mine = rows.iter().filter(|row| {
                    (row.set.as_str(), row.of_a_class, row.policy.as_str())
                        == (set, of_a_class, policy)
                });
                mine.map(|row| (row.seed, row)).collect()
            };
            let none = of("none");
            for (policy, _) in POLICIES {
                let mine = of(policy);
                let pairs: Vec<(&Row, &Row)> = mine
                    .iter()
                    .filter_map(|(seed, row)| Some((*row, *none.get(seed)?)))
                    .collect();
                if pairs.is_empty() {
                    continue;
                }
                let n = pairs.len() as f64;
                let right = 100.0 * pairs.iter().map(|(row, _)| row.accuracy).sum::<f64>() / n;
                let seconds = pairs.iter().map(|(row, _)| row.seconds).sum::<f64>() / n;
                let against = match policy == POLICIES[0].0 {
                    true => String::new(),
                    false => {
                        let (points, half) = paired(&pairs);
                        format!("{points:+.1} ± {half:.1}")
                    }
                };
                out += &format!(
                    "| {set}, {of_a_class} a class | {} | {policy} | {right:.1} | {against} | {seconds:.0} |\n",
                    pairs.len()
                );
            }
        }
    }
    out
}

/// Points more than without any policy and than windows, each draw of each set as one number: what holds on further draws and sets like these.
fn over_draws(rows: &[Row]) -> String {
    let mut out = String::from(
        "| policy | draws | against none | against windows |\n| --- | --: | --: | --: |\n",
    );
    for (policy, _) in POLICIES {
        let draw = |row: &Row| (row.set.clone(), row.of_a_class, row.seed);
        let against = |other: &str| -> Vec<f64> {
            let mine = rows.iter().filter(|row| row.policy == policy);
            let points = mine.filter_map(|mine| {
                let is_twin = |row: &&Row| row.policy == other && draw(row) == draw(mine);
                let twin = rows.iter().find(is_twin)?;
                Some(100.0 * (mine.accuracy - twin.accuracy))
            });
            points.collect()
        };
        let told = |points: &[f64]| match spread(points) {
            Some((mean, half)) => format!("{mean:+.1} ± {half:.1}"),
            None => String::new(),
        };
        let (none, windows) = (against("none"), against("windows"));
        out += &format!(
            "| {policy} | {} | {} | {} |\n",
            none.len(),
            told(&none),
            told(&windows)
        );
    }
    out
}

/// Mean and twice its standard error; none of fewer than two, or where all are the same.
fn spread(points: &[f64]) -> Option<(f64, f64)> {
    let (mean, error) = mean_and_error(points);
    (error > 0.0).then_some((mean, 2.0 * error))
}

/// Mean and its standard error, which is no number of fewer than two.
fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// Mean of the photos' differences over all draws, in points, and half of its interval: of the photos that judge, at the draws at hand.
fn paired(pairs: &[(&Row, &Row)]) -> (f64, f64) {
    const Z95: f64 = 1.96;
    let bits = |row: &Row| -> Vec<f64> {
        let digits = row.hits.chars().filter_map(|c| c.to_digit(16));
        let four = |digit: u32| (0..4).rev().map(move |bit| f64::from(digit >> bit & 1));
        digits.flat_map(four).take(row.test_images).collect()
    };
    let differences: Vec<f64> = pairs
        .iter()
        .flat_map(|(row, none)| {
            let (a, b) = (bits(row), bits(none));
            a.into_iter()
                .zip(b)
                .map(|(a, b)| a - b)
                .collect::<Vec<f64>>()
        })
        .collect();
    let (mean, error) = mean_and_error(&differences);
    (100.0 * mean, 100.0 * Z95 * error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_twice_the_standard_error_and_needs_two_draws() {
        // Deviations of 1, 0 and 1: a variance of 1 over three draws.
        let (mean, half) = spread(&[1.0, 2.0, 3.0]).unwrap();
        assert!((mean - 2.0).abs() < 1e-12 && (half - 2.0 / 3.0f64.sqrt()).abs() < 1e-12);
        assert_eq!(spread(&[1.0]), None);
        assert_eq!(spread(&[0.0, 0.0]), None);
    }

    #[test]
    fn policies_are_compared_photo_by_photo() {
        let row = |hits: &str| Row {
            set: "hands".into(),
            of_a_class: 20,
            seed: 1,
            policy: String::new(),
            accuracy: 0.0,
            half_way: 0.0,
            test_images: 6,
            seconds: 0.0,
            hits: hits.into(),
        };
        // 111101 against 101001: two more of six.
        let (points, half) = paired(&[(&row("f4"), &row("a4"))]);
        assert!((points - 100.0 / 3.0).abs() < 1e-9, "{points}");
        let variance: f64 = (2.0 * (2.0f64 / 3.0).powi(2) + 4.0 / 9.0) / 5.0;
        assert!((half - 196.0 * (variance / 6.0).sqrt()).abs() < 1e-9);
    }
}
