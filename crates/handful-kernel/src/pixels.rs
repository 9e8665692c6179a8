//! The innermost loop of a depthwise convolution: some neighbouring pixels of a line, summed in registers.
//!
//! A weight is loaded once for all of them.

use crate::clamp::Clamp;
use crate::element::Element;
use crate::simd::Simd;

/// Pixels at a time: as many sums as two multipliers with a latency of four steps keep in flight.
pub(crate) const MOST_PIXELS: usize = 8;

/// Neighbouring output pixels of one line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pixels<'a, E> {
    /// Lines of input, one for each row of the kernel that lies inside the map.
    pub lines: &'a [*const E],
    /// Numbers in each line before what the first pixel sees.
    pub skipped: usize,
    /// Side of the kernel.
    pub kernel: usize,
    pub stride: usize,
    /// `[lines, kernel, channels]`
    pub weights: *const E,
    /// `[channels]`
    pub bias: *const f32,
    /// Whole registers.
    pub channels: usize,
    pub out: *mut E,
    pub clamp: Clamp,
}

impl<E: Element> Pixels<'_, E> {
    /// out = clamp(Σ x · weight + bias), for P pixels.
    ///
    /// # Safety
    /// The machine has S; all that the P pixels see is readable, and what they are is writable.
    #[inline(always)]
    pub unsafe fn sum<S: Simd, const P: usize>(&self) {
        // SAFETY: the caller's.
        unsafe { self.sum_from::<S, P>(0) }
    }

    /// The same for the channels from one on.
    ///
    /// # Safety
    /// As above.
    #[inline(always)]
    pub unsafe fn sum_from<S: Simd, const P: usize>(&self, first: usize) {
        let channels = self.channels;
        let step = self.stride * channels;
        for channel in (first..channels).step_by(S::LANES) {
            // SAFETY: the caller's.
            unsafe {
                let mut sums = [S::load(self.bias.add(channel)); P];
                let mut weights = self.weights.add(channel);
                for line in self.lines {
                    let mut x = line.add(self.skipped + channel);
                    for _ in 0..self.kernel {
                        let w = E::load::<S>(weights);
                        for p in 0..P {
                            sums[p] = S::fma(E::load::<S>(x.add(p * step)), w, sums[p]);
                        }
                        weights = weights.add(channels);
                        x = x.add(channels);
                    }
                }
                let (low, high) = self.clamp.registers::<S>();
                for p in 0..P {
                    let kept = S::min(high, S::max(low, sums[p]));
                    E::store::<S>(self.out.add(p * channels + channel), kept);
                }
            }
        }
    }
}
