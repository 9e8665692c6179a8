//! What follows from the evidence?

use serde::{Deserialize, Serialize};

use super::evidence::Evidence;

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Labels stay true, and such pictures could occur.
    Safe,
    /// Labels change.
    Harmful,
    /// Such pictures don't occur here.
    Unreal,
    /// The photos can't tell: then the operation is off.
    Unknown,
}

impl Verdict {
    /// As it is called in every output.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Safe => "safe",
            Verdict::Harmful => "harmful",
            Verdict::Unreal => "unreal",
            Verdict::Unknown => "unknown",
        }
    }
}

/// Keeping the label costs the clean photos more than this: it contradicts them. In probability of the true class.
const CONTRADICTS: f64 = -0.01;
/// Keeping the label costs at most this.
const COSTS_LITTLE: f64 = -0.02;
/// Half of the widest interval from which anything may be called safe.
const TOO_WIDE: f64 = 0.03;
/// More of a class than this is read as one other class.
const COLLIDES: f64 = 0.2;
/// At this level, corrected for the pairs of classes.
const COLLIDES_P: f64 = 0.01;
/// A pose is told from the photos' own in more cases than this; one half is chance.
const TELLTALE: f64 = 0.60;
/// More pictures than this lie further out than nearly all photos.
const OUTSIDE: f64 = 0.20;
/// So many more pictures are no longer read as what they show.
const UNREAD: f64 = -0.10;

/// What follows from one measurement.
pub(super) fn decide(evidence: &Evidence) -> Verdict {
    let mix = &evidence.mix;
    let collides = evidence
        .collision
        .as_ref()
        .is_some_and(|c| c.share > COLLIDES && c.p < COLLIDES_P);
    if mix.high < CONTRADICTS || collides {
        return Verdict::Harmful;
    }
    let is_unreal = match &evidence.tell {
        Some(tell) => tell.low > TELLTALE,
        // What makes heads better at the photos as they are may be rare among them.
        None if mix.low > 0.0 => false,
        None => evidence.outside > OUTSIDE || evidence.affinity.high < UNREAD,
    };
    if is_unreal {
        return Verdict::Unreal;
    }
    let is_sure = (mix.high - mix.low) / 2.0 < TOO_WIDE;
    match mix.low > COSTS_LITTLE && is_sure {
        true => Verdict::Safe,
        false => Verdict::Unknown,
    }
}

/// Resamples that have to agree, of ten.
const AGREE: usize = 9;

/// The answer that nine of ten resamples give as all photos do; otherwise none can be given.
pub(super) fn agreed(of_all: Verdict, of_resamples: &[Verdict]) -> Verdict {
    let agree = of_resamples.iter().filter(|v| **v == of_all).count();
    // Harmful and unreal are both a no.
    let is_no = |v: Verdict| matches!(v, Verdict::Harmful | Verdict::Unreal);
    let agree = match is_no(of_all) {
        true => of_resamples.iter().filter(|v| is_no(**v)).count(),
        false => agree,
    };
    match agree * 10 >= AGREE * of_resamples.len() {
        true => of_all,
        false => Verdict::Unknown,
    }
}
