//! How bright is each pixel to the eye?

use crate::pixels::Pixels;

/// Weights of red, green and blue in thousandths: ITU-R BT.601, as JPEG and Pillow's `L` have them.
const WEIGHTS: [u32; 3] = [299, 587, 114];

/// Brightness row by row, 0 to 255.
///
/// # Shape
/// `data` is `[height, width]`.
pub(super) struct Luma {
    pub width: usize,
    pub height: usize,
    pub data: Vec<u8>,
}

impl Luma {
    pub fn of(image: &Pixels) -> Luma {
        let (pixels, _) = image.data.as_chunks::<3>();
        let weigh = |pixel: &[u8; 3]| {
            let sum: u32 = pixel
                .iter()
                .zip(WEIGHTS)
                .map(|(v, w)| u32::from(*v) * w)
                .sum();
            ((sum + 500) / 1000) as u8
        };
        Luma {
            width: image.width,
            height: image.height,
            data: pixels.iter().map(weigh).collect(),
        }
    }
}
