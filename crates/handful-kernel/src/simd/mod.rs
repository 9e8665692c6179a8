//! Which vector instructions are there? One trait, one file an instruction set, chosen when the program runs.
//!
//! Only the innermost loops ([`Tile`], [`Pixels`], [`Taps`] and those of norms) are compiled for each set; everything else is ordinary
//! code that calls them through [`Isa::loops`]. Lanes lie across channels, and every sum is taken in the same order whatever their number,
//! with one rounding a step where the machine has fused multiply-add: sets with it give the same bits.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

use crate::bf16::Bf16;
use crate::cells::Cells;
use crate::largest::Largest;
use crate::norm_pixels::{Mask, MomentSums, NormGradient, NormResult, NormSums};
use crate::pixels::{MOST_PIXELS, Pixels};
use crate::taps::{MOST_TAPS, Taps};
use crate::tile::{MOST_ROWS, MOST_WIDTH, Tile};

/// Vector registers of one instruction set.
///
/// # Safety
/// All functions need the instruction set to be there; those with pointers need [`Simd::LANES`] readable or writable numbers
/// behind them, of any alignment.
pub(crate) trait Simd: Copy {
    /// Numbers in a register.
    const LANES: usize;
    /// A register.
    type V: Copy;

    unsafe fn splat(x: f32) -> Self::V;
    unsafe fn load(from: *const f32) -> Self::V;
    unsafe fn store(to: *mut f32, x: Self::V);
    /// `a · b + c`
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    /// `x` where `low < at < high`, else zero.
    unsafe fn keep_inside(low: Self::V, at: Self::V, high: Self::V, x: Self::V) -> Self::V;
    /// `x` where `a` equals `b`, else zero.
    unsafe fn where_equal(a: Self::V, b: Self::V, x: Self::V) -> Self::V;
    /// The smaller one; `b` where it is no number.
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
    /// The larger one; `b` where it is no number.
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;

    /// As many numbers of 16 bits, widened.
    unsafe fn load_bf16(from: *const u16) -> Self::V;
    /// As many numbers of 16 bits, rounded as [`crate::Bf16::from_f32`] rounds.
    unsafe fn store_bf16(to: *mut u16, x: Self::V);
    /// Of the pairs of numbers of 16 bits that a register may hold, the second ones, widened.
    unsafe fn odd(pairs: Self::V) -> Self::V;
    /// The first ones.
    unsafe fn even(pairs: Self::V) -> Self::V;
    /// sum + products of pairs: the second ones first, each product exact and each sum rounded once, as the instruction
    /// VDPBF16PS does it. Where products that are added without rounding don't exist, what is multiplied first gives the same,
    /// since it needs 16 bits only.
    #[inline(always)]
    unsafe fn dot(x: Self::V, w: Self::V, sum: Self::V) -> Self::V {
        // SAFETY: the caller's.
        unsafe {
            let sum = Self::fma(Self::odd(x), Self::odd(w), sum);
            Self::fma(Self::even(x), Self::even(w), sum)
        }
    }
}

/// Registers of pairs of bfloat16, taken apart and put together.
///
/// # Safety
/// As [`Simd`].
#[cfg(target_arch = "x86_64")]
pub(crate) trait Pairs: Simd {
    /// Of twice as many numbers as there are lanes the first of each two, and the second.
    unsafe fn split(first: Self::V, second: Self::V) -> (Self::V, Self::V);
    /// Each two side by side again, rounded as [`Simd::store_bf16`] rounds.
    unsafe fn store_pairs(to: *mut u16, even: Self::V, odd: Self::V);
}

/// A tile's loop.
type TileLoop<E> = unsafe fn(&Tile<E>);

/// The innermost loops that all maps need, for maps of E.
#[derive(Clone, Copy)]
pub(crate) struct Dense<E: 'static> {
    /// Rows of a tile that is 1, 2 or 3 registers wide: its sums, a row of weights and a pixel lie in registers.
    pub rows: [usize; MOST_WIDTH],
    /// By width and number of rows, both less one.
    pub tile: [[TileLoop<E>; MOST_ROWS]; MOST_WIDTH],
    /// By number of pixels less one.
    pub pixels: [unsafe fn(&Pixels<E>); MOST_PIXELS],
    /// By number of taps less one.
    pub taps: [unsafe fn(&Taps<E>); MOST_TAPS],
    pub moment_sums: unsafe fn(&MomentSums<E>),
    pub norm_result: unsafe fn(&NormResult<E>),
    pub norm_sums: unsafe fn(&NormSums<E>),
    pub norm_gradient: unsafe fn(&NormGradient<E>),
    pub mask: unsafe fn(&Mask<E>),
    pub largest: unsafe fn(&Largest<E>),
}

/// The innermost loops, compiled for one instruction set. The machine must have it where they are called.
pub(crate) struct Loops {
    /// Numbers in a register.
    pub lanes: usize,
    pub f32: Dense<f32>,
    pub bf16: Dense<Bf16>,
    /// By number of registers less one.
    pub copy: [unsafe fn(&Cells); MOST_WIDTH],
}

/// The loops for maps of one kind of number: `dense!(Simd, number, method for pixels, rows, attributes of its functions)`.
macro_rules! dense {
    ($simd:ty, $element:ty, $pixels:ident, [$($rows:tt),*], $(#[$attribute:meta])*) => {{
        $(#[$attribute])*
        unsafe fn tile<const M: usize, const N: usize>(tile: &crate::tile::Tile<$element>) {
            // SAFETY: the caller's.
            unsafe { tile.sum::<$simd, M, N>() }
        }
        $(#[$attribute])*
        unsafe fn pixels<const P: usize>(pixels: &crate::pixels::Pixels<$element>) {
            // SAFETY: the caller's.
            unsafe { pixels.$pixels::<$simd, P>() }
        }
        $(#[$attribute])*
        unsafe fn taps<const A: usize>(taps: &crate::taps::Taps<$element>) {
            // SAFETY: the caller's.
            unsafe { taps.sum::<$simd, A>() }
        }
        $(#[$attribute])*
        unsafe fn moment_sums(sums: &crate::norm_pixels::MomentSums<$element>) {
            // SAFETY: the caller's.
            unsafe { sums.run::<$simd>() }
        }
        $(#[$attribute])*
        unsafe fn norm_result(result: &crate::norm_pixels::NormResult<$element>) {
            // SAFETY: the caller's.
            unsafe { result.run::<$simd>() }
        }
        $(#[$attribute])*
        unsafe fn norm_sums(sums: &crate::norm_pixels::NormSums<$element>) {
            // SAFETY: the caller's.
            unsafe { sums.run::<$simd>() }
        }
        $(#[$attribute])*
        unsafe fn norm_gradient(gradient: &crate::norm_pixels::NormGradient<$element>) {
            // SAFETY: the caller's.
            unsafe { gradient.run::<$simd>() }
        }
        $(#[$attribute])*
        unsafe fn mask(mask: &crate::norm_pixels::Mask<$element>) {
            // SAFETY: the caller's.
            unsafe { mask.run::<$simd>() }
        }
        $(#[$attribute])*
        unsafe fn largest(largest: &crate::largest::Largest<$element>) {
            // SAFETY: the caller's.
            unsafe { largest.run::<$simd>() }
        }
        crate::simd::Dense {
            rows: [$(crate::simd::dense!(@most $rows)),*],
            tile: crate::simd::dense!(@widths tile [$($rows),*]),
            pixels: [
                pixels::<1>, pixels::<2>, pixels::<3>, pixels::<4>, pixels::<5>, pixels::<6>, pixels::<7>, pixels::<8>,
            ],
            taps: [taps::<1>, taps::<2>, taps::<3>, taps::<4>, taps::<5>],
            moment_sums,
            norm_result,
            norm_sums,
            norm_gradient,
            mask,
            largest,
        }
    }};
    (@most $rows:literal) => { $rows };
    (@widths $tile:ident [$one:tt, $two:tt, $three:tt]) => {
        [
            crate::simd::dense!(@row $tile 1 $one),
            crate::simd::dense!(@row $tile 2 $two),
            crate::simd::dense!(@row $tile 3 $three),
        ]
    };
    // What has more rows than the set can hold is never asked for, and not compiled.
    (@row $tile:ident $n:literal 1) => {
        [$tile::<1, $n>, $tile::<1, $n>, $tile::<1, $n>, $tile::<1, $n>, $tile::<1, $n>, $tile::<1, $n>, $tile::<1, $n>,
         $tile::<1, $n>]
    };
    (@row $tile:ident $n:literal 2) => {
        [$tile::<1, $n>, $tile::<2, $n>, $tile::<2, $n>, $tile::<2, $n>, $tile::<2, $n>, $tile::<2, $n>, $tile::<2, $n>,
         $tile::<2, $n>]
    };
    (@row $tile:ident $n:literal 3) => {
        [$tile::<1, $n>, $tile::<2, $n>, $tile::<3, $n>, $tile::<3, $n>, $tile::<3, $n>, $tile::<3, $n>, $tile::<3, $n>,
         $tile::<3, $n>]
    };
    (@row $tile:ident $n:literal 4) => {
        [$tile::<1, $n>, $tile::<2, $n>, $tile::<3, $n>, $tile::<4, $n>, $tile::<4, $n>, $tile::<4, $n>, $tile::<4, $n>,
         $tile::<4, $n>]
    };
    (@row $tile:ident $n:literal 6) => {
        [$tile::<1, $n>, $tile::<2, $n>, $tile::<3, $n>, $tile::<4, $n>, $tile::<5, $n>, $tile::<6, $n>, $tile::<6, $n>,
         $tile::<6, $n>]
    };
    (@row $tile:ident $n:literal 8) => {
        [$tile::<1, $n>, $tile::<2, $n>, $tile::<3, $n>, $tile::<4, $n>, $tile::<5, $n>, $tile::<6, $n>, $tile::<7, $n>,
         $tile::<8, $n>]
    };
}
pub(crate) use dense;

/// The loops of one set: `loops!(Simd, rows for float32, rows for bfloat16, attributes of its functions)`.
macro_rules! loops {
    ($simd:ty, $f32_rows:tt, $bf16_rows:tt, $(#[$attribute:meta])*) => {{
        $(#[$attribute])*
        unsafe fn copy<const N: usize>(cells: &crate::cells::Cells) {
            // SAFETY: the caller's.
            unsafe { cells.copy::<$simd, N>() }
        }
        crate::simd::Loops {
            lanes: <$simd as crate::simd::Simd>::LANES,
            f32: crate::simd::dense!($simd, f32, sum, $f32_rows, $(#[$attribute])*),
            bf16: crate::simd::dense!($simd, crate::bf16::Bf16, sum, $bf16_rows, $(#[$attribute])*),
            copy: [copy::<1>, copy::<2>, copy::<3>],
        }
    }};
}
pub(crate) use loops;

/// An instruction set that the innermost loops are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(Set);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    /// What every machine of this architecture has.
    Portable,
    /// 256 bits with fused multiply-add: x86-64 since 2013.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 512 bits: servers since 2017, some laptops.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// And products of bfloat16: servers since 2020, desktops since 2022.
    #[cfg(target_arch = "x86_64")]
    Avx512Bf16,
    /// 128 bits with fused multiply-add: every 64-bit ARM.
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Isa {
    /// The widest one of this machine.
    pub fn best() -> Isa {
        *Isa::all().last().expect("the portable one is everywhere")
    }

    /// Those that this machine has, the least first. There is no other way to make one, so that whoever holds one may use it.
    pub fn all() -> Vec<Isa> {
        let mut all = vec![Set::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            let has_fma = std::arch::is_x86_feature_detected!("fma");
            if std::arch::is_x86_feature_detected!("avx2") && has_fma {
                all.push(Set::Avx2);
                if std::arch::is_x86_feature_detected!("avx512f") {
                    all.push(Set::Avx512);
                    if std::arch::is_x86_feature_detected!("avx512bf16")
                        && std::arch::is_x86_feature_detected!("avx512bw")
                        && std::arch::is_x86_feature_detected!("avx512vl")
                    {
                        all.push(Set::Avx512Bf16);
                    }
                }
            }
        }
        #[cfg(target_arch = "aarch64")]
        all.push(Set::Neon);
        all.into_iter().map(Isa).collect()
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self.0 {
            Set::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Set::Avx512Bf16 => "avx512-bf16",
            #[cfg(target_arch = "aarch64")]
            Set::Neon => "neon",
        }
    }

    /// Whether products of float32 are added without rounding in between; sets that do give the same bits. Those of bfloat16
    /// are exact, so that all sets give the same bits.
    pub fn is_fused(self) -> bool {
        self.0 != Set::Portable
    }

    pub(crate) fn loops(self) -> &'static Loops {
        match self.0 {
            Set::Portable => &portable::LOOPS,
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => &avx2::LOOPS,
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => &avx512::LOOPS,
            #[cfg(target_arch = "x86_64")]
            Set::Avx512Bf16 => &avx512::LOOPS_WITH_BF16,
            #[cfg(target_arch = "aarch64")]
            Set::Neon => &neon::LOOPS,
        }
    }
}
