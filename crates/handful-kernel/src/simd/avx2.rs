//! 256 bits with fused multiply-add.

use std::arch::x86_64::*;

use super::{Loops, Simd, loops};

#[derive(Clone, Copy)]
struct Avx2;

pub(super) static LOOPS: Loops = loops!(Avx2, [8, 6, 3], #[target_feature(enable = "avx2,fma")]);

#[allow(
    clippy::undocumented_unsafe_blocks,
    reason = "each is an instruction of the set, which the contract of the trait demands"
)]
impl Simd for Avx2 {
    const LANES: usize = 8;
    type V = __m256;

    #[inline(always)]
    unsafe fn splat(x: f32) -> __m256 {
        unsafe { _mm256_set1_ps(x) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m256 {
        unsafe { _mm256_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, x: __m256) {
        unsafe { _mm256_storeu_ps(to, x) }
    }
    #[inline(always)]
    unsafe fn fma(a: __m256, b: __m256, c: __m256) -> __m256 {
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    unsafe fn add(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_add_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn sub(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_sub_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn mul(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_mul_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn keep_inside(low: __m256, at: __m256, high: __m256, x: __m256) -> __m256 {
        unsafe {
            let inside = _mm256_and_ps(
                _mm256_cmp_ps::<_CMP_LT_OQ>(low, at),
                _mm256_cmp_ps::<_CMP_LT_OQ>(at, high),
            );
            _mm256_and_ps(inside, x)
        }
    }
    #[inline(always)]
    unsafe fn min(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_min_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn max(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_max_ps(a, b) }
    }
}
