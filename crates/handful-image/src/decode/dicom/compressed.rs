//! How do compressed pixels of DICOM become samples?
//!
//! Ordinary JPEG by our own reader with all its strictness, lossless JPEG by `jpeg-decoder`, runs by hand. What the
//! pieces claim is compared with the attributes before memory is taken.
//!
//! Source: DICOM PS3.5, annexes A.4 and G; ITU-T T.81, table B.1.

use super::meaning::Layout;
use super::{CONVERT, corrupt};
use crate::decode::{Limits, Reduction, jpeg, one_line};
use crate::error::ImageError;
use crate::format::Format;
use jpeg_decoder::{Decoder, PixelFormat};

/// Lossless and sequential: the only process behind the two transfer syntaxes of lossless JPEG.
const LOSSLESS: u8 = 0xC3;

/// Two bytes of a run stand for at most 128.
const MAX_BYTES_A_BYTE: usize = 64;

/// A code word has at least one bit, so a byte holds no more samples than this.
const MAX_LOSSLESS_SAMPLES_A_BYTE: usize = 8;

/// Samples of ordinary JPEG: one channel of grey, or red, green and blue side by side, 8 bits each.
pub(super) fn lossy(
    pieces: &[&[u8]],
    layout: &Layout,
    limits: &Limits,
) -> Result<Vec<u8>, ImageError> {
    let bytes = pieces.concat();
    same_size(&bytes, layout)?;
    let (pixels, _) =
        jpeg::decode(&bytes, limits, Reduction::NONE).map_err(|error| match error {
            ImageError::Truncated { .. } => ImageError::Truncated {
                format: Format::Dicom,
            },
            ImageError::Corrupt { reason, .. } => corrupt(&reason),
            ImageError::Unsupported { format, .. } => ImageError::Unsupported {
                format: format!("DICOM with a {format}"),
                advice: CONVERT,
            },
            other => other,
        })?;
    if layout.channels == 3 {
        return Ok(pixels.data);
    }
    Ok(pixels.data.into_iter().step_by(3).collect())
}

/// Grey samples of lossless JPEG, little-endian where they have 16 bits.
pub(super) fn lossless(pieces: &[&[u8]], layout: &Layout) -> Result<Vec<u8>, ImageError> {
    let bytes = pieces.concat();
    let frame = same_size(&bytes, layout)?;
    if frame.marker != LOSSLESS || frame.components != 1 {
        return Err(ImageError::Unsupported {
            format: "DICOM with an unusual lossless JPEG".to_owned(),
            advice: CONVERT,
        });
    }
    if layout.n_samples() > bytes.len().saturating_mul(MAX_LOSSLESS_SAMPLES_A_BYTE) {
        return Err(too_few(bytes.len(), layout));
    }
    let mut decoder = Decoder::new(bytes.as_slice());
    let samples = decoder
        .decode()
        .map_err(|error| corrupt(&one_line(&error.to_string())))?;
    let is_wide = decoder
        .info()
        .is_some_and(|info| info.pixel_format == PixelFormat::L16);
    // The decoder writes 16 bits in the order of the machine.
    Ok(match (is_wide, layout.bits_allocated) {
        (true, 16) => samples
            .chunks_exact(2)
            .flat_map(|pair| u16::from_ne_bytes([pair[0], pair[1]]).to_le_bytes())
            .collect(),
        (false, 16) => samples.into_iter().flat_map(|value| [value, 0]).collect(),
        (false, _) => samples,
        (true, _) => return Err(corrupt("its JPEG is deeper than its attributes say")),
    })
}

/// The frame header of a JPEG, if it claims the size that the attributes claim: that has been compared with the limits.
fn same_size(bytes: &[u8], layout: &Layout) -> Result<jpeg::Frame, ImageError> {
    let frame = jpeg::walk(bytes).frame;
    let frame = frame.ok_or_else(|| corrupt("its JPEG has no frame header"))?;
    if (usize::from(frame.width), usize::from(frame.height)) != (layout.width, layout.height) {
        return Err(corrupt("its JPEG has another size than its attributes say"));
    }
    Ok(frame)
}

/// Samples of runs: a segment for each byte of each channel, the upper byte first. Channels side by side, little-endian.
pub(super) fn runs(pieces: &[&[u8]], layout: &Layout) -> Result<Vec<u8>, ImageError> {
    let [piece] = pieces else {
        return Err(corrupt("one picture should be one piece of runs"));
    };
    let (n_pixels, width) = (layout.width * layout.height, layout.bytes_a_sample());
    let n_segments = layout.channels * width;
    if n_pixels * n_segments > piece.len().saturating_mul(MAX_BYTES_A_BYTE) {
        return Err(too_few(piece.len(), layout));
    }
    // The number of segments and where they begin.
    let number = |idx: usize| {
        let bytes = piece.get(4 * idx..)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    };
    if number(0) != Some(n_segments) {
        return Err(corrupt(
            "its runs have another number of segments than its attributes say",
        ));
    }
    let mut samples = vec![0; n_pixels * n_segments];
    for segment in 0..n_segments {
        let (channel, byte) = (segment / width, width - 1 - segment % width);
        let start = number(1 + segment).unwrap_or(usize::MAX);
        let packed = piece.get(start..).unwrap_or_default();
        let mut places = samples
            .iter_mut()
            .skip(channel * width + byte)
            .step_by(n_segments);
        unpack(packed, &mut places)
            .ok_or_else(|| corrupt("its runs end before the picture is full"))?;
    }
    Ok(samples)
}

/// Fills all places (PackBits); `None` when the runs end before.
fn unpack<'p>(packed: &[u8], places: &mut impl ExactSizeIterator<Item = &'p mut u8>) -> Option<()> {
    let mut at = 0;
    while places.len() > 0 {
        let control = *packed.get(at)?;
        at += 1;
        match control {
            0..128 => {
                let values = packed.get(at..)?;
                let n = (usize::from(control) + 1).min(places.len());
                for value in values.get(..n)? {
                    *places.next()? = *value;
                }
                at += n;
            }
            128 => {}
            129.. => {
                let value = *packed.get(at)?;
                at += 1;
                for place in places.by_ref().take(257 - usize::from(control)) {
                    *place = value;
                }
            }
        }
    }
    Some(())
}

fn too_few(length: usize, layout: &Layout) -> ImageError {
    corrupt(&format!(
        "{length} bytes can't hold {} x {} pixels",
        layout.width, layout.height
    ))
}
