//! What are probabilities worth? Tables are `[n, classes]`, row-major; a table of no rows has no metric.

mod calibration;
mod loss;
mod right;

pub use calibration::{ece_bias, ece_equal_mass};
pub(crate) use loss::image_loss;
pub use loss::log_loss;
pub use right::{argmax, balanced_accuracy};
