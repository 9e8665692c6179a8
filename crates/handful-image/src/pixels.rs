//! What is an image, once it is read: upright RGB8 rows.

/// An upright image in sRGB, 8 bits a channel.
///
/// # Shape
/// `data` is `[height, width, 3]`, row by row from the top left; its length is `width * height * 3`. Both sides are at
/// least 1 in everything that this crate returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green, blue of each pixel in turn.
    pub data: Vec<u8>,
}

impl Pixels {
    /// An image of one colour.
    pub fn filled(width: usize, height: usize, colour: [u8; 3]) -> Pixels {
        Pixels {
            width,
            height,
            data: colour.repeat(width * height),
        }
    }

    /// Red, green and blue at column `x` and row `y`.
    ///
    /// # Panics
    /// When `x` or `y` lie outside.
    pub fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        assert!(x < self.width && y < self.height, "pixel outside the image");
        let start = (y * self.width + x) * 3;
        [self.data[start], self.data[start + 1], self.data[start + 2]]
    }
}
