//! Weights as kernels take them.

/// A convolution with its norm folded in.
#[derive(Clone, Copy, Debug)]
pub struct Folded<'a> {
    /// `[channels out, channels in / groups · kernel · kernel]`
    pub weight: &'a [f32],
    /// `[channels out]`
    pub bias: &'a [f32],
}
