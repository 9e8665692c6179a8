//! Which learning rate? The photos are read as for a training, the head is fitted on a training fold, and one fine-tuning of that fold
//! tries all rates. No model comes of it, and held-back photos are not looked at.

use std::ops::ControlFlow;
use std::path::PathBuf;

use handful_learn::Backbone;
use handful_learn::train::{
    Examples, RateRange, RateTest, Recipe, Suggestion, Training, rate_test, suggest,
};
use handful_report::RatePlot;
use handful_stats::{Seed, protocol};

use super::backbone::load_backbone;
use super::kept::Kept;
use super::labelled::Labelled;
use super::looks::{Look, Looks};
use super::run_folder::RunFolder;
use super::screen::Screen;
use super::settle::sizes;
use super::task::Task;
use super::tuning::workbench::Start;
use super::tuning::{Proposed, Strategy, Wishes, Workbench};
use super::{Opened, Settings, open, read, tables};
use crate::events::Events;
use crate::exit::{self, Failure};
use crate::extract::Extractor;
use crate::photos::Photos;

/// The drawing.
pub const PLOT: &str = "learning_rate.svg";
/// Its numbers.
pub const TABLE: &str = "learning_rate.csv";

/// What a test of learning rates came to.
#[derive(Clone, Debug)]
pub struct Tested {
    /// The folder with the drawing and the table.
    pub run: PathBuf,
    /// What was trained, and in which batches; its own rate and steps are not those of the test.
    pub recipe: Recipe,
    /// Name of the network.
    pub backbone: String,
    /// Side of the images, in pixels.
    pub size_px: usize,
    /// Photos of the training fold.
    pub n_photos: usize,
    /// The rates that were to be tried.
    pub range: RateRange,
    /// Losses by rate.
    pub test: RateTest,
    /// What they suggest.
    pub suggestion: Option<Suggestion>,
    /// The seed.
    pub seed: u64,
    /// Files that could not be used.
    pub n_skipped: usize,
}

/// Tests learning rates on a folder of photos, and writes a drawing and a table.
///
/// # Errors
/// Every way in which this can fail has an exit code in [`exit`].
pub fn find_rate(settings: &Settings, events: &Events) -> Result<Tested, Failure> {
    let why_not = match settings.wishes.strategy {
        Strategy::Auto | Strategy::FineTune => None,
        Strategy::Frozen => Some(("frozen", "frozen features have no learning rate")),
        Strategy::Scratch => Some(("scratch", "rates are tested from a pretrained network on")),
    };
    if let Some((strategy, found)) = why_not {
        let what = format!("`--find-lr` has nothing to do with `--strategy {strategy}`");
        return Err(Failure::new(exit::USAGE, what)
            .found(found)
            .advice("leave one of them out"));
    }
    let backbone = load_backbone(settings.model.as_deref())?;
    let backbone = backbone.in_precision(settings.precision.unwrap_or_default());
    // The folder of photos first, so that a mistake in it costs no time.
    let photos = read(settings, events)?;
    let folder = RunFolder::begin(&settings.destination, &settings.data, false)?;
    let tested = Tester {
        settings,
        backbone: &backbone,
        folder: &folder,
        events,
    }
    .test(photos);
    let (run, tested) = folder.whole_or_gone(tested)?;
    Ok(Tested { run, ..tested })
}

/// What the steps of a test have in common.
struct Tester<'a> {
    settings: &'a Settings,
    backbone: &'a Backbone,
    folder: &'a RunFolder,
    events: &'a Events,
}

impl Tester<'_> {
    fn test(&self, mut photos: Photos) -> Result<Tested, Failure> {
        let Tester {
            settings,
            backbone,
            events,
            ..
        } = *self;
        let extractor = Extractor {
            cache: settings.machine.cache.as_ref(),
            threads: settings.machine.threads,
            events,
        };
        let Opened {
            training: given, ..
        } = open(&mut photos, extractor)?;

        // The smallest of the sizes that a training compares: most fine-tunings are made at it, because depth is worth more than pixels.
        let size_px = sizes(settings.size_px, backbone)[0];
        let seed = Seed(settings.seed.unwrap_or(0));
        let mut looks = Looks::new(extractor, &photos.list, backbone)?;
        let screen = Screen {
            photos: &given,
            seed,
            events,
        };
        let (geometry, _) = screen.geometry(&mut looks, size_px)?;
        let look = Look::Backbone(geometry, size_px);
        looks.ensure("looking at the photos", &[(look, &given.rows)])?;
        let learnt = looks.readable(&given);
        let k = settings.folds.unwrap_or(protocol(learnt.n_groups()).k);
        let recipe = self.recipe(&learnt, size_px, k)?;
        let task = Task::new(learnt, k, 1, seed.derive("folds", 0), seed)?;
        let kept = Kept::of(self.folder);
        let origin = Start {
            untrained: None,
            geometry,
            size_px,
        };
        let bench = Workbench::of(&task, &looks, look, origin, &kept, events)?;

        let rows = task.folds.train_rows(0, 0);
        let range = RateRange::of(rows.len(), recipe.batch);
        let recipe = fewer_views(recipe, range, task.photos.len());
        let start = bench.start_of_fold(&rows, 0)?;
        let inputs = bench.inputs(&recipe)?;
        let examples = Examples {
            inputs: &inputs,
            rows: &rows,
            labels: &task.photos.labels,
        };
        let progress = events.progress("testing learning rates", 2 * range.steps as u64);
        let mut watch = || {
            progress.advance(1);
            match events.is_interrupted() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let seed = seed.derive("testing learning rates", 0);
        let training = Training {
            start: &start,
            examples,
            recipe: &recipe,
            seed,
            identity: "",
        };
        let test = rate_test(training, range, &mut watch)?;
        drop(progress);
        events.check_interrupted()?;
        let mut tested = Tested {
            run: PathBuf::new(),
            recipe,
            backbone: backbone.card.name.clone(),
            size_px,
            n_photos: rows.len(),
            range,
            suggestion: suggest(&test.tried),
            test,
            seed: task.seed.0,
            n_skipped: 0,
        };
        let Looks { issues, .. } = looks;
        photos
            .issues
            .extend(issues.into_iter().map(|(_, issue)| issue));
        tested.n_skipped = photos.n_skipped();
        self.folder
            .write(TABLE, &tables::rates(&tested.test.tried))?;
        if let Some(svg) = tested.plot() {
            self.folder.write(PLOT, svg.as_bytes())?;
        }
        Ok(tested)
    }

    /// What is trained: at the wanted depth, or at the one that a training tries first.
    fn recipe(&self, learnt: &Labelled, size_px: usize, k: usize) -> Result<Recipe, Failure> {
        let wishes = Wishes {
            strategy: Strategy::FineTune,
            ..self.settings.wishes.clone()
        };
        let (backbone, events) = (self.backbone, self.events);
        let proposed = Proposed::fine_tuning(learnt, backbone, &[size_px], k, &wishes, events)?;
        let first = proposed.and_then(|proposed| proposed.recipes.into_iter().next());
        first.ok_or_else(|| {
            Failure::new(
                exit::USAGE,
                "there is no fine-tuning to test learning rates with",
            )
            .found(format!("{} photos of {size_px} px", learnt.len()))
            .advice("give a smaller `--imgsz`, or fewer photos")
        })
    }
}

/// Views are kept only where that is less work than to make one whenever it is needed, as it is in many steps on few photos.
fn fewer_views(recipe: Recipe, range: RateRange, n_photos: usize) -> Recipe {
    let needed = range.steps * recipe.batch * recipe.accumulate;
    let views = match recipe.views * n_photos <= needed {
        true => recipe.views,
        false => 0,
    };
    Recipe { views, ..recipe }
}

impl Tested {
    /// The drawing; none where the first steps already broke the network.
    fn plot(&self) -> Option<String> {
        let of = |value: fn(&handful_learn::train::TriedRate) -> f64| -> Vec<f64> {
            self.test.tried.iter().map(value).collect()
        };
        let (rates, losses, smoothed) = (of(|t| t.rate), of(|t| t.loss), of(|t| t.smoothed));
        let marks = self.suggestion.map(|suggestion| {
            [
                ("suggested", suggestion.lowest),
                ("steepest", suggestion.steepest),
            ]
        });
        let title = format!(
            "Learning rates: {} at {} px, training {}",
            self.backbone,
            self.size_px,
            self.recipe.trains.name()
        );
        let plot = RatePlot {
            title: &title,
            rates: &rates,
            losses: &losses,
            smoothed: &smoothed,
            marks: marks.as_ref().map_or(&[], |marks| marks.as_slice()),
        };
        (rates.len() > 1).then(|| plot.svg())
    }
}
