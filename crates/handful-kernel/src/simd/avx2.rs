//! 256 bits with fused multiply-add.

use std::arch::x86_64::*;

use super::{Loops, Simd, loops};
use crate::bf16::{HALF, NOT_SMALL, QUIET};

#[derive(Clone, Copy)]
struct Avx2;

pub(super) static LOOPS: Loops =
    loops!(Avx2, [8, 6, 3], [8, 4, 2], #[target_feature(enable = "avx2,fma")]);

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
    unsafe fn where_equal(a: __m256, b: __m256, x: __m256) -> __m256 {
        unsafe { _mm256_and_ps(_mm256_cmp_ps::<_CMP_EQ_OQ>(a, b), x) }
    }
    #[inline(always)]
    unsafe fn min(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_min_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn max(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_max_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn load_bf16(from: *const u16) -> __m256 {
        unsafe {
            let wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.cast()));
            _mm256_castsi256_ps(_mm256_slli_epi32::<16>(wide))
        }
    }
    #[inline(always)]
    unsafe fn store_bf16(to: *mut u16, x: __m256) {
        unsafe {
            let splat = |bits: u32| _mm256_set1_epi32(bits as i32);
            let bits = _mm256_castps_si256(x);
            let upper = _mm256_srli_epi32::<16>(bits);
            let half = _mm256_add_epi32(_mm256_and_si256(upper, splat(1)), splat(HALF));
            let rounded = _mm256_srli_epi32::<16>(_mm256_add_epi32(bits, half));
            let quiet = _mm256_or_si256(upper, splat(QUIET));
            let is_none = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_UNORD_Q>(x, x));
            let all = _mm256_blendv_epi8(rounded, quiet, is_none);
            let not_small = _mm256_and_si256(all, splat(u32::from(NOT_SMALL)));
            let is_small = _mm256_cmpeq_epi32(not_small, splat(0));
            let all = _mm256_andnot_si256(is_small, all);
            let narrow = _mm256_packus_epi32(all, all);
            let narrow = _mm256_permute4x64_epi64::<0b10_00>(narrow);
            _mm_storeu_si128(to.cast(), _mm256_castsi256_si128(narrow))
        }
    }
    #[inline(always)]
    unsafe fn odd(pairs: __m256) -> __m256 {
        unsafe {
            let upper = _mm256_castsi256_ps(_mm256_set1_epi32(0xFFFF_0000_u32 as i32));
            _mm256_and_ps(pairs, upper)
        }
    }
    #[inline(always)]
    unsafe fn even(pairs: __m256) -> __m256 {
        unsafe { _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_castps_si256(pairs))) }
    }
}
