//! What do somebody's photos say of changes of themselves? A few hundred of them are looked at, changed and unchanged.

use std::sync::atomic::AtomicBool;

use handful_expand::{Caps, Op};
use handful_image::{Geometry, Pixels};
use handful_learn::LearnError;
use handful_learn::guard::{Guard, Judged, Orientation, Power, Sight, caps};
use handful_stats::{Folds, Seed, stratified_subset};

use crate::events::Events;
use crate::exit::Failure;
use crate::workflow::labelled::Labelled;
use crate::workflow::looks::{Look, Looks};

/// Photos that judge, in whole groups: more cost time and hardly narrow the intervals.
const PHOTOS: usize = 400;
/// Folds of the guard's heads.
const FOLDS: usize = 5;

/// The answers.
#[derive(Clone, Debug)]
pub struct Guarded {
    /// What is said of each operation, and of each of its directions.
    pub judged: Vec<Judged>,
    /// What else was looked at, where it was.
    pub thorough: Option<Thorough>,
    /// Photos that judged.
    pub n_photos: usize,
    /// Side at which they were looked at, in pixels.
    pub size_px: usize,
}

/// What only a thorough guard knows.
#[derive(Clone, Debug)]
pub struct Thorough {
    /// Whether the photos have an up.
    pub orientation: Orientation,
    /// How often each planted change of labels was noticed.
    pub power: Vec<Power>,
}

impl Guarded {
    /// How far each operation may go.
    pub fn caps(&self) -> Caps {
        caps(&self.judged)
    }
}

/// The photos that judge.
pub fn jury(photos: &Labelled, seed: Seed) -> Labelled {
    photos.subset(&stratified_subset(
        &photos.labels,
        &photos.units,
        photos.n_classes,
        PHOTOS,
        seed.derive("guard", 0),
    ))
}

/// Lets `jury` judge operations, as squares of this size. A thorough guard also knows pairs of classes, whether photos have an up, and its
/// own power.
///
/// # Errors
/// When interrupted, when a photo can't be read, or where nothing can be held out.
pub fn guard(
    (ops, is_thorough): (&[&'static dyn Op], bool),
    jury: &Labelled,
    looks: &Looks,
    (geometry, size_px): (Geometry, usize),
    seed: Seed,
    events: &Events,
) -> Result<Guarded, Failure> {
    let preprocessing = looks.backbone.preprocessing(geometry, size_px);
    let squares: Vec<Pixels> = looks.prepared(preprocessing, &jury.rows)?;
    let folds = Folds::assign(
        &jury.labels,
        &jury.units,
        jury.n_classes,
        FOLDS,
        1,
        seed.derive("guard's folds", 0),
    )?;
    let n_looks: usize = ops.iter().map(|op| Guard::looks(*op)).sum();
    let more = match is_thorough {
        true => Guard::LOOKS_THOROUGH + Guard::LOOKS_FOR_POWER,
        false => 0,
    };
    let all = n_looks + Guard::LOOKS_AT_FIRST + more;
    let progress = events.progress(
        "judging changes of the photos",
        (all * squares.len()) as u64,
    );
    let is_stopped: &AtomicBool = events.interruption();
    let mut guard = Guard::new(
        Sight::new(looks.backbone, preprocessing),
        &squares,
        &jury.labels,
        &jury.units,
        jury.n_classes,
        folds,
        seed,
        is_stopped,
    )?;
    let mut thorough = None;
    if is_thorough {
        guard = guard.thorough()?;
        thorough = guard.orientation().map(|orientation| {
            let power = guard.power()?;
            Ok::<Thorough, LearnError>(Thorough { orientation, power })
        });
    }
    progress.advance(((Guard::LOOKS_AT_FIRST + more) * squares.len()) as u64);
    events.check_interrupted()?;
    let judged = guard.judge(ops, &|n| progress.advance(n as u64))?;
    events.check_interrupted()?;
    Ok(Guarded {
        judged,
        thorough: thorough.transpose()?,
        n_photos: squares.len(),
        size_px,
    })
}

/// Those of the photos that can be read.
///
/// # Errors
/// When interrupted.
pub fn readable(jury: &Labelled, looks: &mut Looks) -> Result<Labelled, Failure> {
    looks.ensure("looking at the photos", &[(Look::Portrait, &jury.rows)])?;
    Ok(looks.readable(jury))
}
