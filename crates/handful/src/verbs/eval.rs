//! `handful eval`: how good a model is on labelled photos that it has not seen.

use std::collections::BTreeMap;
use std::path::PathBuf;

use handful_data::Split;
use handful_report::words;

use super::flags::{DataFlags, MachineFlags};
use super::predict::{predict_all, read_model};
use super::view_flags::ViewFlags;
use crate::events::Events;
use crate::exit::{self, Failure};
use crate::extract::Extractor;
use crate::photos::Photos;
use crate::workflow::judge::{LEVEL, test_result};
use crate::workflow::openings::{self, Opening};

/// Judge a model on labelled photos that it has not seen
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  handful eval runs/photos/model.handful new-photos/\n  \
    handful eval model.handful test.csv --json\n\n\
    Where the folder has a test split, only that is used."
)]
pub struct Args {
    /// A model.handful that `handful train` wrote
    model: PathBuf,
    /// Folder of labelled photos, or a CSV file that lists them
    data: PathBuf,
    #[command(flatten)]
    reading: DataFlags,
    /// End with exit code 4 if any file was skipped
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    views: ViewFlags,
    #[command(flatten)]
    machine: MachineFlags,
}

/// Predicts, compares, prints.
pub fn run(args: Args, events: &Events) -> Result<(), Failure> {
    let machine = args.machine.resolve()?;
    let mut model = read_model(&args.model)?;
    args.views.apply(&mut model, events);
    let mut catalog = handful_data::scan(&args.data, &args.reading.options()?)?;
    if catalog.samples.iter().any(|s| s.split == Split::Test) {
        catalog.samples.retain(|s| s.split == Split::Test);
    }
    let known: BTreeMap<&String, usize> = model.record.labels.iter().zip(0..).collect();
    let mut photos = Photos::from_catalog(catalog);
    let counts = openings::are_counted(&args.model);
    if counts {
        let extractor = Extractor {
            cache: None,
            threads: machine.threads,
            events,
        };
        // Read here for what they are alone: what can't be read is told where it is predicted.
        extractor.hash(&mut photos.list)?;
    }
    let place: Vec<Option<usize>> = photos
        .classes
        .iter()
        .map(|c| known.get(c).copied())
        .collect();
    let used: Vec<_> = photos
        .list
        .iter()
        .filter_map(|p| Some((p, p.label?)))
        .collect();
    if let Some((_, unknown)) = used.iter().find(|(_, l)| place[*l].is_none()) {
        return Err(Failure::new(
            exit::DATA,
            format!(
                "the model does not know the class \"{}\"",
                photos.classes[*unknown]
            ),
        )
        .found(format!("it knows: {}", model.record.labels.join(", ")))
        .advice("rename the folders or labels, or train again with that class"));
    }
    let asked: Vec<_> = used.iter().map(|(p, _)| (*p).clone()).collect();
    let (mut probabilities, mut labels, mut groups, mut n_seen, mut skipped) =
        (Vec::new(), Vec::new(), Vec::new(), 0, 0);
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    predict_all(&model, &asked, machine.threads, events, &mut |answer| {
        let (photo, label) = used[n_seen];
        n_seen += 1;
        match answer {
            Ok((_, p)) => {
                let next = ids.len();
                let name = photo
                    .group
                    .as_ref()
                    .map_or_else(|| format!("photo {n_seen}"), |g| format!("group {g}"));
                groups.push(*ids.entry(name).or_insert(next));
                probabilities.extend_from_slice(p);
                labels.push(place[label].expect("unknown classes were refused"));
            }
            Err(issue) => {
                skipped += 1;
                events.remark(format!(
                    "{}: {}",
                    handful_data::shown(&issue.path),
                    issue.detail
                ));
            }
        }
    })?;
    if labels.is_empty() {
        return Err(Failure::new(
            exit::DATA,
            format!("no photo of `{}` could be read", args.data.display()),
        )
        .advice("look at the messages above"));
    }
    let record = &model.record;
    let mut result = test_result(&probabilities, &labels, &groups, record)?;
    if counts {
        let keys = used.iter().filter_map(|(photo, _)| photo.key).collect();
        result.openings = Opening::of(keys).count(&args.model);
    }
    if events.tone.json {
        events.print(&serde_json::to_string(&result).expect("plain data"));
    } else {
        let accuracy = words::percent_with_interval(&result.accuracy, LEVEL);
        events.print(&format!(
            "accuracy {accuracy}; {}",
            words::counted(result.images, "photo")
        ));
        events.print(&format!(
            "balanced accuracy {}",
            words::percent_with_interval(&result.balanced_accuracy, LEVEL)
        ));
        events.print(&format!("log-loss {}", words::loss(result.log_loss)));
        events.print(&format!(
            "difference to the accuracy claimed when it was trained ({}): {}",
            words::percent_at(&record.accuracy),
            words::points_with_interval(&result.difference, LEVEL)
        ));
        if let Some(sets) = &result.sets {
            events.print(&format!(
                "the true class is in the set of likely ones for {}, {} were promised; {:.1} classes in a set",
                words::percent_with_interval(&sets.coverage, LEVEL),
                words::percent(sets.promised),
                sets.mean_size
            ));
        }
        let again = result.openings.and_then(words::looked_at_again);
        again.iter().for_each(|sentence| events.print(sentence));
    }
    if args.strict && skipped > 0 {
        return Err(Failure::new(
            exit::STRICT,
            format!("{} skipped", words::counted(skipped, "file")),
        ));
    }
    Ok(())
}
