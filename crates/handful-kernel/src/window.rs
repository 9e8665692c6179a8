//! A rectangle of a map, with zeros where it lies outside.

use crate::buffer::Buffer;
use crate::element::Element;
use crate::fit::image_len;
use crate::size::Size;

/// Where a rectangle lies; it may begin before a map and end behind it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub top: isize,
    pub left: isize,
    pub size: Size,
}

impl Window {
    /// Whether it is made of whole lines of a map, which can then be read where they are.
    pub fn is_whole_lines(&self, map: Size) -> bool {
        self.left == 0
            && self.size.width == map.width
            && self.top >= 0
            && self.top as usize + self.size.height <= map.height
    }

    /// What it shows of an image `[map, channels]`: where it lies, or between zeros in `room`, which then holds it alone.
    pub fn of<'a, E: Element>(
        &self,
        image: &'a [E],
        map: Size,
        channels: usize,
        room: &'a mut Buffer<E>,
    ) -> &'a [E] {
        if self.is_whole_lines(map) {
            return &image[self.top as usize * map.width * channels..];
        }
        *room = Buffer::new(image_len(self.size, channels));
        self.copy(image, map, channels, room);
        room
    }

    /// Copies it out of an image `[map, channels]`.
    pub fn copy<E: Element>(&self, image: &[E], map: Size, channels: usize, to: &mut [E]) {
        let columns = inside(self.left, self.size.width, map.width);
        let before = columns.start * channels;
        let behind = columns.end * channels;
        let from = (self.left + columns.start as isize) as usize * channels;
        let lines = to.chunks_exact_mut(self.size.width * channels);
        for (line, to) in (self.top..).zip(lines) {
            if line < 0 || line as usize >= map.height || columns.is_empty() {
                to.fill(E::default());
                continue;
            }
            let line = &image[line as usize * map.width * channels..];
            to[..before].fill(E::default());
            to[before..behind].copy_from_slice(&line[from..][..behind - before]);
            to[behind..].fill(E::default());
        }
    }
}

/// Which of `n` places from `first` on are among `0..end`.
pub(crate) fn inside(first: isize, n: usize, end: usize) -> std::ops::Range<usize> {
    let start = (-first).clamp(0, n as isize) as usize;
    let stop = (end as isize - first).clamp(start as isize, n as isize) as usize;
    start..stop
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_is_zero() {
        let map = Size {
            height: 2,
            width: 3,
        };
        let image: Vec<f32> = (1..=6).map(|i| i as f32).collect();
        let window = Window {
            top: -1,
            left: 1,
            size: Size {
                height: 3,
                width: 3,
            },
        };
        let mut to = [9.0f32; 9];
        window.copy(&image, map, 1, &mut to);
        assert_eq!(to, [0.0, 0.0, 0.0, 2.0, 3.0, 0.0, 5.0, 6.0, 0.0]);
    }

    #[test]
    fn a_window_beside_the_map_is_empty() {
        assert!(inside(3, 2, 3).is_empty());
        assert!(inside(-4, 3, 3).is_empty());
        assert_eq!(inside(-1, 3, 3), 1..3);
        assert_eq!(inside(2, 3, 3), 0..1);
    }
}
