//! Maps as a weight gradient multiplies them: a step of its product sums over as many images as the instruction takes numbers.
//!
//! Images rather than neighbouring pixels, since every place of an image has one in the next, whatever the kernel's step and padding
//! are; the last of an odd number of images has zeros beside it.

use rayon::prelude::*;

use crate::buffer::Buffer;
use crate::element::Element;

/// Channels that lie together in [`by_channels`]: the rows of a tile.
pub(super) const TOGETHER: usize = 8;
/// Numbers of an image that are a piece of work, and stay in the nearest cache.
const PIECE: usize = 1 << 12;

/// Images `[n, len]` as `[n / step, len, step]`, as weights; none where a step takes one number and they are so already.
pub(super) fn side_by_side<E: Element>(maps: &[E], len: usize) -> Option<Buffer<E>> {
    if E::STEP == 1 {
        return None;
    }
    let together = E::STEP * len;
    let mut all = Buffer::new(maps.len().div_ceil(together) * together);
    let images = maps.par_chunks(together);
    (all.par_chunks_exact_mut(together).zip(images)).for_each(|(all, images)| {
        let pieces = all.par_chunks_mut(E::STEP * PIECE).enumerate();
        pieces.for_each(|(idx, all)| {
            let here = idx * PIECE..idx * PIECE + all.len() / E::STEP;
            let second = images.get(len + here.start..len + here.end);
            E::interleave(&images[here], second, all);
            E::as_weights(all);
        });
    });
    Some(all)
}

/// Images `[n, pixels, channels]` as `[channels / 8, n / step · pixels, 8, step]`, zeros behind the last channel: a tile reads one piece
/// of memory from one end to the other.
pub(super) fn by_channels<E: Element>(maps: &[E], pixels: usize, channels: usize) -> Buffer<E> {
    let len = pixels * channels;
    let n = maps.len().div_ceil(E::STEP * len);
    let own = TOGETHER * E::STEP * pixels;
    let mut all = Buffer::new(channels.div_ceil(TOGETHER) * n * own);
    let tasks = all.par_chunks_exact_mut(own).enumerate();
    tasks
        .with_min_len(PIECE.div_ceil(own))
        .for_each(|(idx, all)| {
            let (first, image) = (idx / n * TOGETHER, idx % n * E::STEP);
            let second = maps.get((image + 1) * len..(image + 2) * len);
            let images = (&maps[image * len..][..len], second);
            let there = TOGETHER.min(channels - first);
            let cells = all.chunks_exact_mut(TOGETHER * E::STEP).enumerate();
            if there == TOGETHER {
                // The same with lengths that the compiler knows.
                for (pixel, cell) in cells {
                    let start = pixel * channels + first;
                    let of = |image: &[E]| -> [E; TOGETHER] {
                        std::array::from_fn(|i| image[start..][i])
                    };
                    let second = images.1.map(of);
                    E::interleave(&of(images.0), second.as_ref().map(|s| &s[..]), cell);
                }
                return;
            }
            for (pixel, cell) in cells {
                let start = pixel * channels + first;
                let of = |image: &'_ [E]| image[start..start + there].to_vec();
                cell.fill(E::default());
                let second = images.1.map(of);
                E::interleave(
                    &of(images.0),
                    second.as_deref(),
                    &mut cell[..there * E::STEP],
                );
            }
        });
    all
}
