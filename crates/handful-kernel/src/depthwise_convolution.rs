//! A convolution of each channel by itself, and the gradients of its input and of its weights.
//!
//! The gradient of the input is a convolution of step 1 with the kernel turned around, over the output's gradient with zeros between
//! its pixels where the step was wider; lines of zeros are left out.

use rayon::prelude::*;

use crate::bands::in_bands;
use crate::buffer::Buffer;
use crate::clamp::Clamp;
use crate::depthwise::{Line, MOST_KERNEL};
use crate::even::pieces;
use crate::fit::{assert_holds, image_len, images};
use crate::folded::Folded;
use crate::line_ring::{LineRing, LineShape};
use crate::padding::Padding;
use crate::simd::Isa;
use crate::size::Size;
use crate::slide::Slide;
use crate::taps::{MOST_TAPS, Taps};

/// Parts that the lines of all images are cut into for the gradient of the weights, whatever the number of threads.
const MOST_PARTS: usize = 16;

/// A depthwise convolution, ready to run on one instruction set.
#[derive(Clone, Debug)]
pub struct Depthwise {
    isa: Isa,
    slide: Slide,
    channels: usize,
    /// Whole registers.
    padded: usize,
    /// `[kernel · kernel, padded]`
    weights: Vec<f32>,
    /// `[padded]`
    bias: Vec<f32>,
    clamp: Clamp,
}

impl Depthwise {
    /// `weights.weight` is `[channels, 1, kernel, kernel]`.
    ///
    /// # Panics
    /// If the lengths of the weights don't fit each other, or the kernel is larger than 16.
    pub fn new(isa: Isa, weights: Folded, slide: Slide, clamp: Clamp) -> Depthwise {
        let channels = weights.bias.len();
        let area = slide.kernel * slide.kernel;
        assert!(channels > 0 && slide.stride > 0 && (1..=MOST_KERNEL).contains(&slide.kernel));
        assert_eq!(weights.weight.len(), channels * area);
        let padded = channels.next_multiple_of(isa.loops().lanes);
        let mut bias = weights.bias.to_vec();
        bias.resize(padded, 0.0);
        Depthwise {
            isa,
            slide,
            channels,
            padded,
            weights: by_tap(weights.weight, channels, padded, 0..area),
            bias,
            clamp,
        }
    }

    /// clamp(convolution + bias)
    ///
    /// # Shapes
    /// `x` `[n, h, w, channels]`, `out` `[n, h', w', channels]` with [`Slide::after`].
    ///
    /// # Panics
    /// If the lengths don't fit each other.
    pub fn forward(&self, x: &[f32], size: Size, out: &mut [f32]) {
        let after = self.slide.after(size);
        let image = image_len(size, self.channels);
        assert_holds(out, images(x, image), image_len(after, self.channels));
        let Slide { kernel, stride, .. } = self.slide;
        let (down, across) = self.slide.padding(size);
        let shape = self.line_shape(size, across);
        in_bands(
            out,
            after.height,
            after.width * self.channels,
            |idx, lines, out| {
                let mut ring = LineRing::new(&x[idx * image..][..image], size, shape, kernel);
                let mut beside = Buffer::new(after.width * self.padded);
                for (line, out) in lines.zip(out.chunks_exact_mut(after.width * self.channels)) {
                    let rows = met(line * stride, down, kernel, size.height);
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

    /// How lines of the input stand between their zeros.
    fn line_shape(&self, size: Size, across: Padding) -> LineShape {
        LineShape {
            channels: self.channels,
            padded_channels: self.padded,
            width: across.before + size.width + across.behind,
            first: across.before,
            apart: 1,
        }
    }

    /// The gradient of the weights, `[channels, 1, kernel, kernel]`, from the input and the gradient of the output.
    ///
    /// # Shapes
    /// `x` `[n, h, w, channels]`, `gradient` `[n, h', w', channels]`.
    ///
    /// # Panics
    /// If the lengths don't fit each other.
    pub fn weight_gradient(&self, x: &[f32], size: Size, gradient: &[f32], out: &mut [f32]) {
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
        let shape = self.line_shape(size, across);
        let shape_after = LineShape {
            width: after.width,
            first: 0,
            ..shape
        };
        let n_lines = n * after.height;
        let parts: Vec<_> = pieces(n_lines, n_lines.div_ceil(MOST_PARTS).max(1)).collect();
        let sums_len = kernel * kernel * self.padded;
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
                for row in met(line * stride, down, kernel, size.height) {
                    let x = ring.line(line * stride + row - down.before);
                    for columns in pieces(kernel, MOST_TAPS) {
                        let taps = Taps {
                            x: x.wrapping_add(columns.start * self.padded),
                            stride,
                            gradient,
                            pixels: after.width,
                            channels: self.padded,
                            out: sums[(row * kernel + columns.start) * self.padded..].as_mut_ptr(),
                        };
                        // SAFETY: lines hold all that a kernel meets, and the machine has the instructions.
                        unsafe { self.isa.loops().taps[columns.len() - 1](&taps) };
                    }
                }
            }
        });
        out.fill(0.0);
        for sums in all.chunks_exact(sums_len) {
            for (tap, sums) in sums.chunks_exact(self.padded).enumerate() {
                for (channel, sum) in sums[..self.channels].iter().enumerate() {
                    out[channel * kernel * kernel + tap] += sum;
                }
            }
        }
    }
}

/// The gradient of a depthwise convolution's input, ready to run on one instruction set.
#[derive(Clone, Debug)]
pub struct DepthwiseInputGradient {
    isa: Isa,
    slide: Slide,
    channels: usize,
    padded: usize,
    /// For each class of lines the rows of the kernel that reach them, turned around: `[rows, kernel, padded]`.
    classes: Vec<Vec<f32>>,
    no_bias: Vec<f32>,
}

impl DepthwiseInputGradient {
    /// `weight` is `[channels, 1, kernel, kernel]`, as in the forward pass.
    ///
    /// # Panics
    /// If the lengths don't fit each other, or the kernel is larger than 16.
    pub fn new(isa: Isa, weight: &[f32], channels: usize, slide: Slide) -> DepthwiseInputGradient {
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
    pub fn run(&self, gradient: &[f32], size: Size, out: &mut [f32]) {
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

/// Image `idx` of images of `len` numbers.
fn nth(all: &[f32], len: usize, idx: usize) -> &[f32] {
    &all[idx * len..][..len]
}

/// Which rows of a kernel whose first one stands at `first`, counted with the padding, meet lines `0..end`.
fn met(first: usize, down: Padding, kernel: usize, end: usize) -> std::ops::Range<usize> {
    let start = down.before.saturating_sub(first).min(kernel);
    let stop = (end + down.before)
        .saturating_sub(first)
        .clamp(start, kernel);
    start..stop
}

/// Weights `[channels, taps]` as `[chosen taps, padded]`.
fn by_tap(
    weight: &[f32],
    channels: usize,
    padded: usize,
    chosen: impl Iterator<Item = usize>,
) -> Vec<f32> {
    let area = weight.len() / channels;
    let of = |tap: usize| {
        let there = (0..channels).map(move |channel| weight[channel * area + tap]);
        there.chain(std::iter::repeat_n(0.0, padded - channels))
    };
    chosen.flat_map(of).collect()
}

/// Computes a line into `out`, whose pixels may be narrower than whole registers; then through `beside`.
///
/// # Safety
/// That of [`Line::run`].
unsafe fn run_line(line: &Line, channels: usize, out: &mut [f32], beside: &mut [f32]) {
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
