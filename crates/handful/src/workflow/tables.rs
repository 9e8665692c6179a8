//! The tables of a run as CSV. Their columns are an interface: see `docs/outputs.md`.

use handful_learn::train::TriedRate;
use handful_stats::{Folds, argmax};

use super::judge::{Judged, Judgement};

/// `candidates.csv`
pub fn candidates(candidates: &[Judged], judgement: &Judgement, predict_ms: &[f64]) -> Vec<u8> {
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
pub fn predictions(
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
pub fn folds(paths: &[&str], folds: &Folds) -> Vec<u8> {
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

/// `learning_rate.csv`: a row a step of a test of learning rates, with all digits of the rate.
pub fn rates(tried: &[TriedRate]) -> Vec<u8> {
    let mut rows = Rows::new(&["step", "rate", "loss", "loss_at_start", "smoothed_loss"]);
    for (step, of) in tried.iter().enumerate() {
        rows.push([
            step.to_string(),
            format!("{:e}", of.rate),
            number(of.loss),
            number(of.before),
            number(of.smoothed),
        ]);
    }
    rows.bytes()
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
