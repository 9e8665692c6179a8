//! What else could a photo look like, and still show the same thing?
//!
//! Reading order: [`op`] (one way to change a picture, one file each), [`Warp`] (what turns, shifts and bends, composed into one
//! resample), [`Policy`] (which ops, how often, how strong: data that people read and write), [`View`] (what a policy drew for
//! one look at a photo), [`Mask`] and [`Rect`] (what moves along), [`mixing`] (two photos in one).
//!
//! Nothing here knows labels, folds or networks. Whether a change keeps the labels of somebody's photos true is measured
//! elsewhere, on those photos.

mod border;
mod error;
mod matrix;
pub mod mixing;
pub mod op;
mod policy;
mod range;
mod resample;
mod target;
mod view;
mod warp;
mod wide;

pub use border::Border;
pub use error::ExpandError;
pub use matrix::Matrix;
pub use op::{Change, Kind, OPS, Op, named};
pub use policy::{Cap, Caps, Choose, IDENTITY, Policy, Step, Use, built_in, policy_named};
pub use range::Range;
pub use resample::{Interpolation, resample};
pub use target::{Mask, Rect};
pub use view::{ValueChange, View};
pub use warp::{Bend, Warp};

/// The example of the README is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
