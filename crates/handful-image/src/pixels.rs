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

    /// A rectangle of the picture.
    ///
    /// # Panics
    /// When it is empty or reaches beyond the picture.
    pub fn part(&self, left: usize, top: usize, width: usize, height: usize) -> Pixels {
        let inside = left + width <= self.width && top + height <= self.height;
        assert!(
            width > 0 && height > 0 && inside,
            "a part lies inside its picture"
        );
        let rows = self
            .data
            .chunks_exact(self.width * 3)
            .skip(top)
            .take(height);
        Pixels {
            width,
            height,
            data: rows
                .flat_map(|row| &row[left * 3..(left + width) * 3])
                .copied()
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_cut_out_pixel_by_pixel() {
        let image = Pixels {
            width: 3,
            height: 2,
            data: (0..18).collect(),
        };
        let part = image.part(1, 1, 2, 1);
        assert_eq!((part.width, part.height), (2, 1));
        assert_eq!(part.data, [12, 13, 14, 15, 16, 17]);
    }
}
