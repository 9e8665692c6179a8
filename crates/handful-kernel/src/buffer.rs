//! Memory that is used again, for maps and for what lies between two steps of a kernel: fresh pages cost as much time as many a
//! layer.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// Pieces that a thread keeps: input and output of a layer, what stands beside them in a residual block, and what lies between its
/// steps.
const MOST_KEPT: usize = 4;

thread_local! {
    static KEPT: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// A slice of numbers whose memory goes to the thread that drops it, for the next one there.
#[derive(Debug)]
pub struct Buffer {
    /// At least as long.
    all: Vec<f32>,
    len: usize,
}

impl Buffer {
    /// `len` numbers of any value.
    pub fn new(len: usize) -> Buffer {
        let mut all = KEPT.with_borrow_mut(|kept| {
            // The nearest that holds it, else the nearest.
            let rank = |all: &Vec<f32>| (all.len() < len, all.len().abs_diff(len));
            let best = (0..kept.len()).min_by_key(|&i| rank(&kept[i]));
            best.map(|i| kept.swap_remove(i)).unwrap_or_default()
        });
        if all.len() < len {
            all = vec![0.0; len];
        }
        Buffer { all, len }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let all = std::mem::take(&mut self.all);
        // A thread that is ending keeps nothing.
        let _ = KEPT.try_with(|kept| {
            let mut kept = kept.borrow_mut();
            if kept.len() < MOST_KEPT {
                kept.push(all);
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

impl PartialEq for Buffer {
    fn eq(&self, other: &Buffer) -> bool {
        **self == **other
    }
}

impl Deref for Buffer {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        &self.all[..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.all[..self.len]
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
