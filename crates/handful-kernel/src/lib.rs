//! Convolutions near the limit of the machine: slices in, slices out.
//!
//! Reading order: `tile` and `pixels` (the two innermost loops) and `simd` (for which registers they are compiled); `panels` and
//! `product` (a matrix product of tiles), `depthwise` (a line of pixels); what is made of them: `convolution`,
//! `inverted_residual`. `bands` shares the work among threads.
//!
#![doc = include_str!("../README.md")]

mod bands;
mod buffer;
mod clamp;
mod convolution;
mod depthwise;
mod even;
mod fit;
mod folded;
mod inverted_residual;
mod padding;
mod panels;
mod pixels;
mod places;
mod pool;
mod product;
mod simd;
mod size;
mod slide;
mod tile;

pub use buffer::Buffer;
pub use clamp::Clamp;
pub use convolution::Convolution;
pub use folded::Folded;
pub use inverted_residual::{BlockWeights, InvertedResidual};
pub use padding::Padding;
pub use pool::{max_pool, mean};
pub use simd::Isa;
pub use size::Size;
pub use slide::{Slide, Surround};
