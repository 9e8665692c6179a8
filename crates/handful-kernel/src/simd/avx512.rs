//! 512 bits.

use std::arch::x86_64::*;

use super::{Loops, Simd, loops};

#[derive(Clone, Copy)]
struct Avx512;

pub(super) static LOOPS: Loops = loops!(Avx512, [8, 8, 6], #[target_feature(enable = "avx512f")]);

#[allow(
    clippy::undocumented_unsafe_blocks,
    reason = "each is an instruction of the set, which the contract of the trait demands"
)]
impl Simd for Avx512 {
    const LANES: usize = 16;
    type V = __m512;

    #[inline(always)]
    unsafe fn splat(x: f32) -> __m512 {
        unsafe { _mm512_set1_ps(x) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m512 {
        unsafe { _mm512_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, x: __m512) {
        unsafe { _mm512_storeu_ps(to, x) }
    }
    #[inline(always)]
    unsafe fn fma(a: __m512, b: __m512, c: __m512) -> __m512 {
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    unsafe fn add(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn sub(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_sub_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn mul(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn keep_inside(low: __m512, at: __m512, high: __m512, x: __m512) -> __m512 {
        unsafe {
            let inside = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(low, at)
                & _mm512_cmp_ps_mask::<_CMP_LT_OQ>(at, high);
            _mm512_maskz_mov_ps(inside, x)
        }
    }
    #[inline(always)]
    unsafe fn min(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_min_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn max(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_max_ps(a, b) }
    }
}
