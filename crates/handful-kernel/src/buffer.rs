//! Memory that is used again, for maps and for what lies between two steps of a kernel: fresh pages cost as much time as many a
//! layer.

use std::ops::{Deref, DerefMut};

use crate::element::Element;

/// Pieces that a thread keeps: input and output of a layer, what stands beside them in a residual block, and what lies between its
/// steps.
const MOST_KEPT: usize = 4;

/// A slice of numbers whose memory goes to the thread that drops it, for the next one there.
#[derive(Debug)]
pub struct Buffer<E: Element = f32> {
    /// At least as long.
    all: Vec<E>,
    len: usize,
}

impl<E: Element> Buffer<E> {
    /// `len` numbers of any value.
    pub fn new(len: usize) -> Buffer<E> {
        let mut all = E::kept().with_borrow_mut(|kept| {
            // The nearest that holds it, else the nearest.
            let rank = |all: &Vec<E>| (all.len() < len, all.len().abs_diff(len));
            let best = (0..kept.len()).min_by_key(|&i| rank(&kept[i]));
            best.map(|i| kept.swap_remove(i)).unwrap_or_default()
        });
        if all.len() < len {
            all = vec![E::default(); len];
        }
        Buffer { all, len }
    }
}

impl<E: Element> Drop for Buffer<E> {
    fn drop(&mut self) {
        let all = std::mem::take(&mut self.all);
        // A thread that is ending keeps nothing.
        let _ = E::kept().try_with(|kept| {
            let mut kept = kept.borrow_mut();
            if kept.len() < MOST_KEPT {
                kept.push(all);
            }
        });
    }
}

impl<E: Element> Clone for Buffer<E> {
    fn clone(&self) -> Buffer<E> {
        let mut copy = Buffer::new(self.len());
        copy.copy_from_slice(self);
        copy
    }
}

impl<E: Element + PartialEq> PartialEq for Buffer<E> {
    fn eq(&self, other: &Buffer<E>) -> bool {
        **self == **other
    }
}

impl<E: Element> Deref for Buffer<E> {
    type Target = [E];
    fn deref(&self) -> &[E] {
        &self.all[..self.len]
    }
}

impl<E: Element> DerefMut for Buffer<E> {
    fn deref_mut(&mut self) -> &mut [E] {
        &mut self.all[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again() {
        std::thread::spawn(|| {
            let first: Buffer = Buffer::new(1_000);
            let place = first.as_ptr();
            drop(first);
            let second: Buffer = Buffer::new(900);
            assert_eq!((second.as_ptr(), second.len()), (place, 900));
            let third: Buffer = Buffer::new(10);
            assert_ne!(third.as_ptr(), place);
        })
        .join()
        .unwrap();
    }
}
