//! How is a JPEG read, and how is a damaged one told from a whole one?
//!
//! `zune-jpeg` fills what is missing with grey unless it is strict, so it always is. Our own walk over the header gives
//! the size before any memory is taken, the orientation, and whether the end of the picture is there.

use super::orientation::{from_exif, upright};
use super::reduced::{self, Reduction};
use super::{Limits, Note, caught};
use crate::error::ImageError;
use crate::format::Format;
use crate::pixels::Pixels;
use image::metadata::Orientation;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// A block of 8 x 8 pixels takes at least one bit, so a byte can't stand for more pixels than this.
/// Keeps a forged header of a few bytes from claiming gigabytes.
const MAX_PIXELS_A_BYTE: u64 = 8 * 64;

const CONVERT: &str = "save it anew as an ordinary 8-bit JPEG or as PNG (`magick in.jpg out.png`)";

pub(super) fn decode(
    bytes: &[u8],
    limits: &Limits,
    reduction: Reduction,
) -> Result<(Pixels, Vec<Note>), ImageError> {
    let header = walk(bytes);
    let frame = check(bytes, &header, limits)?;
    if reduction != Reduction::NONE
        && header.end_is_there(bytes)
        && let Ok(Some(pixels)) = caught(Format::Jpeg, || {
            Ok(reduced::decode(bytes, &header, reduction))
        })
    {
        return Ok((upright(pixels, header.orientation()), Vec::new()));
    }
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(limits.max_side_px)
        .set_max_height(limits.max_side_px)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let data = decoder
        .decode()
        .map_err(|error| refusal(bytes, &header, &error))?;
    // Zeros are valid code words: a file cut off and filled up with them decodes without complaint.
    if !header.end_is_there(bytes) {
        return Err(ImageError::Truncated {
            format: Format::Jpeg,
        });
    }
    let (width, height) = (usize::from(frame.width), usize::from(frame.height));
    if data.len() != width * height * 3 {
        return Err(damage(
            bytes,
            &header,
            "it decodes to another size than its header says".to_owned(),
        ));
    }
    let notes = if frame.components == 4 {
        vec![Note::CmykConverted]
    } else {
        Vec::new()
    };
    Ok((
        upright(
            Pixels {
                width,
                height,
                data,
            },
            header.orientation(),
        ),
        notes,
    ))
}

/// Does a JPEG inside another file (a strip of a TIFF) claim no more than the limits and its bytes allow?
///
/// # Errors
/// Those of [`decode`] before it decodes.
pub(super) fn check_claim(bytes: &[u8], limits: &Limits) -> Result<(), ImageError> {
    check(bytes, &walk(bytes), limits).map(drop)
}

fn check(bytes: &[u8], header: &Header, limits: &Limits) -> Result<Frame, ImageError> {
    let Some(frame) = header.frame else {
        return Err(damage(bytes, header, "it has no frame header".to_owned()));
    };
    let (width, height) = (u64::from(frame.width), u64::from(frame.height));
    limits.check(width, height)?;
    if let Some(format) = frame.unsupported() {
        return Err(ImageError::Unsupported {
            format,
            advice: CONVERT,
        });
    }
    if width * height > bytes.len() as u64 * MAX_PIXELS_A_BYTE {
        let reason = format!("{} bytes can't hold {width} x {height} pixels", bytes.len());
        return Err(damage(bytes, header, reason));
    }
    Ok(frame)
}

/// What the start-of-frame segment says.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    pub marker: u8,
    precision_bits: u8,
    pub height: u16,
    pub width: u16,
    pub components: u8,
    /// Whether the components are called 1, 2, 3, as those of brightness and two differences of colour are.
    pub has_usual_names: bool,
}

impl Frame {
    fn unsupported(&self) -> Option<String> {
        match self.marker {
            0xC3 | 0xC5..=0xC7 | 0xCB | 0xCD..=0xCF => Some("lossless or hierarchical JPEG".into()),
            _ if self.precision_bits != 8 => Some(format!("{}-bit JPEG", self.precision_bits)),
            0xC9 | 0xCA => Some("JPEG with arithmetic coding".into()),
            _ if self.height == 0 => Some("JPEG that gives its height after the picture".into()),
            _ => None,
        }
    }
}

/// What stands before the compressed picture.
pub(crate) struct Header<'a> {
    pub frame: Option<Frame>,
    /// The TIFF-shaped block of the first EXIF segment.
    pub exif: Option<&'a [u8]>,
    /// The bodies of the segments that define quantisation tables, in order.
    pub quantisation: Vec<&'a [u8]>,
    /// Adobe's word on colours: 0 for none that are changed, 1 for brightness and differences of colour.
    pub adobe_transform: Option<u8>,
    /// Where the first scan begins; the length of the file if there is none.
    scan_start: usize,
}

impl Header<'_> {
    /// How the picture is to be turned.
    pub fn orientation(&self) -> Orientation {
        self.exif.map_or(Orientation::NoTransforms, from_exif)
    }

    /// Is there an end-of-image marker behind the beginning of the picture? Inside the compressed picture a byte FF is
    /// always followed by 00 or a restart marker, so FF D9 can only be the end.
    fn end_is_there(&self, bytes: &[u8]) -> bool {
        bytes[self.scan_start..]
            .windows(2)
            .rev()
            .any(|pair| pair == [0xFF, 0xD9])
    }
}

/// Walks over the segments up to the first scan. Never fails: what is broken is missing.
pub(crate) fn walk(bytes: &[u8]) -> Header<'_> {
    let mut header = Header {
        frame: None,
        exif: None,
        quantisation: Vec::new(),
        adobe_transform: None,
        scan_start: bytes.len(),
    };
    let mut at = 2; // behind the start-of-image marker, which `sniff` has seen
    while let Some(offset) = bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(|byte| *byte == 0xFF))
    {
        at += offset + 1;
        let Some(&marker) = bytes.get(at) else { break };
        match marker {
            0xFF => continue, // a fill byte: the next one may be the marker
            0x00 | 0x01 | 0xD0..=0xD9 => {
                at += 1;
                continue;
            }
            0xDA => {
                header.scan_start = at;
                break;
            }
            _ => {}
        }
        let Some(length) = bytes.get(at + 1..at + 3) else {
            break;
        };
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let body = bytes
            .get(at + 3..(at + 1 + length.max(2)).min(bytes.len()))
            .unwrap_or_default();
        match marker {
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF if body.len() >= 6 => {
                header.frame = Some(Frame {
                    marker,
                    precision_bits: body[0],
                    height: u16::from_be_bytes([body[1], body[2]]),
                    width: u16::from_be_bytes([body[3], body[4]]),
                    components: body[5],
                    has_usual_names: [6, 9, 12].map(|at| body.get(at).copied())
                        == [Some(1), Some(2), Some(3)],
                });
            }
            0xDB => header.quantisation.push(body),
            0xEE if body.starts_with(b"Adobe") => {
                header.adobe_transform = header.adobe_transform.or(body.get(11).copied());
            }
            0xE1 => header.exif = header.exif.or(body.strip_prefix(b"Exif\0\0")),
            _ => {}
        }
        at += 1 + length.max(2);
    }
    header
}

fn refusal(bytes: &[u8], header: &Header, error: &DecodeErrors) -> ImageError {
    match error {
        DecodeErrors::Unsupported(scheme) => ImageError::Unsupported {
            format: format!("JPEG of the kind {scheme:?}"),
            advice: CONVERT,
        },
        _ => damage(bytes, header, error.to_string()),
    }
}

/// Truncated when the end-of-image marker is missing, corrupt otherwise.
fn damage(bytes: &[u8], header: &Header, reason: String) -> ImageError {
    if header.end_is_there(bytes) {
        ImageError::Corrupt {
            format: Format::Jpeg,
            reason,
        }
    } else {
        ImageError::Truncated {
            format: Format::Jpeg,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::encode_jpeg;

    /// A picture with enough detail that every part of the file matters.
    fn photo() -> Vec<u8> {
        let mut image = Pixels::filled(97, 61, [0, 0, 0]);
        for (i, value) in image.data.iter_mut().enumerate() {
            *value = ((i * i) >> 3) as u8;
        }
        encode_jpeg(&image, 85)
    }

    fn decode_default(bytes: &[u8]) -> Result<(Pixels, Vec<Note>), ImageError> {
        decode(bytes, &Limits::default(), Reduction::NONE)
    }

    #[test]
    fn a_photo_cut_anywhere_is_refused_as_truncated() {
        let whole = photo();
        assert!(decode_default(&whole).is_ok());
        for percent in [2, 10, 30, 50, 75, 97] {
            let cut = &whole[..whole.len() * percent / 100];
            let error = decode_default(cut).expect_err("part of the picture is missing");
            assert_eq!(error.kind(), "truncated", "at {percent} %: {error}");
        }
    }

    #[test]
    fn a_photo_cut_and_filled_up_with_zeros_is_refused() {
        let mut bytes = photo();
        let half = bytes.len() / 2;
        bytes[half..].fill(0);
        assert!(decode_default(&bytes).is_err());
    }

    #[test]
    fn what_follows_the_end_of_a_photo_does_no_harm() {
        let mut bytes = photo();
        bytes.extend(b"a maker's trailer \xFF\xD8\xFF\xE0 with a preview");
        assert!(decode_default(&bytes).is_ok());
    }

    #[test]
    fn a_header_that_claims_more_than_the_bytes_can_hold_is_refused() {
        let mut bytes = photo();
        let sof = bytes
            .windows(2)
            .position(|pair| pair == [0xFF, 0xC0])
            .expect("baseline");
        bytes[sof + 5..sof + 9].copy_from_slice(&[0x28, 0, 0x28, 0]); // 10,240 x 10,240, inside the limits
        assert!(matches!(
            decode_default(&bytes),
            Err(ImageError::Corrupt { .. })
        ));
        bytes[sof + 5..sof + 9].copy_from_slice(&[0xFF, 0xDC, 0xFF, 0xDC]);
        assert!(matches!(
            decode_default(&bytes),
            Err(ImageError::TooLarge {
                width: 65_500,
                height: 65_500,
                ..
            })
        ));
    }

    #[test]
    fn kinds_of_jpeg_that_are_not_read_are_named() {
        let sof = photo()
            .windows(2)
            .position(|pair| pair == [0xFF, 0xC0])
            .expect("baseline");
        // (offset from the marker, value there, name)
        for (offset, value, name) in [
            (1, 0xC9, "JPEG with arithmetic coding"),
            (1, 0xC3, "lossless"),
            (4, 12, "12-bit JPEG is not read"),
        ] {
            let mut bytes = photo();
            bytes[sof + offset] = value;
            let error = decode_default(&bytes).expect_err("not a baseline file any more");
            assert_eq!(error.kind(), "unsupported");
            assert!(error.detail().contains(name), "{error}");
        }
    }
}
