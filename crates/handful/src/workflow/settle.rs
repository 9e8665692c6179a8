//! What is there, what belongs together, and what is worth comparing? All that is settled before anything is judged.

use handful_learn::Backbone;
use handful_stats::{Seed, protocol};

use super::diagnosis::before::Before;
use super::diagnosis::scenes::{self, FoundScenes};
use super::diagnosis::{self, Findings};
use super::labelled::Labelled;
use super::looks::{Look, Looks};
use super::plan::Plan;
use super::screen::{Comparison, Screen};
use super::settings::Settings;
use super::watch::Watch;
use crate::events::Events;
use crate::exit::Failure;
use crate::photos::Photos;

/// Sizes that are tried, as shares of the side that the backbone was trained at: a third, a half and all of its cost.
const SIZE_SHARES: [f64; 3] = [4.0 / 7.0, 5.0 / 7.0, 1.0];
/// Sizes are rounded to this many pixels.
const SIZE_STEP_PX: f64 = 4.0;

/// What a training is told once and for all.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// What the person wants.
    pub settings: &'a Settings,
    /// A plan to repeat.
    pub plan: Option<&'a Plan>,
    /// Seed of every random stream.
    pub seed: Seed,
    /// All photos.
    pub photos: &'a Photos,
    /// Those to learn from.
    pub training: &'a Labelled,
    /// Those that are held back.
    pub held_back: &'a Labelled,
    /// Where progress goes.
    pub events: &'a Events,
}

/// What is settled before anything is judged.
pub struct Settled {
    /// The photos to learn from that can be read, with what belongs together.
    pub learnt: Labelled,
    /// The same without the scenes that were found.
    pub alone: Labelled,
    /// Photos that may show one scene.
    pub scenes: Option<FoundScenes>,
    /// What is wrong in the photos.
    pub findings: Findings,
    /// Side of the images that all photos were looked at with first, in pixels.
    pub look_px: usize,
    /// That look.
    pub look: Look,
    /// What is compared.
    pub comparison: Comparison,
}

/// Looks at each photo, finds what is wrong in them and what belongs together, and measures what is worth comparing, unless a plan
/// says so.
///
/// # Errors
/// When interrupted, or when the photos can't be trained on.
pub fn settle(given: Given, looks: &mut Looks, watch: &mut Watch) -> Result<Settled, Failure> {
    let Given {
        settings,
        plan,
        seed,
        photos,
        training,
        held_back,
        events,
    } = given;
    // Each photo once, for the diagnosis and for the first comparison.
    let sizes = match plan {
        Some(plan) => vec![plan.look_px.unwrap_or(looks.backbone.trained_px)],
        None => sizes(settings.size_px, looks.backbone),
    };
    let look_px = sizes[0];
    let screen = Screen {
        photos: training,
        seed,
        events,
    };
    let (geometry, geometry_decided) = match (plan, &settings.wishes.recipe) {
        (Some(plan), _) => (plan.geometry, None),
        (None, Some(recipe)) => (recipe.geometry, None),
        (None, None) => screen.geometry(looks, look_px)?,
    };
    let everything: Vec<usize> = (training.rows.iter().chain(&held_back.rows))
        .copied()
        .collect();
    let also = [
        (Look::Portrait, training.rows.as_slice()),
        (Look::Signature, &everything),
    ];
    let tried = screen.look_at_all(looks, geometry, &sizes, &also, watch)?;
    let look = Look::Backbone(geometry, look_px);
    watch.lap("features");
    let n_unread = training.len() - looks.readable(training).len();
    if n_unread > 0 {
        events.say(&format!(
            "{n_unread} of them can't be read: `issues.csv` will say why"
        ));
    }

    // What belongs together is known before anything is judged.
    let signatures = looks.take(Look::Signature);
    let before = Before {
        photos,
        looks,
        look,
        events,
    };
    let learnt = looks.readable(training);
    let found = before.find(&learnt, &looks.readable(held_back), signatures)?;
    let mut findings = Findings::default();
    diagnosis::tell(&found.findings, events);
    findings.add(found.findings);
    let alone = learnt.joined(&found.together);
    let scenes = if settings.each_alone || photos.has_groups() {
        None
    } else {
        let k = settings.folds.unwrap_or(protocol(alone.n_groups()).k);
        scenes::look_for(&alone, &found.runs, (looks, look), k, seed, events)?
    };
    let learnt = match &scenes {
        Some(scenes) if scenes.agree => alone.kept_together(&scenes.of_row),
        _ => alone.clone(),
    };
    watch.lap("diagnosis");

    // What to compare: from the plan, or measured.
    let mut comparison = match plan {
        Some(plan) => Comparison::repeated(plan, looks, &learnt)?,
        None => Screen {
            photos: &learnt,
            ..screen
        }
        .compare(looks, geometry, &tried, watch)?,
    };
    comparison.decisions.splice(0..0, geometry_decided);
    watch.lap("comparing features");
    Ok(Settled {
        learnt,
        alone,
        scenes,
        findings,
        look_px,
        look,
        comparison,
    })
}

/// The sizes to compare, in pixels, ascending.
pub(super) fn sizes(fixed: Option<usize>, backbone: &Backbone) -> Vec<usize> {
    let of_share = |share: f64| {
        ((backbone.trained_px as f64 * share / SIZE_STEP_PX).round() * SIZE_STEP_PX) as usize
    };
    fixed.map_or_else(
        || SIZE_SHARES.iter().map(|s| of_share(*s)).collect(),
        |size| vec![size],
    )
}
