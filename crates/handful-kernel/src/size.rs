//! How large a map is.

/// Pixels of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Lines.
    pub height: usize,
    /// Pixels of a line.
    pub width: usize,
}

impl Size {
    /// As wide as high.
    pub fn square(side: usize) -> Size {
        Size {
            height: side,
            width: side,
        }
    }

    /// All pixels.
    pub fn pixels(self) -> usize {
        self.height * self.width
    }
}
