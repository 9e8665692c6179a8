//! 128 bits with fused multiply-add.

use std::arch::aarch64::*;

use super::{Loops, Simd, loops};
use crate::bf16::{HALF, NOT_SMALL, QUIET};

#[derive(Clone, Copy)]
struct Neon;

pub(super) static LOOPS: Loops =
    loops!(Neon, [8, 8, 6], [8, 6, 4], #[target_feature(enable = "neon")]);

#[allow(
    clippy::undocumented_unsafe_blocks,
    reason = "each is an instruction of the set, which the contract of the trait demands"
)]
impl Simd for Neon {
    const LANES: usize = 4;
    type V = float32x4_t;

    #[inline(always)]
    unsafe fn splat(x: f32) -> float32x4_t {
        unsafe { vdupq_n_f32(x) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> float32x4_t {
        unsafe { vld1q_f32(from) }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, x: float32x4_t) {
        unsafe { vst1q_f32(to, x) }
    }
    #[inline(always)]
    unsafe fn fma(a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        unsafe { vfmaq_f32(c, a, b) }
    }
    #[inline(always)]
    unsafe fn add(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        unsafe { vaddq_f32(a, b) }
    }
    #[inline(always)]
    unsafe fn sub(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        unsafe { vsubq_f32(a, b) }
    }
    #[inline(always)]
    unsafe fn mul(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        unsafe { vmulq_f32(a, b) }
    }
    #[inline(always)]
    unsafe fn keep_inside(
        low: float32x4_t,
        at: float32x4_t,
        high: float32x4_t,
        x: float32x4_t,
    ) -> float32x4_t {
        unsafe {
            let inside = vandq_u32(vcltq_f32(low, at), vcltq_f32(at, high));
            vreinterpretq_f32_u32(vandq_u32(inside, vreinterpretq_u32_f32(x)))
        }
    }
    #[inline(always)]
    unsafe fn where_equal(a: float32x4_t, b: float32x4_t, x: float32x4_t) -> float32x4_t {
        unsafe { vreinterpretq_f32_u32(vandq_u32(vceqq_f32(a, b), vreinterpretq_u32_f32(x))) }
    }
    #[inline(always)]
    unsafe fn min(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // Not `vminq_f32`, which gives no number where either is none.
        unsafe { vbslq_f32(vcltq_f32(a, b), a, b) }
    }
    #[inline(always)]
    unsafe fn max(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // As above.
        unsafe { vbslq_f32(vcgtq_f32(a, b), a, b) }
    }
    #[inline(always)]
    unsafe fn load_bf16(from: *const u16) -> float32x4_t {
        unsafe { vreinterpretq_f32_u32(vshll_n_u16::<16>(vld1_u16(from))) }
    }
    #[inline(always)]
    unsafe fn store_bf16(to: *mut u16, x: float32x4_t) {
        unsafe {
            let bits = vreinterpretq_u32_f32(x);
            let upper = vshrq_n_u32::<16>(bits);
            let half = vaddq_u32(vandq_u32(upper, vdupq_n_u32(1)), vdupq_n_u32(HALF));
            let rounded = vshrq_n_u32::<16>(vaddq_u32(bits, half));
            let quiet = vorrq_u32(upper, vdupq_n_u32(QUIET));
            let all = vbslq_u32(vceqq_f32(x, x), rounded, quiet);
            let stays = vtstq_u32(all, vdupq_n_u32(u32::from(NOT_SMALL)));
            vst1_u16(to, vmovn_u32(vandq_u32(stays, all)))
        }
    }
    #[inline(always)]
    unsafe fn odd(pairs: float32x4_t) -> float32x4_t {
        unsafe {
            let upper = vdupq_n_u32(0xFFFF_0000);
            vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(pairs), upper))
        }
    }
    #[inline(always)]
    unsafe fn even(pairs: float32x4_t) -> float32x4_t {
        unsafe { vreinterpretq_f32_u32(vshlq_n_u32::<16>(vreinterpretq_u32_f32(pairs))) }
    }
}
