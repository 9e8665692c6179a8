//! The block of MobileNets and EfficientNets in one pass: the six times wider activation never leaves the cache.
//!
//! Some expanded channels at a time: a few lines of them are computed into a ring of lines, convolved, and multiplied
//! into the sums of the output, until the image is done; then the next channels. Every number is the same as layer by layer,
//! because a sum over channels goes on where it stopped.
//!
//! Source of the block: M. Sandler et al., MobileNetV2 (CVPR 2018).

use std::ops::Range;

use rayon::prelude::*;

use crate::bands::{bands_of_image, in_bands};
use crate::buffer::Buffer;
use crate::clamp::Clamp;
use crate::depthwise::{Line, MOST_KERNEL, by_tap, met};
use crate::element::{Element, padded_bias};
use crate::fit::{assert_holds, image_len, images};
use crate::folded::Folded;
use crate::panels::{Columns, Panels, channels_last, in_steps};
use crate::places::Places;
use crate::product::{Product, Rows};
use crate::simd::Isa;
use crate::size::Size;
use crate::slide::{Slide, Surround};

/// Expanded channels at a time: a multiple of 48, as six times a multiple of 8 is, so that registers are full on every machine.
const CHUNK: usize = 192;
/// Output pixels of a step, where a piece of work has so many: rows enough for the products' tiles.
const STEP_PIXELS: usize = 112;

/// Share of an image's lines that its bands may compute twice.
const MOST_TWICE: f64 = 0.3;

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

/// A block, ready to run on one instruction set, on maps of E.
#[derive(Clone, Debug)]
pub struct InvertedResidual<E: Element = f32> {
    isa: Isa,
    chunks: Vec<Chunk<E>>,
    project: Panels<E>,
    /// How the depthwise convolution slides.
    slide: Slide,
    channels_in: usize,
    adds_input: bool,
}

/// Some expanded channels.
#[derive(Clone, Debug)]
struct Chunk<E: Element> {
    /// Which of all.
    channels: Range<usize>,
    /// As many in whole registers.
    padded: usize,
    expand: Option<Panels<E>>,
    /// `[kernel · kernel, padded]`
    depthwise: Vec<E>,
    /// `[padded]`
    bias: Vec<f32>,
}

impl<E: Element> InvertedResidual<E> {
    /// # Panics
    /// If the lengths of the weights don't fit each other, or the kernel is 0 or larger than 16.
    pub fn new(isa: Isa, weights: &BlockWeights) -> InvertedResidual<E> {
        let BlockWeights {
            depthwise, project, ..
        } = weights;
        let area = weights.kernel * weights.kernel;
        let expanded = depthwise.bias.len();
        let channels_out = project.bias.len();
        assert!((1..=MOST_KERNEL).contains(&weights.kernel) && weights.stride > 0);
        assert!(expanded > 0 && channels_out > 0);
        assert_eq!(depthwise.weight.len(), expanded * area);
        assert_eq!(project.weight.len(), channels_out * expanded);
        let channels_in = match weights.expand {
            Some(expand) => {
                assert_eq!(expand.bias.len(), expanded);
                assert_eq!(expand.weight.len() % expanded, 0);
                expand.weight.len() / expanded
            }
            None => expanded,
        };
        assert!(!weights.adds_input || (channels_in == channels_out && weights.stride == 1));
        let expand = weights.expand.map(|expand| {
            (
                channels_last::<E>(expand.weight, channels_in, 1),
                expand.bias,
            )
        });
        let chunk = |first: usize| {
            let channels = first..(first + CHUNK).min(expanded);
            let padded = channels.len().next_multiple_of(isa.loops().lanes);
            let expand = expand.as_ref().map(|(weight, bias)| {
                let columns = Columns {
                    values: &weight[first * channels_in..],
                    n: channels.len(),
                    step: channels_in,
                };
                let places = in_steps::<E>(0..channels_in);
                Panels::new(isa, padded, &bias[channels.clone()], columns, places)
            });
            let of_chunk = &depthwise.weight[first * area..channels.end * area];
            Chunk {
                padded,
                expand,
                depthwise: by_tap(of_chunk, channels.len(), padded, 0..area),
                bias: padded_bias::<E>(&depthwise.bias[channels.clone()], padded),
                channels,
            }
        };
        let of_project = channels_last::<E>(project.weight, expanded, 1);
        let columns = Columns {
            values: &of_project,
            n: channels_out,
            step: expanded,
        };
        InvertedResidual {
            isa,
            chunks: (0..expanded).step_by(CHUNK).map(chunk).collect(),
            project: Panels::new(
                isa,
                channels_out,
                project.bias,
                columns,
                in_steps::<E>(0..expanded),
            ),
            slide: Slide {
                kernel: weights.kernel,
                stride: weights.stride,
                surround: Surround::Same,
            },
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
        self.slide.after(size)
    }

    /// # Shapes
    /// `x` `[n, h, w, channels in]`; `out` `[n, ⌈h / stride⌉, ⌈w / stride⌉, channels out]`.
    ///
    /// # Panics
    /// If the lengths don't fit each other.
    pub fn forward(&self, x: &[E], size: Size, out: &mut [E]) {
        let image = image_len(size, self.channels_in);
        let (down, across) = self.slide.padding(size);
        let whole = Whole {
            block: self,
            size,
            after: self.after(size),
            above: down.before,
            before: across.before,
            width: size.width + across.before + across.behind,
        };
        let image_out = image_len(whole.after, self.project.n);
        let n = images(x, image);
        assert_holds(out, n, image_out);
        let bands = bands_of_image(n, whole.after.height);
        let twice = (bands - 1) * self.slide.kernel.saturating_sub(self.slide.stride);
        if twice as f64 > MOST_TWICE * size.height as f64 {
            for (x, out) in x.chunks_exact(image).zip(out.chunks_exact_mut(image_out)) {
                whole.in_two_passes(x, bands, out);
            }
            return;
        }
        in_bands(
            out,
            whole.after.height,
            whole.after.width * self.project.n,
            |idx, lines, out| {
                whole.in_one_pass(&x[idx * image..][..image], lines, out);
            },
        );
    }

    fn widest(&self) -> usize {
        self.chunks.iter().map(|c| c.padded).max().unwrap_or(0)
    }
}

/// A block at one size of its input.
///
/// Expanded lines lie in rings: `[ring lines, width, channels of the chunk]`, line i at place i modulo the ring's lines.
struct Whole<'a, E: Element> {
    block: &'a InvertedResidual<E>,
    size: Size,
    after: Size,
    /// Zeros above an image.
    above: usize,
    /// Zeros before a line.
    before: usize,
    /// Pixels of an expanded line with the zeros around it.
    width: usize,
}

/// Where output lines go.
struct Output<'a, E> {
    out: &'a mut [E],
    /// Their sums until the last chunk; empty where `out` holds them.
    sums: &'a mut [f32],
}

impl<E: Element> Whole<'_, E> {
    /// Some output lines of an image, a few at a time from the first to the last, for each chunk.
    fn in_one_pass(&self, x: &[E], lines: Range<usize>, out: &mut [E]) {
        let Whole { block, after, .. } = self;
        let step_lines = STEP_PIXELS.div_ceil(after.width).min(lines.len());
        let ring_lines = (step_lines - 1) * block.slide.stride + block.slide.kernel;
        let ring_len = ring_lines * self.width * block.widest();
        let convolved_len = step_lines * after.width * block.widest();
        let line_out = after.width * block.project.n;
        let (mut ring, mut convolved) = (Buffer::new(ring_len), Buffer::new(convolved_len));
        let mut sums = self.sums(out.len());
        let mut padded = 0;
        for chunk in &block.chunks {
            // Nothing but the padding of lines needs its zeros, and nothing is written there while the places stay.
            if chunk.padded != padded {
                ring.fill(E::default());
                padded = chunk.padded;
            }
            let mut filled = 0;
            for first in lines.clone().step_by(step_lines) {
                let step = first..(first + step_lines).min(lines.end);
                let seen = self.seen(&step);
                let new = seen.start.max(filled)..seen.end;
                if !new.is_empty() {
                    filled = new.end;
                    self.expand(chunk, x, new, &mut ring, ring_lines);
                }
                let place = (first - lines.start) * line_out;
                let out = &mut out[place..place + step.len() * line_out];
                let sums = match sums.is_empty() {
                    true => &mut [],
                    false => &mut sums[place..place + step.len() * line_out],
                };
                let to = Output { out, sums };
                self.finish(chunk, x, step, (&ring, ring_lines), &mut convolved, to);
            }
        }
    }

    /// A whole image, of which nothing is computed twice: all threads expand lines, then all of them finish lines. For small
    /// maps, where what bands have in common would be much of them.
    fn in_two_passes(&self, x: &[E], bands: usize, out: &mut [E]) {
        let Whole {
            block, after, size, ..
        } = self;
        let chunk_len = |chunk: &Chunk<E>| size.height * self.width * chunk.padded;
        let mut wide = Buffer::new(block.chunks.iter().map(chunk_len).sum());
        let height = size.height.div_ceil(bands);
        let mut rings = Vec::new();
        let mut rest = &mut wide[..];
        for chunk in &block.chunks {
            let (ring, behind) = rest.split_at_mut(chunk_len(chunk));
            rings.push((chunk, ring));
            rest = behind;
        }
        rings
            .par_iter_mut()
            .with_max_len(1)
            .for_each(|(chunk, ring)| {
                let line = self.width * chunk.padded;
                ring.par_chunks_mut(height * line)
                    .enumerate()
                    .with_max_len(1)
                    .for_each(|(idx, ring)| {
                        let first = idx * height;
                        for line in ring.chunks_exact_mut(line) {
                            line[..self.before * chunk.padded].fill(E::default());
                            line[(self.before + size.width) * chunk.padded..].fill(E::default());
                        }
                        let lines = first..first + ring.len() / line;
                        // The first line is a multiple of the height, so that it has the first place.
                        self.expand(chunk, x, lines, ring, height);
                    });
            });
        in_bands(
            out,
            after.height,
            after.width * block.project.n,
            |_, lines, out| {
                let mut convolved = Buffer::new(lines.len() * after.width * block.widest());
                let mut sums = self.sums(out.len());
                for (chunk, ring) in &rings {
                    let ring = (&**ring, size.height);
                    let to = Output {
                        out,
                        sums: &mut sums,
                    };
                    self.finish(chunk, x, lines.clone(), ring, &mut convolved, to);
                }
            },
        );
    }

    /// Memory for the sums of so many numbers until the last chunk, where maps don't hold them.
    fn sums(&self, len: usize) -> Buffer {
        match E::SUMS_BESIDE && self.block.chunks.len() > 1 {
            true => Buffer::new(len),
            false => Buffer::new(0),
        }
    }

    /// Input lines that output lines see.
    fn seen(&self, lines: &Range<usize>) -> Range<usize> {
        let Whole { block, above, .. } = self;
        let end = (lines.end - 1) * block.slide.stride + block.slide.kernel;
        (lines.start * block.slide.stride).saturating_sub(*above)
            ..end.saturating_sub(*above).min(self.size.height)
    }

    /// Computes input lines of the chunk into a ring.
    fn expand(
        &self,
        chunk: &Chunk<E>,
        x: &[E],
        lines: Range<usize>,
        ring: &mut [E],
        ring_lines: usize,
    ) {
        let (width, channels_in) = (self.size.width, self.block.channels_in);
        let x = &x[lines.start * width * channels_in..lines.end * width * channels_in];
        let Some(panels) = &chunk.expand else {
            for (line, x) in lines.zip(x.chunks_exact(width * channels_in)) {
                let place = (line % ring_lines) * self.width + self.before;
                let ring = &mut ring[place * chunk.padded..][..width * chunk.padded];
                if chunk.padded == channels_in {
                    ring.copy_from_slice(x);
                    continue;
                }
                for (to, from) in ring
                    .chunks_exact_mut(chunk.padded)
                    .zip(x.chunks_exact(channels_in))
                {
                    to[..chunk.channels.len()].copy_from_slice(&from[chunk.channels.clone()]);
                }
            }
            return;
        };
        assert!(ring.len() >= lines.len().min(ring_lines) * self.width * chunk.padded);
        let start = ring[self.before * chunk.padded..].as_mut_ptr();
        let line = self.width * chunk.padded;
        let rows = Rows {
            x: Places::apart(x.as_ptr(), channels_in),
            tap_step: 0,
            out: Places::in_lines(start, width, chunk.padded, line)
                .in_ring(lines.start, ring_lines),
            added: None,
            sums: None,
        };
        let product = Product::whole(self.block.isa, panels, 1, Clamp::RELU6);
        // SAFETY: x is as long as the lines, places are inside the ring, which is ours.
        unsafe { product.run(lines.len() * width, &rows) };
    }

    /// Convolves output lines of the chunk from a ring and adds what they are worth to the output.
    fn finish(
        &self,
        chunk: &Chunk<E>,
        x: &[E],
        lines: Range<usize>,
        (ring, ring_lines): (&[E], usize),
        convolved: &mut [E],
        to: Output<E>,
    ) {
        let Whole { block, after, .. } = self;
        let Output { out, sums } = to;
        let line_len = after.width * chunk.padded;
        let convolved = &mut convolved[..lines.len() * line_len];
        for (line, out) in lines.clone().zip(convolved.chunks_exact_mut(line_len)) {
            self.convolve(chunk, line, ring, ring_lines, out);
        }
        let is_first = chunk.channels.start == 0;
        let n = block.project.n;
        assert_eq!(out.len(), lines.len() * after.width * n);
        let own = lines.start * after.width * n..lines.end * after.width * n;
        let rows = Rows {
            x: Places::apart(convolved.as_ptr(), chunk.padded),
            tap_step: 0,
            out: Places::apart(out.as_mut_ptr(), n),
            added: (block.adds_input && is_first).then(|| Places::apart(x[own].as_ptr(), n)),
            sums: (!sums.is_empty()).then(|| Places::apart(sums.as_mut_ptr(), n)),
        };
        let product = Product {
            isa: block.isa,
            panels: &block.project,
            taps: 1,
            part: chunk.channels.start..chunk.channels.end.next_multiple_of(E::STEP),
            goes_on: !is_first,
            is_last: chunk.channels.end == block.chunks.last().map_or(0, |c| c.channels.end),
            clamp: Clamp::NONE,
        };
        // SAFETY: all slices are as long as the lines, and out is ours.
        unsafe { product.run(lines.len() * after.width, &rows) };
    }

    /// Convolves one output line of the chunk.
    fn convolve(
        &self,
        chunk: &Chunk<E>,
        line: usize,
        ring: &[E],
        ring_lines: usize,
        out: &mut [E],
    ) {
        let block = self.block;
        let top = line * block.slide.stride;
        let rows = met(top, self.above, block.slide.kernel, self.size.height);
        let mut lines = [std::ptr::null(); MOST_KERNEL];
        for row in rows.clone() {
            let place = (top + row - self.above) % ring_lines;
            let line_len = self.width * chunk.padded;
            lines[row - rows.start] = ring[place * line_len..][..line_len].as_ptr();
        }
        let line = Line {
            isa: block.isa,
            lines: &lines[..rows.len()],
            first_row: rows.start,
            kernel: block.slide.kernel,
            stride: block.slide.stride,
            weights: &chunk.depthwise,
            bias: &chunk.bias,
            channels: chunk.padded,
            clamp: Clamp::RELU6,
        };
        // SAFETY: a line of the ring is as long as the padding makes it.
        unsafe { line.run(out) };
    }
}
