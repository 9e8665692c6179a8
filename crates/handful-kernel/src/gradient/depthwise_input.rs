//! The gradient of a depthwise convolution's input: a convolution of step 1 with the kernel turned around, over the output's gradient
//! with zeros between its pixels where the step was wider. Lines of zeros are left out.

use crate::bands::in_bands;
use crate::buffer::Buffer;
use crate::clamp::Clamp;
use crate::depthwise::{Line, MOST_KERNEL, by_tap, run_line};
use crate::element::Element;
use crate::fit::{assert_holds, image_len, images};
use crate::line_ring::{LineRing, LineShape};
use crate::simd::Isa;
use crate::size::Size;
use crate::slide::Slide;

/// The gradient of a depthwise convolution's input, ready to run on one instruction set, on maps of E.
#[derive(Clone, Debug)]
pub struct DepthwiseInputGradient<E: Element = f32> {
    isa: Isa,
    slide: Slide,
    channels: usize,
    padded: usize,
    /// For each class of lines the rows of the kernel that reach them, turned around: `[rows, kernel, padded]`.
    classes: Vec<Vec<E>>,
    no_bias: Vec<f32>,
}

impl<E: Element> DepthwiseInputGradient<E> {
    /// `weight` is `[channels, 1, kernel, kernel]`, as in the forward pass.
    ///
    /// # Panics
    /// If the lengths don't fit each other, or the kernel is larger than 16.
    pub fn new(
        isa: Isa,
        weight: &[f32],
        channels: usize,
        slide: Slide,
    ) -> DepthwiseInputGradient<E> {
        let Slide { kernel, stride, .. } = slide;
        assert!(channels > 0 && stride > 0 && (1..=MOST_KERNEL).contains(&kernel));
        assert_eq!(weight.len(), channels * kernel * kernel);
        let padded = channels.next_multiple_of(isa.loops().lanes);
        let class = |first: usize| {
            let rows = (first..kernel).step_by(stride).rev();
            let taps = rows.flat_map(|row| (0..kernel).rev().map(move |c| row * kernel + c));
            by_tap(weight, channels, padded, taps)
        };
        DepthwiseInputGradient {
            isa,
            slide,
            channels,
            padded,
            classes: (0..stride).map(class).collect(),
            no_bias: vec![0.0; padded],
        }
    }

    /// The gradient of the input from that of the output.
    ///
    /// # Shapes
    /// `gradient` `[n, h', w', channels]`, `out` `[n, h, w, channels]` for an input of `size`.
    ///
    /// # Panics
    /// If the lengths don't fit each other, or there is as much padding as the kernel is large.
    pub fn run(&self, gradient: &[E], size: Size, out: &mut [E]) {
        let Slide { kernel, stride, .. } = self.slide;
        let after = self.slide.after(size);
        let image_after = image_len(after, self.channels);
        let n = images(gradient, image_after);
        assert_holds(out, n, image_len(size, self.channels));
        let (down, across) = self.slide.padding(size);
        assert!(
            across.before.max(across.behind) < kernel,
            "padding of {across:?} is not less than a kernel of {kernel}"
        );
        let shape = LineShape {
            channels: self.channels,
            padded_channels: self.padded,
            width: size.width + kernel - 1,
            first: kernel - 1 - across.before,
            apart: stride,
        };
        in_bands(
            out,
            size.height,
            size.width * self.channels,
            |idx, lines, out| {
                let image = &gradient[idx * image_after..][..image_after];
                let mut ring = LineRing::new(image, after, shape, kernel.div_ceil(stride));
                let mut beside = Buffer::new(size.width * self.padded);
                for (line, out) in lines.zip(out.chunks_exact_mut(size.width * self.channels)) {
                    // Row first + stride · i of the kernel led from this line to line last − i of the output.
                    let (last, first) =
                        ((line + down.before) / stride, (line + down.before) % stride);
                    let rows = kernel.saturating_sub(first).div_ceil(stride);
                    let from = (last + 1).saturating_sub(rows).min(after.height);
                    let lines = from..(last + 1).min(after.height).max(from);
                    let mut met = [std::ptr::null(); MOST_KERNEL];
                    for (place, line) in lines.clone().enumerate() {
                        met[place] = ring.line(line);
                    }
                    let convolution = Line {
                        isa: self.isa,
                        lines: &met[..lines.len()],
                        first_row: if lines.is_empty() {
                            0
                        } else {
                            from + rows - (last + 1)
                        },
                        kernel,
                        stride: 1,
                        weights: &self.classes[first],
                        bias: &self.no_bias,
                        channels: self.padded,
                        clamp: Clamp::NONE,
                    };
                    // SAFETY: the ring holds a class's lines, each with all that the line's pixels meet.
                    unsafe { run_line(&convolution, self.channels, out, &mut beside) };
                }
            },
        );
    }
}
