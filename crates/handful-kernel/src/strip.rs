//! The innermost loop of a depthwise convolution on pairs of channels of bfloat16, for the kernels and steps of the field.
//!
//! Numbers are widened once for all taps that meet them, by a shift and a mask for twice as many channels as a register of float32
//! has, and even and odd channels are summed apart. Sums take the order of [`Pixels::sum`]: the bits are the same.

use crate::bf16::Bf16;
use crate::element::Number;
use crate::pixels::Pixels;
use crate::simd::{Pairs, Simd};

impl Pixels<'_, Bf16> {
    /// As [`Pixels::sum`], for P pixels.
    ///
    /// # Safety
    /// The machine has S; all that the P pixels see is readable, and what they are is writable.
    #[inline(always)]
    pub unsafe fn sum_pairs<S: Pairs, const P: usize>(&self) {
        // SAFETY: the caller's.
        unsafe {
            match (self.kernel, self.stride) {
                (3, 1) => self.strip::<S, P, 3, 1>(),
                (3, 2) => self.strip::<S, P, 3, 2>(),
                (5, 1) => self.strip::<S, P, 5, 1>(),
                (5, 2) => self.strip::<S, P, 5, 2>(),
                _ => self.sum::<S, P>(),
            }
        }
    }

    /// P pixels under a kernel of K, STEP apart.
    ///
    /// # Safety
    /// As above.
    #[inline(always)]
    unsafe fn strip<S: Pairs, const P: usize, const K: usize, const STEP: usize>(&self) {
        let channels = self.channels;
        let pairs = channels / (2 * S::LANES) * (2 * S::LANES);
        for channel in (0..pairs).step_by(2 * S::LANES) {
            // SAFETY: the caller's.
            unsafe {
                let bias = self.bias.add(channel);
                let (even, odd) = S::split(S::load(bias), S::load(bias.add(S::LANES)));
                let mut sums = [[even, odd]; P];
                let mut weights = self.weights.add(channel);
                for line in self.lines {
                    let mut w = [[even; 2]; K];
                    for tap in 0..K {
                        w[tap] = widened::<S>(weights);
                        weights = weights.add(channels);
                    }
                    let x = line.add(self.skipped + channel);
                    // Written out: a loop of so many turns stays one, and its sums go to memory.
                    macro_rules! meet {
                        ($($place:literal)*) => {$(
                            if $place < (P - 1) * STEP + K {
                                let [even, odd] = widened::<S>(x.add($place * channels));
                                for tap in 0..K {
                                    let p = usize::wrapping_sub($place, tap) / STEP;
                                    if $place >= tap && ($place - tap) % STEP == 0 && p < P {
                                        sums[p][0] = S::fma(even, w[tap][0], sums[p][0]);
                                        sums[p][1] = S::fma(odd, w[tap][1], sums[p][1]);
                                    }
                                }
                            }
                        )*};
                    }
                    meet!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18);
                }
                let (low, high) = self.clamp.registers::<S>();
                for p in 0..P {
                    let [even, odd] = sums[p].map(|sum| S::min(high, S::max(low, sum)));
                    let out = self.out.add(p * channels + channel);
                    S::store_pairs(out.cast(), even, odd);
                }
            }
        }
        // SAFETY: the caller's.
        unsafe { self.sum_from::<S, P>(pairs) }
    }
}

/// Even and odd ones of a register of numbers.
///
/// # Safety
/// The machine has S, and so many numbers are there.
#[inline(always)]
unsafe fn widened<S: Simd>(from: *const Bf16) -> [S::V; 2] {
    // SAFETY: the caller's.
    unsafe {
        let pairs = Bf16::load_step::<S>(from);
        [S::even(pairs), S::odd(pairs)]
    }
}
