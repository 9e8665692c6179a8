//! A full convolution: an implicit matrix product.
//!
//! Maps are channels-last, so that one row of the kernel meets one piece of memory: k is `kernel` pieces of `kernel · channels`
//! numbers. Where there is padding, the lines of a piece of work are copied once between zeros; nothing is unfolded.

use crate::bands::in_bands;
use crate::buffer::Buffer;
use crate::clamp::Clamp;
use crate::inverted_residual::Folded;
use crate::padding::Padding;
use crate::panels::Panels;
use crate::pool::mean;
use crate::product::{Product, Rows, apart};
use crate::scratch::with_scratch;
use crate::simd::Isa;
use crate::size::Size;

/// How zeros are put around a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surround {
    /// TensorFlow's SAME.
    Same,
    /// So many on each side, as PyTorch says it.
    Even(usize),
}

impl Surround {
    fn of(self, size: usize, kernel: usize, stride: usize) -> Padding {
        match self {
            Surround::Same => Padding::same(size, kernel, stride),
            Surround::Even(each) => Padding::even(each),
        }
    }
}

/// How a convolution slides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slide {
    /// Side of the kernel.
    pub kernel: usize,
    /// Its step.
    pub stride: usize,
    /// Zeros around the map.
    pub surround: Surround,
}

impl Slide {
    /// 1×1, step 1.
    pub const POINT: Slide = Slide {
        kernel: 1,
        stride: 1,
        surround: Surround::Even(0),
    };

    /// Zeros above and below, and to the left and right, of a map.
    pub(crate) fn padding(&self, size: Size) -> (Padding, Padding) {
        let of = |size| self.surround.of(size, self.kernel, self.stride);
        (of(size.height), of(size.width))
    }

    /// Size of what comes out.
    pub fn after(&self, size: Size) -> Size {
        let (down, across) = self.padding(size);
        Size {
            height: down.output(size.height, self.kernel, self.stride),
            width: across.output(size.width, self.kernel, self.stride),
        }
    }
}

/// A full convolution, ready to run on one instruction set.
#[derive(Clone, Debug)]
pub struct Convolution {
    isa: Isa,
    panels: Panels,
    slide: Slide,
    channels_in: usize,
    clamp: Clamp,
}

impl Convolution {
    /// `weights.weight` is `[channels out, channels in, kernel, kernel]`.
    ///
    /// # Panics
    /// If the lengths of the weights don't fit each other.
    pub fn new(isa: Isa, weights: Folded, slide: Slide, clamp: Clamp) -> Convolution {
        let channels_out = weights.bias.len();
        let area = slide.kernel * slide.kernel;
        let channels_in = weights.weight.len() / channels_out / area;
        assert_eq!(weights.weight.len(), channels_out * channels_in * area);
        let k = area * channels_in;
        let panels = Panels::new(isa, channels_out, k, weights.bias, |c, i| {
            let (tap, channel) = (i / channels_in, i % channels_in);
            weights.weight[(c * channels_in + channel) * area + tap]
        });
        Convolution {
            isa,
            panels,
            slide,
            channels_in,
            clamp,
        }
    }

    /// Channels of the input.
    pub fn channels_in(&self) -> usize {
        self.channels_in
    }

    /// Channels of the output.
    pub fn channels_out(&self) -> usize {
        self.panels.n
    }

    /// How it slides.
    pub fn slide(&self) -> Slide {
        self.slide
    }

    /// Size of what comes out.
    pub fn after(&self, size: Size) -> Size {
        self.slide.after(size)
    }

    /// clamp(convolution + bias + added)
    ///
    /// # Shapes
    /// `x` `[n, h, w, channels in]`; `added` and `out` `[n, h', w', channels out]` with [`Convolution::after`].
    ///
    /// # Panics
    /// If the lengths don't fit each other.
    pub fn forward(&self, x: &[f32], size: Size, added: Option<&[f32]>, out: &mut [f32]) {
        let after = self.after(size);
        let image = size.pixels() * self.channels_in;
        let line = after.width * self.panels.n;
        assert_eq!(x.len() % image, 0, "whole images");
        assert_eq!(out.len(), x.len() / image * after.height * line);
        assert!(added.is_none_or(|added| added.len() == out.len()));
        let Slide { kernel, stride, .. } = self.slide;
        let (down, across) = self.slide.padding(size);
        let is_padded = down != Padding::default() || across != Padding::default();
        let padded_width = size.width + across.before + across.behind;
        in_bands(out, after.height, line, |idx, lines, out| {
            let height = (lines.len() - 1) * stride + kernel;
            let first = lines.start * stride;
            let start = (idx * after.height + lines.start) * line;
            let image = &x[idx * image..][..image];
            let added = added.map(|added| &added[start..start + out.len()]);
            let padded_len = if is_padded {
                height * padded_width * self.channels_in
            } else {
                0
            };
            with_scratch(padded_len, |padded| {
                let (x, width) = if is_padded {
                    let top = first as isize - down.before as isize;
                    self.pad(image, size, top, across, padded);
                    (&*padded, padded_width)
                } else {
                    (&image[first * size.width * self.channels_in..], size.width)
                };
                let rows = Sliding {
                    x: x.as_ptr(),
                    stride,
                    line: width * self.channels_in,
                    pixel: self.channels_in,
                    width: after.width,
                    out: out.as_mut_ptr(),
                    added: added.map_or(std::ptr::null(), <[f32]>::as_ptr),
                    n: self.panels.n,
                };
                let product = Product::whole(self.isa, &self.panels, kernel, self.clamp);
                // SAFETY: all that the kernel sees lies in x, and out is ours.
                unsafe { product.run(lines.len() * after.width, &rows) };
            });
        });
    }

    /// Copies the lines of an image from line `top` on between zeros.
    fn pad(&self, image: &[f32], size: Size, top: isize, across: Padding, padded: &mut [f32]) {
        let line = size.width * self.channels_in;
        let before = across.before * self.channels_in;
        let behind = across.behind * self.channels_in;
        let lines = padded.chunks_exact_mut(before + line + behind);
        for (input, padded) in (top..).zip(lines) {
            if input < 0 || input as usize >= size.height {
                padded.fill(0.0);
                continue;
            }
            padded[..before].fill(0.0);
            padded[before..before + line].copy_from_slice(&image[input as usize * line..][..line]);
            padded[before + line..].fill(0.0);
        }
    }

    /// The mean over all pixels of clamp(convolution + bias).
    ///
    /// # Shapes
    /// `x` `[n, h, w, channels in]`; `out` `[n, channels out]`.
    ///
    /// # Panics
    /// If the lengths don't fit each other.
    pub fn forward_mean(&self, x: &[f32], size: Size, out: &mut [f32]) {
        let n = x.len() / (size.pixels() * self.channels_in);
        let mut whole = Buffer::new(n * self.after(size).pixels() * self.panels.n);
        self.forward(x, size, None, &mut whole);
        mean(&whole, self.panels.n, out);
    }
}

/// Rows of a product that are places of a kernel.
#[derive(Clone, Copy)]
struct Sliding {
    x: *const f32,
    stride: usize,
    /// Numbers from one line of x to the next.
    line: usize,
    /// Numbers from one pixel of x to the next.
    pixel: usize,
    /// Output pixels of a line.
    width: usize,
    out: *mut f32,
    added: *const f32,
    n: usize,
}

impl Rows for Sliding {
    #[inline]
    unsafe fn x(&self, first: usize, all: &mut [*const f32]) {
        let (mut line, mut column) = (first / self.width, first % self.width);
        for place in all {
            // SAFETY: the caller's.
            *place = unsafe {
                self.x
                    .add(self.stride * (line * self.line + column * self.pixel))
            };
            column += 1;
            if column == self.width {
                (line, column) = (line + 1, 0);
            }
        }
    }
    #[inline]
    fn tap_step(&self) -> usize {
        self.line
    }
    #[inline]
    unsafe fn out(&self, first: usize, all: &mut [*mut f32]) {
        for (row, place) in (first..).zip(all) {
            // SAFETY: the caller's.
            *place = unsafe { self.out.add(row * self.n) };
        }
    }
    #[inline]
    unsafe fn added(&self, first: usize, all: &mut [*const f32]) -> bool {
        if !self.added.is_null() {
            // SAFETY: the caller's.
            unsafe { apart(self.added.add(first * self.n), self.n, all) }
        }
        !self.added.is_null()
    }
}
