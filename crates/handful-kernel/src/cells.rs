//! The innermost loop of a copy: rows of a few registers, from places that are some way apart to others.

use crate::simd::Simd;

/// Rows of cells of 32 bits: numbers of float32, or pairs of bfloat16.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cells {
    pub from: *const f32,
    /// Cells from a row to the next.
    pub from_step: usize,
    pub to: *mut f32,
    pub to_step: usize,
    pub rows: usize,
}

impl Cells {
    /// Copies rows of N registers.
    ///
    /// # Safety
    /// The machine has S; all rows may be read and written.
    #[inline(always)]
    pub unsafe fn copy<S: Simd, const N: usize>(&self) {
        let (mut from, mut to) = (self.from, self.to);
        for _ in 0..self.rows {
            // SAFETY: the caller's; the pointers behind the last row are not used.
            unsafe {
                for v in 0..N {
                    S::store(to.add(v * S::LANES), S::load(from.add(v * S::LANES)));
                }
            }
            from = from.wrapping_add(self.from_step);
            to = to.wrapping_add(self.to_step);
        }
    }
}
