//! How is it learnt: backbones, features, heads and the bundle that keeps a trained model.
//!
//! Pixels and labels in, probabilities out. This crate knows nothing of paths, folders, HTML or the terminal: whoever
//! calls it hands over bytes and arrays and gets bytes and arrays back. What a training keeps may lie in an open file that the
//! caller hands over, too ([`train::Shelf`]).
//!
//! Reading order: [`weights`] (a table of named tensors), [`backbone`] (the network in stages), [`features`] (what is
//! taken out of it), [`head`] (what is fitted on the features), [`train`] (what is
//! learned together with them), [`bundle`] (all of it as one file's bytes). What features
//! say about the photos themselves: [`scenes`], [`mod@signal`], [`shortcut`],
//! [`mod@one_place`], [`domain`], and of changes of them: [`guard`]. What a trained network has forgotten: [`mod@drift`].

mod algebra;
pub mod backbone;
pub mod bundle;
pub mod domain;
pub mod drift;
mod error;
pub mod features;
pub mod guard;
pub mod head;
mod leave_group_out;
pub mod one_place;
pub mod ops;
mod relabelling;
pub mod scenes;
pub mod shortcut;
pub mod signal;
pub mod train;
pub mod weights;

pub use backbone::Backbone;
pub use bundle::Bundle;
pub use drift::{Skill, SkillChange, StageDrift, cka, drift, skill};
pub use error::LearnError;
pub use one_place::{Grids, OnePlace, one_place};
pub use shortcut::{Damage, Descriptor, Shortcut, damage, shortcuts};
pub use signal::{Signal, signal};
pub use weights::Weights;
