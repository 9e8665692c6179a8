//! How colourful is a picture, or is it grey?

use crate::pixels::Pixels;

/// Red, green and blue of a grey pixel differ by at most so many levels: grey pictures saved as colour JPEG stay below 4.
const GREY_LEVELS: u8 = 8;

/// In a grey picture at most this share of the pixels may be coloured: a date stamp in a corner doesn't count.
const COLOURED_SHARE: f64 = 0.001;

/// Colourfulness over all pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Colour {
    /// Mean of the largest less the smallest channel, in 0..=1. Not divided by the brightness, in which the noise of dark
    /// pixels would be colour.
    pub saturation: f32,
    /// All but 1 in 1000 pixels have three channels that are equal within 8 levels.
    pub is_grey: bool,
}

impl Colour {
    pub(super) fn of(image: &Pixels) -> Colour {
        let (pixels, _) = image.data.as_chunks::<3>();
        let (mut sum, mut n_coloured) = (0_u64, 0_u64);
        for [r, g, b] in pixels {
            let spread = *r.max(g).max(b) - *r.min(g).min(b);
            sum += u64::from(spread);
            n_coloured += u64::from(spread > GREY_LEVELS);
        }
        let n = pixels.len() as f64;
        Colour {
            saturation: (sum as f64 / n / 255.0) as f32,
            is_grey: n_coloured as f64 <= n * COLOURED_SHARE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, decode, encode_jpeg};

    #[test]
    fn a_grey_picture_stays_grey_in_a_colour_file() {
        let mut image = Pixels::filled(64, 64, [0; 3]);
        for (i, pixel) in image.data.chunks_exact_mut(3).enumerate() {
            pixel.fill(((i * i) >> 4) as u8);
        }
        let file = encode_jpeg(&image, 60);
        let colour = Colour::of(&decode(&file, &Limits::default()).expect("our own").pixels);
        assert!(colour.is_grey && colour.saturation < 0.02);
    }

    #[test]
    fn a_pale_tint_is_a_colour() {
        let colour = Colour::of(&Pixels::filled(9, 9, [200, 190, 180]));
        assert!(!colour.is_grey);
        assert_eq!(colour.saturation, 20.0 / 255.0);
    }
}
