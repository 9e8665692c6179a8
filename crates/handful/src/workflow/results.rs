//! The files of a run that machines read. Their names and keys are an interface: see `docs/outputs.md`.

use handful_stats::{Folds, Interval, argmax};
use serde::{Deserialize, Serialize};

use super::RunFolder;
use super::judge::{Judged, Judgement, TestResult};
use crate::exit::Failure;
use crate::extract::Spent;

/// Version of the outputs; keys are only ever added within one.
pub const SCHEMA: u32 = 1;

/// `metrics.json`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Name of the chosen candidate.
    pub winner: String,
    /// Out-of-fold accuracy of the model, corrected for the choice.
    pub accuracy: Interval,
    /// Mean recall, out of fold.
    pub balanced_accuracy: Interval,
    /// Out-of-fold log-loss in nats.
    pub log_loss: f64,
    /// Expected calibration error, out of fold.
    pub ece: f64,
    /// Share of the largest class.
    pub majority_accuracy: f64,
    /// Accuracy of edges and colours without a network.
    pub hog_accuracy: Interval,
    /// Accuracy of the model on the photos that it was trained on.
    pub train_accuracy: f64,
    /// Held-back photos, if any were given.
    pub test: Option<TestResult>,
    /// Photos that were learnt from.
    pub images: usize,
    /// Classes.
    pub classes: usize,
    /// Groups of photos; the number of photos when nothing made groups.
    pub groups: usize,
    /// Effective number of independent groups (Kish).
    pub effective_groups: f64,
    /// The seed.
    pub seed: u64,
}

/// `timing.json`: all that may differ between two runs with the same results.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Timing {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Version of handful.
    pub version: String,
    /// Seconds from start to finish.
    pub total_s: f64,
    /// Seconds by step, in their order.
    pub steps: Vec<(String, f64)>,
    /// What reading and the network took.
    pub features: Spent,
    /// Threads.
    pub threads: usize,
    /// Largest resident memory of the process, where the system tells it.
    pub peak_rss_bytes: Option<u64>,
    /// Operating system and processor architecture.
    pub host: String,
}

/// `candidates.csv`
pub fn candidates_csv(candidates: &[Judged], judgement: &Judgement, predict_ms: &[f64]) -> Vec<u8> {
    let mut rows = Rows::new(&[
        "candidate",
        "strategy",
        "log_loss",
        "accuracy",
        "low",
        "high",
        "predict_ms",
        "chosen",
    ]);
    for (idx, c) in candidates.iter().enumerate() {
        let a = judgement.accuracies[idx];
        rows.push([
            c.name.clone(),
            c.strategy.to_owned(),
            number(c.column.mean_loss()),
            number(a.value),
            number(a.low),
            number(a.high),
            format!("{:.2}", predict_ms[idx]),
            (idx == judgement.chosen).to_string(),
        ]);
    }
    rows.bytes()
}

/// `predictions.csv`: the first repeat of the chosen candidate (probabilities are never averaged over repeats).
pub fn predictions_csv(
    paths: &[&str],
    labels: &[usize],
    classes: &[String],
    folds: &Folds,
    chosen: &Judged,
) -> Vec<u8> {
    let mut header = vec!["path", "label", "predicted", "fold", "probability"];
    header.extend(classes.iter().map(String::as_str));
    let mut rows = Rows::new(&header);
    let probabilities = chosen.out.repeats[0].chunks_exact(classes.len());
    for (((path, &label), fold), p) in paths
        .iter()
        .zip(labels)
        .zip(&folds.repeats[0])
        .zip(probabilities)
    {
        let Some(fold) = fold else { continue };
        let predicted = argmax(p);
        let mut row = vec![
            (*path).to_owned(),
            classes[label].clone(),
            classes[predicted].clone(),
            fold.to_string(),
            number(p[predicted]),
        ];
        row.extend(p.iter().map(|v| number(*v)));
        rows.push(row);
    }
    rows.bytes()
}

/// `folds.csv`: one column a repeat; empty where a photo is always trained on and never scored.
pub fn folds_csv(paths: &[&str], folds: &Folds) -> Vec<u8> {
    let names: Vec<String> = (0..folds.n_repeats())
        .map(|r| format!("repeat_{r}"))
        .collect();
    let mut header = vec!["path"];
    header.extend(names.iter().map(String::as_str));
    let mut rows = Rows::new(&header);
    for (idx, path) in paths.iter().enumerate() {
        let mut row = vec![(*path).to_owned()];
        row.extend(
            folds
                .repeats
                .iter()
                .map(|r| r[idx].map_or(String::new(), |f| f.to_string())),
        );
        rows.push(row);
    }
    rows.bytes()
}

/// Writes a value as indented JSON with a newline at its end.
///
/// # Errors
/// When the disk refuses.
pub fn write_json(folder: &RunFolder, name: &str, value: &impl Serialize) -> Result<(), Failure> {
    let mut text =
        serde_json::to_string_pretty(value).expect("results are plain data with finite numbers");
    text.push('\n');
    folder.write(name, text.as_bytes())
}

/// Six digits tell two candidates apart and hide the last bits.
fn number(value: f64) -> String {
    format!("{value:.6}")
}

/// CSV text in memory.
struct Rows(csv::Writer<Vec<u8>>);

impl Rows {
    fn new(header: &[&str]) -> Rows {
        let mut rows = Rows(csv::Writer::from_writer(Vec::new()));
        rows.push(header);
        rows
    }

    fn push<I: IntoIterator<Item = T>, T: AsRef<[u8]>>(&mut self, row: I) {
        self.0
            .write_record(row)
            .expect("writing to memory, all rows as long as the header");
    }

    fn bytes(self) -> Vec<u8> {
        self.0.into_inner().expect("writing to memory")
    }
}

/// Largest resident memory of this process so far, from Linux's `/proc`.
pub fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace()
        .nth(1)?
        .parse::<u64>()
        .ok()
        .map(|kib| kib * 1024)
}
