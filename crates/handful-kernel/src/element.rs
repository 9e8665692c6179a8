//! What maps and weights are made of: float32 or bfloat16. Sums are float32 in both.

use std::cell::RefCell;
use std::fmt::Debug;
use std::thread::LocalKey;

use crate::bf16::{self, Bf16};
use crate::simd::{Dense, Isa, Simd};

/// A number of a map: `f32` or [`Bf16`].
#[allow(private_bounds, reason = "there are no others")]
pub trait Element: Number {
    /// The nearest one.
    fn from_f32(x: f32) -> Self;
    /// Exactly.
    fn to_f32(self) -> f32;
}

/// What the inner loops ask of a number.
///
/// # Safety
/// Functions with a [`Simd`] need its instruction set; pointers are good for as many numbers as they say, of any alignment.
pub(crate) trait Number: Copy + Debug + Default + Send + Sync + 'static {
    /// Numbers of k that one step of a dense product multiplies, which lie side by side.
    const STEP: usize;
    /// Whether sums that go on later stand beside the maps, because they would be rounded there.
    const SUMS_BESIDE: bool;

    /// As a weight.
    fn weight(x: f32) -> Self;
    /// As what is added to sums.
    fn bias(x: f32) -> f32;
    /// The innermost loops for maps of these numbers.
    fn loops(isa: Isa) -> &'static Dense<Self>;
    /// Numbers of several images side by side, as many as a step takes: `[len, step]`. Zeros where there is no second image.
    fn interleave(first: &[Self], second: Option<&[Self]>, to: &mut [Self]);
    /// All as weights, as many.
    fn weights(from: &[f32], to: &mut [Self]);
    /// Makes weights of numbers of a map.
    fn as_weights(all: &mut [Self]);
    /// Memory of the thread that is used again.
    fn kept() -> &'static LocalKey<RefCell<Vec<Vec<Self>>>>;

    /// As many as there are lanes.
    unsafe fn load<S: Simd>(from: *const Self) -> S::V;
    /// As many as there are lanes, each rounded.
    unsafe fn store<S: Simd>(to: *mut Self, x: S::V);
    /// The weights of one step: [`Number::STEP`] a lane.
    unsafe fn load_step<S: Simd>(from: *const Self) -> S::V;
    /// The numbers of one step in every lane.
    unsafe fn splat_step<S: Simd>(from: *const Self) -> S::V;
    /// The same where only the first number of the step is there, and zeros behind it.
    unsafe fn splat_first<S: Simd>(from: *const Self) -> S::V;
    /// Adds the products of one step to sums.
    unsafe fn multiply<S: Simd>(x: S::V, w: S::V, sum: S::V) -> S::V;
}

/// What is added to sums of maps of E, `len` long: zeros stand behind.
pub(crate) fn padded_bias<E: Element>(bias: &[f32], len: usize) -> Vec<f32> {
    let mut padded: Vec<f32> = bias.iter().map(|b| E::bias(*b)).collect();
    padded.resize(len, 0.0);
    padded
}

impl Element for f32 {
    fn from_f32(x: f32) -> f32 {
        x
    }
    fn to_f32(self) -> f32 {
        self
    }
}

#[allow(
    clippy::undocumented_unsafe_blocks,
    reason = "each hands on what the contract of the trait demands"
)]
impl Number for f32 {
    const STEP: usize = 1;
    const SUMS_BESIDE: bool = false;

    fn weight(x: f32) -> f32 {
        x
    }
    fn bias(x: f32) -> f32 {
        x
    }
    fn loops(isa: Isa) -> &'static Dense<f32> {
        &isa.loops().f32
    }
    #[inline(always)]
    fn interleave(first: &[f32], _second: Option<&[f32]>, to: &mut [f32]) {
        to.copy_from_slice(first);
    }
    fn weights(from: &[f32], to: &mut [f32]) {
        to.copy_from_slice(from);
    }
    fn as_weights(_all: &mut [f32]) {}
    fn kept() -> &'static LocalKey<RefCell<Vec<Vec<f32>>>> {
        thread_local! {
            static KEPT: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
        }
        &KEPT
    }

    #[inline(always)]
    unsafe fn load<S: Simd>(from: *const f32) -> S::V {
        unsafe { S::load(from) }
    }
    #[inline(always)]
    unsafe fn store<S: Simd>(to: *mut f32, x: S::V) {
        unsafe { S::store(to, x) }
    }
    #[inline(always)]
    unsafe fn load_step<S: Simd>(from: *const f32) -> S::V {
        unsafe { S::load(from) }
    }
    #[inline(always)]
    unsafe fn splat_step<S: Simd>(from: *const f32) -> S::V {
        unsafe { S::splat(*from) }
    }
    #[inline(always)]
    unsafe fn splat_first<S: Simd>(from: *const f32) -> S::V {
        unsafe { S::splat(*from) }
    }
    #[inline(always)]
    unsafe fn multiply<S: Simd>(x: S::V, w: S::V, sum: S::V) -> S::V {
        unsafe { S::fma(x, w, sum) }
    }
}

impl Element for Bf16 {
    fn from_f32(x: f32) -> Bf16 {
        Bf16::from_f32(x)
    }
    fn to_f32(self) -> f32 {
        Bf16::to_f32(self)
    }
}

#[allow(
    clippy::undocumented_unsafe_blocks,
    reason = "each hands on what the contract of the trait demands"
)]
impl Number for Bf16 {
    const STEP: usize = 2;
    const SUMS_BESIDE: bool = true;

    fn weight(x: f32) -> Bf16 {
        Bf16::weight(x)
    }
    fn bias(x: f32) -> f32 {
        bf16::bias(x)
    }
    fn loops(isa: Isa) -> &'static Dense<Bf16> {
        &isa.loops().bf16
    }
    #[inline(always)]
    fn interleave(first: &[Bf16], second: Option<&[Bf16]>, to: &mut [Bf16]) {
        let (to, _) = to.as_chunks_mut::<2>();
        match second {
            Some(second) => {
                for (to, (a, b)) in to.iter_mut().zip(first.iter().zip(second)) {
                    *to = [*a, *b];
                }
            }
            None => {
                for (to, a) in to.iter_mut().zip(first) {
                    *to = [*a, Bf16::ZERO];
                }
            }
        }
    }
    fn weights(from: &[f32], to: &mut [Bf16]) {
        assert_eq!(from.len(), to.len());
        for (to, from) in to.iter_mut().zip(from) {
            *to = Bf16::weight(*from);
        }
    }
    fn as_weights(all: &mut [Bf16]) {
        for x in all {
            *x = x.as_weight();
        }
    }
    fn kept() -> &'static LocalKey<RefCell<Vec<Vec<Bf16>>>> {
        thread_local! {
            static KEPT: RefCell<Vec<Vec<Bf16>>> = const { RefCell::new(Vec::new()) };
        }
        &KEPT
    }

    #[inline(always)]
    unsafe fn load<S: Simd>(from: *const Bf16) -> S::V {
        unsafe { S::load_bf16(from.cast()) }
    }
    #[inline(always)]
    unsafe fn store<S: Simd>(to: *mut Bf16, x: S::V) {
        unsafe { S::store_bf16(to.cast(), x) }
    }
    // Pairs travel as the bits of a float32, as the registers take them.
    #[inline(always)]
    unsafe fn load_step<S: Simd>(from: *const Bf16) -> S::V {
        unsafe { S::load(from.cast()) }
    }
    #[inline(always)]
    unsafe fn splat_step<S: Simd>(from: *const Bf16) -> S::V {
        unsafe { S::splat(from.cast::<f32>().read_unaligned()) }
    }
    #[inline(always)]
    unsafe fn splat_first<S: Simd>(from: *const Bf16) -> S::V {
        let pair = unsafe { [*from, Bf16::ZERO] };
        unsafe { Bf16::splat_step::<S>(pair.as_ptr()) }
    }
    #[inline(always)]
    unsafe fn multiply<S: Simd>(x: S::V, w: S::V, sum: S::V) -> S::V {
        unsafe { S::dot(x, w, sum) }
    }
}
