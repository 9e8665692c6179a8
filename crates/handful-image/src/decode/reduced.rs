//! How is a large JPEG read at a fraction of its sides? Its blocks of 8 × 8 pixels are stored as frequencies, of which the low ones alone
//! are brought to 4 × 4, 2 × 2 or 1 pixel.
//!
//! That takes half of the time of a photo of 12 megapixels, and where it isn't progressive a tenth of the memory. What is left is twice as
//! large as what networks want, so that the filter of the resizing decides on detail as it does in a photo that was read as a whole.

use super::jpeg::{self, Frame, Header};
use crate::format::{Format, sniff};
use crate::pixels::Pixels;
use jpeg_decoder::{Decoder, PixelFormat};

/// Pixels that the shorter side keeps for each pixel of the square that is made of it.
const KEPT: usize = 2;
/// Squares of up to this side get pixels of one decoding, whatever their own: looks at several sizes share it.
const SHARED_PX: usize = 256;
const PIXELS_A_BLOCK: [u8; 3] = [1, 2, 4];
const BLOCK: usize = 8;

/// A fraction of a picture's sides at which it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reduction {
    /// Pixels of a block's side, of 8.
    kept: u8,
}

impl Reduction {
    /// The picture as it is.
    pub const NONE: Reduction = Reduction { kept: 8 };

    /// How far a picture may be reduced where squares of this side are made of it: JPEGs in grey or the usual colours to an eighth, a quarter
    /// or a half, as long as the shorter side is twice the square's and at least 512 pixels, and both sides are whole pixels, as those of
    /// cameras are.
    pub fn for_square(bytes: &[u8], size_px: usize) -> Reduction {
        if sniff(bytes) != Some(Format::Jpeg) {
            return Reduction::NONE;
        }
        let header = jpeg::walk(bytes);
        // Where colours are not stored as usual, decoders differ in what they take them for.
        let is_usual = |frame: &Frame| match frame.components {
            1 => true,
            3 => frame.has_usual_names && matches!(header.adobe_transform, None | Some(1)),
            _ => false,
        };
        let Some(frame) = header.frame.filter(is_usual) else {
            return Reduction::NONE;
        };
        // A part of a pixel at the border would be stretched to a whole one, and the picture with it.
        let sides = [frame.width, frame.height].map(usize::from);
        let is_enough = |kept: &u8| {
            let blocks = sides.map(|side| side * usize::from(*kept));
            let is_exact = blocks.iter().all(|side| side % BLOCK == 0);
            is_exact && blocks[0].min(blocks[1]) / BLOCK >= KEPT * size_px.max(SHARED_PX)
        };
        let kept = PIXELS_A_BLOCK.into_iter().find(is_enough);
        kept.map_or(Reduction::NONE, |kept| Reduction { kept })
    }

    fn of_side(self, side: u16) -> u16 {
        let reduced = usize::from(side) * usize::from(self.kept) / BLOCK;
        u16::try_from(reduced).expect("no longer than the side")
    }
}

/// The reduced pixels, not yet upright; none where the whole picture has to be read, or says better what is wrong with it.
pub(super) fn decode(bytes: &[u8], header: &Header, reduction: Reduction) -> Option<Pixels> {
    let frame = header.frame?;
    let (width, height) = (
        reduction.of_side(frame.width),
        reduction.of_side(frame.height),
    );
    let mut decoder = Decoder::new(bytes);
    if decoder.scale(width, height).ok()? != (width, height) {
        return None;
    }
    let data = decoder.decode().ok()?;
    let data = match decoder.info()?.pixel_format {
        PixelFormat::RGB24 => data,
        PixelFormat::L8 => data.iter().flat_map(|&grey| [grey; 3]).collect(),
        PixelFormat::L16 | PixelFormat::CMYK32 => return None,
    };
    let (width, height) = (usize::from(width), usize::from(height));
    (data.len() == width * height * 3).then_some(Pixels {
        width,
        height,
        data,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::encode_jpeg;
    use crate::{Filter, Geometry, Limits, Preprocessing, decode, decode_reduced};

    /// Edges and waves of all lengths, with noise.
    fn photo(width: usize, height: usize) -> Vec<u8> {
        let mut image = Pixels::filled(width, height, [0; 3]);
        let mut state = 1u32;
        for (i, pixel) in image.data.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let (x, y) = ((i % width) as f64, (i / width) as f64);
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = f64::from(state >> 24) / 16.0;
            let wave = 60.0 * (x * x / (20.0 * width as f64)).sin() + 40.0 * (y / 31.0).cos();
            let edge = if (x / 90.0).floor() as i64 % 2 == (y / 70.0).floor() as i64 % 2 {
                30.0
            } else {
                0.0
            };
            let value = 100.0 + wave + edge + noise;
            *pixel = [
                value,
                0.8 * value + 0.05 * y.min(400.0),
                220.0 - 0.7 * value,
            ]
            .map(|v| v as u8);
        }
        encode_jpeg(&image, 90)
    }

    fn square(image: &Pixels) -> Pixels {
        let preprocessing = Preprocessing {
            geometry: Geometry::CenterCrop,
            size_px: 224,
            filter: Filter::BilinearAntialias,
            scale: 1.0 / 255.0,
            mean: [0.5; 3],
            std: [0.5; 3],
        };
        preprocessing.prepare(image)
    }

    #[test]
    fn a_network_sees_the_same_of_a_reduced_photo() {
        for (width, height, kept) in [
            (1_030, 1_400, 4),
            (2_208, 2_072, 2),
            (2_070, 2_212, 4),
            (4_104, 4_120, 1),
        ] {
            let bytes = photo(width, height);
            let reduction = Reduction::for_square(&bytes, 224);
            assert_eq!(reduction, Reduction { kept });
            let whole = decode(&bytes, &Limits::default()).unwrap();
            let reduced = decode_reduced(&bytes, &Limits::default(), None, reduction).unwrap();
            let sides = [width, height].map(|side| side * usize::from(kept) / 8);
            assert_eq!([reduced.pixels.width, reduced.pixels.height], sides);
            let [whole, reduced] = [whole, reduced].map(|d| square(&d.pixels));
            let differences = whole.data.iter().zip(&reduced.data);
            let sum: u32 = differences.map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
            let mean = f64::from(sum) / whole.data.len() as f64;
            assert!(mean < 1.0, "{width} x {height}: {mean} levels");
        }
    }

    #[test]
    fn small_photos_large_squares_odd_sides_and_other_formats_stay_whole() {
        for (width, height) in [(1_022, 1_022), (1_201, 1_200)] {
            let bytes = photo(width, height);
            assert_eq!(Reduction::for_square(&bytes, 224), Reduction::NONE);
        }
        let bytes = photo(1_200, 1_100);
        assert_eq!(Reduction::for_square(&bytes, 256), Reduction { kept: 4 });
        assert_eq!(Reduction::for_square(&bytes, 320), Reduction::NONE);
        let png = crate::encode_png(&Pixels::filled(1_200, 1_100, [9; 3]));
        assert_eq!(Reduction::for_square(&png, 224), Reduction::NONE);
        let whole = decode_reduced(&png, &Limits::default(), None, Reduction { kept: 1 });
        assert_eq!(whole, decode(&png, &Limits::default()));
    }

    #[test]
    fn unusual_colours_are_read_as_a_whole_and_grey_is_not() {
        let usual = photo(1_100, 1_100);
        let segments_end = 2;
        let with = |transform: u8| {
            let mut bytes = usual.clone();
            let adobe = [
                b"\xFF\xEE\x00\x0EAdobe\x00\x64\x00\x00\x00\x00".as_slice(),
                &[transform],
            ]
            .concat();
            bytes.splice(segments_end..segments_end, adobe);
            bytes
        };
        let reduction = |bytes: &[u8]| Reduction::for_square(bytes, 224);
        assert_eq!(reduction(&with(0)), Reduction::NONE);
        assert_eq!(reduction(&with(1)), reduction(&usual));
        let mut renamed = usual.clone();
        let frame = renamed
            .windows(2)
            .position(|pair| pair == [0xFF, 0xC0])
            .unwrap();
        assert_eq!(renamed[frame + 10], 1);
        renamed[frame + 10] = b'R';
        assert_eq!(reduction(&renamed), Reduction::NONE);

        let mut grey = Vec::new();
        let picture: Vec<u8> = (0..1_100 * 1_200).map(|i| (i % 1_100 / 5) as u8).collect();
        let encoder = image::codecs::jpeg::JpegEncoder::new(&mut grey);
        let colour = image::ExtendedColorType::L8;
        image::ImageEncoder::write_image(encoder, &picture, 1_100, 1_200, colour).unwrap();
        assert_eq!(reduction(&grey), Reduction { kept: 4 });
        let found = decode_reduced(&grey, &Limits::default(), None, reduction(&grey)).unwrap();
        assert_eq!([found.pixels.width, found.pixels.height], [550, 600]);
        let [r, g, b] = found.pixels.pixel(275, 300);
        assert!(r == g && g == b && r.abs_diff(110) <= 2, "{r}");
    }

    #[test]
    fn a_reduced_photo_is_turned_upright() {
        // Orientation 6: the stored top right corner is the upper left one.
        let exif = b"\xFF\xE1\x00\x22Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let mut bytes = photo(1_100, 1_300);
        bytes.splice(2..2, exif.iter().copied());
        let reduction = Reduction::for_square(&bytes, 224);
        let whole = decode(&bytes, &Limits::default()).unwrap().pixels;
        let reduced = decode_reduced(&bytes, &Limits::default(), None, reduction)
            .unwrap()
            .pixels;
        assert_eq!([whole.width, whole.height], [1_300, 1_100]);
        assert_eq!([reduced.width, reduced.height], [650, 550]);
    }

    #[test]
    fn a_damaged_photo_is_refused_as_if_it_were_read_as_a_whole() {
        let mut bytes = photo(1_100, 1_100);
        let reduction = Reduction::for_square(&bytes, 224);
        assert_ne!(reduction, Reduction::NONE);
        bytes.truncate(bytes.len() / 2);
        let found = decode_reduced(&bytes, &Limits::default(), None, reduction).unwrap_err();
        assert_eq!(found.kind(), "truncated");
        let half = bytes.len() / 2;
        bytes[half..].fill(0);
        assert!(decode_reduced(&bytes, &Limits::default(), None, reduction).is_err());
    }
}
