//! Memory that several threads write to, each its own part.

/// Where it starts.
#[derive(Clone, Copy)]
pub(crate) struct Shared(*mut f32);

// SAFETY: whoever makes a pointer of it writes to a part that nobody else has: `at` asks for that.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    pub fn new(all: &mut [f32]) -> Shared {
        Shared(all.as_mut_ptr())
    }

    /// # Safety
    /// So many numbers are there, and what is written behind them is the caller's alone.
    pub unsafe fn at(self, skipped: usize) -> *mut f32 {
        // SAFETY: the caller's.
        unsafe { self.0.add(skipped) }
    }
}
