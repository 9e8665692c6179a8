//! The gradient of a full convolution's weights: the product of the output's gradient, turned, with what the kernel sees.
//!
//! What it sees is copied for some pixels and some weights at a time, into the nearest cache. Pixels are cut into
//! parts by their number alone, each summed by itself and all in order: the bits are those of any number of threads.

use std::ops::Range;

use rayon::prelude::*;

use super::side_by_side::{TOGETHER, by_channels, padded};
use crate::buffer::Buffer;
use crate::cells::Cells;
use crate::clamp::Clamp;
use crate::element::Element;
use crate::even::pieces;
use crate::fit::{assert_holds, image_len, images};
use crate::panels::widths;
use crate::shared::Shared;
use crate::simd::Isa;
use crate::size::Size;
use crate::slide::Slide;
use crate::tile::{MOST_ROWS, MOST_WIDTH, Tile};

/// Pixels whose numbers are copied at a time: two registers of each stay in the nearest cache.
const BLOCK: usize = 128;
/// Parts of the pixels at most, and pixels of a part at least.
const MOST_PARTS: usize = 16;
const LEAST_PART: usize = 256;
/// Sums of all parts together at most; there is always one part.
const MOST_SUMS: usize = 1 << 18;
/// Pieces of work to be taken from the queue.
const TASKS: usize = 16;
const MOST_LANES: usize = 16;

/// The gradient of a full convolution's weights.
#[derive(Clone, Copy, Debug)]
pub struct WeightGradient {
    /// On which instruction set.
    pub isa: Isa,
    /// How the convolution slides.
    pub slide: Slide,
    /// Channels of its input.
    pub channels_in: usize,
    /// Channels of its output.
    pub channels_out: usize,
}

/// Some columns of the sums, side by side.
struct ColumnPanel {
    first: usize,
    /// In registers.
    width: usize,
}

/// Columns of a panel that lie side by side in the map.
struct Segment {
    /// Cells from what the kernel's first weight sees to what the first column sees.
    skipped: usize,
    /// Its place in the panel, and how long it is.
    start: usize,
    len: usize,
}

/// One call's maps.
struct Maps<'a, E> {
    /// `[n / step, h, w, channels in, step]`, between zeros.
    x: &'a [E],
    size: Size,
    after: Size,
    /// `[channels out / 8, pixels, 8, step]`
    gradient: &'a [E],
    /// Of the gradient: n / step images of `after`.
    pixels: usize,
}

impl WeightGradient {
    /// Columns of the sums: `kernel` rows of `kernel · channels in` numbers that lie side by side in a map.
    fn columns(&self) -> usize {
        self.slide.kernel * self.slide.kernel * self.channels_in
    }

    /// The gradient of the weights.
    ///
    /// # Shapes
    /// `x` `[n, h, w, channels in]`, `gradient` of the output `[n, h', w', channels out]`, `out`
    /// `[channels out, channels in, kernel, kernel]`.
    ///
    /// # Panics
    /// If the lengths don't fit each other.
    pub fn run<E: Element>(&self, x: &[E], size: Size, gradient: &[E], out: &mut [f32]) {
        let after = self.slide.after(size);
        let image = image_len(size, self.channels_in);
        let n = images(x, image);
        assert_holds(gradient, n, image_len(after, self.channels_out));
        let columns = self.columns();
        assert_holds(out, self.channels_out, columns);
        let n_pixels = n.div_ceil(E::STEP) * after.pixels();
        let (x, size) = padded(x, size, self.channels_in, self.slide.padding(size));
        let maps = Maps {
            x: &x,
            size,
            after,
            gradient: &by_channels(gradient, after.pixels(), self.channels_out),
            pixels: n_pixels,
        };
        let lanes = self.isa.loops().lanes;
        let row = columns.next_multiple_of(lanes);
        let sums_len = row * self.channels_out;
        let n_parts = (n_pixels / LEAST_PART)
            .min(MOST_SUMS / sums_len)
            .clamp(1, MOST_PARTS);
        let parts: Vec<Range<usize>> =
            pieces(n_pixels, n_pixels.div_ceil(n_parts).max(1)).collect();
        let panels = panels(row / lanes, lanes);
        let of_a_part = panels
            .len()
            .div_ceil(TASKS.div_ceil(parts.len().max(1)).min(panels.len()));
        let mut all = Buffer::new(parts.len() * sums_len);
        let sums = Shared::new(&mut all);
        let tasks: Vec<(usize, &[ColumnPanel])> = (0..parts.len())
            .flat_map(|part| panels.chunks(of_a_part).map(move |panels| (part, panels)))
            .collect();
        tasks
            .into_par_iter()
            .with_max_len(1)
            .for_each(|(part, panels)| {
                // SAFETY: each task has a part's sums of its own columns; they lie in `all`, as there are parts and rows.
                unsafe {
                    let sums = sums.at(part * sums_len);
                    self.sum(&maps, parts[part].clone(), panels, sums, row);
                }
            });
        self.add_up(&all, row, out);
    }

    /// Sums columns of some panels over some pixels.
    ///
    /// # Safety
    /// `sums` `[channels out, row]` may be written at those columns, and nobody else uses them.
    unsafe fn sum<E: Element>(
        &self,
        maps: &Maps<E>,
        pixels: Range<usize>,
        panels: &[ColumnPanel],
        sums: *mut f32,
        row: usize,
    ) {
        let (loops, lanes) = (E::loops(self.isa), self.isa.loops().lanes);
        let mut seen = Buffer::new(BLOCK * MOST_WIDTH * lanes * E::STEP);
        let zeros = [0.0f32; MOST_WIDTH * MOST_LANES];
        let segments: Vec<Vec<Segment>> = panels
            .iter()
            .map(|panel| self.segments(panel.first, panel.width * lanes, maps.size))
            .collect();
        for block in pieces(pixels.len(), BLOCK) {
            let block = pixels.start + block.start..pixels.start + block.end;
            for (panel, segments) in panels.iter().zip(&segments) {
                let columns = panel.width * lanes;
                let seen = &mut seen[..block.len() * columns * E::STEP];
                self.look(maps, block.clone(), panel.width, segments, seen);
                for channels in pieces(self.channels_out, loops.rows[panel.width - 1]) {
                    let mut x = [std::ptr::null(); MOST_ROWS];
                    let mut out = [std::ptr::null(); MOST_ROWS];
                    for (place, channel) in channels.clone().enumerate() {
                        let (group, within) = (channel / TOGETHER, channel % TOGETHER);
                        let cell = (group * maps.pixels + block.start) * TOGETHER + within;
                        x[place] = maps.gradient[cell * E::STEP..].as_ptr();
                        // SAFETY: the caller's.
                        out[place] = unsafe { sums.add(channel * row) }.cast_const();
                    }
                    let tile = Tile {
                        weights: seen.as_ptr(),
                        bias: zeros.as_ptr(),
                        x: x.as_ptr(),
                        skipped: 0,
                        tap_step: 0,
                        taps: 1,
                        steps: block.len() * E::STEP,
                        x_step: TOGETHER * E::STEP,
                        out: std::ptr::null(),
                        added: std::ptr::null(),
                        sums: out.as_ptr(),
                        column: panel.first,
                        goes_on: block.start > pixels.start,
                        // They stay sums: nothing is rounded.
                        is_last: false,
                        clamp: Clamp::NONE,
                    };
                    // SAFETY: the caller's; the gradient has all pixels of the block, and the machine has the instructions.
                    unsafe { loops.tile[panel.width - 1][channels.len() - 1](&tile) };
                }
            }
        }
    }

    /// Where what `columns` columns from `first` on see lies in a map of `size`.
    fn segments(&self, first: usize, columns: usize, size: Size) -> Vec<Segment> {
        let piece = self.slide.kernel * self.channels_in;
        let end = self.columns().min(first + columns);
        let mut segments = Vec::new();
        let mut column = first;
        while column < end {
            let (kernel_row, within) = (column / piece, column % piece);
            let len = (piece - within).min(end - column);
            segments.push(Segment {
                skipped: kernel_row * size.width * self.channels_in + within,
                start: column - first,
                len,
            });
            column += len;
        }
        segments
    }

    /// Copies what the weights of a panel of `width` registers see at some pixels: `[pixels, columns, step]`.
    fn look<E: Element>(
        &self,
        maps: &Maps<E>,
        pixels: Range<usize>,
        width: usize,
        segments: &[Segment],
        seen: &mut [E],
    ) {
        let (channels, stride) = (self.channels_in, self.slide.stride);
        let columns = width * self.isa.loops().lanes;
        let there: usize = segments.iter().map(|segment| segment.len).sum();
        if there < columns {
            seen.fill(E::default());
        }
        let (line, step) = (maps.size.width * channels, stride * channels);
        let mut place = 0;
        while place < pixels.len() {
            let pixel = pixels.start + place;
            let (image, within) = (pixel / maps.after.pixels(), pixel % maps.after.pixels());
            let (row, column) = (within / maps.after.width, within % maps.after.width);
            // Pixels of one line, which are one step apart; all of them where a pixel sees itself alone.
            let n = match maps.size == maps.after {
                true => pixels.len() - place,
                false => (maps.after.width - column).min(pixels.len() - place),
            };
            let first = (image * maps.size.height + row * stride) * line + column * step;
            let to = &mut seen[place * columns * E::STEP..][..n * columns * E::STEP];
            for segment in segments {
                let from = first + segment.skipped;
                let from = &maps.x[from * E::STEP..(from + (n - 1) * step + segment.len) * E::STEP];
                if segment.len == columns {
                    let cells = Cells {
                        from: from.as_ptr().cast(),
                        from_step: step,
                        to: to.as_mut_ptr().cast(),
                        to_step: columns,
                        rows: n,
                    };
                    // SAFETY: a cell has 32 bits, `from` ends with the last row's last one, `to` holds n rows, and the machine has the
                    // instructions.
                    unsafe { self.isa.loops().copy[width - 1](&cells) };
                    continue;
                }
                let len = segment.len * E::STEP;
                for (idx, to) in to.chunks_exact_mut(columns * E::STEP).enumerate() {
                    let from = &from[idx * step * E::STEP..][..len];
                    to[segment.start * E::STEP..][..len].copy_from_slice(from);
                }
            }
            place += n;
        }
    }

    /// Adds the sums of all parts, `[part, channels out, row]`, in order, and puts each row into the order of the weights.
    fn add_up(&self, all: &[f32], row: usize, out: &mut [f32]) {
        let columns = self.columns();
        let area = self.slide.kernel * self.slide.kernel;
        let sums_len = row * self.channels_out;
        out.par_chunks_exact_mut(columns)
            .enumerate()
            .with_min_len(self.channels_out.div_ceil(TASKS))
            .for_each_init(
                || Buffer::new(columns),
                |total, (channel, out)| {
                    total.fill(0.0);
                    for part in all.chunks_exact(sums_len) {
                        for (total, sum) in total.iter_mut().zip(&part[channel * row..]) {
                            *total += sum;
                        }
                    }
                    if area == 1 {
                        out.copy_from_slice(total);
                        return;
                    }
                    for (tap, total) in total.chunks_exact(self.channels_in).enumerate() {
                        for (idx, total) in total.iter().enumerate() {
                            out[idx * area + tap] = *total;
                        }
                    }
                },
            );
    }
}

fn panels(registers: usize, lanes: usize) -> Vec<ColumnPanel> {
    let mut first = 0;
    let panel = |width| {
        let panel = ColumnPanel { first, width };
        first += width * lanes;
        panel
    };
    widths(registers).into_iter().map(panel).collect()
}
