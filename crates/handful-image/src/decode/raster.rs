//! How does a raster of any channel layout and depth become RGB8?

use super::Note;
use crate::pixels::Pixels;
use image::DynamicImage;

/// RGB8 of what a decoder returned, and what had to be done for it; `None` for layouts without a known range
/// (floating point).
pub(super) fn to_rgb8(raster: DynamicImage) -> Option<(Pixels, Vec<Note>)> {
    let (width, height) = (raster.width() as usize, raster.height() as usize);
    let mut notes = Vec::new();
    let data = match raster {
        DynamicImage::ImageRgb8(image) => image.into_raw(),
        DynamicImage::ImageLuma8(image) => widen(image.as_raw()),
        DynamicImage::ImageLumaA8(image) => over_white::<2>(image.as_raw(), &mut notes),
        DynamicImage::ImageRgba8(image) => over_white::<4>(image.as_raw(), &mut notes),
        DynamicImage::ImageLuma16(image) => widen(&scale::<1>(image.as_raw(), false, &mut notes)),
        DynamicImage::ImageRgb16(image) => scale::<3>(image.as_raw(), false, &mut notes),
        DynamicImage::ImageLumaA16(image) => {
            let scaled = scale::<2>(image.as_raw(), true, &mut notes);
            over_white::<2>(&scaled, &mut notes)
        }
        DynamicImage::ImageRgba16(image) => {
            let scaled = scale::<4>(image.as_raw(), true, &mut notes);
            over_white::<4>(&scaled, &mut notes)
        }
        _ => return None,
    };
    Some((
        Pixels {
            width,
            height,
            data,
        },
        notes,
    ))
}

/// Grey to three equal channels.
fn widen(grey: &[u8]) -> Vec<u8> {
    grey.iter().flat_map(|value| [*value; 3]).collect()
}

/// 16 bits to 8: `round(255 * value / full)`.
///
/// Instruments write 12 or 8 bits into 16 without saying so, and such pictures would turn out black. If no colour
/// value exceeds 4,095 (255), full is that number. A true 16-bit picture so dark would have no value above a sixteenth
/// of the range.
fn scale<const CHANNELS: usize>(values: &[u16], has_alpha: bool, notes: &mut Vec<Note>) -> Vec<u8> {
    let colours = if has_alpha { CHANNELS - 1 } else { CHANNELS };
    let largest = values
        .chunks_exact(CHANNELS)
        .flat_map(|pixel| &pixel[..colours])
        .max()
        .copied()
        .unwrap_or(0);
    let used_bits = match largest {
        0..=255 => 8,
        256..=4095 => 12,
        _ => 16,
    };
    notes.push(Note::SixteenBitScaled { used_bits });
    let eight = |value: u16, full: u32| ((u32::from(value) * 255 + full / 2) / full) as u8;
    let full = (1_u32 << used_bits) - 1;
    let mut out = Vec::with_capacity(values.len());
    for pixel in values.chunks_exact(CHANNELS) {
        out.extend(pixel[..colours].iter().map(|value| eight(*value, full)));
        out.extend(pixel[colours..].iter().map(|alpha| eight(*alpha, 65_535)));
    }
    out
}

/// Grey or colour with alpha (2 or 4 channels) over white: `round((value * a + 255 * (255 - a)) / 255)`.
fn over_white<const CHANNELS: usize>(values: &[u8], notes: &mut Vec<Note>) -> Vec<u8> {
    let mut out = Vec::with_capacity(values.len() / CHANNELS * 3);
    let mut all_opaque = true;
    for pixel in values.chunks_exact(CHANNELS) {
        let alpha = u32::from(pixel[CHANNELS - 1]);
        all_opaque &= alpha == 255;
        let blend =
            |value: u8| ((u32::from(value) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        let colour = if CHANNELS == 2 {
            [pixel[0]; 3]
        } else {
            [pixel[0], pixel[1], pixel[2]]
        };
        out.extend(colour.map(blend));
    }
    if !all_opaque {
        notes.push(Note::AlphaOverWhite);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageBuffer, Luma, Rgba};

    fn grey16(values: &[u16]) -> (Vec<u8>, Vec<Note>) {
        let image: ImageBuffer<Luma<u16>, _> =
            ImageBuffer::from_raw(values.len() as u32, 1, values.to_vec()).expect("one row");
        let (pixels, notes) = to_rgb8(DynamicImage::ImageLuma16(image)).expect("grey is read");
        (
            pixels.data.chunks_exact(3).map(|pixel| pixel[0]).collect(),
            notes,
        )
    }

    #[test]
    fn sixteen_bits_are_scaled_by_the_range_in_use() {
        let full = grey16(&[0, 257, 32_768, 65_535]);
        assert_eq!(
            full,
            (
                vec![0, 1, 128, 255],
                vec![Note::SixteenBitScaled { used_bits: 16 }]
            )
        );
        let twelve = grey16(&[0, 2048, 4095]);
        assert_eq!(
            twelve,
            (
                vec![0, 128, 255],
                vec![Note::SixteenBitScaled { used_bits: 12 }]
            )
        );
        let eight = grey16(&[0, 128, 255]);
        assert_eq!(
            eight,
            (
                vec![0, 128, 255],
                vec![Note::SixteenBitScaled { used_bits: 8 }]
            )
        );
    }

    #[test]
    fn alpha_shows_white_and_is_noted_only_where_it_is_used() {
        let rgba = |pixels: Vec<u8>| {
            let image: ImageBuffer<Rgba<u8>, _> =
                ImageBuffer::from_raw(2, 1, pixels).expect("two pixels");
            to_rgb8(DynamicImage::ImageRgba8(image)).expect("colour is read")
        };
        let (pixels, notes) = rgba(vec![9, 9, 9, 0, 0, 100, 255, 128]);
        assert_eq!(pixels.data, [255, 255, 255, 127, 177, 255]);
        assert_eq!(notes, [Note::AlphaOverWhite]);
        let (pixels, notes) = rgba(vec![1, 2, 3, 255, 4, 5, 6, 255]);
        assert_eq!((pixels.data, notes), (vec![1, 2, 3, 4, 5, 6], vec![]));
    }
}
