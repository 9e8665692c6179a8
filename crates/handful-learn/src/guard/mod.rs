//! Does a change of pictures keep the labels of *these* photos true, and could such a picture occur here?
//!
//! Reading order: [`Sight`] (what is looked at: a backbone trained with flips is partly blind to left and right, so positions stay in),
//! `space` (photos as points), `head` (small ridge regressions), [`Evidence`] (what was measured of one change), [`Verdict`] (what follows
//! from it, the same in nine of ten resamples or not at all), [`Guard`] (how far each operation may go: a search over strengths),
//! [`Orientation`] (do these photos have an up?), [`Power`] (would changes of labels have been noticed? Some are planted to see).
//!
//! Source: recipe "Realism guard" in small-data.md 1.4. Where this departs from it, the place says so.

mod evidence;
mod fit;
mod orientation;
mod power;
mod search;
mod sight;
mod space;
#[cfg(test)]
mod tests;
mod verdict;

pub use evidence::{Collision, Estimate, Evidence};
pub use orientation::Orientation;
pub use power::Power;
pub use search::{Guard, Judged, Trial, caps};
pub use sight::Sight;
pub use verdict::Verdict;
