//! How is a row of things cut into pieces that are nearly of one size?

use std::ops::Range;

/// Cuts `0..n` into as few pieces of at most `most` as there can be, none more than one longer than another: a last piece of a
/// single row would wait for its own sums.
pub(crate) fn pieces(n: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let count = n.div_ceil(most);
    (0..count).map(move |i| i * n / count..(i + 1) * n / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_all_and_differ_by_one_at_most() {
        for (n, most) in [(0, 6), (1, 6), (7, 6), (49, 6), (112, 8)] {
            let all: Vec<Range<usize>> = pieces(n, most).collect();
            assert_eq!(all.iter().map(Range::len).sum::<usize>(), n);
            assert!(all.windows(2).all(|pair| pair[0].end == pair[1].start));
            let (least, longest) = (
                all.iter().map(Range::len).min(),
                all.iter().map(Range::len).max(),
            );
            assert!(longest <= Some(most) && longest.unwrap_or(0) - least.unwrap_or(0) <= 1);
        }
    }
}
