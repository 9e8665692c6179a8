//! 512 bits, with and without products of bfloat16.

use std::arch::x86_64::*;

use super::{Loops, Pairs, Simd, dense, loops};
use crate::bf16::{Bf16, HALF, NOT_SMALL, QUIET};

#[derive(Clone, Copy)]
struct Avx512<const HAS_BF16: bool>;

const WITHOUT_BF16: Loops =
    loops!(Avx512<false>, [8, 8, 6], [8, 8, 4], #[target_feature(enable = "avx512f")]);

pub(super) static LOOPS: Loops = WITHOUT_BF16;
pub(super) static LOOPS_WITH_BF16: Loops = Loops {
    bf16: dense!(Avx512<true>, Bf16, sum_pairs, [8, 8, 6], #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]),
    ..WITHOUT_BF16
};

#[allow(
    clippy::undocumented_unsafe_blocks,
    reason = "each is an instruction of the set, which the contract of the trait demands"
)]
impl<const HAS_BF16: bool> Simd for Avx512<HAS_BF16> {
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
    unsafe fn where_equal(a: __m512, b: __m512, x: __m512) -> __m512 {
        unsafe { _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_EQ_OQ>(a, b), x) }
    }
    #[inline(always)]
    unsafe fn min(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_min_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn max(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_max_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn load_bf16(from: *const u16) -> __m512 {
        unsafe {
            let wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.cast()));
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(wide))
        }
    }
    #[inline(always)]
    unsafe fn store_bf16(to: *mut u16, x: __m512) {
        unsafe {
            let narrow = if HAS_BF16 {
                let narrow = std::mem::transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(x));
                let not_small = _mm256_set1_epi16(NOT_SMALL as i16);
                _mm256_maskz_mov_epi16(_mm256_test_epi16_mask(narrow, not_small), narrow)
            } else {
                let splat = |bits: u32| _mm512_set1_epi32(bits as i32);
                let bits = _mm512_castps_si512(x);
                let upper = _mm512_srli_epi32::<16>(bits);
                let half = _mm512_add_epi32(_mm512_and_si512(upper, splat(1)), splat(HALF));
                let rounded = _mm512_srli_epi32::<16>(_mm512_add_epi32(bits, half));
                let is_none = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(x, x);
                let all = _mm512_mask_or_epi32(rounded, is_none, upper, splat(QUIET));
                let stays = _mm512_test_epi32_mask(all, splat(u32::from(NOT_SMALL)));
                _mm512_maskz_cvtepi32_epi16(stays, all)
            };
            _mm256_storeu_si256(to.cast(), narrow)
        }
    }
    #[inline(always)]
    unsafe fn odd(pairs: __m512) -> __m512 {
        unsafe {
            let upper = _mm512_set1_epi32(0xFFFF_0000_u32 as i32);
            _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(pairs), upper))
        }
    }
    #[inline(always)]
    unsafe fn even(pairs: __m512) -> __m512 {
        unsafe { _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_castps_si512(pairs))) }
    }
    #[inline(always)]
    unsafe fn dot(x: __m512, w: __m512, sum: __m512) -> __m512 {
        unsafe {
            if HAS_BF16 {
                let pairs = |x| std::mem::transmute::<__m512, __m512bh>(x);
                return _mm512_dpbf16_ps(sum, pairs(x), pairs(w));
            }
            let sum = Self::fma(Self::odd(x), Self::odd(w), sum);
            Self::fma(Self::even(x), Self::even(w), sum)
        }
    }
}

/// Places of numbers of 16 bits that lie in two halves of a register, each two side by side.
const SIDE_BY_SIDE: [u16; 32] = {
    let mut places = [0; 32];
    let mut i = 0;
    while i < 32 {
        places[i] = (i / 2 + i % 2 * 16) as u16;
        i += 1;
    }
    places
};
/// Places in two registers of the first of each two numbers; the second ones are one further.
const EVEN: [u32; 16] = {
    let mut places = [0; 16];
    let mut i = 0;
    while i < 16 {
        places[i] = 2 * i as u32;
        i += 1;
    }
    places
};

#[allow(
    clippy::undocumented_unsafe_blocks,
    reason = "each is an instruction of the set, which the contract of the trait demands"
)]
impl Pairs for Avx512<true> {
    #[inline(always)]
    unsafe fn split(first: __m512, second: __m512) -> (__m512, __m512) {
        unsafe {
            let even = _mm512_loadu_si512(EVEN.as_ptr().cast());
            let odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
            (
                _mm512_permutex2var_ps(first, even, second),
                _mm512_permutex2var_ps(first, odd, second),
            )
        }
    }
    #[inline(always)]
    unsafe fn store_pairs(to: *mut u16, even: __m512, odd: __m512) {
        unsafe {
            let halves = _mm512_cvtne2ps_pbh(odd, even);
            let halves = std::mem::transmute::<__m512bh, __m512i>(halves);
            let places = _mm512_loadu_si512(SIDE_BY_SIDE.as_ptr().cast());
            let all = _mm512_permutexvar_epi16(places, halves);
            let stays = _mm512_test_epi16_mask(all, _mm512_set1_epi16(NOT_SMALL as i16));
            _mm512_storeu_si512(to.cast(), _mm512_maskz_mov_epi16(stays, all))
        }
    }
}
