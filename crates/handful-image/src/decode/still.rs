//! How are PNG, WebP, BMP, GIF and TIFF read?
//!
//! Through the `image` crate's decoders, which return the first frame or page without a word and leave the
//! orientation alone; both are made good here.

use super::orientation::{from_exif, upright};
use super::tiff::{self, Page};
use super::{Limits, Note, raster};
use crate::error::ImageError;
use crate::foreign::RAW;
use crate::format::Format;
use crate::pixels::Pixels;
use image::codecs::{
    bmp::BmpDecoder, gif::GifDecoder, png::PngDecoder, tiff::TiffDecoder, webp::WebPDecoder,
};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError as DecoderError};
use std::error::Error;
use std::io::{self, Cursor};

/// Memory that a decoder may take besides the picture: tables, text and colour profiles.
const SIDE_MEMORY_BYTES: u64 = 64 << 20;

const CONVERT: &str = "save it as an 8-bit or 16-bit PNG, or as an 8-bit RGB TIFF";

pub(super) fn decode(
    bytes: &[u8],
    format: Format,
    limits: &Limits,
) -> Result<(Pixels, Vec<Note>), ImageError> {
    let page = if format == Format::Tiff {
        tiff::first_page(bytes)
    } else {
        None
    };
    if page.as_ref().is_some_and(Page::is_camera_raw) {
        return Err(ImageError::Unsupported {
            format: "a camera's raw file (TIFF inside)".to_owned(),
            advice: RAW,
        });
    }
    let (picture, several, orientation) = read(bytes, format, limits)
        .map_err(|failure| refusal(bytes, format, page.as_ref(), limits, failure))?;
    let Some((stored, mut notes)) = raster::to_rgb8(picture) else {
        return Err(unsupported(
            format,
            page.as_ref(),
            "samples without a known range",
        ));
    };
    if several {
        notes.push(Note::FirstFrameOnly);
    }
    if page.as_ref().is_some_and(|page| page.has_next) {
        notes.push(Note::FirstPageOnly);
    }
    Ok((upright(stored, orientation), notes))
}

/// Why the decoder did not deliver: our limits, or its own complaint.
enum Failure {
    Limits(ImageError),
    Decoder(DecoderError),
}

impl From<DecoderError> for Failure {
    fn from(error: DecoderError) -> Self {
        Failure::Decoder(error)
    }
}

/// The picture as it is stored, whether more frames follow, and its orientation.
fn read(
    bytes: &[u8],
    format: Format,
    limits: &Limits,
) -> Result<(DynamicImage, bool, Orientation), Failure> {
    let input = Cursor::new(bytes);
    match format {
        Format::Png => {
            let mut header_limits = image::Limits::no_limits();
            header_limits.max_alloc = Some(SIDE_MEMORY_BYTES);
            let decoder = PngDecoder::with_limits(input, header_limits)?;
            let animated = decoder.is_apng()?;
            finish(decoder, limits, animated)
        }
        Format::WebP => {
            let decoder = WebPDecoder::new(input)?;
            let animated = decoder.has_animation();
            finish(decoder, limits, animated)
        }
        Format::Gif => finish(GifDecoder::new(input)?, limits, gif_has_second_frame(bytes)),
        Format::Bmp => finish(BmpDecoder::new(input)?, limits, false),
        Format::Tiff => {
            let mut decoder = TiffDecoder::new(input)?;
            let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
            let (picture, several, _) = finish(decoder, limits, false)?;
            Ok((picture, several, orientation))
        }
        Format::Jpeg => unreachable!("JPEG has its own file"),
    }
}

fn finish<D: ImageDecoder>(
    mut decoder: D,
    limits: &Limits,
    several: bool,
) -> Result<(DynamicImage, bool, Orientation), Failure> {
    let (width, height) = decoder.dimensions();
    limits
        .check(u64::from(width), u64::from(height))
        .map_err(Failure::Limits)?;
    let mut memory = image::Limits::no_limits();
    // Twice the picture: GIF and TIFF keep a second copy for a while.
    memory.max_alloc = Some(
        decoder
            .total_bytes()
            .saturating_mul(2)
            .saturating_add(SIDE_MEMORY_BYTES),
    );
    decoder.set_limits(memory)?;
    // A broken EXIF block is no reason to refuse a picture.
    let exif = decoder.exif_metadata().ok().flatten();
    let orientation = exif.map_or(Orientation::NoTransforms, |block| {
        from_exif(block.strip_prefix(b"Exif\0\0").unwrap_or(&block))
    });
    Ok((DynamicImage::from_decoder(decoder)?, several, orientation))
}

fn refusal(
    bytes: &[u8],
    format: Format,
    page: Option<&Page>,
    limits: &Limits,
    failure: Failure,
) -> ImageError {
    match failure {
        Failure::Limits(error) => error,
        Failure::Decoder(DecoderError::Unsupported(error)) => {
            unsupported(format, page, &error.to_string())
        }
        Failure::Decoder(DecoderError::Limits(_)) => {
            let (width, height) = page.map_or((0, 0), |page| (page.width, page.height));
            match limits.check(width, height) {
                Err(error) => error,
                Ok(()) => ImageError::Corrupt {
                    format,
                    reason: "it asks for more memory than it can need".to_owned(),
                },
            }
        }
        Failure::Decoder(error) => {
            if ends_early(&error) || lacks_end(bytes, format) {
                ImageError::Truncated { format }
            } else {
                ImageError::Corrupt {
                    format,
                    reason: one_line(&error.to_string()),
                }
            }
        }
    }
}

fn unsupported(format: Format, page: Option<&Page>, reason: &str) -> ImageError {
    let variant = page
        .and_then(Page::unusual)
        .map_or_else(|| one_line(reason), str::to_owned);
    ImageError::Unsupported {
        format: format!("{format} with {variant}"),
        advice: CONVERT,
    }
}

/// Did the decoder run out of bytes?
fn ends_early(error: &DecoderError) -> bool {
    let is_end = |error: &io::Error| error.kind() == io::ErrorKind::UnexpectedEof;
    let mut cause: Option<&(dyn Error + 'static)> = match error {
        // Its `source` is the cause of the I/O error, not the I/O error itself.
        DecoderError::IoError(error) if is_end(error) => return true,
        _ => error.source(),
    };
    while let Some(error) = cause {
        if error.downcast_ref().is_some_and(is_end) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Does the file lack what every whole file of its format ends with?
fn lacks_end(bytes: &[u8], format: Format) -> bool {
    match format {
        Format::Png => !bytes.windows(4).any(|name| name == b"IEND"),
        Format::Gif => bytes.last() != Some(&0x3B),
        Format::WebP => bytes.get(4..8).is_none_or(|size| {
            u32::from_le_bytes([size[0], size[1], size[2], size[3]]) as usize + 8 > bytes.len()
        }),
        Format::Jpeg | Format::Bmp | Format::Tiff => false,
    }
}

/// Walks over the blocks of a GIF until a second image descriptor, without decoding anything.
fn gif_has_second_frame(bytes: &[u8]) -> bool {
    let colours = |flags: u8| {
        if flags & 0x80 != 0 {
            3 << ((flags & 7) + 1)
        } else {
            0
        }
    };
    let Some(screen_flags) = bytes.get(10) else {
        return false;
    };
    let mut at = 13 + colours(*screen_flags);
    let mut n_frames = 0;
    loop {
        match bytes.get(at) {
            Some(0x2C) => {
                n_frames += 1;
                let Some(flags) = bytes.get(at + 9).filter(|_| n_frames < 2) else {
                    break;
                };
                at += 11 + colours(*flags); // the descriptor, its colours and the code size
            }
            Some(0x21) => at += 2,
            _ => break,
        }
        // Sub-blocks, each led by its length; one of length 0 ends them.
        while let Some(length) = bytes.get(at) {
            at += 1 + usize::from(*length);
            if *length == 0 {
                break;
            }
        }
    }
    n_frames > 1
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
