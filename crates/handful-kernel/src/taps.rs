//! The innermost loop of a depthwise weight gradient: some neighbouring taps of one row of the kernel, summed over a line of pixels in
//! registers.
//!
//! A pixel of the gradient is loaded once for all of them. Pixels of even and of odd place are summed apart, since one sum after
//! the other would wait for itself.

use crate::element::Element;
use crate::simd::Simd;

/// Taps at a time: two sums of each, and a pixel of each kind, lie in 16 registers.
pub(crate) const MOST_TAPS: usize = 5;

/// Neighbouring taps of one row of a kernel, and a line of pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taps<E> {
    /// What the first tap meets for the first pixel.
    pub x: *const E,
    pub stride: usize,
    /// `[pixels, channels]`
    pub gradient: *const E,
    pub pixels: usize,
    /// Whole registers; those of x, too.
    pub channels: usize,
    /// `[taps, channels]`, the sums so far.
    pub out: *mut f32,
}

impl<E: Element> Taps<E> {
    /// out += Σ x · gradient, for A taps.
    ///
    /// # Safety
    /// The machine has S; all that the taps meet is readable, and the sums are writable.
    #[inline(always)]
    pub unsafe fn sum<S: Simd, const A: usize>(&self) {
        let step = self.stride * self.channels;
        for channel in (0..self.channels).step_by(S::LANES) {
            // SAFETY: the caller's.
            unsafe {
                let mut even = [S::splat(0.0); A];
                let mut odd = [S::splat(0.0); A];
                let mut x = self.x.add(channel);
                let mut gradient = self.gradient.add(channel);
                for _ in 0..self.pixels / 2 {
                    let (first, second) = (
                        E::load::<S>(gradient),
                        E::load::<S>(gradient.add(self.channels)),
                    );
                    for a in 0..A {
                        even[a] = S::fma(E::load::<S>(x.add(a * self.channels)), first, even[a]);
                    }
                    let next = x.add(step);
                    for a in 0..A {
                        odd[a] = S::fma(E::load::<S>(next.add(a * self.channels)), second, odd[a]);
                    }
                    x = x.add(2 * step);
                    gradient = gradient.add(2 * self.channels);
                }
                if self.pixels % 2 == 1 {
                    let last = E::load::<S>(gradient);
                    for a in 0..A {
                        even[a] = S::fma(E::load::<S>(x.add(a * self.channels)), last, even[a]);
                    }
                }
                for a in 0..A {
                    let out = self.out.add(a * self.channels + channel);
                    let sum = S::add(even[a], odd[a]);
                    S::store(out, S::add(S::load(out), sum));
                }
            }
        }
    }
}
