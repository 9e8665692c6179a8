//! Policies that everybody knows, with the numbers of their authors.

use super::{Choose, Policy, Step, Use};
use crate::border::Border;
use crate::resample::Interpolation;

/// All of them, the mildest first.
pub fn built_in() -> Vec<Policy> {
    vec![none()]
}

fn none() -> Policy {
    Policy::none()
}
