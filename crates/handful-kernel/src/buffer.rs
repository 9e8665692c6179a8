//! Memory for maps that is used again: fresh pages cost as much time as many a layer.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// Pieces that a thread keeps: input and output of a layer, and what stands beside them in a residual block.
const MOST_KEPT: usize = 4;

thread_local! {
    static KEPT: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// A slice of numbers whose memory goes to the thread that drops it, for the next one there.
#[derive(Debug, PartialEq)]
pub struct Buffer(Vec<f32>);

impl Buffer {
    /// `len` numbers of any value.
    pub fn new(len: usize) -> Buffer {
        let mut kept = KEPT.with_borrow_mut(|kept| {
            // The smallest that holds it, else the largest.
            let fits = |b: &Vec<f32>| b.capacity() >= len;
            let rank = |b: &Vec<f32>| {
                (
                    !fits(b),
                    if fits(b) {
                        b.capacity()
                    } else {
                        usize::MAX - b.capacity()
                    },
                )
            };
            let best = (0..kept.len()).min_by_key(|&i| rank(&kept[i]));
            best.map(|i| kept.swap_remove(i)).unwrap_or_default()
        });
        if kept.capacity() < len {
            kept = Vec::with_capacity(len);
        }
        kept.resize(len, 0.0);
        Buffer(kept)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let vec = std::mem::take(&mut self.0);
        // A thread that is ending keeps nothing.
        let _ = KEPT.try_with(|kept| {
            let mut kept = kept.borrow_mut();
            if kept.len() < MOST_KEPT {
                kept.push(vec);
            }
        });
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Buffer {
        let mut copy = Buffer::new(self.len());
        copy.copy_from_slice(self);
        copy
    }
}

impl Deref for Buffer {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again() {
        std::thread::spawn(|| {
            let first = Buffer::new(1_000);
            let place = first.as_ptr();
            drop(first);
            let second = Buffer::new(900);
            assert_eq!((second.as_ptr(), second.len()), (place, 900));
            let third = Buffer::new(10);
            assert_ne!(third.as_ptr(), place);
        })
        .join()
        .unwrap();
    }
}
