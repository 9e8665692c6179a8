//! The gradient of a depthwise convolution's weights: what each tap meets, times the output's gradient, summed line by line.
//!
//! Lines of all images are cut into parts by their number alone, each summed by itself and all in order.

use rayon::prelude::*;

use crate::buffer::Buffer;
use crate::depthwise::met;
use crate::element::Element;
use crate::even::pieces;
use crate::fit::{assert_holds, image_len, images};
use crate::line_ring::{LineRing, LineShape};
use crate::simd::Isa;
use crate::size::Size;
use crate::slide::Slide;
use crate::taps::{MOST_TAPS, Taps};

/// Parts that the lines of all images are cut into.
const MOST_PARTS: usize = 16;

/// The gradient of a depthwise convolution's weights.
#[derive(Clone, Copy, Debug)]
pub struct DepthwiseWeightGradient {
    /// On which instruction set.
    pub isa: Isa,
    /// How the convolution slides.
    pub slide: Slide,
    /// Channels of its input and its output.
    pub channels: usize,
}

impl DepthwiseWeightGradient {
    /// The gradient of the weights, `[channels, 1, kernel, kernel]`, from the input and the gradient of the output.
    ///
    /// # Shapes
    /// `x` `[n, h, w, channels]`, `gradient` `[n, h', w', channels]`.
    ///
    /// # Panics
    /// If the lengths don't fit each other.
    pub fn run<E: Element>(&self, x: &[E], size: Size, gradient: &[E], out: &mut [f32]) {
        let Slide { kernel, stride, .. } = self.slide;
        let after = self.slide.after(size);
        let (image, image_after) = (
            image_len(size, self.channels),
            image_len(after, self.channels),
        );
        let n = images(x, image);
        assert_holds(gradient, n, image_after);
        assert_eq!(out.len(), self.channels * kernel * kernel);
        let (down, across) = self.slide.padding(size);
        let padded = self.channels.next_multiple_of(self.isa.loops().lanes);
        let shape = LineShape::between_zeros(self.channels, padded, size, across);
        let shape_after = LineShape {
            width: after.width,
            first: 0,
            ..shape
        };
        let n_lines = n * after.height;
        let parts: Vec<_> = pieces(n_lines, n_lines.div_ceil(MOST_PARTS).max(1)).collect();
        let sums_len = kernel * kernel * padded;
        let mut all = Buffer::new(parts.len() * sums_len);
        let tasks = all.par_chunks_exact_mut(sums_len).zip(&parts);
        tasks.with_max_len(1).for_each(|(sums, part)| {
            sums.fill(0.0);
            let first = part.start / after.height;
            let mut ring = LineRing::new(nth(x, image, first), size, shape, kernel);
            let mut ring_after =
                LineRing::new(nth(gradient, image_after, first), after, shape_after, 1);
            for idx in part.clone() {
                let (idx, line) = (idx / after.height, idx % after.height);
                if line == 0 {
                    ring.restart(nth(x, image, idx));
                    ring_after.restart(nth(gradient, image_after, idx));
                }
                let gradient = ring_after.line(line);
                for row in met(line * stride, down.before, kernel, size.height) {
                    let x = ring.line(line * stride + row - down.before);
                    for columns in pieces(kernel, MOST_TAPS) {
                        let taps = Taps {
                            x: x.wrapping_add(columns.start * padded),
                            stride,
                            gradient,
                            pixels: after.width,
                            channels: padded,
                            out: sums[(row * kernel + columns.start) * padded..].as_mut_ptr(),
                        };
                        // SAFETY: lines hold all that a kernel meets, and the machine has the instructions.
                        unsafe { E::loops(self.isa).taps[columns.len() - 1](&taps) };
                    }
                }
            }
        });
        out.fill(0.0);
        for sums in all.chunks_exact(sums_len) {
            for (tap, sums) in sums.chunks_exact(padded).enumerate() {
                for (channel, sum) in sums[..self.channels].iter().enumerate() {
                    out[channel * kernel * kernel + tap] += sum;
                }
            }
        }
    }
}

/// Image `idx` of images of `len` numbers.
fn nth<E>(all: &[E], len: usize, idx: usize) -> &[E] {
    &all[idx * len..][..len]
}
