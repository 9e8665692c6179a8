//! The block of MobileNets and EfficientNets in one pass: the six times wider activation never leaves the cache.
//!
//! Some expanded channels at a time: a few lines of them are computed into a ring of lines, convolved, and multiplied
//! into the sums of the output, until the image is done; then the next channels. Every number is the same as layer by layer,
//! because a sum over channels goes on where it stopped.
//!
//! Source of the block: M. Sandler et al., MobileNetV2 (CVPR 2018).

use std::ops::Range;

use crate::bands::in_bands;
use crate::clamp::Clamp;
use crate::depthwise::{Line, MOST_KERNEL};
use crate::padding::Padding;
use crate::panels::Panels;
use crate::product::{Contiguous, Product, Rows, apart};
use crate::scratch::with_scratch;
use crate::simd::Isa;
use crate::size::Size;

/// Expanded channels at a time: whole registers of every machine, and a divisor of what six times a multiple of 8 is.
const CHUNK: usize = 192;
/// Output pixels of a step, at least: rows enough for the products' tiles.
const STEP_PIXELS: usize = 112;

/// A convolution with its norm folded in.
#[derive(Clone, Copy, Debug)]
pub struct Folded<'a> {
    /// `[channels out, channels in / groups · kernel · kernel]`
    pub weight: &'a [f32],
    /// `[channels out]`
    pub bias: &'a [f32],
}

/// What a block is made of.
#[derive(Clone, Copy, Debug)]
pub struct BlockWeights<'a> {
    /// 1×1 to more channels, ReLU6; absent in the first stage.
    pub expand: Option<Folded<'a>>,
    /// Each channel by itself, ReLU6, TensorFlow's SAME padding.
    pub depthwise: Folded<'a>,
    /// 1×1 to fewer channels.
    pub project: Folded<'a>,
    /// Side of the depthwise kernel.
    pub kernel: usize,
    /// Its step.
    pub stride: usize,
    /// Whether the input is added in the end.
    pub adds_input: bool,
}

/// A block, ready to run on one instruction set.
#[derive(Clone, Debug)]
pub struct InvertedResidual {
    isa: Isa,
    chunks: Vec<Chunk>,
    project: Panels,
    kernel: usize,
    stride: usize,
    channels_in: usize,
    adds_input: bool,
}

/// Some expanded channels.
#[derive(Clone, Debug)]
struct Chunk {
    /// Which of all.
    channels: Range<usize>,
    /// As many in whole registers.
    padded: usize,
    expand: Option<Panels>,
    /// `[kernel · kernel, padded]`
    depthwise: Vec<f32>,
    /// `[padded]`
    bias: Vec<f32>,
}

impl InvertedResidual {
    /// # Panics
    /// If the lengths of the weights don't fit each other, or the kernel is larger than 16.
    pub fn new(isa: Isa, weights: &BlockWeights) -> InvertedResidual {
        let BlockWeights {
            depthwise, project, ..
        } = weights;
        let area = weights.kernel * weights.kernel;
        let expanded = depthwise.bias.len();
        let channels_out = project.bias.len();
        assert!(weights.kernel <= MOST_KERNEL);
        assert_eq!(depthwise.weight.len(), expanded * area);
        assert_eq!(project.weight.len(), channels_out * expanded);
        let channels_in = match weights.expand {
            Some(expand) => {
                assert_eq!(expand.bias.len(), expanded);
                expand.weight.len() / expanded
            }
            None => expanded,
        };
        assert!(!weights.adds_input || (channels_in == channels_out && weights.stride == 1));
        let chunk = |first: usize| {
            let channels = first..(first + CHUNK).min(expanded);
            let padded = channels.len().next_multiple_of(isa.loops().lanes);
            let has = |c: usize| c < channels.len();
            let bias_of = |all: &[f32]| -> Vec<f32> {
                let mut bias = all[channels.clone()].to_vec();
                bias.resize(padded, 0.0);
                bias
            };
            let expand = weights.expand.map(|expand| {
                let weight = |c: usize, i: usize| match has(c) {
                    true => expand.weight[(first + c) * channels_in + i],
                    false => 0.0,
                };
                Panels::new(isa, padded, channels_in, &bias_of(expand.bias), weight)
            });
            let mut by_tap = vec![0.0; area * padded];
            for (tap, row) in by_tap.chunks_exact_mut(padded).enumerate() {
                for c in 0..channels.len() {
                    row[c] = depthwise.weight[(first + c) * area + tap];
                }
            }
            Chunk {
                padded,
                expand,
                depthwise: by_tap,
                bias: bias_of(depthwise.bias),
                channels,
            }
        };
        InvertedResidual {
            isa,
            chunks: (0..expanded).step_by(CHUNK).map(chunk).collect(),
            project: Panels::new(isa, channels_out, expanded, project.bias, |c, i| {
                project.weight[c * expanded + i]
            }),
            kernel: weights.kernel,
            stride: weights.stride,
            channels_in,
            adds_input: weights.adds_input,
        }
    }

    /// Channels of the input.
    pub fn channels_in(&self) -> usize {
        self.channels_in
    }

    /// Channels of the output.
    pub fn channels_out(&self) -> usize {
        self.project.n
    }

    /// Size of what comes out.
    pub fn after(&self, size: Size) -> Size {
        size.divided(self.stride)
    }

    /// # Shapes
    /// `x` `[n, h, w, channels in]`; `out` `[n, ⌈h / stride⌉, ⌈w / stride⌉, channels out]`.
    ///
    /// # Panics
    /// If the lengths don't fit each other.
    pub fn forward(&self, x: &[f32], size: Size, out: &mut [f32]) {
        let after = self.after(size);
        let image = size.pixels() * self.channels_in;
        let line = after.width * self.project.n;
        assert_eq!(x.len() % image, 0, "whole images");
        assert_eq!(out.len(), x.len() / image * after.height * line);
        in_bands(out, after.height, line, |idx, lines, out| {
            let step_lines = STEP_PIXELS.div_ceil(after.width).min(lines.len());
            let across = Padding::same(size.width, self.kernel, self.stride);
            let ring_lines = (step_lines - 1) * self.stride + self.kernel;
            let ring_width = size.width + across.before + across.behind;
            let widest = self.chunks.iter().map(|c| c.padded).max().unwrap_or(0);
            let ring_len = ring_lines * ring_width * widest;
            let convolved_len = step_lines * after.width * widest;
            with_scratch(ring_len + convolved_len, |scratch| {
                let (ring, convolved) = scratch.split_at_mut(ring_len);
                let band = Band {
                    block: self,
                    x: &x[idx * image..][..image],
                    size,
                    after,
                    lines,
                    out,
                    ring,
                    ring_lines,
                    ring_width,
                    convolved,
                    step_lines,
                    before: across.before,
                };
                band.run();
            });
        });
    }
}

/// Some output lines of one image, and the memory that they go through.
struct Band<'a> {
    block: &'a InvertedResidual,
    x: &'a [f32],
    size: Size,
    after: Size,
    lines: Range<usize>,
    out: &'a mut [f32],
    /// `[ring_lines, ring_width, channels of the chunk]`; input line i is at place i modulo `ring_lines`.
    ring: &'a mut [f32],
    ring_lines: usize,
    ring_width: usize,
    /// `[step_lines, width out, channels of the chunk]`
    convolved: &'a mut [f32],
    step_lines: usize,
    /// Zeros before a line.
    before: usize,
}

impl Band<'_> {
    fn run(mut self) {
        let mut padded = 0;
        for chunk in &self.block.chunks {
            // Nothing but the padding of lines needs its zeros, and nothing is written there while the places stay.
            if chunk.padded != padded {
                self.ring.fill(0.0);
                padded = chunk.padded;
            }
            self.chunk(chunk);
        }
    }

    fn chunk(&mut self, chunk: &Chunk) {
        let block = self.block;
        let above = Padding::same(self.size.height, block.kernel, block.stride).before;
        let (height, lines) = (self.size.height, self.lines.clone());
        // Input lines that are seen by output line i: from i · stride − above on.
        let mut filled = (lines.start * block.stride).saturating_sub(above);
        for first in lines.clone().step_by(self.step_lines) {
            let end = (first + self.step_lines).min(lines.end);
            let needed = ((end - 1) * block.stride + block.kernel)
                .saturating_sub(above)
                .min(height);
            if needed > filled {
                self.expand(chunk, filled..needed);
                filled = needed;
            }
            for line in first..end {
                self.convolve(chunk, line, line - first, above);
            }
            self.project(chunk, first..end);
        }
    }

    /// Computes input lines of the chunk into the ring.
    fn expand(&mut self, chunk: &Chunk, lines: Range<usize>) {
        let (width, channels_in) = (self.size.width, self.block.channels_in);
        let Some(panels) = &chunk.expand else {
            for line in lines {
                let place = (line % self.ring_lines) * self.ring_width + self.before;
                if chunk.padded == channels_in {
                    let from = line * width * channels_in;
                    self.ring[place * channels_in..][..width * channels_in]
                        .copy_from_slice(&self.x[from..][..width * channels_in]);
                    continue;
                }
                for column in 0..width {
                    let from = (line * width + column) * channels_in + chunk.channels.start;
                    let to = (place + column) * chunk.padded;
                    self.ring[to..to + chunk.channels.len()]
                        .copy_from_slice(&self.x[from..from + chunk.channels.len()]);
                }
            }
            return;
        };
        let rows = IntoRing {
            x: self.x[lines.start * width * channels_in..].as_ptr(),
            channels_in,
            ring: self.ring.as_mut_ptr(),
            first: lines.start,
            width,
            ring_lines: self.ring_lines,
            ring_width: self.ring_width,
            before: self.before,
            channels: chunk.padded,
        };
        // SAFETY: lines are inside the image, places inside the ring, which is ours.
        unsafe {
            Product::whole(self.block.isa, panels, 1, Clamp::RELU6).run(lines.len() * width, &rows)
        };
    }

    /// Convolves one output line of the chunk from the ring.
    fn convolve(&mut self, chunk: &Chunk, line: usize, place: usize, above: usize) {
        let block = self.block;
        let top = line * block.stride;
        // Rows of the kernel that lie inside the image.
        let first_row = above.saturating_sub(top);
        let end_row = (self.size.height + above - top).min(block.kernel);
        let mut lines = [std::ptr::null(); MOST_KERNEL];
        for row in first_row..end_row {
            let input = top + row - above;
            let start = (input % self.ring_lines) * self.ring_width * chunk.padded;
            lines[row - first_row] = self.ring[start..].as_ptr();
        }
        let width = self.after.width;
        let out = &mut self.convolved[place * width * chunk.padded..][..width * chunk.padded];
        let line = Line {
            isa: block.isa,
            lines: &lines[..end_row - first_row],
            first_row,
            kernel: block.kernel,
            stride: block.stride,
            weights: &chunk.depthwise,
            bias: &chunk.bias,
            channels: chunk.padded,
            clamp: Clamp::RELU6,
        };
        // SAFETY: a line of the ring is as long as the padding makes it.
        unsafe { line.run(out) };
    }

    /// Adds what the chunk is worth to output lines.
    fn project(&mut self, chunk: &Chunk, lines: Range<usize>) {
        let block = self.block;
        let (width, n) = (self.after.width, block.project.n);
        let is_first = chunk.channels.start == 0;
        let added = match block.adds_input && is_first {
            true => self.x[lines.start * width * n..].as_ptr(),
            false => std::ptr::null(),
        };
        let rows = Contiguous {
            x: self.convolved.as_ptr(),
            x_step: chunk.padded,
            out: self.out[(lines.start - self.lines.start) * width * n..].as_mut_ptr(),
            out_step: n,
            added,
        };
        let product = Product {
            isa: block.isa,
            panels: &block.project,
            taps: 1,
            part: chunk.channels.clone(),
            goes_on: !is_first,
            clamp: Clamp::NONE,
        };
        // SAFETY: the lines are those of the band, which nobody else has.
        unsafe { product.run(lines.len() * width, &rows) };
    }
}

/// Rows of pixels that go into a ring of lines.
#[derive(Clone, Copy)]
struct IntoRing {
    x: *const f32,
    channels_in: usize,
    ring: *mut f32,
    /// Input line of row 0.
    first: usize,
    width: usize,
    ring_lines: usize,
    ring_width: usize,
    before: usize,
    channels: usize,
}

impl Rows for IntoRing {
    #[inline]
    unsafe fn x(&self, first: usize, all: &mut [*const f32]) {
        // SAFETY: the caller's.
        unsafe { apart(self.x.add(first * self.channels_in), self.channels_in, all) }
    }
    #[inline]
    unsafe fn out(&self, first: usize, all: &mut [*mut f32]) {
        let (line, mut column) = (self.first + first / self.width, first % self.width);
        let mut line = line % self.ring_lines;
        for out in all {
            let place = line * self.ring_width + self.before + column;
            // SAFETY: the caller's.
            *out = unsafe { self.ring.add(place * self.channels) };
            column += 1;
            if column == self.width {
                column = 0;
                line = if line + 1 == self.ring_lines {
                    0
                } else {
                    line + 1
                };
            }
        }
    }
}
