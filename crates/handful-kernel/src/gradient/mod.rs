//! Which way do gradients go through? Those of a convolution's input and of its weights.

mod clamp;
mod depthwise_input;
mod depthwise_weight;
mod input;
mod side_by_side;
mod weight;

pub use clamp::bias_gradient;
pub use depthwise_input::DepthwiseInputGradient;
pub use depthwise_weight::DepthwiseWeightGradient;
pub use input::InputGradient;
pub use weight::WeightGradient;
