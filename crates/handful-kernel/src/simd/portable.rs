//! Four numbers that the compiler puts into whatever registers there are; what Miri can follow.

use super::{Loops, Simd, loops};
use crate::bf16::Bf16;

#[derive(Clone, Copy)]
struct Portable;

pub(super) static LOOPS: Loops = loops!(Portable, [4, 4, 3], [4, 4, 3],);

/// Multiplies, rounds, adds, rounds: fused multiplication is a slow call where the machine lacks it.
impl Simd for Portable {
    const LANES: usize = 4;
    type V = [f32; 4];

    #[inline(always)]
    unsafe fn splat(x: f32) -> [f32; 4] {
        [x; 4]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> [f32; 4] {
        // SAFETY: the caller's, by the contract of the trait.
        unsafe { from.cast::<[f32; 4]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, x: [f32; 4]) {
        // SAFETY: the caller's, by the contract of the trait.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(x) }
    }
    #[inline(always)]
    unsafe fn fma(a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| a[i] * b[i] + c[i])
    }
    #[inline(always)]
    unsafe fn add(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| a[i] + b[i])
    }
    #[inline(always)]
    unsafe fn sub(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| a[i] - b[i])
    }
    #[inline(always)]
    unsafe fn mul(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| a[i] * b[i])
    }
    #[inline(always)]
    unsafe fn keep_inside(low: [f32; 4], at: [f32; 4], high: [f32; 4], x: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| {
            if (low[i] < at[i]) & (at[i] < high[i]) {
                x[i]
            } else {
                0.0
            }
        })
    }
    #[inline(always)]
    unsafe fn where_equal(a: [f32; 4], b: [f32; 4], x: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| if a[i] == b[i] { x[i] } else { 0.0 })
    }
    #[inline(always)]
    unsafe fn min(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    unsafe fn max(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    unsafe fn load_bf16(from: *const u16) -> [f32; 4] {
        // SAFETY: the caller's, by the contract of the trait.
        let bits = unsafe { from.cast::<[u16; 4]>().read_unaligned() };
        bits.map(|x| f32::from_bits(u32::from(x) << 16))
    }
    #[inline(always)]
    unsafe fn store_bf16(to: *mut u16, x: [f32; 4]) {
        // SAFETY: the caller's, by the contract of the trait.
        unsafe {
            to.cast::<[Bf16; 4]>()
                .write_unaligned(x.map(Bf16::from_f32))
        }
    }
    #[inline(always)]
    unsafe fn odd(pairs: [f32; 4]) -> [f32; 4] {
        pairs.map(|pair| f32::from_bits(pair.to_bits() & 0xFFFF_0000))
    }
    #[inline(always)]
    unsafe fn even(pairs: [f32; 4]) -> [f32; 4] {
        pairs.map(|pair| f32::from_bits(pair.to_bits() << 16))
    }
}
