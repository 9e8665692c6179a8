//! Who computes which lines of which image: bands of lines are taken from a queue, so that a core that is busy elsewhere holds
//! nobody up.

use std::ops::Range;

use rayon::prelude::*;

use crate::element::Element;

/// Bands a thread where there are few images: enough to even out, few enough to have little in common at their seams.
const BANDS_A_THREAD: usize = 2;

/// Into how many bands each of `n` images of `lines` lines is cut.
pub(crate) fn bands_of_image(n: usize, lines: usize) -> usize {
    let threads = rayon::current_num_threads();
    if threads == 1 || n >= BANDS_A_THREAD * threads {
        return 1;
    }
    // Images that are fewer than threads are in a hurry: smaller bands even out better and take a tenth longer (measured).
    let wanted = if n < threads {
        threads
    } else {
        BANDS_A_THREAD * threads
    };
    wanted.div_ceil(n.max(1)).min(lines)
}

/// Calls `work(image, lines, out)` for bands that cover `lines` lines of each image of `out`, in the current pool of threads.
///
/// `line` is the length of a line of `out`; each line is in exactly one band.
pub(crate) fn in_bands<E: Element>(
    out: &mut [E],
    lines: usize,
    line: usize,
    work: impl Fn(usize, Range<usize>, &mut [E]) + Sync,
) {
    let image = lines * line;
    if out.is_empty() {
        return;
    }
    let height = lines.div_ceil(bands_of_image(out.len() / image, lines));
    out.par_chunks_exact_mut(image)
        .enumerate()
        .with_max_len(1)
        .for_each(|(image, out)| {
            out.par_chunks_mut(height * line)
                .enumerate()
                .with_max_len(1)
                .for_each(|(idx, out)| {
                    let first = idx * height;
                    work(image, first..first + out.len() / line, out);
                });
        });
}
