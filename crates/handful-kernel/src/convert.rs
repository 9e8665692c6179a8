//! From one kind of number to the other: each by itself, shared among threads.

use rayon::prelude::*;

use crate::element::Element;
use crate::rows::PIECE;

/// Each number as one of B: the nearest, or exactly.
///
/// # Panics
/// If the slices aren't as long as each other.
pub fn convert<A: Element, B: Element>(from: &[A], to: &mut [B]) {
    assert_eq!(from.len(), to.len());
    let pieces = from.par_chunks(PIECE).zip(to.par_chunks_mut(PIECE));
    pieces.for_each(|(from, to)| {
        for (to, from) in to.iter_mut().zip(from) {
            *to = B::from_f32(from.to_f32());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bf16::Bf16;

    #[test]
    fn numbers_are_rounded_and_widened_one_by_one() {
        let x: Vec<f32> = (0..3 * PIECE + 5).map(|i| (i as f32).sin()).collect();
        let mut rounded = vec![Bf16::ZERO; x.len()];
        convert(&x, &mut rounded);
        let mut wide = vec![f32::NAN; x.len()];
        convert(&rounded, &mut wide);
        let same = |(x, wide): (&f32, &f32)| Bf16::from_f32(*x).to_f32() == *wide;
        assert!(x.iter().zip(&wide).all(same));
    }
}
