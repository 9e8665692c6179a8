//! A full convolution: an implicit matrix product.
//!
//! Maps are channels-last, so that one row of the kernel meets one piece of memory: k is `kernel` pieces of `kernel · channels`
//! numbers. Where there is padding, the lines of a piece of work are copied once between zeros; nothing is unfolded.

use std::ops::Range;

use rayon::prelude::*;

use crate::bands::in_bands;
use crate::buffer::Buffer;
use crate::clamp::Clamp;
use crate::element::Element;
use crate::even::pieces;
use crate::fit::{self, assert_holds, image_len, images};
use crate::folded::Folded;
use crate::panels::{Columns, Panels, channels_last, in_steps};
use crate::places::Places;
use crate::pool::add_pixels;
use crate::product::{Product, Rows};
use crate::simd::Isa;
use crate::size::Size;
use crate::slide::Slide;
use crate::window::Window;

/// Numbers of a map that are computed before they are added up: few enough for the second cache, so many that the weights are read seldom.
const NUMBERS_AT_ONCE: usize = 65_536;

/// A full convolution, ready to run on one instruction set, on maps of E.
#[derive(Clone, Debug)]
pub struct Convolution<E: Element = f32> {
    isa: Isa,
    panels: Panels<E>,
    slide: Slide,
    channels_in: usize,
    clamp: Clamp,
}

impl<E: Element> Convolution<E> {
    /// `weights.weight` is `[channels out, channels in, kernel, kernel]`.
    ///
    /// # Panics
    /// If the lengths of the weights don't fit each other.
    pub fn new(isa: Isa, weights: Folded, slide: Slide, clamp: Clamp) -> Convolution<E> {
        let channels_out = weights.bias.len();
        slide.assert_sensible();
        assert!(channels_out > 0);
        let area = slide.kernel * slide.kernel;
        let channels_in = weights.weight.len() / channels_out / area;
        assert_eq!(weights.weight.len(), channels_out * channels_in * area);
        assert!(channels_in > 0);
        let k = area * channels_in;
        let weight = channels_last::<E>(weights.weight, channels_in, area);
        let columns = Columns {
            values: &weight,
            n: channels_out,
            step: k,
        };
        let row = slide.kernel * channels_in;
        let places = (0..slide.kernel).flat_map(|i| in_steps::<E>(i * row..(i + 1) * row));
        let panels = Panels::new(isa, channels_out, weights.bias, columns, places);
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
    pub fn forward(&self, x: &[E], size: Size, added: Option<&[E]>, out: &mut [E]) {
        let after = self.after(size);
        let image_len = image_len(size, self.channels_in);
        let n = images(x, image_len);
        assert_holds(out, n, fit::image_len(after, self.panels.n));
        assert!(
            added.is_none_or(|added| added.len() == out.len()),
            "what is added is as long as the output"
        );
        let line = after.width * self.panels.n;
        in_bands(out, after.height, line, |idx, lines, out| {
            let start = (idx * after.height + lines.start) * line;
            let added = added.map(|added| &added[start..start + out.len()]);
            let image = &x[idx * image_len..][..image_len];
            self.lines(image, size, lines, added, out);
        });
    }

    /// The mean over all pixels of what [`Convolution::forward`] gives, to the bit, without its map: a few lines of it at a time are in the
    /// nearer caches when they are added up. An image is one piece of work.
    ///
    /// # Shapes
    /// `x` `[n, h, w, channels in]`; `out` `[n, channels out]`.
    ///
    /// # Panics
    /// If the lengths don't fit each other.
    pub fn forward_mean(&self, x: &[E], size: Size, out: &mut [f32]) {
        let after = self.after(size);
        let image_len = image_len(size, self.channels_in);
        let channels = self.panels.n;
        assert_holds(out, images(x, image_len), channels);
        let line = after.width * channels;
        let at_once = (NUMBERS_AT_ONCE / line).clamp(1, after.height);
        let images = x.par_chunks_exact(image_len).with_max_len(1);
        (images.zip(out.par_chunks_exact_mut(channels))).for_each(|(image, out)| {
            let mut map = Buffer::new(at_once * line);
            out.fill(0.0);
            for lines in pieces(after.height, at_once) {
                let map = &mut map[..lines.len() * line];
                self.lines(image, size, lines, None, map);
                add_pixels(map, out);
            }
            out.iter_mut().for_each(|sum| *sum /= after.pixels() as f32);
        });
    }

    /// Some lines of what comes of one image.
    fn lines(
        &self,
        image: &[E],
        size: Size,
        lines: Range<usize>,
        added: Option<&[E]>,
        out: &mut [E],
    ) {
        let after = self.after(size);
        let Slide { kernel, stride, .. } = self.slide;
        let (down, across) = self.slide.padding(size);
        let padded_width = size.width + across.before + across.behind;
        let first = lines.start * stride;
        let window = Window {
            top: first as isize - down.before as isize,
            left: -(across.before as isize),
            size: Size {
                height: (lines.len() - 1) * stride + kernel,
                width: padded_width,
            },
        };
        let line = padded_width * self.channels_in;
        let mut padded = Buffer::new(0);
        let x = window.of(image, size, self.channels_in, &mut padded);
        let x = Places::in_lines(
            x.as_ptr(),
            after.width,
            stride * self.channels_in,
            stride * line,
        );
        let written = |start: *const E| Places::apart(start, self.panels.n);
        let product = Product::whole(self.isa, &self.panels, kernel, self.clamp);
        let mut sums = Buffer::new(match E::SUMS_BESIDE && product.is_cut() {
            true => out.len(),
            false => 0,
        });
        let rows = Rows {
            x,
            tap_step: line,
            out: written(out.as_mut_ptr()),
            added: added.map(|added| written(added.as_ptr())),
            sums: (!sums.is_empty()).then(|| Places::apart(sums.as_mut_ptr(), self.panels.n)),
        };
        // SAFETY: all that the kernel sees lies in x, and out is ours.
        unsafe { product.run(lines.len() * after.width, &rows) };
    }
}
