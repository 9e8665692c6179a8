//! How are the results shown, and what is kept of them?
//!
//! The table has a row for each set, program and cache: accuracies of the first run (they don't depend on the run),
//! median and range of seconds, the largest peak of memory. The CSV has a row for each run.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::failure::Failure;

use super::run::{Measured, Trial};

/// Where raw numbers are kept, below the repository's root.
const RESULTS: &str = "bench/results";

/// The Markdown table, one row for each set, program and cache, in the order of the trials.
pub fn markdown(trials: &[Trial]) -> String {
    let mut page = String::from(
        "| set | program, cache | images | classes | majority | HOG control | winner | accuracy (95 %) | scenes apart / independent | \
         test accuracy | test − out of fold | seconds | peak MB |\n\
         | --- | --- | --: | --: | --: | --: | --- | --- | --- | --- | --- | --: | --: |\n",
    );
    let mut rows: Vec<Vec<&Trial>> = Vec::new();
    for trial in trials {
        let same = |row: &&mut Vec<&Trial>| {
            (&row[0].set, row[0].program, row[0].cache) == (&trial.set, trial.program, trial.cache)
        };
        match rows.iter_mut().find(same) {
            Some(row) => row.push(trial),
            None => rows.push(vec![trial]),
        }
    }
    for row in rows {
        let (first, good) = (
            row[0],
            row.iter()
                .filter_map(|trial| trial.result.as_ref().ok())
                .collect::<Vec<_>>(),
        );
        // Panics can't happen: a String takes every write.
        let _ = write!(
            page,
            "| {} | {}, {} ",
            first.set, first.program, first.cache
        );
        let Some(measured) = good.first() else {
            let how = first.result.as_ref().err().map_or("no run", String::as_str);
            let _ = writeln!(page, "| {how} | {} |", ["–"; 10].join(" | "));
            continue;
        };
        let metrics = &measured.metrics;
        let peak = good
            .iter()
            .filter_map(|measured| measured.peak_rss_bytes())
            .fold(f64::NAN, f64::max);
        let cells = [
            count(metrics.get("images")),
            count(metrics.get("classes")),
            percent(metrics.get("majority_accuracy")),
            with_interval(metrics.get("hog_accuracy")),
            winner(metrics),
            with_interval(metrics.get("accuracy")),
            scenes(metrics),
            with_interval(metrics.pointer("/test/accuracy")),
            with_interval(metrics.pointer("/test/difference")),
            seconds(&good),
            if peak.is_nan() {
                "–".to_owned()
            } else {
                format!("{:.0}", peak / 1e6)
            },
        ];
        let _ = writeln!(page, "| {} |", cells.join(" | "));
    }
    page
}

/// What photos of one scene do to the accuracy, and whether the signals agree that they are.
fn scenes(metrics: &Value) -> String {
    let Some(scenes) = metrics.get("scenes").filter(|scenes| scenes.is_object()) else {
        return "–".to_owned();
    };
    let word = if scenes.get("agree") == Some(&Value::Bool(true)) {
        "signals agree"
    } else {
        "signals disagree"
    };
    format!(
        "{} / {}, {word}",
        percent(scenes.pointer("/accuracy/value")),
        percent(scenes.pointer("/independent/value"))
    )
}

/// Writes the raw numbers into a new file named by date and what was run; returns its path.
pub fn keep(root: &Path, what: &str, machine: &str, trials: &[Trial]) -> Result<PathBuf, Failure> {
    let folder = root.join(RESULTS);
    fs::create_dir_all(&folder).map_err(Failure::writing(&folder))?;
    let name = format!("{}-{what}", today());
    let mut path = folder.join(format!("{name}.csv"));
    // A second run of a day is another measurement, so the first one stays.
    for n in 2.. {
        if !path.exists() {
            break;
        }
        path = folder.join(format!("{name}-{n}.csv"));
    }
    fs::write(&path, raw(machine, trials)).map_err(Failure::writing(&path))?;
    Ok(path)
}

/// Columns of the raw numbers that are read from `metrics.json`, by JSON pointer.
const METRICS: &[(&str, &str)] = &[
    ("images", "/images"),
    ("classes", "/classes"),
    ("groups", "/groups"),
    ("majority_accuracy", "/majority_accuracy"),
    ("hog_accuracy", "/hog_accuracy/value"),
    ("hog_low", "/hog_accuracy/low"),
    ("hog_high", "/hog_accuracy/high"),
    ("accuracy", "/accuracy/value"),
    ("accuracy_low", "/accuracy/low"),
    ("accuracy_high", "/accuracy/high"),
    ("scenes_apart", "/scenes/accuracy/value"),
    ("independent", "/scenes/independent/value"),
    ("scene_groups", "/scenes/groups"),
    ("scene_photos", "/scenes/photos"),
    ("scenes_agree", "/scenes/agree"),
    ("balanced_accuracy", "/balanced_accuracy/value"),
    ("log_loss", "/log_loss"),
    ("ece", "/ece"),
    ("train_accuracy", "/train_accuracy"),
    ("test_images", "/test/images"),
    ("test_accuracy", "/test/accuracy/value"),
    ("test_low", "/test/accuracy/low"),
    ("test_high", "/test/accuracy/high"),
    ("difference", "/test/difference/value"),
    ("difference_low", "/test/difference/low"),
    ("difference_high", "/test/difference/high"),
    ("seed", "/seed"),
];

fn raw(machine: &str, trials: &[Trial]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header = vec![
        "set",
        "program",
        "cache",
        "run",
        "arguments",
        "ended",
        "seconds",
        "peak_rss_bytes",
        "winner",
    ];
    header.extend(METRICS.iter().map(|(name, _)| *name));
    header.push("machine");
    let rows = trials.iter().map(|trial| {
        let measured = trial.result.as_ref().ok();
        let metrics = measured.map_or(&Value::Null, |measured| &measured.metrics);
        let mut row = vec![
            trial.set.clone(),
            trial.program.to_owned(),
            trial.cache.to_owned(),
            (trial.repeat + 1).to_string(),
            trial.arguments.clone(),
            trial
                .result
                .as_ref()
                .err()
                .map_or("well", String::as_str)
                .to_owned(),
            measured.map_or(String::new(), |measured| format!("{:.3}", measured.time_s)),
            measured
                .and_then(Measured::peak_rss_bytes)
                .map_or(String::new(), |bytes| format!("{bytes:.0}")),
            winner(metrics),
        ];
        row.extend(
            METRICS
                .iter()
                .map(|(_, pointer)| match metrics.pointer(pointer) {
                    // `classes` may be a list of names.
                    Some(Value::Array(names)) => names.len().to_string(),
                    Some(Value::Number(number)) => number.to_string(),
                    _ => String::new(),
                }),
        );
        row.push(machine.to_owned());
        row
    });
    writer
        .write_record(&header)
        .expect("a Vec takes every write");
    for row in rows {
        writer
            .write_record(&row)
            .expect("every row has the header's columns");
    }
    writer.into_inner().expect("a Vec takes every write")
}

fn count(value: Option<&Value>) -> String {
    match value {
        Some(Value::Array(names)) => names.len().to_string(),
        Some(Value::Number(number)) => number.to_string(),
        _ => "–".to_owned(),
    }
}

fn percent(value: Option<&Value>) -> String {
    value
        .and_then(Value::as_f64)
        .map_or("–".to_owned(), |share| format!("{:.1}", share * 100.0))
}

/// `{value, low, high}` as `81.9 (79.0 to 84.5)`; a bare number without the brackets.
fn with_interval(value: Option<&Value>) -> String {
    let part = |name: &str| Some(value?.get(name)?.as_f64()? * 100.0);
    match (part("value"), part("low"), part("high")) {
        (Some(value), Some(low), Some(high)) => format!("{value:.1} ({low:.1} to {high:.1})"),
        (Some(value), ..) => format!("{value:.1}"),
        _ => percent(value),
    }
}

/// The winner's name, whether it stands alone or in an object.
fn winner(metrics: &Value) -> String {
    let winner = &metrics["winner"];
    let name = winner
        .as_str()
        .or_else(|| winner["candidate"].as_str())
        .or_else(|| winner["name"].as_str());
    name.unwrap_or("–").to_owned()
}

/// Median, and the range when there is more than one run.
fn seconds(good: &[&Measured]) -> String {
    let mut times: Vec<f64> = good.iter().map(|measured| measured.time_s).collect();
    times.sort_by(f64::total_cmp);
    let (first, last) = (times[0], times[times.len() - 1]);
    let median = f64::midpoint(times[(times.len() - 1) / 2], times[times.len() / 2]);
    if times.len() == 1 {
        format!("{median:.1}")
    } else {
        format!("{median:.1} ({first:.1} to {last:.1})")
    }
}

/// The date as `2026-11-24`, from the system's own `date`.
fn today() -> String {
    let output = Command::new("date").arg("+%F").output().ok();
    let text = output
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .unwrap_or_default();
    if text.trim().is_empty() {
        "undated".to_owned()
    } else {
        text.trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn trial(cache: &'static str, repeat: usize, result: Result<f64, &str>) -> Trial {
        let metrics = json!({
            "images": 275, "classes": ["covid19", "other"], "majority_accuracy": 0.731, "winner": "ridge 128",
            "accuracy": {"value": 0.75, "low": 0.67, "high": 0.81},
            "hog_accuracy": {"value": 0.7, "low": 0.6, "high": 0.8},
            "test": {"images": 40, "accuracy": {"value": 0.7, "low": 0.5, "high": 0.8},
                     "difference": {"value": -0.05, "low": -0.2, "high": 0.1}},
        });
        let result = result
            .map(|time_s| Measured {
                time_s,
                metrics,
                timing: json!({"peak_rss_bytes": 512_000_000_u64}),
            })
            .map_err(str::to_owned);
        Trial {
            set: "xray".into(),
            program: "handful",
            cache,
            repeat,
            arguments: "--seed 1".into(),
            result,
        }
    }

    #[test]
    fn repeats_share_a_row_with_their_median_and_range() {
        let trials = [
            trial("cold", 0, Ok(3.0)),
            trial("warm", 0, Ok(1.0)),
            trial("cold", 1, Ok(5.0)),
        ];
        let page = markdown(&trials);
        let rows: Vec<_> = page.lines().skip(2).collect();
        assert_eq!(
            rows[0],
            "| xray | handful, cold | 275 | 2 | 73.1 | 70.0 (60.0 to 80.0) | ridge 128 | 75.0 (67.0 to 81.0) | – | \
             70.0 (50.0 to 80.0) | -5.0 (-20.0 to 10.0) | 4.0 (3.0 to 5.0) | 512 |"
        );
        assert_eq!(rows.len(), 2);
    }

    #[test]
    fn a_run_that_ended_badly_stays_in_the_table() {
        let page = markdown(&[trial("as is", 0, Err("exit status: 3"))]);
        let row = page.lines().nth(2).expect("there is a row");
        assert!(row.contains("exit status: 3"), "{row}");
        assert_eq!(
            row.matches('|').count(),
            page.lines().next().expect("a header").matches('|').count()
        );
    }

    #[test]
    fn raw_numbers_have_a_row_a_run_and_keep_what_failed() {
        let bytes = raw(
            "a machine",
            &[
                trial("cold", 0, Ok(3.0)),
                trial("cold", 1, Err("exit status: 5")),
            ],
        );
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let header = reader.headers().expect("there is a header").clone();
        let rows: Vec<_> = reader
            .records()
            .map(|row| row.expect("the row is whole"))
            .collect();
        let column = |name: &str| {
            header
                .iter()
                .position(|column| column == name)
                .expect("the column exists")
        };
        assert_eq!(rows.len(), 2);
        assert_eq!(&rows[0][column("classes")], "2");
        assert_eq!(&rows[0][column("accuracy_low")], "0.67");
        assert_eq!(&rows[1][column("ended")], "exit status: 5");
        assert_eq!(&rows[1][column("seconds")], "");
    }
}
