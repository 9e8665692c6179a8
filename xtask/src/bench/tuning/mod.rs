//! What does fine-tuning give on photos that nothing was fitted on? Few photos of a class are drawn, several times; the rest judges.
//!
//! Each draw is learned from with frozen features, at each depth, by the program's own choice, and by PyTorch where it is asked for.
//! Rows are kept as they come: a bench that was stopped goes on.

mod rows;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use super::draws::{self, Draw, printed, rounded};
use crate::command;
use crate::failure::{Failure, Outcome};
use rows::{Row, Rows};

/// Sets by photos of a class, the most telling first: near natural photos, signs of hands, and small pictures; waste stands where
/// small-data.md A16 has it.
const DRAWS: [(usize, &[&str]); 3] = [
    (20, &["hands", "cifar10", "clothing", "waste"]),
    (10, &["hands", "cifar10", "clothing"]),
    (50, &["hands", "cifar10", "clothing"]),
];
/// Rates were chosen on the draws of seed 0.
const SEEDS: [usize; 3] = [1, 2, 3];
/// What learns, and at which rate: for each depth the one that did best on the draws that chose it.
const RECIPES: [(&str, f64); 4] = [
    ("norms", 1e-3),
    ("last", 1e-3),
    ("last-2", 3e-4),
    ("all", 3e-4),
];
/// A logistic head on the last stage: what all of them start from.
const START: &str = "start";
/// What a person gets, by `--strategy`.
const STRATEGIES: [&str; 2] = ["frozen", "auto"];
/// The peer, which learns all of the network.
const PEER: &str = "PyTorch, all@0.0003";
/// Photos of a class at which the peer runs, too.
const PEER_OF_A_CLASS: usize = 20;
const SIZE_PX: &str = "128";
const RAW: &str = "bench/results/tuning.csv";

/// Runs what is missing in the file of raw numbers, and prints the table of all.
pub fn run(root: &Path, data: &Path, binary: &Path, python: &Path) -> Result<Outcome, Failure> {
    let mut built = command::example(root, "handful-learn", "tuning");
    // Without arguments it says how it is used: then it is built.
    command::run(built.stderr(Stdio::null()), "install Rust's cargo")?;
    let mut bench = Bench {
        rows: Rows::read(&root.join(RAW))?,
        root,
        data,
        binary,
        python,
        example: root.join("target/release/examples/tuning"),
    };
    // One draw of every set before the next, so that a bench that is stopped has something of each.
    let draws = DRAWS.iter().flat_map(|&(of_a_class, sets)| {
        SEEDS.into_iter().flat_map(move |seed| {
            sets.iter().map(move |&set| Draw {
                set,
                of_a_class,
                seed,
            })
        })
    });
    let draws: Vec<Draw> = draws.collect();
    draws.iter().try_for_each(|draw| bench.learn(draw))?;
    // The peer comes last: it takes longest.
    let of_peer = draws
        .iter()
        .filter(|draw| draw.of_a_class == PEER_OF_A_CLASS);
    of_peer
        .into_iter()
        .try_for_each(|draw| bench.learn_in_peer(draw))?;
    print!("{}", bench.rows.table());
    Ok(Outcome::Done)
}

struct Bench<'a> {
    root: &'a Path,
    data: &'a Path,
    binary: &'a Path,
    python: &'a Path,
    example: PathBuf,
    rows: Rows,
}

/// What a method made of a draw.
#[derive(Clone, Copy)]
struct Found {
    accuracy: f64,
    test_images: usize,
    seconds: f64,
    /// What was claimed out of fold: value, low, high.
    claimed: Option<[f64; 3]>,
}

/// What a training starts from, what is half-way between that and what it comes to, and what it comes to.
struct OfRecipe {
    start: Found,
    half_way: Found,
    tuned: Found,
}

impl Bench<'_> {
    fn learn(&mut self, draw: &Draw) -> Result<(), Failure> {
        let Draw {
            set,
            of_a_class,
            seed,
        } = *draw;
        let list = draw.list(self.root, self.data, self.python)?;
        for strategy in STRATEGIES {
            let method = format!("train, {strategy}");
            if self.rows.lacks(set, of_a_class, seed, &method) {
                let found = self.train(draw, &list, strategy)?;
                self.keep(draw, &method, found)?;
            }
        }
        for (trains, rate) in RECIPES {
            let method = format!("{trains}@{rate}");
            if self.rows.lacks(set, of_a_class, seed, &method) {
                let of_recipe = self.recipe(draw, &list, trains, rate)?;
                if self.rows.lacks(set, of_a_class, seed, START) && trains == RECIPES[0].0 {
                    self.keep(draw, START, of_recipe.start)?;
                }
                self.keep(draw, &format!("{method}, half-way"), of_recipe.half_way)?;
                self.keep(draw, &method, of_recipe.tuned)?;
            }
        }
        Ok(())
    }

    fn learn_in_peer(&mut self, draw: &Draw) -> Result<(), Failure> {
        if !self.rows.lacks(draw.set, draw.of_a_class, draw.seed, PEER) {
            return Ok(());
        }
        let list = draw.list(self.root, self.data, self.python)?;
        let found = self.peer(draw, &list)?;
        self.keep(draw, PEER, found)
    }

    /// One training of one recipe.
    fn recipe(
        &self,
        draw: &Draw,
        list: &Path,
        trains: &str,
        rate: f64,
    ) -> Result<OfRecipe, Failure> {
        let recipe = serde_json::json!({ "trains": trains, "learning_rate": rate });
        let mut example = Command::new(&self.example);
        example.arg(self.data.join(draw.set)).arg(list).args([
            &recipe.to_string(),
            "--px",
            SIZE_PX,
        ]);
        let found = printed(&mut example)?;
        let number = |key: &str| found[key].as_f64().unwrap_or(f64::NAN);
        let seconds = ["seconds_features", "seconds_prefix", "seconds_training"];
        let seconds: f64 = seconds.into_iter().map(number).sum();
        let images = number("test") as usize;
        let half_way = found["by_alpha"][2]["accuracy"].as_f64();
        let of = |accuracy: f64, seconds: f64| Found {
            accuracy,
            test_images: images,
            seconds,
            claimed: None,
        };
        Ok(OfRecipe {
            start: of(number("frozen_accuracy"), number("seconds_features")),
            half_way: of(half_way.unwrap_or(f64::NAN), seconds),
            tuned: of(number("accuracy"), seconds),
        })
    }

    /// The program's own choice, as a person gets it.
    fn train(&self, draw: &Draw, list: &Path, strategy: &str) -> Result<Found, Failure> {
        let folder = self.root.join(draws::WORK);
        let [learned, judging] = draw.parts(list, self.data)?;
        let run = folder.join("run");
        let _ = fs::remove_dir_all(&run);
        let started = Instant::now();
        let mut train = Command::new(self.binary);
        train
            .arg("train")
            .arg(&learned)
            .arg("--test")
            .arg(&judging)
            .arg("--out")
            .arg(&run)
            .args(["--strategy", strategy, "--no-cache", "--quiet", "--json"])
            .stdout(Stdio::null());
        if !command::run(&mut train, "build it with `cargo build --release`")?.success() {
            let what = format!("`train --strategy {strategy}` failed");
            return Err(Failure::new(what, list.display(), "run it by hand"));
        }
        let seconds = started.elapsed().as_secs_f64();
        let path = run.join("metrics.json");
        let text = fs::read_to_string(&path).map_err(Failure::reading(&path))?;
        let metrics: Value = serde_json::from_str(&text)
            .map_err(|e| Failure::new("metrics can't be read", e, "report it"))?;
        let test = &metrics["test"];
        let accuracy = test["accuracy"]["value"].as_f64().unwrap_or(f64::NAN);
        let images = test["images"].as_u64().unwrap_or(0);
        let of = |key: &str| metrics["accuracy"][key].as_f64().unwrap_or(f64::NAN);
        Ok(Found {
            accuracy,
            test_images: images as usize,
            seconds,
            claimed: Some(["value", "low", "high"].map(of)),
        })
    }

    fn peer(&self, draw: &Draw, list: &Path) -> Result<Found, Failure> {
        let mut script = Command::new(self.python);
        script
            .arg(self.root.join("bench/peers/finetune.py"))
            .arg("--images")
            .arg(list)
            .arg("--root")
            .arg(self.data.join(draw.set))
            .args(["--size", SIZE_PX, "--train", "all", "--views", "--json"]);
        let found = printed(&mut script)?;
        let number = |key: &str| found[key].as_f64().unwrap_or(f64::NAN);
        let seconds = ["seconds_features", "seconds_head", "seconds_training"];
        Ok(Found {
            accuracy: number("accuracy"),
            test_images: number("test") as usize,
            seconds: seconds.into_iter().map(number).sum(),
            claimed: None,
        })
    }

    fn keep(&mut self, draw: &Draw, method: &str, found: Found) -> Result<(), Failure> {
        let Draw {
            set,
            of_a_class,
            seed,
        } = *draw;
        let Found {
            accuracy,
            test_images,
            seconds,
            claimed,
        } = found;
        eprintln!(
            "{set}, {of_a_class} a class, seed {seed}, {method}: {accuracy:.4}, {seconds:.1} s"
        );
        self.rows.keep(Row {
            set: set.to_owned(),
            of_a_class,
            seed,
            method: method.to_owned(),
            accuracy: rounded(accuracy, 4),
            test_images,
            seconds: rounded(seconds, 1),
            claimed: claimed.map(|[value, ..]| rounded(value, 4)),
            low: claimed.map(|[_, low, _]| rounded(low, 4)),
            high: claimed.map(|[.., high]| rounded(high, 4)),
        })
    }
}
