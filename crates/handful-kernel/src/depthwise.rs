//! A convolution of each channel by itself, line by line.

use std::ops::Range;

use crate::clamp::Clamp;
use crate::element::Element;
use crate::even::pieces;
use crate::pixels::{MOST_PIXELS, Pixels};
use crate::simd::Isa;

/// The largest kernel.
pub(crate) const MOST_KERNEL: usize = 16;

/// One line of output pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a, E> {
    pub isa: Isa,
    /// Lines of input, from the kernel's row `first_row` on; each with zeros where its padding is.
    pub lines: &'a [*const E],
    pub first_row: usize,
    pub kernel: usize,
    pub stride: usize,
    /// `[kernel · kernel, channels]`
    pub weights: &'a [E],
    /// `[channels]`
    pub bias: &'a [f32],
    /// Whole registers; pixels of lines in and out are as far apart.
    pub channels: usize,
    pub clamp: Clamp,
}

impl<E: Element> Line<'_, E> {
    /// # Safety
    /// Lines hold all that a kernel sees for as many pixels as `out` has.
    pub unsafe fn run(&self, out: &mut [E]) {
        assert_eq!(self.bias.len(), self.channels);
        let weights = &self.weights[self.first_row * self.kernel * self.channels..];
        assert!(weights.len() >= self.lines.len() * self.kernel * self.channels);
        for piece in pieces(out.len() / self.channels, MOST_PIXELS) {
            let pixels = Pixels {
                lines: self.lines,
                skipped: piece.start * self.stride * self.channels,
                kernel: self.kernel,
                stride: self.stride,
                weights: weights.as_ptr(),
                bias: self.bias.as_ptr(),
                channels: self.channels,
                out: out[piece.start * self.channels..].as_mut_ptr(),
                clamp: self.clamp,
            };
            // SAFETY: the caller's, and the machine has the instructions, since there is an Isa of them.
            unsafe { E::loops(self.isa).pixels[piece.len() - 1](&pixels) };
        }
    }
}

/// Which rows of a kernel whose first one stands at `first`, counted with the padding above, meet lines `0..end`.
pub(crate) fn met(first: usize, above: usize, kernel: usize, end: usize) -> Range<usize> {
    let start = above.saturating_sub(first).min(kernel);
    let stop = (end + above).saturating_sub(first).clamp(start, kernel);
    start..stop
}

/// Weights `[channels, taps]` as `[chosen taps, padded]`.
pub(crate) fn by_tap<E: Element>(
    weight: &[f32],
    channels: usize,
    padded: usize,
    chosen: impl Iterator<Item = usize>,
) -> Vec<E> {
    let area = weight.len() / channels;
    let of = |tap: usize| {
        let there = (0..channels).map(move |channel| E::weight(weight[channel * area + tap]));
        there.chain(std::iter::repeat_n(E::default(), padded - channels))
    };
    chosen.flat_map(of).collect()
}

/// Computes a line into `out`, whose pixels may be narrower than whole registers; then through `beside`.
///
/// # Safety
/// That of [`Line::run`].
pub(crate) unsafe fn run_line<E: Element>(
    line: &Line<E>,
    channels: usize,
    out: &mut [E],
    beside: &mut [E],
) {
    // SAFETY: the caller's.
    unsafe {
        if channels == line.channels {
            line.run(out);
            return;
        }
        line.run(beside);
    }
    let pixels = beside.chunks_exact(line.channels);
    for (out, pixel) in out.chunks_exact_mut(channels).zip(pixels) {
        out.copy_from_slice(&pixel[..channels]);
    }
}
