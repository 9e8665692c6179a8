//! What does fine-tuning give on photos that nothing was fitted on? Few photos of a class are drawn, several times; the rest judges.
//!
//! Each draw is learned from with frozen features, at each depth, by the program's own choice, and by PyTorch where it is asked for.
//! Rows are kept as they come: a bench that was stopped goes on.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::command;
use crate::failure::{Failure, Outcome};

/// Sets by photos of a class, the most telling first: near natural photos, signs of hands, and small pictures; waste stands where
/// small-data.md A16 has it.
const DRAWS: [(usize, &[&str]); 3] = [
    (20, &["hands", "cifar10", "clothing", "waste"]),
    (10, &["hands", "cifar10", "clothing"]),
    (50, &["hands", "cifar10", "clothing"]),
];
const SEEDS: [usize; 3] = [0, 1, 2];
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
/// Photos that judge.
const JUDGED_BY: &str = "1500";
const WORK: &str = "target/bench/tuning";
const RAW: &str = "bench/results/tuning.csv";
const HEADER: &str = "set,of_a_class,seed,method,accuracy,test_images,seconds";
const VENV: &str = "make a virtual environment with bench/peers/requirements.txt";

/// One draw of photos.
struct Draw {
    set: &'static str,
    of_a_class: usize,
    seed: usize,
}

/// Runs what is missing in the file of raw numbers, and prints the table of all.
pub fn run(root: &Path, data: &Path, binary: &Path, python: &Path) -> Result<Outcome, Failure> {
    let mut built = command::example(root, "handful-learn", "tuning");
    // Without arguments it says how it is used: then it is built.
    command::run(built.stderr(Stdio::null()), "install Rust's cargo")?;
    let bench = Bench {
        root,
        data,
        binary,
        python,
        example: root.join("target/release/examples/tuning"),
    };
    // One draw of every set before the next, so that a bench that is stopped has something of each.
    for (of_a_class, sets) in DRAWS {
        for seed in SEEDS {
            for &set in sets {
                bench.learn(&Draw {
                    set,
                    of_a_class,
                    seed,
                })?;
            }
        }
    }
    print(&rows(&root.join(RAW))?);
    Ok(Outcome::Done)
}

struct Bench<'a> {
    root: &'a Path,
    data: &'a Path,
    binary: &'a Path,
    python: &'a Path,
    example: PathBuf,
}

/// Accuracy on the photos that judge, how many they are, and seconds.
type Found = (f64, usize, f64);

/// What a training starts from, what is half-way between that and what it comes to, and what it comes to.
struct OfRecipe {
    start: Found,
    half_way: Found,
    tuned: Found,
}

impl Bench<'_> {
    fn learn(&self, draw: &Draw) -> Result<(), Failure> {
        let known = rows(&self.root.join(RAW))?;
        let is_missing = |method: &str| {
            let key = (draw.set.to_owned(), draw.of_a_class, method.to_owned());
            !known
                .get(&key)
                .is_some_and(|of| of.contains_key(&draw.seed))
        };
        let list = self.draw(draw)?;
        for strategy in STRATEGIES {
            let method = format!("train, {strategy}");
            if is_missing(&method) {
                let found = self.train(draw, &list, strategy)?;
                self.keep(draw, &method, found)?;
            }
        }
        for (trains, rate) in RECIPES {
            let method = format!("{trains}@{rate}");
            if is_missing(&method) {
                let of_recipe = self.recipe(draw, &list, trains, rate)?;
                if is_missing(START) && trains == RECIPES[0].0 {
                    self.keep(draw, START, of_recipe.start)?;
                }
                self.keep(draw, &format!("{method}, half-way"), of_recipe.half_way)?;
                self.keep(draw, &method, of_recipe.tuned)?;
            }
        }
        if draw.of_a_class == PEER_OF_A_CLASS && is_missing(PEER) {
            let found = self.peer(draw, &list)?;
            self.keep(draw, PEER, found)?;
        }
        Ok(())
    }

    /// The list of a draw.
    fn draw(&self, draw: &Draw) -> Result<PathBuf, Failure> {
        let folder = self.root.join(WORK);
        fs::create_dir_all(&folder).map_err(Failure::writing(&folder))?;
        let list = folder.join(format!(
            "{}-{}-{}.csv",
            draw.set, draw.of_a_class, draw.seed
        ));
        let mut script = Command::new(self.python);
        script
            .arg(self.root.join("bench/peers/draw.py"))
            .arg(self.data.join(draw.set))
            .arg(&list)
            .args(["--images", &draw.of_a_class.to_string()])
            .args(["--test", JUDGED_BY, "--seed", &draw.seed.to_string()])
            .stdout(Stdio::null());
        match command::run(&mut script, VENV)?.success() {
            true => Ok(list),
            false => Err(Failure::new("photos can't be drawn", list.display(), VENV)),
        }
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
        example
            .arg(self.data.join(draw.set))
            .arg(list)
            .args([&recipe.to_string(), SIZE_PX]);
        let found = printed(&mut example)?;
        let number = |key: &str| found[key].as_f64().unwrap_or(f64::NAN);
        let seconds = ["seconds_features", "seconds_prefix", "seconds_training"];
        let seconds: f64 = seconds.into_iter().map(number).sum();
        let images = number("test") as usize;
        let half_way = found["by_alpha"][2]["accuracy"].as_f64();
        Ok(OfRecipe {
            start: (
                number("frozen_accuracy"),
                images,
                number("seconds_features"),
            ),
            half_way: (half_way.unwrap_or(f64::NAN), images, seconds),
            tuned: (number("accuracy"), images, seconds),
        })
    }

    /// The program's own choice, as a person gets it.
    fn train(&self, draw: &Draw, list: &Path, strategy: &str) -> Result<Found, Failure> {
        let folder = self.root.join(WORK);
        let [learned, judging] = ["train", "test"].map(|part| folder.join(format!("{part}.csv")));
        let text = fs::read_to_string(list).map_err(Failure::reading(list))?;
        for (part, path) in [("train", &learned), ("test", &judging)] {
            let root = self.data.join(draw.set);
            let row = |line: &str| {
                let (rest, of) = line.rsplit_once(',')?;
                (of == part).then(|| format!("{}/{rest}", root.display()))
            };
            let rows: Vec<String> = text.lines().filter_map(row).collect();
            let table = format!("path,label\n{}\n", rows.join("\n"));
            fs::write(path, table).map_err(Failure::writing(path))?;
        }
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
        Ok((accuracy, images as usize, seconds))
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
        Ok((
            number("accuracy"),
            number("test") as usize,
            seconds.into_iter().map(number).sum(),
        ))
    }

    fn keep(&self, draw: &Draw, method: &str, found: Found) -> Result<(), Failure> {
        let (accuracy, images, seconds) = found;
        let Draw {
            set,
            of_a_class,
            seed,
        } = draw;
        eprintln!(
            "{set}, {of_a_class} a class, seed {seed}, {method}: {accuracy:.4}, {seconds:.1} s"
        );
        let path = self.root.join(RAW);
        let is_new = !path.exists();
        let file = File::options().create(true).append(true).open(&path);
        let mut file = file.map_err(Failure::writing(&path))?;
        let header = if is_new {
            format!("{HEADER}\n")
        } else {
            String::new()
        };
        let row = format!(
            "{header}{set},{of_a_class},{seed},\"{method}\",{accuracy:.4},{images},{seconds:.1}\n"
        );
        file.write_all(row.as_bytes())
            .map_err(Failure::writing(&path))
    }
}

/// What a program prints as JSON in its last line.
fn printed(command: &mut Command) -> Result<Value, Failure> {
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

/// `(set, photos of a class, method)` to seed to what was found.
type Rows = BTreeMap<(String, usize, String), BTreeMap<usize, Found>>;

/// What is in the file of raw numbers; nothing where there is none yet.
fn rows(path: &Path) -> Result<Rows, Failure> {
    parsed(&fs::read_to_string(path).unwrap_or_default())
}

fn parsed(text: &str) -> Result<Rows, Failure> {
    let mut rows = Rows::new();
    let wrong = |line: &str| Failure::new("a row can't be read", line, "delete it");
    for line in text.lines().skip(1) {
        // The method stands in quotes, because it may hold a comma.
        let parts: Vec<&str> = line.split('"').collect();
        let [before, method, after] = parts[..] else {
            return Err(wrong(line));
        };
        let before: Vec<&str> = before.split(',').collect();
        let after: Vec<f64> = after.split(',').filter_map(|n| n.parse().ok()).collect();
        let ([set, of_a_class, seed, _], [accuracy, images, seconds]) = (&before[..], &after[..])
        else {
            return Err(wrong(line));
        };
        let number = |text: &str| text.parse::<usize>().map_err(|_| wrong(line));
        let key = ((*set).to_owned(), number(of_a_class)?, method.to_owned());
        let of_draw = rows.entry(key).or_default();
        of_draw.insert(number(seed)?, (*accuracy, *images as usize, *seconds));
    }
    Ok(rows)
}

/// Means over the draws, with the interval of one draw's test photos at the mean.
fn print(rows: &Rows) {
    println!("| set | of a class | method | accuracy (95 %) | draws | seconds |");
    println!("| --- | --: | --- | --- | --: | --: |");
    for ((set, of_a_class, method), found) in rows {
        let n = found.len() as f64;
        let mean = |value: fn(&Found) -> f64| found.values().map(value).sum::<f64>() / n;
        let (accuracy, images) = (mean(|f| f.0), mean(|f| f.1 as f64));
        let half = 1.96 * (accuracy * (1.0 - accuracy) / images).sqrt();
        println!(
            "| {set} | {of_a_class} | {method} | {:.1} (±{:.1}) | {} | {:.0} |",
            100.0 * accuracy,
            100.0 * half,
            found.len(),
            mean(|f| f.2)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_they_are_written() {
        let text = format!(
            "{HEADER}\nhands,20,0,\"last-2\",0.9290,854,48.0\nhands,20,1,\"train, auto\",0.9555,854,620.5\n"
        );
        let rows = parsed(&text).unwrap();
        let of = |method: &str| &rows[&("hands".to_owned(), 20, method.to_owned())];
        assert_eq!(of("last-2")[&0], (0.929, 854, 48.0));
        assert_eq!(of("train, auto")[&1], (0.9555, 854, 620.5));
        assert!(parsed(&format!("{HEADER}\nhands,20,last\n")).is_err());
    }
}
