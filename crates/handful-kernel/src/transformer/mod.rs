//! What transformers need between their products: an activation, a softmax, a norm, each forwards and back.
//!
//! Rows are shared among threads. The loops are ordinary ones that a compiler puts into registers: they take hundredths of the time of
//! the products beside them.

mod attention;
mod exponential;
mod gelu;
mod layer_norm;
mod softmax;

pub use attention::Attention;
pub use gelu::{gelu, gelu_gradient};
pub use layer_norm::{LayerNorm, LayerNormGradients};
pub use softmax::{softmax, softmax_gradient};
