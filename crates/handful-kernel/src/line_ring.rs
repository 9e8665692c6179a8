//! The lines of a map that a depthwise convolution meets at a time, each between zeros and with whole registers of channels.

use crate::buffer::Buffer;
use crate::element::Element;
use crate::padding::Padding;
use crate::size::Size;

/// How a line is laid out in the ring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineShape {
    /// Channels of the map, and of the ring: whole registers.
    pub channels: usize,
    pub padded_channels: usize,
    /// Pixels of the ring's line.
    pub width: usize,
    /// Where the map's first pixel stands, and how far apart pixels are: more than 1 leaves zeros in between.
    pub first: usize,
    pub apart: usize,
}

impl LineShape {
    /// Pixels side by side, with the zeros of a padding around them.
    pub fn between_zeros(
        channels: usize,
        padded_channels: usize,
        size: Size,
        across: Padding,
    ) -> LineShape {
        LineShape {
            channels,
            padded_channels,
            width: across.before + size.width + across.behind,
            first: across.before,
            apart: 1,
        }
    }
}

/// Some lines of an image; a line is copied when it is first asked for.
pub(crate) struct LineRing<'a, E: Element> {
    image: &'a [E],
    size: Size,
    shape: LineShape,
    /// The ring's memory, and where it starts: lines that are held are pointed to while others are written.
    _memory: Buffer<E>,
    start: *mut E,
    /// Which line stands at each place.
    held: Vec<Option<usize>>,
}

impl<'a, E: Element> LineRing<'a, E> {
    /// A ring for `n` neighbouring lines of an image `[size, channels]`.
    pub fn new(image: &'a [E], size: Size, shape: LineShape, n: usize) -> LineRing<'a, E> {
        let mut memory = Buffer::new(n * shape.width * shape.padded_channels);
        // What a line's copy doesn't reach stays zero.
        let is_dense = shape.channels == shape.padded_channels && shape.apart == 1;
        for line in memory.chunks_exact_mut(shape.width * shape.padded_channels) {
            if is_dense {
                let before = shape.first * shape.channels;
                line[..before].fill(E::default());
                line[before + size.width * shape.channels..].fill(E::default());
            } else {
                line.fill(E::default());
            }
        }
        let start = memory.as_mut_ptr();
        LineRing {
            image,
            size,
            shape,
            _memory: memory,
            start,
            held: vec![None; n],
        }
    }

    /// Goes on to another image of the same size.
    pub fn restart(&mut self, image: &'a [E]) {
        self.image = image;
        self.held.fill(None);
    }

    /// One line of the image. As many more as the ring has places may be held until the next call.
    pub fn line(&mut self, idx: usize) -> *const E {
        let LineShape {
            channels,
            padded_channels,
            width,
            first,
            apart,
        } = self.shape;
        let is_as_in_the_map = (channels, width) == (padded_channels, self.size.width);
        if is_as_in_the_map && first == 0 && apart == 1 {
            return self.image[idx * width * channels..].as_ptr();
        }
        let place = idx % self.held.len();
        let len = width * padded_channels;
        // SAFETY: the place lies in the ring's memory, and whoever points to it knows that it goes with this call.
        let line = unsafe { std::slice::from_raw_parts_mut(self.start.add(place * len), len) };
        if self.held[place] != Some(idx) {
            let from =
                &self.image[idx * self.size.width * channels..][..self.size.width * channels];
            let to = &mut line[first * padded_channels..];
            if channels == padded_channels && apart == 1 {
                to[..from.len()].copy_from_slice(from);
            } else {
                let pixels = to.chunks_mut(apart * padded_channels);
                for (from, to) in from.chunks_exact(channels).zip(pixels) {
                    to[..channels].copy_from_slice(from);
                }
            }
            self.held[place] = Some(idx);
        }
        line.as_ptr()
    }
}
