//! Memory that several threads write to, each its own part.

/// Where it starts.
#[derive(Clone, Copy)]
pub(crate) struct Shared<E = f32>(*mut E);

// SAFETY: whoever makes a pointer of it writes to a part that nobody else has: `at` asks for that.
unsafe impl<E: Send> Send for Shared<E> {}
// SAFETY: as above.
unsafe impl<E: Send> Sync for Shared<E> {}

impl<E> Shared<E> {
    pub fn new(all: &mut [E]) -> Shared<E> {
        Shared(all.as_mut_ptr())
    }

    /// # Safety
    /// So many numbers are there, and what is written behind them is the caller's alone.
    pub unsafe fn at(self, skipped: usize) -> *mut E {
        // SAFETY: the caller's.
        unsafe { self.0.add(skipped) }
    }
}
