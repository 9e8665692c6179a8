//! What lies beyond the edge of a picture?

use handful_image::Pixels;
use serde::{Deserialize, Serialize};

/// What a view shows where it looks beyond the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Border {
    /// The picture mirrored at its edge pixels: no edge that a network could learn from.
    #[default]
    Reflect,
    /// The pixels of the edge, on and on.
    Edge,
    /// The mean colour of the picture.
    Mean,
    /// One colour.
    Colour([u8; 3]),
}

impl Border {
    /// The colour where there is one.
    pub(crate) fn fill(self, image: &Pixels) -> [u8; 3] {
        match self {
            Border::Colour(colour) => colour,
            Border::Mean => mean_colour(image),
            Border::Reflect | Border::Edge => [0; 3],
        }
    }

    /// Which pixel of a side of `n` stands for position `i`; none: the colour.
    #[inline]
    pub(crate) fn place(self, i: i64, n: usize) -> Option<usize> {
        let last = n as i64 - 1;
        if (0..=last).contains(&i) {
            return Some(i as usize);
        }
        match self {
            Border::Edge => Some(i.clamp(0, last) as usize),
            Border::Mean | Border::Colour(_) => None,
            Border::Reflect if last == 0 => Some(0),
            // Without a division, which takes longer than all else: nearly all views stay this near.
            Border::Reflect if -last <= i && i < 0 => Some(-i as usize),
            Border::Reflect if last < i && i <= 2 * last => Some((2 * last - i) as usize),
            Border::Reflect => {
                let i = i.rem_euclid(2 * last);
                Some(i.min(2 * last - i) as usize)
            }
        }
    }
}

/// The mean of each channel, rounded.
pub(crate) fn mean_colour(image: &Pixels) -> [u8; 3] {
    let pixels = image.data.as_chunks::<3>().0;
    let mut sums = [0u64; 3];
    for pixel in pixels {
        for c in 0..3 {
            sums[c] += u64::from(pixel[c]);
        }
    }
    let n = pixels.len().max(1) as u64;
    sums.map(|sum| ((sum + n / 2) / n) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reflection_does_not_repeat_the_edge() {
        let places: Vec<usize> = (-5..9)
            .map(|i| Border::Reflect.place(i, 4).unwrap())
            .collect();
        assert_eq!(places, [1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1, 2]);
        assert_eq!(Border::Reflect.place(-3, 1), Some(0));
    }

    #[test]
    fn a_colour_stands_for_all_that_is_outside() {
        let border = Border::Colour([1, 2, 3]);
        assert_eq!((border.place(-1, 4), border.place(3, 4)), (None, Some(3)));
        assert_eq!(Border::Edge.place(99, 4), Some(3));
        let image = Pixels {
            width: 2,
            height: 1,
            data: vec![0, 10, 255, 1, 20, 255],
        };
        assert_eq!(Border::Mean.fill(&image), [1, 15, 255]);
    }
}
