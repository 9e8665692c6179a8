//! `handful predict`: what new photos show.

use std::io::Write;
use std::path::{Path, PathBuf};

use handful_data::Issue;
use handful_image::{Pixels, Reduction};
use handful_learn::Bundle;
use handful_learn::bundle::Record;
use handful_report::words;
use handful_stats::prediction_set;
use serde::Serialize;

use super::flags::MachineFlags;
use super::view_flags::ViewFlags;
use crate::events::Events;
use crate::exit::{self, Failure};
use crate::photos::{Photo, Photos};

/// Photos that are prepared before the network runs: equal batches give equal bits.
const BATCH: usize = 16;
/// Columns that a path may take in the table.
const PATH_COLUMNS: usize = 48;

/// Say what new photos show
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  handful predict runs/photos/model.handful new/\n  \
    handful predict model.handful *.jpg --format csv --probabilities > new.csv"
)]
pub struct Args {
    /// A model.handful that `handful train` wrote
    model: PathBuf,
    /// Photos, or folders of photos (with all that is below them)
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// How the answers are written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// How many of the most probable classes are named, 1 or more
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    top_k: u16,
    /// Add the probability of every class
    #[arg(long)]
    probabilities: bool,
    /// End with exit code 4 if any file was skipped
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    views: ViewFlags,
    #[command(flatten)]
    machine: MachineFlags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Aligned columns for reading
    Table,
    /// Comma-separated values with a header
    Csv,
    /// One JSON object a photo, as they are done
    Json,
}

/// One line of `predict --json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// The photo.
    pub path: String,
    /// The most probable class.
    pub label: String,
    /// Its calibrated probability.
    pub probability: f64,
    /// The most probable classes, best first.
    pub top: Vec<Guess>,
    /// All classes that it could be, best first: they hold the true one as often as `metrics.json` promises in `sets`. All
    /// of them for models without such a promise.
    pub set: Vec<String>,
    /// Whether the set is not one likely class: several are, or none is; null for models without a promise.
    pub unsure: Option<bool>,
    /// All classes in the model's order; only with `--probabilities`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probabilities: Option<Vec<Guess>>,
}

/// A class and its probability.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Guess {
    /// The class.
    pub label: String,
    /// Its calibrated probability.
    pub probability: f64,
}

/// Predicts photo by photo, as they come.
pub fn run(args: Args, events: &Events) -> Result<(), Failure> {
    let machine = args.machine.resolve()?;
    let mut model = read_model(&args.model)?;
    args.views.apply(&mut model, events);
    let catalog = handful_data::scan_unlabelled(&args.paths)?;
    let format = if events.tone.json {
        Format::Json
    } else {
        args.format
    };
    let mut out = anstream::stdout().lock();
    let mut skipped = catalog.issues.iter().filter(|i| i.is_skipped()).count();
    catalog.issues.iter().for_each(|i| tell(i, events));

    let classes: Vec<String> = model.record.labels.clone();
    let photos = Photos::from_catalog(catalog).list;
    if format == Format::Csv {
        let mut header = vec!["path".to_owned(), "label".into(), "probability".into()];
        for k in 2..=usize::from(args.top_k).min(classes.len()) {
            header.extend([format!("label_{k}"), format!("probability_{k}")]);
        }
        header.push("set".into());
        if args.probabilities {
            header.extend(classes.iter().cloned());
        }
        csv_line(&mut out, &header);
    }
    predict_all(&model, &photos, machine.threads, events, &mut |answer| {
        match answer {
            Ok((path, p)) => {
                let top_k = usize::from(args.top_k);
                let prediction = prediction(path, &model.record, p, top_k, args.probabilities);
                show(&mut out, &prediction, format, path_columns(&photos));
            }
            Err(issue) => {
                skipped += 1;
                tell(&issue, events);
            }
        };
    })?;
    if args.strict && skipped > 0 {
        return Err(Failure::new(
            exit::STRICT,
            format!("{} skipped", words::counted(skipped, "file")),
        )
        .advice("mend or remove them, or leave `--strict` out"));
    }
    Ok(())
}

/// What becomes of a photo: its name and the probabilities of all classes, or why it could not be read.
pub type Answer<'a> = Result<(&'a str, &'a [f64]), Issue>;

/// Predicts photos in their order, in batches; `threads` batches are on their way at once. Deep pictures are read with
/// the range that the model was trained with.
///
/// # Errors
/// When interrupted, or when the model contradicts itself.
pub fn predict_all(
    model: &Bundle,
    photos: &[Photo],
    threads: usize,
    events: &Events,
    answer: &mut dyn FnMut(Answer),
) -> Result<(), Failure> {
    use rayon::prelude::*;
    let progress = events.progress("predicting", photos.len() as u64);
    for chunk in photos.chunks(BATCH * threads.max(1)) {
        events.check_interrupted()?;
        let batches: Vec<Result<Vec<Predicted>, Failure>> = chunk
            .par_chunks(BATCH)
            .map(|b| predict_batch(model, b))
            .collect();
        for batch in batches {
            for predicted in batch? {
                predicted.notes.iter().for_each(|note| tell(note, events));
                match &predicted.probabilities {
                    Ok(p) => answer(Ok((&predicted.shown, p))),
                    Err(issue) => answer(Err(issue.clone())),
                }
                progress.advance(1);
            }
        }
    }
    Ok(())
}

struct Predicted {
    shown: String,
    probabilities: Result<Vec<f64>, Issue>,
    /// What the person should know of the photo.
    notes: Vec<Issue>,
}

fn predict_batch(model: &Bundle, photos: &[Photo]) -> Result<Vec<Predicted>, Failure> {
    let mut views: Vec<Vec<Pixels>> = vec![Vec::new(); model.members.len()];
    let mut read = Vec::with_capacity(photos.len());
    for photo in photos {
        let (notes, of_photo) = prepare(model, photo);
        let add = |of_photo: Vec<Vec<Pixels>>| {
            let both = views.iter_mut().zip(of_photo);
            both.for_each(|(views, of_photo)| views.extend(of_photo));
        };
        read.push((photo, notes, of_photo.map(add)));
    }
    let probabilities = model.probabilities(&views)?;
    let mut rows = probabilities.chunks_exact(model.record.labels.len());
    let answers = read.into_iter().map(|(photo, notes, is_read)| Predicted {
        shown: photo.shown.clone(),
        probabilities: is_read.map(|()| rows.next().expect("one row a prepared photo").to_vec()),
        notes,
    });
    Ok(answers.collect())
}

/// The views as each network wants them, and what the person should know of the photo.
fn prepare(model: &Bundle, photo: &Photo) -> (Vec<Issue>, Result<Vec<Vec<Pixels>>, Issue>) {
    let mut photo = photo.clone();
    photo.range = model.record.sample_range;
    let mut notes = Vec::new();
    let pixels = photo.read().and_then(|bytes| {
        notes.extend(photo.range_note(&bytes));
        let mut known: Option<(Reduction, Pixels)> = None;
        let mut of_members = Vec::with_capacity(model.members.len());
        for member in &model.members {
            // As it was read in training: nearly always the same for all.
            let reduction = photo.reduction(&bytes, member.preprocessing.size_px);
            let pixels = match known.take() {
                Some((same, pixels)) if same == reduction => pixels,
                _ => {
                    let (pixels, more) = photo.decode(&bytes, reduction)?;
                    // A second reading says the same.
                    if of_members.is_empty() {
                        notes.extend(more);
                    }
                    pixels
                }
            };
            of_members.push(member.prepare(&pixels));
            known = Some((reduction, pixels));
        }
        Ok(of_members)
    });
    (notes, pixels)
}

/// Reads a bundle.
///
/// # Errors
/// When the file can't be read or is not a model.
pub fn read_model(path: &Path) -> Result<Bundle, Failure> {
    let bytes = std::fs::read(path).map_err(|e| Failure::io("reading", path, &e))?;
    Bundle::from_bytes(&bytes).map_err(|e| Failure::model(path, &e))
}

fn prediction(path: &str, record: &Record, p: &[f64], top_k: usize, with_all: bool) -> Prediction {
    let classes = &record.labels;
    let threshold = record.sets.and_then(|sets| sets.threshold);
    let set = prediction_set(p, threshold);
    let guess = |c: usize| Guess {
        label: classes[c].clone(),
        probability: p[c],
    };
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.sort_by(|&a, &b| p[b].total_cmp(&p[a]).then(a.cmp(&b)));
    Prediction {
        path: path.to_owned(),
        label: classes[order[0]].clone(),
        probability: p[order[0]],
        top: order.iter().take(top_k).map(|&c| guess(c)).collect(),
        unsure: threshold.map(|q| set.len() > 1 || 1.0 - p[set[0]] > q),
        set: set.into_iter().map(|c| classes[c].clone()).collect(),
        probabilities: with_all.then(|| (0..classes.len()).map(guess).collect()),
    }
}

fn show(out: &mut impl Write, p: &Prediction, format: Format, columns: usize) {
    match format {
        Format::Json => drop(writeln!(
            out,
            "{}",
            serde_json::to_string(p).expect("plain data")
        )),
        Format::Csv => {
            let mut row = vec![p.path.clone()];
            row.extend(
                p.top
                    .iter()
                    .flat_map(|g| [g.label.clone(), format!("{:.6}", g.probability)]),
            );
            row.push(p.set.join(" | "));
            row.extend(
                p.probabilities
                    .iter()
                    .flatten()
                    .map(|g| format!("{:.6}", g.probability)),
            );
            csv_line(out, &row);
        }
        Format::Table => {
            let all = p.probabilities.as_deref().unwrap_or(&p.top);
            let guesses: Vec<String> = all
                .iter()
                .map(|g| format!("{} {}", g.label, words::percent(g.probability)))
                .collect();
            let path = words::shortened(&p.path, columns);
            let pad = columns.saturating_sub(unicode_width::UnicodeWidthStr::width(path.as_str()));
            let doubt = if p.unsure == Some(true) {
                "  unsure"
            } else {
                ""
            };
            drop(writeln!(
                out,
                "{path}{:pad$}  {}{doubt}",
                "",
                guesses.join("  ")
            ));
        }
    }
}

fn path_columns(photos: &[Photo]) -> usize {
    let width = |photo: &Photo| unicode_width::UnicodeWidthStr::width(photo.shown.as_str());
    photos
        .iter()
        .map(width)
        .max()
        .unwrap_or(0)
        .min(PATH_COLUMNS)
}

fn csv_line(out: &mut impl Write, row: &[String]) {
    let mut line = csv::Writer::from_writer(Vec::new());
    line.write_record(row).expect("writing to memory");
    // A closed pipe ends the talk, not the work.
    let _ = out.write_all(&line.into_inner().expect("writing to memory"));
}

fn tell(issue: &Issue, events: &Events) {
    if !events.tone.quiet {
        anstream::eprintln!(
            "{}: {}; {}",
            handful_data::shown(&issue.path),
            issue.detail,
            issue.advice
        );
    }
}
