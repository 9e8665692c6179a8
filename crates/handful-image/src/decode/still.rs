//! How are PNG, WebP, BMP and GIF read?
//!
//! Through the `image` crate's decoders, which return the first frame without a word and leave the orientation alone;
//! both are made good here.

use super::orientation::from_exif;
use super::raster::Raster;
use super::{Limits, one_line};
use crate::error::ImageError;
use crate::format::Format;
use image::codecs::{bmp::BmpDecoder, gif::GifDecoder, png::PngDecoder, webp::WebPDecoder};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError as DecoderError};
use std::error::Error;
use std::io::{self, Cursor};

/// Memory that a decoder may take besides the picture: tables, text and colour profiles.
const SIDE_MEMORY_BYTES: u64 = 64 << 20;

const CONVERT: &str = "save it as an 8-bit or 16-bit PNG";

/// What a decoder says of a picture.
pub(super) struct Still {
    pub raster: Raster,
    pub orientation: Orientation,
    /// More frames follow the first.
    pub has_more_frames: bool,
}

/// The first frame as it is stored.
pub(super) fn read(bytes: &[u8], format: Format, limits: &Limits) -> Result<Still, ImageError> {
    let input = Cursor::new(bytes);
    let attempt = match format {
        Format::Png => png(bytes).and_then(|decoder| {
            let animated = decoder.is_apng()?;
            first_frame(decoder, limits, animated)
        }),
        Format::WebP => WebPDecoder::new(input)
            .map_err(Failure::Decoder)
            .and_then(|decoder| {
                let animated = decoder.has_animation();
                first_frame(decoder, limits, animated)
            }),
        Format::Gif => GifDecoder::new(input)
            .map_err(Failure::Decoder)
            .and_then(|decoder| first_frame(decoder, limits, gif_has_second_frame(bytes))),
        Format::Bmp => BmpDecoder::new(input)
            .map_err(Failure::Decoder)
            .and_then(|decoder| first_frame(decoder, limits, false)),
        _ => unreachable!("they have rooms of their own"),
    };
    attempt.map_err(|failure| refusal(bytes, format, failure))
}

/// Width and height as stored, and the EXIF block if there is one; `None` for a header that can't be read. Nothing is
/// decoded.
pub(super) fn header(bytes: &[u8], format: Format) -> Option<(u32, u32, Option<Vec<u8>>)> {
    fn of<D: ImageDecoder>(mut decoder: D) -> (u32, u32, Option<Vec<u8>>) {
        let (width, height) = decoder.dimensions();
        (width, height, decoder.exif_metadata().ok().flatten())
    }
    let input = Cursor::new(bytes);
    match format {
        Format::Png => png(bytes).ok().map(of),
        Format::WebP => WebPDecoder::new(input).ok().map(of),
        Format::Gif => GifDecoder::new(input).ok().map(of),
        Format::Bmp => BmpDecoder::new(input).ok().map(of),
        _ => None,
    }
}

/// Does a PNG have 16 bits a sample? By its first chunk, which has a fixed place.
pub(super) fn png_is_deep(bytes: &[u8]) -> bool {
    bytes.get(24) == Some(&16)
}

/// Why the decoder did not deliver: our limits, its own complaint, or a layout that isn't read.
enum Failure {
    Limits(ImageError),
    Decoder(DecoderError),
    Layout,
}

impl From<DecoderError> for Failure {
    fn from(error: DecoderError) -> Self {
        Failure::Decoder(error)
    }
}

fn png(bytes: &[u8]) -> Result<PngDecoder<Cursor<&[u8]>>, Failure> {
    let mut header_limits = image::Limits::no_limits();
    header_limits.max_alloc = Some(SIDE_MEMORY_BYTES);
    Ok(PngDecoder::with_limits(Cursor::new(bytes), header_limits)?)
}

fn first_frame<D: ImageDecoder>(
    mut decoder: D,
    limits: &Limits,
    has_more_frames: bool,
) -> Result<Still, Failure> {
    let (width, height) = decoder.dimensions();
    limits
        .check(u64::from(width), u64::from(height))
        .map_err(Failure::Limits)?;
    let mut memory = image::Limits::no_limits();
    // Twice the picture: GIF keeps a second copy for a while.
    memory.max_alloc = Some(
        decoder
            .total_bytes()
            .saturating_mul(2)
            .saturating_add(SIDE_MEMORY_BYTES),
    );
    decoder.set_limits(memory)?;
    // A broken EXIF block is no reason to refuse a picture.
    let exif = decoder.exif_metadata().ok().flatten();
    let orientation = exif.map_or(Orientation::NoTransforms, |block| from_exif(&block));
    let raster = Raster::of(DynamicImage::from_decoder(decoder)?).ok_or(Failure::Layout)?;
    Ok(Still {
        raster,
        orientation,
        has_more_frames,
    })
}

fn refusal(bytes: &[u8], format: Format, failure: Failure) -> ImageError {
    let unsupported = |what: &str| ImageError::Unsupported {
        format: format!("{format} with {}", one_line(what)),
        advice: CONVERT,
    };
    match failure {
        Failure::Limits(error) => error,
        Failure::Layout => unsupported("samples of an unusual kind"),
        Failure::Decoder(DecoderError::Unsupported(error)) => unsupported(&error.to_string()),
        Failure::Decoder(DecoderError::Limits(_)) => ImageError::Corrupt {
            format,
            reason: "it asks for more memory than it can need".to_owned(),
        },
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
        _ => false,
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
