//! Who computes which lines of which image: pieces are taken from a queue, so that a core that is busy elsewhere holds nobody up.

use std::ops::Range;

use rayon::prelude::*;

/// Pieces a thread where there are few images: enough to even out, few enough to have little in common at their seams.
const PIECES_A_THREAD: usize = 2;

/// Into how many pieces each of `n` images of `lines` lines is cut.
pub(crate) fn pieces(n: usize, lines: usize) -> usize {
    let threads = rayon::current_num_threads();
    if threads == 1 || n >= PIECES_A_THREAD * threads {
        return 1;
    }
    // Images that are fewer than threads are in a hurry: smaller pieces even out better and take a tenth longer (measured).
    let wanted = if n < threads {
        threads
    } else {
        PIECES_A_THREAD * threads
    };
    wanted.div_ceil(n.max(1)).min(lines)
}

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
    if out.is_empty() {
        return;
    }
    let threads = rayon::current_num_threads();
    let height = lines.div_ceil(pieces(out.len() / image, lines));
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
