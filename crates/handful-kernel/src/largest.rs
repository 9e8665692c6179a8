//! The innermost loop of the way back through the largest numbers of squares: registers of channels of one square.

use crate::element::Element;
use crate::simd::Simd;

/// One square of a map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Largest<'a, E> {
    /// The map, and where the pixels under the square start in it.
    pub x: &'a [E],
    pub starts: &'a [usize],
    /// `[channels]`: the gradient of the largest.
    pub gradient: &'a [E],
    /// As long as x: what each number got so far.
    pub sums: *mut f32,
}

impl<E: Element> Largest<'_, E> {
    /// Gives the gradient of each channel to the first pixel that has the largest number; what is no number gets none.
    ///
    /// # Safety
    /// The machine has S; pixels lie in the map and in the sums, which may be written.
    #[inline(always)]
    pub unsafe fn run<S: Simd>(&self) {
        let channels = self.gradient.len();
        let whole = channels - channels % S::LANES;
        for channel in (0..whole).step_by(S::LANES) {
            // SAFETY: the caller's.
            unsafe {
                let x = |start: usize| E::load::<S>(self.x.as_ptr().add(start + channel));
                let mut most = S::splat(f32::NEG_INFINITY);
                for start in self.starts {
                    most = S::max(x(*start), most);
                }
                let mut rest = E::load::<S>(self.gradient.as_ptr().add(channel));
                for start in self.starts {
                    let to = self.sums.add(start + channel);
                    let got = S::where_equal(x(*start), most, rest);
                    S::store(to, S::add(S::load(to), got));
                    rest = S::sub(rest, got);
                }
            }
        }
        for channel in whole..channels {
            let x = |start: usize| self.x[start + channel].to_f32();
            let larger = |most: f32, start: &usize| {
                let x = x(*start);
                if x > most { x } else { most }
            };
            let most = self.starts.iter().fold(f32::NEG_INFINITY, larger);
            if let Some(start) = self.starts.iter().find(|start| x(**start) == most) {
                // SAFETY: the caller's.
                unsafe { *self.sums.add(start + channel) += self.gradient[channel].to_f32() };
            }
        }
    }
}
