//! Between which values a result is kept: the activation of a convolution.

use crate::simd::Simd;

/// Bounds of a result; both infinite for none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clamp {
    /// Least value.
    pub low: f32,
    /// Greatest value.
    pub high: f32,
}

impl Clamp {
    /// Results as they are.
    pub const NONE: Clamp = Clamp {
        low: f32::NEG_INFINITY,
        high: f32::INFINITY,
    };
    /// max(x, 0)
    pub const RELU: Clamp = Clamp {
        low: 0.0,
        high: f32::INFINITY,
    };
    /// min(max(x, 0), 6)
    pub const RELU6: Clamp = Clamp {
        low: 0.0,
        high: 6.0,
    };

    /// The number between both bounds; what is no number stays none.
    #[inline(always)]
    pub(crate) fn keep(&self, x: f32) -> f32 {
        let x = if x < self.low { self.low } else { x };
        if x > self.high { self.high } else { x }
    }

    /// Both bounds in all lanes.
    ///
    /// # Safety
    /// The machine has S.
    #[inline(always)]
    pub(crate) unsafe fn registers<S: Simd>(&self) -> (S::V, S::V) {
        // SAFETY: the caller's; references can be read. Read here and not before: a compiler that keeps the bounds in two
        // of sixteen registers all along has too few left for the sums, and a product takes twice as long (measured).
        unsafe {
            let low = std::ptr::read_volatile(&self.low);
            let high = std::ptr::read_volatile(&self.high);
            (S::splat(low), S::splat(high))
        }
    }
}
