//! How do pixels become a file again?

use crate::pixels::Pixels;
use image::codecs::{jpeg::JpegEncoder, png::PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

/// A baseline JPEG.
///
/// `quality` in 1 to 100 (outside: the nearest), on the usual scale of libjpeg's tables.
///
/// # Panics
/// When `data` is shorter than the size says, or a side is 0 or above 65,535.
pub fn encode_jpeg(image: &Pixels, quality: u8) -> Vec<u8> {
    let mut out = Vec::new();
    write(
        JpegEncoder::new_with_quality(&mut out, quality.clamp(1, 100)),
        image,
    );
    out
}

/// A PNG of 8-bit RGB, without loss.
///
/// # Panics
/// When `data` is shorter than the size says, or a side is 0.
pub fn encode_png(image: &Pixels) -> Vec<u8> {
    let mut out = Vec::new();
    write(PngEncoder::new(&mut out), image);
    out
}

fn write(encoder: impl ImageEncoder, image: &Pixels) {
    let side = |pixels: usize| u32::try_from(pixels).expect("a side fits 32 bits");
    encoder
        .write_image(
            &image.data,
            side(image.width),
            side(image.height),
            ExtendedColorType::Rgb8,
        )
        .expect("writing whole RGB8 rows into memory can't fail");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Limits, decode};

    fn ramp() -> Pixels {
        let data = (0..48 * 40 * 3).map(|i| (i / 31) as u8).collect();
        Pixels {
            width: 48,
            height: 40,
            data,
        }
    }

    #[test]
    fn png_brings_every_pixel_back() {
        let back = decode(&encode_png(&ramp()), &Limits::default()).expect("our own file");
        assert_eq!(back.pixels, ramp());
    }

    #[test]
    fn jpeg_gets_smaller_with_less_quality() {
        let (rough, fine) = (encode_jpeg(&ramp(), 20), encode_jpeg(&ramp(), 95));
        assert!(rough.len() < fine.len());
        let back = decode(&rough, &Limits::default())
            .expect("our own file")
            .pixels;
        assert_eq!((back.width, back.height), (48, 40));
    }
}
