//! Would more images help? How the error falls with the number of images, how far that may be drawn out, and whether
//! the same drawing would have been right before.
//!
//! Reading order: `power_law` (the curve), `band` (how sure it is), `answer` (how many more), `hindcast` (was it right).

mod answer;
mod band;
mod hindcast;
mod power_law;

pub use answer::{Answer, Why};
pub use band::{CurvePoint, LearningCurve, learning_curve};
pub use hindcast::Hindcast;
pub use power_law::{PowerLaw, fit_power_law};
