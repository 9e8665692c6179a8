//! How far may each operation go? A search over strengths, from the middle of a ladder.

use std::sync::atomic::{AtomicBool, Ordering};

use handful_expand::{Cap, Caps, Kind, Op, Range, View, named};
use handful_image::Pixels;
use handful_stats::{Folds, Seed};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::evidence::{Clean, Evidence, Placebo};
use super::power::{PLANTS, Plant};
use super::sight::Sight;
use super::space::Space;
use super::verdict::{agreed, decide};
use super::{Orientation, Power, Verdict};
use crate::LearnError;

/// Shares of an operation's range that are tried, at most three of them: each is twice the one before, because ranges are as wide as
/// anything bears.
const STRENGTHS: [f32; 5] = [0.0625, 0.125, 0.25, 0.5, 1.0];
/// Where a search begins.
const FIRST: usize = 2;
/// Resamples that have to agree.
const RESAMPLES: usize = 10;
/// Share of the groups in a resample.
const RESAMPLED: f64 = 0.8;
/// Operations that keep every label, and how far they go: what others are compared with.
const PLACEBOS: [(&str, [f32; 3]); 2] = [
    ("gaussian_blur", [0.1, 0.3, 0.7]),
    ("crop", [0.2, 0.4, 0.7]),
];
/// A turn by more than this is another pose, in degrees.
const ANOTHER_POSE_DEG: f32 = 45.0;

/// One strength that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Share of the operation's range, 0..=1.
    pub strength: f32,
    /// The amounts that photos were changed by, one or the other.
    pub amounts: Vec<f32>,
    /// What follows.
    pub verdict: Verdict,
    /// From what.
    pub evidence: Evidence,
}

/// What is said of an operation, or of one direction of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// Its name.
    pub operation: String,
    /// The ends that were judged together: both, or one.
    pub ends: Vec<f32>,
    /// The strengths that were tried, as they were.
    pub trials: Vec<Trial>,
    /// The largest amount that is safe towards each of `ends`; none where nothing is.
    pub safe: Option<Vec<f32>>,
}

impl Judged {
    /// The verdict that decides: that of the largest safe strength, or why the weakest one is refused.
    pub fn decisive(&self) -> &Trial {
        let safe = self.trials.iter().filter(|t| t.verdict == Verdict::Safe);
        let strongest = safe.max_by(|a, b| a.strength.total_cmp(&b.strength));
        let weakest = self
            .trials
            .iter()
            .min_by(|a, b| a.strength.total_cmp(&b.strength));
        strongest
            .or(weakest)
            .expect("at least one strength is tried")
    }

    /// Why it may go no further: the weakest strength that is refused.
    pub fn limit(&self) -> Option<&Trial> {
        let refused = self.trials.iter().filter(|t| t.verdict != Verdict::Safe);
        refused.min_by(|a, b| a.strength.total_cmp(&b.strength))
    }
}

/// Photos that judge changes of themselves.
pub struct Guard<'a> {
    sight: Sight<'a>,
    squares: &'a [Pixels],
    labels: &'a [usize],
    groups: &'a [usize],
    n_classes: usize,
    folds: Folds,
    space: Space,
    seed: Seed,
    resamples: Vec<Vec<bool>>,
    orientation: Option<Orientation>,
    is_stopped: &'a AtomicBool,
}

impl<'a> Guard<'a> {
    /// Looks at the photos as they are. `squares` are of the size of `sight`'s preprocessing; `folds`, of
    /// whole groups, say which photos judge which; `is_stopped` ends long work early, with whatever comes of it being thrown away by
    /// whoever set it.
    ///
    /// # Errors
    /// [`LearnError::Algebra`] when a system can't be solved.
    #[expect(clippy::too_many_arguments, reason = "photos are four parallel lists")]
    pub fn new(
        sight: Sight<'a>,
        squares: &'a [Pixels],
        labels: &'a [usize],
        groups: &'a [usize],
        n_classes: usize,
        folds: Folds,
        seed: Seed,
        is_stopped: &'a AtomicBool,
    ) -> Result<Guard<'a>, LearnError> {
        let space = Space::new(&sight.of(squares), &sight.widths())?;
        Ok(Guard {
            sight,
            squares,
            labels,
            groups,
            n_classes,
            folds,
            space,
            seed,
            resamples: resamples(groups, seed),
            orientation: None,
            is_stopped,
        })
    }

    /// The same guard, which has looked at the photos turned, blurred and cropped, too: turns are judged by whether photos have an up, and
    /// pairs of classes are told that a change confuses more than one that keeps every label.
    ///
    /// # Errors
    /// As [`Guard::new`].
    pub fn thorough(mut self) -> Result<Guard<'a>, LearnError> {
        let orientation = Orientation::of(&self.sight, self.squares, self.groups, &self.folds)?;
        self.orientation = Some(orientation);
        Ok(self)
    }

    /// Looks of a photo through the network that [`Guard::new`] takes.
    pub const LOOKS_AT_FIRST: usize = 1;
    /// Those that [`Guard::thorough`] takes: four turns, placebos.
    pub const LOOKS_THOROUGH: usize = 4 + PLACEBOS.len() * 3;
    /// Looks of a photo that [`Guard::power`] takes.
    pub const LOOKS_FOR_POWER: usize = 2 * PLANTS.len();

    /// At most so many looks of a photo to judge an operation.
    pub fn looks(op: &dyn Op) -> usize {
        let of_a_direction = if few_steps(&op.range()).is_some() {
            1
        } else {
            3
        };
        directions(op).len() * of_a_direction
    }

    /// Whether the photos have an up, where it was looked at.
    pub fn orientation(&self) -> Option<Orientation> {
        self.orientation
    }

    /// Judges operations, side by side; `looked` is told of photos that have been looked at.
    ///
    /// # Errors
    /// When a system can't be solved.
    pub fn judge(
        &self,
        ops: &[&'static dyn Op],
        looked: &(dyn Fn(usize) + Sync),
    ) -> Result<Vec<Judged>, LearnError> {
        let clean = self.clean()?;
        let placebos = match self.orientation {
            Some(_) => self.placebos(&clean),
            None => Vec::new(),
        };
        let all: Vec<(&'static dyn Op, Vec<f32>)> = ops
            .iter()
            .flat_map(|op| directions(*op).into_iter().map(|ends| (*op, ends)))
            .collect();
        all.into_par_iter()
            .map(|(op, ends)| self.search((&clean, &placebos), op, ends, looked))
            .collect()
    }

    /// How often planted changes of labels are noticed: marks of which a change makes one the other.
    ///
    /// # Errors
    /// When a system can't be solved.
    pub fn power(&self) -> Result<Vec<Power>, LearnError> {
        let goes_on = |_: &&Plant| !self.is_stopped.load(Ordering::Relaxed);
        let plants = PLANTS.iter().take_while(goes_on);
        plants.map(|plant| self.power_for(plant)).collect()
    }

    fn power_for(&self, plant: &Plant) -> Result<Power, LearnError> {
        let (marked, labels) = plant.planted(self.squares, self.seed);
        let space = Space::new(&self.sight.of(&marked), &self.sight.widths())?;
        let resamples = self.resamples.clone();
        let clean = Clean::new(&space, &labels, self.groups, 2, &self.folds, resamples)?;
        let (op, amounts) = (plant.op(), [plant.amount]);
        let points = space.points(&self.sight.of(&self.changed(&marked, op, &amounts)));
        let evidence = clean.evidence(&points, pose(op, &amounts) == Pose::Fixed, &[])?;
        let alarms = evidence[1..].iter().map(decide);
        let alarms = alarms.filter(|v| *v == Verdict::Harmful).count();
        Ok(plant.power(alarms, self.resamples.len()))
    }

    fn clean(&self) -> Result<Clean<'_>, LearnError> {
        Clean::new(
            &self.space,
            self.labels,
            self.groups,
            self.n_classes,
            &self.folds,
            self.resamples.clone(),
        )
    }

    /// What changes do that keep every label.
    fn placebos(&self, clean: &Clean) -> Vec<Placebo> {
        let mut placebos = Vec::new();
        for (name, strengths) in PLACEBOS {
            let op = named(name).expect("a built-in operation");
            for strength in strengths {
                let amounts = [op.range().towards(op.range().high, strength)];
                let changed = self.changed(self.squares, op, &amounts);
                placebos.push(clean.placebo(&self.space.points(&self.sight.of(&changed))));
            }
        }
        placebos
    }

    /// All photos changed, by one of the amounts in turn.
    fn changed(&self, squares: &[Pixels], op: &dyn Op, amounts: &[f32]) -> Vec<Pixels> {
        let seed = self.seed.derive(op.name(), 0);
        let changed = squares.par_iter().enumerate().map(|(idx, square)| {
            let amount = amounts[idx % amounts.len()];
            let size = [square.width, square.height];
            View::by(op, amount, size, &mut seed.stream("photo", idx as u64)).of(square)
        });
        changed.collect()
    }

    fn search(
        &self,
        known: (&Clean, &[Placebo]),
        op: &'static dyn Op,
        ends: Vec<f32>,
        looked: &(dyn Fn(usize) + Sync),
    ) -> Result<Judged, LearnError> {
        let mut trials: Vec<Trial> = Vec::new();
        let try_at = |strength: f32, trials: &mut Vec<Trial>| -> Result<bool, LearnError> {
            let trial = self.trial(known, op, &ends, strength)?;
            looked(self.squares.len());
            let is_safe = trial.verdict == Verdict::Safe;
            trials.push(trial);
            Ok(is_safe)
        };
        if few_steps(&op.range()).is_some() {
            // All of them or nothing.
            try_at(1.0, &mut trials)?;
        } else {
            let (mut low, mut high, mut at) = (0, STRENGTHS.len(), FIRST);
            while low < high && !self.is_stopped.load(Ordering::Relaxed) {
                match try_at(STRENGTHS[at], &mut trials)? {
                    true => low = at + 1,
                    false => high = at,
                }
                at = (low + high) / 2;
            }
            if trials.is_empty() {
                try_at(STRENGTHS[FIRST], &mut trials)?;
            }
        }
        let safe = trials.iter().filter(|t| t.verdict == Verdict::Safe);
        let most = safe.map(|t| t.strength).fold(0.0, f32::max);
        let range = op.range();
        Ok(Judged {
            operation: op.name().into(),
            safe: (most > 0.0).then(|| ends.iter().map(|&e| range.towards(e, most)).collect()),
            ends,
            trials,
        })
    }

    fn trial(
        &self,
        (clean, placebos): (&Clean, &[Placebo]),
        op: &dyn Op,
        ends: &[f32],
        strength: f32,
    ) -> Result<Trial, LearnError> {
        let range = op.range();
        let at_ends = || ends.iter().map(|&e| range.towards(e, strength)).collect();
        let amounts: Vec<f32> = few_steps(&range).unwrap_or_else(at_ends);
        let pose = pose(op, &amounts);
        let changed = self.changed(self.squares, op, &amounts);
        let points = self.space.points(&self.sight.of(&changed));
        let evidence = clean.evidence(&points, pose == Pose::Fixed, placebos)?;
        let verdicts: Vec<Verdict> = evidence.iter().map(decide).collect();
        let mut verdict = agreed(verdicts[0], &verdicts[1..]);
        // Whether photos have an up decides on turns that leave it, whatever else is seen.
        let leaves_up = pose == Pose::Turned || op.name() == "quarter_turns";
        let is_absent = self.orientation.is_some_and(|o| o.is_absent());
        if verdict == Verdict::Safe && leaves_up && !is_absent {
            verdict = match self.orientation.is_some_and(|o| o.is_present()) {
                true => Verdict::Unreal,
                false => Verdict::Unknown,
            };
        }
        let evidence = evidence.into_iter().next().expect("all photos come first");
        Ok(Trial {
            strength,
            amounts,
            verdict,
            evidence,
        })
    }
}

/// The amounts of an operation that is done or not, or in a few whole steps, as quarter turns: they are tried together.
fn few_steps(range: &Range) -> Option<Vec<f32>> {
    let is_few = range.is_whole && range.low == 0.0 && range.high <= 3.0;
    is_few.then(|| (1..=range.high as i32).map(|step| step as f32).collect())
}

/// How a change of geometry leaves the pose of things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pose {
    /// From one pose to another one of a few.
    Fixed,
    /// By any angle, far enough to be another pose.
    Turned,
    Kept,
}

fn pose(op: &dyn Op, amounts: &[f32]) -> Pose {
    match op.name() {
        "horizontal_flip" | "vertical_flip" | "quarter_turns" => Pose::Fixed,
        "rotation" if amounts.iter().any(|a| a.abs() > ANOTHER_POSE_DEG) => Pose::Turned,
        _ => Pose::Kept,
    }
}

/// The ends of an operation's range that are judged together: left and right are alike, more and less light are not.
fn directions(op: &dyn Op) -> Vec<Vec<f32>> {
    let ends: Vec<f32> = op.range().ends().collect();
    match op.kind() {
        Kind::Geometry => vec![ends],
        _ => ends.into_iter().map(|end| vec![end]).collect(),
    }
}

/// Which photos are in each resample: four of five groups, drawn.
fn resamples(groups: &[usize], seed: Seed) -> Vec<Vec<bool>> {
    let mut ids: Vec<usize> = groups.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let of = |resample: usize| {
        let seed = seed.derive("guard's resample", resample as u64);
        let mut order = ids.clone();
        order.sort_by_key(|&id| seed.key(id as u64));
        let n = ((ids.len() as f64 * RESAMPLED).round() as usize).max(1);
        let kept: std::collections::BTreeSet<usize> = order.into_iter().take(n).collect();
        groups.iter().map(|group| kept.contains(group)).collect()
    };
    (0..RESAMPLES).map(of).collect()
}

/// How far each operation may go, from what was said of all of them.
pub fn caps(judged: &[Judged]) -> Caps {
    let mut caps = Caps::new();
    for one in judged {
        let Some(safe) = &one.safe else { continue };
        let op = named(&one.operation).expect("it was judged");
        let neutral = op.range().neutral;
        let cap = caps.entry(one.operation.clone()).or_insert(Cap {
            low: neutral,
            high: neutral,
        });
        for &amount in safe {
            cap.low = cap.low.min(amount);
            cap.high = cap.high.max(amount);
        }
    }
    caps
}
