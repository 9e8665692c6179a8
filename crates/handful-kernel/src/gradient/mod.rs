//! Which way do gradients go through? Those of a convolution's input and of its weights.

mod clamp;
mod input;
mod weight;

pub use clamp::bias_gradient;
pub use input::InputGradient;
pub use weight::WeightGradient;
