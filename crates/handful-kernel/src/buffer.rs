//! Memory that is used again, for maps and for what lies between two steps of a kernel: fresh pages cost as much time as many a
//! layer.

use std::ops::{Deref, DerefMut};

use crate::element::Element;

/// Pieces that a thread keeps: input and output of a layer, what stands beside them in a residual block, and what lies between its
/// steps.
const MOST_KEPT: usize = 4;
/// Of a cache's line.
const LINE_BYTES: usize = 64;

/// A slice of numbers whose memory goes to the thread that drops it, for the next one there. It starts with a line of the cache: a
/// register that is stored across two lines takes several times as long (measured).
#[derive(Debug)]
pub struct Buffer<E: Element = f32> {
    /// Longer by what may lie before the start.
    all: Vec<E>,
    start: usize,
    len: usize,
}

impl<E: Element> Buffer<E> {
    /// `len` numbers of any value.
    pub fn new(len: usize) -> Buffer<E> {
        let longer = len + LINE_BYTES / size_of::<E>();
        let mut all = E::kept().with_borrow_mut(|kept| {
            // The nearest that holds it, else the nearest.
            let rank = |all: &Vec<E>| (all.len() < longer, all.len().abs_diff(longer));
            let best = (0..kept.len()).min_by_key(|&i| rank(&kept[i]));
            best.map(|i| kept.swap_remove(i)).unwrap_or_default()
        });
        if all.len() < longer {
            all = vec![E::default(); longer];
        }
        let start = all.as_ptr().align_offset(LINE_BYTES).min(longer - len);
        Buffer { all, start, len }
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
        &self.all[self.start..][..self.len]
    }
}

impl<E: Element> DerefMut for Buffer<E> {
    fn deref_mut(&mut self) -> &mut [E] {
        &mut self.all[self.start..][..self.len]
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
