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

/// Numbers of whole rows that are a piece of work.
fn piece(row: usize) -> usize {
    const PIECE: usize = 1 << 14;
    (PIECE / row.max(1)).max(1) * row
}

/// # Panics
/// If the numbers are not whole rows, or there are no numbers in a row.
fn assert_rows(len: usize, row: usize) {
    assert!(
        row > 0 && len.is_multiple_of(row),
        "{len} numbers are not whole rows of {row}"
    );
}
