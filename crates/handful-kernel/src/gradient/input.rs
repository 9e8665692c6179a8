//! The gradient of a full convolution's input: convolutions of the output's gradient with the kernel turned around.
//!
//! With a step of s, input lines fall into s classes by which rows of the kernel reach them, and columns likewise: each of the
//! s² classes is a convolution with step 1 and its own part of the kernel, whose results stand s apart. Nothing is multiplied with
//! zeros that a wider step would leave between the pixels.

use crate::bands::in_bands;
use crate::buffer::Buffer;
use crate::clamp::Clamp;
use crate::element::Element;
use crate::fit::{assert_holds, image_len, images};
use crate::panels::{Columns, Panels, channels_last, in_steps};
use crate::places::Places;
use crate::product::{Product, Rows};
use crate::simd::Isa;
use crate::size::Size;
use crate::slide::Slide;
use crate::window::Window;

/// The gradient of a full convolution's input, ready to run on one instruction set, on maps of E.
#[derive(Clone, Debug)]
pub struct InputGradient<E: Element = f32> {
    isa: Isa,
    slide: Slide,
    channels_in: usize,
    channels_out: usize,
    /// Of the classes of lines and columns, row by row.
    classes: Vec<Class<E>>,
}

/// The part of a kernel that reaches some lines and columns of the input.
#[derive(Clone, Debug)]
struct Class<E: Element> {
    /// Rows of the part, and its columns; there may be none.
    down: usize,
    across: usize,
    /// Its weights, turned around: `[channels in, down · across · channels out]`.
    panels: Option<Panels<E>>,
}

impl<E: Element> InputGradient<E> {
    /// `weight` is `[channels out, channels in, kernel, kernel]`, as in the forward pass.
    ///
    /// # Panics
    /// If the lengths of the weights don't fit each other.
    pub fn new(isa: Isa, weight: &[f32], channels_out: usize, slide: Slide) -> InputGradient<E> {
        let Slide { kernel, stride, .. } = slide;
        slide.assert_sensible();
        assert!(channels_out > 0);
        let area = kernel * kernel;
        let channels_in = weight.len() / channels_out / area;
        assert_eq!(weight.len(), channels_out * channels_in * area);
        assert!(channels_in > 0);
        let weight = channels_last::<E>(weight, channels_in, area);
        let class = |first_down: usize, first_across: usize| {
            let down = taps(kernel, stride, first_down);
            let across = taps(kernel, stride, first_across);
            let panels = (down * across > 0).then(|| {
                let columns = Columns {
                    values: &weight,
                    n: channels_in,
                    step: 1,
                };
                // One row of the part meets one piece of memory.
                let row = |tap: usize| {
                    let row = first_down + stride * (down - 1 - tap);
                    let columns = (0..across).rev().map(move |c| first_across + stride * c);
                    columns.flat_map(move |column| {
                        let tap = row * kernel + column;
                        (0..channels_out).map(move |c| (c * area + tap) * channels_in)
                    })
                };
                let places = (0..down).flat_map(|tap| in_steps::<E>(row(tap)));
                Panels::new(isa, channels_in, &[], columns, places)
            });
            Class {
                down,
                across,
                panels,
            }
        };
        let both = (0..stride).flat_map(|down| (0..stride).map(move |across| (down, across)));
        InputGradient {
            isa,
            slide,
            channels_in,
            channels_out,
            classes: both.map(|(down, across)| class(down, across)).collect(),
        }
    }

    /// The gradient of the input from that of the output.
    ///
    /// # Shapes
    /// `gradient` `[n, h', w', channels out]`, `out` `[n, h, w, channels in]` for an input of `size`.
    ///
    /// # Panics
    /// If the lengths don't fit each other.
    pub fn run(&self, gradient: &[E], size: Size, out: &mut [E]) {
        let after = self.slide.after(size);
        let image_after = image_len(after, self.channels_out);
        let n = images(gradient, image_after);
        assert_holds(out, n, image_len(size, self.channels_in));
        let Slide { kernel, stride, .. } = self.slide;
        let (down, across) = self.slide.padding(size);
        let most_taps = kernel.div_ceil(stride);
        let left = across.before / stride;
        let width = (size.width - 1 + across.before) / stride - left + most_taps;
        let line = size.width * self.channels_in;
        in_bands(out, size.height, line, |image, lines, out| {
            let image = &gradient[image * image_after..][..image_after];
            if kernel < stride {
                out.fill(E::default());
            }
            let top = (lines.start + down.before) / stride;
            let height = (lines.end - 1 + down.before) / stride - top + most_taps;
            let window = Window {
                top: top as isize - (most_taps - 1) as isize,
                left: left as isize - (most_taps - 1) as isize,
                size: Size { height, width },
            };
            let line_after = width * self.channels_out;
            let mut padded = Buffer::new(0);
            let gradient = window.of(image, after, self.channels_out, &mut padded);
            for (idx, class) in self.classes.iter().enumerate() {
                let Some(panels) = &class.panels else {
                    continue;
                };
                let first = |start: usize, before: usize, class: usize| {
                    start + (class + stride - (start + before) % stride) % stride
                };
                let (row, column) = (idx / stride, idx % stride);
                let (line_in, column_in) = (
                    first(lines.start, down.before, row),
                    first(0, across.before, column),
                );
                if line_in >= lines.end || column_in >= size.width {
                    continue;
                }
                let (n_lines, n_columns) = (
                    (lines.end - line_in).div_ceil(stride),
                    (size.width - column_in).div_ceil(stride),
                );
                // The first tap of a place lies as many before it as there are more taps.
                let skipped_lines = (line_in + down.before) / stride - top + most_taps - class.down;
                let skipped_columns =
                    (column_in + across.before) / stride - left + most_taps - class.across;
                let x = &gradient[(skipped_lines * width + skipped_columns) * self.channels_out..];
                let to = &mut out
                    [((line_in - lines.start) * size.width + column_in) * self.channels_in..];
                let product = Product::whole(self.isa, panels, class.down, Clamp::NONE);
                let mut sums = Buffer::new(match E::SUMS_BESIDE && product.is_cut() {
                    true => n_lines * n_columns * self.channels_in,
                    false => 0,
                });
                let rows = Rows {
                    x: Places::in_lines(x.as_ptr(), n_columns, self.channels_out, line_after),
                    tap_step: line_after,
                    out: Places::in_lines(
                        to.as_mut_ptr(),
                        n_columns,
                        stride * self.channels_in,
                        stride * line,
                    ),
                    added: None,
                    sums: (!sums.is_empty())
                        .then(|| Places::apart(sums.as_mut_ptr(), self.channels_in)),
                };
                // SAFETY: the window holds all taps of the band's lines, and out is ours.
                unsafe { product.run(n_lines * n_columns, &rows) };
            }
        });
    }
}

/// How many taps of a kernel there are from `first` on, `stride` apart.
fn taps(kernel: usize, stride: usize, first: usize) -> usize {
    kernel.saturating_sub(first).div_ceil(stride)
}
