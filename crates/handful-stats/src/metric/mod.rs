//! What are probabilities worth? Tables are `[n, classes]`, row-major; a table of no rows has no metric.

mod brier;
mod calibration;
pub(crate) mod f1;
mod loss;
mod reliability;
mod right;

pub use brier::brier;
pub use calibration::{ece_bias, ece_equal_mass};
pub use f1::macro_f1;
pub use loss::log_loss;
pub(crate) use loss::{FLOOR, image_loss};
pub use reliability::{ReliabilityBin, reliability};
pub use right::{argmax, balanced_accuracy};
