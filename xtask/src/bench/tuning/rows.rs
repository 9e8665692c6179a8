//! What came of the draws, one row a method: kept as it comes, read again by a bench that goes on, and printed as a table.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::bench::raw;
use crate::failure::Failure;

/// What a method made of a draw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Name of the set.
    pub set: String,
    /// Photos of a class that were learned from.
    pub of_a_class: usize,
    /// Seed of the draw.
    pub seed: usize,
    /// What learned, and how.
    pub method: String,
    /// Share of the photos that judge it got right.
    pub accuracy: f64,
    /// How many those are.
    pub test_images: usize,
    /// What it took, without judging where the method tells.
    pub seconds: f64,
    /// The accuracy that was claimed before, out of fold, and its interval.
    pub claimed: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
}

/// The file of raw numbers.
pub struct Rows {
    path: PathBuf,
    pub all: Vec<Row>,
}

impl Rows {
    /// What is there; nothing where there is none yet.
    pub fn read(path: &Path) -> Result<Rows, Failure> {
        Ok(Rows {
            path: path.to_owned(),
            all: raw::read(path)?,
        })
    }

    /// Whether a method has not seen this draw.
    pub fn lacks(&self, set: &str, of_a_class: usize, seed: usize, method: &str) -> bool {
        let is_it = |row: &Row| {
            (row.set.as_str(), row.of_a_class, row.seed) == (set, of_a_class, seed)
                && row.method == method
        };
        !self.all.iter().any(is_it)
    }

    /// Keeps one more, at once.
    pub fn keep(&mut self, row: Row) -> Result<(), Failure> {
        raw::keep(&self.path, &row)?;
        self.all.push(row);
        Ok(())
    }

    /// Means over the draws as a Markdown table. The interval is that of the photos that judge, at the mean; draws add to it.
    pub fn table(&self) -> String {
        let mut methods: BTreeMap<(&str, usize, &str), Vec<&Row>> = BTreeMap::new();
        for row in &self.all {
            let key = (row.set.as_str(), row.of_a_class, row.method.as_str());
            methods.entry(key).or_default().push(row);
        }
        let mut text = "| set | of a class | method | accuracy (95 %) | each draw | claimed − found, points | seconds |\n\
                        | --- | --: | --- | --- | --- | --: | --: |\n"
            .to_owned();
        for ((set, of_a_class, method), rows) in methods {
            let n = rows.len() as f64;
            let mean = |value: fn(&Row) -> f64| rows.iter().map(|r| value(r)).sum::<f64>() / n;
            let (accuracy, images) = (mean(|r| r.accuracy), mean(|r| r.test_images as f64));
            let half = 1.96 * (accuracy * (1.0 - accuracy) / images).sqrt();
            let draws: Vec<String> = (rows.iter())
                .map(|r| format!("{:.1}", 100.0 * r.accuracy))
                .collect();
            let claimed: Option<f64> = (rows.iter())
                .map(|r| Some(r.claimed? - r.accuracy))
                .sum::<Option<f64>>();
            text += &format!(
                "| {set} | {of_a_class} | {method} | {:.1} (±{:.1}) | {} | {} | {:.0} |\n",
                100.0 * accuracy,
                100.0 * half,
                draws.join(", "),
                claimed.map_or("–".to_owned(), |sum| format!("{:+.1}", 100.0 * sum / n)),
                mean(|r| r.seconds)
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seed: usize, method: &str, accuracy: f64, claimed: Option<f64>) -> Row {
        Row {
            set: "hands".into(),
            of_a_class: 20,
            seed,
            method: method.into(),
            accuracy,
            test_images: 854,
            seconds: 48.0,
            claimed,
            low: claimed.map(|c| c - 0.05),
            high: claimed.map(|c| c + 0.05),
        }
    }

    #[test]
    fn rows_are_read_as_they_are_written() {
        let path = std::env::temp_dir().join(format!("handful-rows-{}.csv", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let mut rows = Rows::read(&path).unwrap();
        let auto = "train, auto";
        for row in [
            row(0, "last-2", 0.929, None),
            row(0, auto, 0.95, Some(0.93)),
            row(1, auto, 0.97, Some(0.93)),
        ] {
            rows.keep(row).unwrap();
        }
        let again = Rows::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(again.all, rows.all);
        assert!(!again.lacks("hands", 20, 1, auto) && again.lacks("hands", 20, 1, "last-2"));
        let table = again.table();
        assert!(
            table.contains("| train, auto | 96.0 (±1.3) | 95.0, 97.0 | -3.0 | 48 |"),
            "{table}"
        );
        assert!(
            table.contains("| last-2 | 92.9 (±1.7) | 92.9 | – | 48 |"),
            "{table}"
        );
    }
}
