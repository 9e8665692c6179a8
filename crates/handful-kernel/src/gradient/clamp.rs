//! The gradient of an activation that is kept between two bounds, and that of a bias.

use rayon::prelude::*;

use crate::buffer::Buffer;
use crate::clamp::Clamp;
use crate::element::Element;
use crate::norm_pixels::Mask;
use crate::rows::{PIECE, add_up, parts};
use crate::simd::Isa;

impl Clamp {
    /// Whether it keeps anything from being what it is.
    pub fn is_none(self) -> bool {
        self == Clamp::NONE
    }

    /// Whether gradients go through where the result is `out`: strictly between the bounds, as in PyTorch.
    #[inline(always)]
    pub(crate) fn lets_through(self, out: f32) -> bool {
        // Without a branch: both are asked, and the compiler can ask of several numbers at a time.
        (self.low < out) & (out < self.high)
    }

    /// Writes the gradient of what was clamped: that of the output where it lies between the bounds, else zero.
    ///
    /// # Panics
    /// If the slices aren't as long as each other.
    pub fn gradient<E: Element>(self, out: &[E], gradient: &[E], to: &mut [E]) {
        assert_eq!(out.len(), gradient.len());
        assert_eq!(out.len(), to.len());
        let pieces = out.par_chunks(PIECE).zip(gradient.par_chunks(PIECE));
        (pieces.zip(to.par_chunks_mut(PIECE))).for_each(|((out, gradient), to)| {
            self.run(out, gradient.as_ptr(), to.as_mut_ptr());
        });
    }

    /// As [`Clamp::gradient`], in the memory of the output's gradient.
    ///
    /// # Panics
    /// If the slices aren't as long as each other.
    pub fn mask<E: Element>(self, out: &[E], gradient: &mut [E]) {
        assert_eq!(out.len(), gradient.len());
        let pieces = out.par_chunks(PIECE).zip(gradient.par_chunks_mut(PIECE));
        pieces.for_each(|(out, gradient)| {
            let gradient = gradient.as_mut_ptr();
            self.run(out, gradient, gradient);
        });
    }

    fn run<E: Element>(self, out: &[E], gradient: *const E, to: *mut E) {
        let mask = Mask {
            out,
            clamp: self,
            gradient,
            to,
        };
        // SAFETY: both callers' pieces are as long as each other, and the machine has the instructions, since there is an Isa of them.
        unsafe { (E::loops(Isa::best()).mask)(&mask) };
    }
}

/// The gradient of a bias: the sum over all pixels of the output's gradient `[pixels, channels]`.
///
/// # Panics
/// If pixels are not whole.
pub fn bias_gradient<E: Element>(gradient: &[E], out: &mut [f32]) {
    let channels = out.len();
    let parts = parts(gradient.len(), channels);
    let mut sums = Buffer::new(parts.len() * channels);
    (sums.par_chunks_exact_mut(channels).zip(&parts)).for_each(|(sums, part)| {
        sums.fill(0.0);
        let pixels = &gradient[part.start * channels..part.end * channels];
        for pixel in pixels.chunks_exact(channels) {
            for (sum, g) in sums.iter_mut().zip(pixel) {
                *sum += g.to_f32();
            }
        }
    });
    add_up(&sums, out);
}
