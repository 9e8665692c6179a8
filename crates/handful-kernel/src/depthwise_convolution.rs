//! A convolution of each channel by itself.

use crate::bands::in_bands;
use crate::buffer::Buffer;
use crate::clamp::Clamp;
use crate::depthwise::{Line, MOST_KERNEL, by_tap, met, run_line};
use crate::element::{Element, padded_bias};
use crate::fit::{assert_holds, image_len, images};
use crate::folded::Folded;
use crate::line_ring::{LineRing, LineShape};
use crate::simd::Isa;
use crate::size::Size;
use crate::slide::{Slide, Surround};

/// A depthwise convolution, ready to run on one instruction set, on maps of E.
#[derive(Clone, Debug)]
pub struct Depthwise<E: Element = f32> {
    isa: Isa,
    slide: Slide,
    channels: usize,
    /// Whole registers.
    padded: usize,
    /// `[kernel · kernel, padded]`
    weights: Vec<E>,
    /// `[padded]`
    bias: Vec<f32>,
    clamp: Clamp,
}

impl<E: Element> Depthwise<E> {
    /// `weights.weight` is `[channels, 1, kernel, kernel]`.
    ///
    /// # Panics
    /// If the lengths of the weights don't fit each other, the kernel is larger than 16, or there is as much padding as kernel.
    pub fn new(isa: Isa, weights: Folded, slide: Slide, clamp: Clamp) -> Depthwise<E> {
        let channels = weights.bias.len();
        let area = slide.kernel * slide.kernel;
        assert!(channels > 0 && slide.stride > 0 && (1..=MOST_KERNEL).contains(&slide.kernel));
        assert_eq!(weights.weight.len(), channels * area);
        if let Surround::Even(each) = slide.surround {
            assert!(
                each < slide.kernel,
                "{slide:?} has as much padding as kernel"
            );
        }
        let padded = channels.next_multiple_of(isa.loops().lanes);
        Depthwise {
            isa,
            slide,
            channels,
            padded,
            weights: by_tap(weights.weight, channels, padded, 0..area),
            bias: padded_bias::<E>(weights.bias, padded),
            clamp,
        }
    }

    /// Size of what comes out.
    pub fn after(&self, size: Size) -> Size {
        self.slide.after(size)
    }

    /// clamp(convolution + bias)
    ///
    /// # Shapes
    /// `x` `[n, h, w, channels]`, `out` `[n, h', w', channels]` with [`Slide::after`].
    ///
    /// # Panics
    /// If the lengths don't fit each other.
    pub fn forward(&self, x: &[E], size: Size, out: &mut [E]) {
        let after = self.slide.after(size);
        let image = image_len(size, self.channels);
        assert_holds(out, images(x, image), image_len(after, self.channels));
        let Slide { kernel, stride, .. } = self.slide;
        let (down, across) = self.slide.padding(size);
        let shape = LineShape::between_zeros(self.channels, self.padded, size, across);
        in_bands(
            out,
            after.height,
            after.width * self.channels,
            |idx, lines, out| {
                let mut ring = LineRing::new(&x[idx * image..][..image], size, shape, kernel);
                let mut beside = Buffer::new(after.width * self.padded);
                for (line, out) in lines.zip(out.chunks_exact_mut(after.width * self.channels)) {
                    let rows = met(line * stride, down.before, kernel, size.height);
                    let mut met = [std::ptr::null(); MOST_KERNEL];
                    for (place, row) in rows.clone().enumerate() {
                        met[place] = ring.line(line * stride + row - down.before);
                    }
                    let convolution = Line {
                        isa: self.isa,
                        lines: &met[..rows.len()],
                        first_row: rows.start,
                        kernel,
                        stride,
                        weights: &self.weights,
                        bias: &self.bias,
                        channels: self.padded,
                        clamp: self.clamp,
                    };
                    // SAFETY: the ring holds a kernel's lines, each with all that the line's pixels meet.
                    unsafe { run_line(&convolution, self.channels, out, &mut beside) };
                }
            },
        );
    }
}
