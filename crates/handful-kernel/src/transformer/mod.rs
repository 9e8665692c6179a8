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

/// Sums at a time: adding goes on without waiting for the last sum, in an order that is always the same.
const SUMS: usize = 16;

/// Σ f(a, b) over two rows of one length.
#[inline(always)]
fn sum_of(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut sums = [0.0f32; SUMS];
    let (whole_a, rest_a) = a.as_chunks::<SUMS>();
    let (whole_b, rest_b) = b.as_chunks::<SUMS>();
    for (a, b) in whole_a.iter().zip(whole_b) {
        for i in 0..SUMS {
            sums[i] += f(a[i], b[i]);
        }
    }
    for (sum, (a, b)) in sums.iter_mut().zip(rest_a.iter().zip(rest_b)) {
        *sum += f(*a, *b);
    }
    sums.iter().sum()
}

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
