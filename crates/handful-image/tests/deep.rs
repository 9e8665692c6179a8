//! Are the deep pictures of one data set mapped to 8 bits by one range, and forged ones refused before memory is taken?

use handful_image::{
    Decoded, ImageError, Limits, SampleExtent, SampleRange, decode, decode_with, sample_extent,
};
use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, Rgb};
use std::io::Cursor;
use tiff::encoder::{TiffEncoder, colortype};

/// A 16-bit picture that rises from 0 to `largest`.
fn ramp(largest: u16, format: ImageFormat) -> Vec<u8> {
    let image = ImageBuffer::from_fn(64, 4, |x, _| Luma([(u32::from(largest) * x / 63) as u16]));
    let mut out = Cursor::new(Vec::new());
    DynamicImage::ImageLuma16(image)
        .write_to(&mut out, format)
        .expect("into memory");
    out.into_inner()
}

fn floats(values: &[f32]) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    TiffEncoder::new(&mut out)
        .and_then(|mut file| {
            file.write_image::<colortype::Gray32Float>(values.len() as u32, 1, values)
        })
        .expect("into memory");
    out.into_inner()
}

fn extent(bytes: &[u8]) -> SampleExtent {
    sample_extent(bytes, &Limits::default())
        .expect("a whole file")
        .expect("a deep picture")
}

fn brightest(decoded: &Decoded) -> u8 {
    decoded.pixels.data.iter().copied().max().unwrap_or(0)
}

#[test]
fn a_dark_picture_stays_darker_than_a_bright_one_of_its_set() {
    let limits = Limits::default();
    let files = [ramp(400, ImageFormat::Png), ramp(3000, ImageFormat::Tiff)];
    let extents: Vec<_> = files.iter().map(|bytes| extent(bytes)).collect();
    let range = SampleRange::of_set(&extents).expect("integers only");
    let together: Vec<_> = files
        .iter()
        .map(|bytes| decode_with(bytes, &limits, range).expect("a whole file"))
        .collect();
    assert_eq!(
        together.iter().map(brightest).collect::<Vec<_>>(),
        [25, 187]
    );
    for decoded in &together {
        assert_eq!(
            decoded.notes[0].detail(),
            "16-bit samples 0 to 4095 are mapped to 0 to 255"
        );
    }
    // Alone each has a range of its own.
    let alone = files.map(|bytes| brightest(&decode(&bytes, &limits).expect("a whole file")));
    assert_eq!(alone, [100, 187]);
}

#[test]
fn floating_point_is_mapped_by_what_the_set_holds() {
    let files = [floats(&[0.0, 2.0, 4.0]), floats(&[-4.0, 0.0])];
    let extents = files.each_ref().map(|bytes| extent(bytes));
    assert!(extents.iter().all(|extent| extent.is_float));
    let range = SampleRange::of_set(&extents).expect("floats only");
    let decoded = decode_with(&files[0], &Limits::default(), range).expect("a whole file");
    assert_eq!(
        decoded.pixels.data,
        [128, 128, 128, 191, 191, 191, 255, 255, 255]
    );
    assert_eq!(decoded.notes[0].kind(), "float_scaled");
}

#[test]
fn eight_bits_have_no_extent_and_take_no_notice_of_a_range() {
    let image = ImageBuffer::from_fn(9, 7, |x, y| Rgb([x as u8 * 20, y as u8 * 30, 99_u8]));
    let mut out = Cursor::new(Vec::new());
    let picture = DynamicImage::ImageRgb8(image);
    picture
        .write_to(&mut out, ImageFormat::Png)
        .expect("into memory");
    let (bytes, limits) = (out.into_inner(), Limits::default());
    assert_eq!(sample_extent(&bytes, &limits), Ok(None));
    let range = Some(SampleRange {
        low: 0.0,
        high: 4095.0,
    });
    assert_eq!(decode_with(&bytes, &limits, range), decode(&bytes, &limits));
}

#[test]
fn a_range_that_maps_nothing_is_refused() {
    for (low, high) in [
        (1.0, 1.0),
        (2.0, 1.0),
        (f64::NAN, 1.0),
        (0.0, f64::INFINITY),
    ] {
        let range = Some(SampleRange { low, high });
        let error = decode_with(&ramp(9, ImageFormat::Png), &Limits::default(), range);
        assert!(matches!(error, Err(ImageError::Setting { .. })));
    }
}

/// A TIFF header without pixels: (tag, SHORT or LONG value).
fn forged(tags: &[(u16, u32)]) -> Vec<u8> {
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    out.extend((tags.len() as u16).to_le_bytes());
    for (tag, value) in tags {
        out.extend(tag.to_le_bytes());
        out.extend(4_u16.to_le_bytes());
        out.extend(1_u32.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out.extend([0; 40]);
    out
}

#[test]
fn headers_that_promise_more_than_they_keep_take_no_memory() {
    // width, height, bits, channels, compression, sample format: what is said
    let cases = [
        ([16_000, 10_000, 8, 3, 1, 1], "corrupt"),
        ([16_000, 10_000, 8, 3, 8, 1], "corrupt"),
        ([60_000, 60_000, 8, 1, 1, 1], "too_large"),
        // Inside the area, but 24 bytes a pixel.
        ([12_000, 12_000, 64, 3, 8, 3], "too_large"),
        ([0, 9, 8, 1, 1, 1], "corrupt"),
    ];
    for ([width, height, bits, channels, compression, format], kind) in cases {
        let photometric = if channels == 3 { 2 } else { 1 };
        let bytes = forged(&[
            (256, width),
            (257, height),
            (258, bits),
            (259, compression),
            (262, photometric),
            (273, 8),
            (277, channels),
            (279, 40),
            (339, format),
        ]);
        let error = decode(&bytes, &Limits::default()).expect_err("no pixels are there");
        assert_eq!(error.kind(), kind, "{width} x {height}: {error}");
    }
}
