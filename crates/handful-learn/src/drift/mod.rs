//! What has a network forgotten while it was trained: the forgetting meter (recipe A13).
//!
//! Two networks of one architecture, a start and what became of it, look at the same probe photos, which neither was trained
//! on. Reading order: [`cka()`] (do two descriptions of images say the same), [`drift()`] (stage by stage, how far features and
//! tensors have moved), [`skill()`] (how much better or worse the photos' classes can be read off the features).

mod cka;
mod skill;
mod stages;

pub use cka::cka;
pub use skill::{Skill, SkillChange, skill};
pub use stages::{StageDrift, drift};
