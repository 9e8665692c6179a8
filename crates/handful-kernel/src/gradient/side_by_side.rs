//! Maps as a weight gradient multiplies them: a step of its product sums over as many images as the instruction takes numbers.
//!
//! Images rather than neighbouring pixels, since every place of an image has one in the next, whatever the kernel's step and padding
//! are; the last of an odd number of images has zeros beside it. What stands side by side is a *cell*: 32 bits for all maps.

use std::ops::Deref;

use rayon::prelude::*;

use crate::buffer::Buffer;
use crate::element::Element;
use crate::even::pieces;
use crate::padding::Padding;
use crate::shared::Shared;
use crate::size::Size;

/// Channels that lie together in [`by_channels`]: the rows of a tile.
pub(super) const TOGETHER: usize = 8;
/// Cells of a piece of work, that stay in the nearest cache.
const PIECE: usize = 1 << 12;

/// Maps between zeros, `[n / step, h + zeros, w + zeros, channels, step]`.
pub(super) enum Padded<'a, E: Element> {
    /// They are so already.
    AsTheyAre(&'a [E]),
    Copied(Buffer<E>),
}

impl<E: Element> Deref for Padded<'_, E> {
    type Target = [E];
    fn deref(&self) -> &[E] {
        match self {
            Padded::AsTheyAre(maps) => maps,
            Padded::Copied(copy) => copy,
        }
    }
}

/// Images `[n, size, channels]` between zeros, as weights, and how large they are then.
pub(super) fn padded<E: Element>(
    maps: &[E],
    size: Size,
    channels: usize,
    (down, across): (Padding, Padding),
) -> (Padded<'_, E>, Size) {
    let around = Size {
        height: down.before + size.height + down.behind,
        width: across.before + size.width + across.behind,
    };
    if E::STEP == 1 && around == size {
        return (Padded::AsTheyAre(maps), size);
    }
    let (line, line_around) = (size.width * channels, around.width * channels);
    let image = size.height * line;
    let n = maps.len().div_ceil(E::STEP * image);
    let mut all = Buffer::new(n * around.height * line_around * E::STEP);
    let at_once = PIECE.div_ceil(line_around);
    let of_lines = all.par_chunks_mut(at_once * line_around * E::STEP);
    of_lines.enumerate().for_each(|(piece, all)| {
        let lines = all.chunks_exact_mut(line_around * E::STEP);
        for (idx, to) in (piece * at_once..).zip(lines) {
            let (pair, idx) = (idx / around.height, idx % around.height);
            let Some(from) = idx.checked_sub(down.before).filter(|l| *l < size.height) else {
                to.fill(E::default());
                continue;
            };
            let of =
                |idx: usize| maps.get(idx * image + from * line..idx * image + (from + 1) * line);
            let first = of(pair * E::STEP).expect("there are so many images");
            let (before, to) = to.split_at_mut(across.before * channels * E::STEP);
            let (to, behind) = to.split_at_mut(line * E::STEP);
            before.fill(E::default());
            behind.fill(E::default());
            E::interleave(first, of(pair * E::STEP + 1), to);
            E::as_weights(to);
        }
    });
    (Padded::Copied(all), around)
}

/// Images `[n, pixels, channels]` as `[channels / 8, n / step · pixels, 8, step]`, zeros behind the last channel: a tile reads one piece
/// of memory from one end to the other.
pub(super) fn by_channels<E: Element>(maps: &[E], pixels: usize, channels: usize) -> Buffer<E> {
    let image = pixels * channels;
    let n = maps.len().div_ceil(E::STEP * image);
    let groups = channels.div_ceil(TOGETHER);
    let all_pixels = n * pixels;
    let mut all = Buffer::new(groups * all_pixels * TOGETHER * E::STEP);
    let to = Shared::new(&mut all);
    let at_once = PIECE.div_ceil(channels).min(pixels);
    let tasks: Vec<_> = (0..n)
        .flat_map(|pair| pieces(pixels, at_once).map(move |pixels| (pair, pixels)))
        .collect();
    tasks.into_par_iter().for_each(|(pair, here)| {
        let of = |idx: usize| {
            let image = maps.get(idx * image..(idx + 1) * image)?;
            Some(&image[here.start * channels..here.end * channels])
        };
        let first = of(pair * E::STEP).expect("there are so many images");
        let second = of(pair * E::STEP + 1);
        for group in 0..groups {
            let start = (group * all_pixels + pair * pixels + here.start) * TOGETHER * E::STEP;
            let len = here.len() * TOGETHER * E::STEP;
            // SAFETY: the pixels of a group lie in `all`, and each is one task's.
            let to = unsafe { std::slice::from_raw_parts_mut(to.at(start), len) };
            let channel = group * TOGETHER;
            if channel + TOGETHER <= channels {
                whole_group(first, second, channels, channel, to);
            } else {
                last_group(first, second, channels, channel, to);
            }
        }
    });
    all
}

/// Eight channels of some pixels.
fn whole_group<E: Element>(
    first: &[E],
    second: Option<&[E]>,
    channels: usize,
    channel: usize,
    to: &mut [E],
) {
    // Of a length that the compiler knows.
    let eight = |pixel: &[E]| -> [E; TOGETHER] {
        pixel[channel..channel + TOGETHER]
            .try_into()
            .expect("eight")
    };
    let to = to.chunks_exact_mut(TOGETHER * E::STEP);
    let first = first.chunks_exact(channels);
    match second {
        Some(second) => {
            for (to, (a, b)) in to.zip(first.zip(second.chunks_exact(channels))) {
                E::interleave(&eight(a), Some(&eight(b)), to);
            }
        }
        None => {
            for (to, a) in to.zip(first) {
                E::interleave(&eight(a), None, to);
            }
        }
    }
}

/// As many as are left.
fn last_group<E: Element>(
    first: &[E],
    second: Option<&[E]>,
    channels: usize,
    channel: usize,
    to: &mut [E],
) {
    let there = (channels - channel) * E::STEP;
    for (idx, to) in to.chunks_exact_mut(TOGETHER * E::STEP).enumerate() {
        let here = idx * channels + channel..(idx + 1) * channels;
        let second = second.map(|second| &second[here.clone()]);
        E::interleave(&first[here], second, &mut to[..there]);
        to[there..].fill(E::default());
    }
}
