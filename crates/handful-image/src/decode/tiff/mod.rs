//! How is a TIFF read?
//!
//! The `tiff` crate unpacks strips and tiles, whatever they are compressed with; what the samples mean is decided in
//! `meaning.rs`. Before that, `page.rs` tells what is in the file, and what isn't read is refused by its name: stacks,
//! many channels, signed samples.

mod meaning;
mod page;

use super::raster::Raster;
use super::{Limits, jpeg, one_line};
use crate::error::ImageError;
use crate::foreign::RAW;
use crate::format::Format;
use image::metadata::Orientation;
use page::{BLACK_IS_ZERO, JPEG, Page, Pages};
use std::borrow::Cow;
use std::io::{Cursor, ErrorKind};
use tiff::TiffError;
use tiff::decoder::{Decoder, DecodingResult, Limits as DecoderLimits};

/// Colours and one more channel.
const MOST_CHANNELS: u64 = 4;

/// Bytes that a pixel may take while it is read without counting as more than one: 16 bits with alpha.
const PIXEL_BYTES: u64 = 8;

/// Memory that the decoder may take for one strip or tile as it is stored.
const STORED_CHUNK_BYTES: usize = 256 << 20;

/// The most bytes that one stored byte can stand for, by compression: none, LZW (the longest string of a table of 4,096
/// entries, in 12 bits), deflate (258 bytes in 2 bits), PackBits (128 bytes in 2). Others aren't limited here: a row of
/// a fax takes a bit, and JPEG is checked by its own headers.
const MOST_EXPANSION: [(u64, u64); 5] =
    [(1, 1), (5, 2560), (8, 1032), (32_946, 1032), (32_773, 64)];

const ONE_FILE_A_PAGE: &str = "export its pages as files of their own, and keep those of one stack in one group (`--group-by`)";
const PICK_CHANNELS: &str =
    "choose one or three of its channels and save them as a grey or RGB TIFF or PNG";
const CONVERT: &str = "save it as an 8-bit or 16-bit PNG, or as an 8-bit RGB TIFF";

/// The picture as it is stored, and how it is to be turned.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<(Raster, Orientation), ImageError> {
    let Some(Pages {
        main: page,
        main_idx,
        n_full,
    }) = page::pages(bytes)
    else {
        return Err(ImageError::Truncated {
            format: Format::Tiff,
        });
    };
    if page.is_camera_raw() {
        return Err(refusal("a camera's raw file (TIFF inside)", RAW));
    }
    if n_full > 1 {
        return Err(refusal(
            format!("a TIFF stack of {n_full} pages"),
            ONE_FILE_A_PAGE,
        ));
    }
    if page.channels > MOST_CHANNELS || page.extra_samples.len() > 1 {
        let variant = format!("TIFF with {} channels", page.channels);
        return Err(refusal(variant, PICK_CHANNELS));
    }
    if let Some(variant) = meaning::unreadable(&page) {
        return Err(refusal(format!("TIFF with {variant}"), CONVERT));
    }
    check_size(&page, bytes, limits)?;
    let (samples, n_planes) =
        unpack(bytes, &page, main_idx).map_err(|error| of_decoder(error, &page, bytes))?;
    Ok((
        meaning::raster(samples, n_planes, &page)?,
        page.orientation(),
    ))
}

/// Width, height and orientation of the picture, of which nothing is decoded.
pub(super) fn size(bytes: &[u8]) -> Option<(u64, u64, Orientation)> {
    let page = page::pages(bytes)?.main;
    Some((page.width, page.height, page.orientation()))
}

/// Are there more than 8 bits a sample?
pub(super) fn is_deep(bytes: &[u8]) -> bool {
    page::pages(bytes).is_some_and(|pages| pages.main.bits > 8)
}

fn refusal(format: impl Into<String>, advice: &'static str) -> ImageError {
    ImageError::Unsupported {
        format: format.into(),
        advice,
    }
}

/// Refuses what is too large, and claims that the file can't keep, before memory is taken.
fn check_size(page: &Page, bytes: &[u8], limits: &Limits) -> Result<(), ImageError> {
    let (width, height) = (page.width, page.height);
    limits.check(width, height)?;
    let corrupt = |reason: String| {
        Err(ImageError::Corrupt {
            format: Format::Tiff,
            reason,
        })
    };
    if width == 0 || height == 0 {
        return corrupt("it has no pixels".to_owned());
    }
    let pixel_bits = page.channels.saturating_mul(page.bits);
    // Many deep channels take more memory than the area tells.
    let weight = pixel_bits.div_ceil(8 * PIXEL_BYTES).max(1);
    Limits {
        max_pixels: limits.max_pixels / weight,
        ..*limits
    }
    .check(width, height)?;

    let stored = page
        .chunks
        .iter()
        .fold(0_u64, |sum, (_, length)| sum.saturating_add(*length))
        .min(bytes.len() as u64);
    let needed = (width * height).saturating_mul(pixel_bits) / 8;
    let expansion = MOST_EXPANSION
        .iter()
        .find(|(kind, _)| *kind == page.compression);
    if expansion.is_some_and(|(_, most)| stored.saturating_mul(*most) < needed) {
        if is_cut(page, bytes) {
            return Err(ImageError::Truncated {
                format: Format::Tiff,
            });
        }
        return corrupt(format!(
            "{stored} bytes can't hold {width} x {height} pixels"
        ));
    }
    if page.compression == JPEG {
        // Its decoder would fill up what is missing with grey.
        for (at, length) in &page.chunks {
            let chunk = usize::try_from(*at)
                .ok()
                .zip(usize::try_from(at.saturating_add(*length)).ok())
                .and_then(|(start, end)| bytes.get(start..end));
            let Some(chunk) = chunk else {
                return Err(ImageError::Truncated {
                    format: Format::Tiff,
                });
            };
            jpeg::check_claim(chunk, limits)?;
        }
    }
    Ok(())
}

/// Do strips or tiles lie beyond the end of the file? Alone it is no fault: some writers round the last length up.
fn is_cut(page: &Page, bytes: &[u8]) -> bool {
    let end = bytes.len() as u64;
    let mut chunks = page.chunks.iter();
    chunks.any(|(at, length)| at.saturating_add(*length) > end)
}

/// The samples, and in how many planes they come: one, or one a channel.
fn unpack(
    bytes: &[u8],
    page: &Page,
    page_idx: usize,
) -> Result<(DecodingResult, usize), TiffError> {
    let mut decoder = Decoder::new(Cursor::new(as_black_is_zero(bytes, page)))?;
    if page_idx > 0 {
        decoder.seek_to_image(page_idx)?;
    }
    let mut decoder_limits = DecoderLimits::default();
    // Rows of few bits are filled up to bytes.
    let row_bytes = (page.width * page.bits).div_ceil(8);
    let all = row_bytes
        .saturating_mul(page.channels)
        .saturating_mul(page.height);
    decoder_limits.decoding_buffer_size = usize::try_from(all).unwrap_or(usize::MAX);
    decoder_limits.intermediate_buffer_size = STORED_CHUNK_BYTES;
    let mut decoder = decoder.with_limits(decoder_limits);
    let mut samples = DecodingResult::U8(Vec::new());
    let layout = decoder.read_image_to_buffer(&mut samples)?;
    if samples.as_buffer(0).byte_len() < layout.complete_len {
        return Err(TiffError::LimitsExceeded);
    }
    Ok((samples, layout.planes))
}

/// The decoder knows some meanings of channels and refuses others, palettes among them. Told that all are grey it only
/// unpacks them.
fn as_black_is_zero<'a>(bytes: &'a [u8], page: &Page) -> Cow<'a, [u8]> {
    match page.photometric_at {
        Some(at) if page.photometric != BLACK_IS_ZERO => {
            let mut copy = bytes.to_vec();
            let value = if bytes.first() == Some(&b'I') {
                [1, 0]
            } else {
                [0, 1]
            };
            copy[at..at + 2].copy_from_slice(&value);
            Cow::Owned(copy)
        }
        _ => Cow::Borrowed(bytes),
    }
}

fn of_decoder(error: TiffError, page: &Page, bytes: &[u8]) -> ImageError {
    let format = Format::Tiff;
    match error {
        TiffError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            ImageError::Truncated { format }
        }
        TiffError::UnsupportedError(what) => refusal(
            format!("TIFF with {}", one_line(&what.to_string())),
            CONVERT,
        ),
        _ if is_cut(page, bytes) => ImageError::Truncated { format },
        TiffError::LimitsExceeded => ImageError::Corrupt {
            format,
            reason: "it asks for more memory than it can need".to_owned(),
        },
        error => ImageError::Corrupt {
            format,
            reason: one_line(&error.to_string()),
        },
    }
}
