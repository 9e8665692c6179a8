//! Who computes which lines of which image: pieces are taken from a queue, so that a core that is busy elsewhere holds nobody up.

use std::ops::Range;

use rayon::prelude::*;

/// Pieces a thread where there are fewer images than threads: enough to even out, few enough to share no work at their seams.
const PIECES_A_THREAD: usize = 2;

/// Calls `work(image, lines, out)` for pieces that cover `lines` lines of each image of `out`, in the current pool of threads.
///
/// `line` is the length of a line of `out`; each line is in exactly one piece.
pub(crate) fn in_bands(
    out: &mut [f32],
    lines: usize,
    line: usize,
    work: impl Fn(usize, Range<usize>, &mut [f32]) + Sync,
) {
    let image = lines * line;
    if image == 0 {
        return;
    }
    let n = out.len() / image;
    let threads = rayon::current_num_threads();
    let pieces = if threads == 1 || n >= PIECES_A_THREAD * threads {
        1
    } else {
        (PIECES_A_THREAD * threads).div_ceil(n).min(lines)
    };
    let height = lines.div_ceil(pieces);
    let piece = |image: usize, idx: usize, out: &mut [f32]| {
        let first = idx * height;
        work(image, first..first + out.len() / line, out);
    };
    if threads == 1 {
        for (idx, out) in out.chunks_exact_mut(image).enumerate() {
            piece(idx, 0, out);
        }
        return;
    }
    out.par_chunks_exact_mut(image)
        .enumerate()
        .with_max_len(1)
        .for_each(|(image, out)| {
            out.par_chunks_mut(height * line)
                .enumerate()
                .with_max_len(1)
                .for_each(|(idx, out)| piece(image, idx, out));
        });
}
