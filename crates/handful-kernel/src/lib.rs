//! Convolutions near the limit of the machine: slices in, slices out.
//!
//! Reading order: `tile` and `pixels` (the two innermost loops) and `simd` (for which registers they are compiled); `element` and
//! `bf16` (what maps are made of); `panels` and `product` (a matrix product of tiles), `window` and `line_ring` (maps between zeros),
//! `depthwise` (a line of pixels); what is made of them: `convolution`, `depthwise_convolution`, `inverted_residual`, `grouped`.
//! The way back: `gradient`, with `taps` and `cells`; `norm`, with `norm_pixels`; `pool`, with `largest`. `transformer` stands by
//! itself. `bands` and `rows` share the work among threads, `buffer` uses memory again.
//!
#![doc = include_str!("../README.md")]

mod bands;
mod bf16;
mod buffer;
mod cells;
mod channels;
mod clamp;
mod convert;
mod convolution;
mod depthwise;
mod depthwise_convolution;
mod element;
mod even;
mod fit;
mod folded;
mod gradient;
mod grouped;
mod inverted_residual;
mod largest;
mod line_ring;
mod norm;
mod norm_pixels;
mod padding;
mod panels;
mod pixels;
mod places;
mod pool;
mod product;
mod rows;
mod shared;
mod simd;
mod size;
mod slide;
#[cfg(target_arch = "x86_64")]
mod strip;
mod taps;
mod tile;
mod transformer;
mod window;

pub use bf16::Bf16;
pub use buffer::Buffer;
pub use channels::{scale_channels, scale_channels_gradients};
pub use clamp::Clamp;
pub use convert::convert;
pub use convolution::Convolution;
pub use depthwise_convolution::Depthwise;
pub use element::Element;
pub use folded::Folded;
pub use gradient::{
    DepthwiseInputGradient, DepthwiseWeightGradient, InputGradient, WeightGradient, bias_gradient,
};
pub use grouped::Grouped;
pub use inverted_residual::{BlockWeights, InvertedResidual};
pub use norm::{Moments, Norm, NormGradients, NormPass};
pub use padding::Padding;
pub use pool::{max_pool, max_pool_gradient, mean};
pub use simd::Isa;
pub use size::Size;
pub use slide::{Slide, Surround};
pub use transformer::{
    Attention, LayerNorm, LayerNormGradients, gelu, gelu_gradient, softmax, softmax_gradient,
};
