//! How do bytes become upright RGB8 pixels, whatever format and mood they are in?
//!
//! The content decides on the format, never a name. Limits are compared with the header before memory is taken.
//! Decoders are other people's code fed with other people's bytes: a panic in one is caught and becomes
//! [`ImageError::Corrupt`]. Colour profiles (ICC) are not applied, as by Pillow's `convert("RGB")`.

mod jpeg;
mod orientation;
mod raster;
mod still;
mod tiff;

use crate::error::ImageError;
use crate::foreign;
use crate::format::{Format, sniff};
use crate::pixels::Pixels;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The largest image that is read. Compared with what the header claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest side, in pixels.
    pub max_side_px: usize,
    /// Largest area, in pixels. One pixel takes 3 bytes when decoded, up to 8 while it is (16 bits with alpha).
    pub max_pixels: u64,
}

impl Default for Limits {
    /// 16,384 a side and 178,956,970 in all: where Pillow begins to speak of a decompression bomb, twice its
    /// `MAX_IMAGE_PIXELS`.
    fn default() -> Self {
        Limits {
            max_side_px: 16_384,
            max_pixels: 178_956_970,
        }
    }
}

impl Limits {
    pub(crate) fn check(&self, width: u64, height: u64) -> Result<(), ImageError> {
        let side_fits = width.max(height) <= self.max_side_px as u64;
        if side_fits && width.saturating_mul(height) <= self.max_pixels {
            return Ok(());
        }
        Err(ImageError::TooLarge {
            width,
            height,
            max_side_px: self.max_side_px,
            max_pixels: self.max_pixels,
        })
    }
}

/// Something that a person may want to know about an image that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Note {
    /// An animation: its first frame was taken.
    FirstFrameOnly,
    /// A file of several pages: the first was taken.
    FirstPageOnly,
    /// 16 bits a channel were scaled to 8.
    SixteenBitScaled {
        /// Bits that the values use: 16, or 12 (8) when none exceeds 4,095 (255), as scanners and microscopes write.
        used_bits: u8,
    },
    /// Transparent pixels were laid over white.
    AlphaOverWhite,
    /// Printing colours were converted without a colour profile.
    CmykConverted,
}

impl Note {
    /// A stable snake_case name, one a variant.
    pub fn kind(self) -> &'static str {
        match self {
            Note::FirstFrameOnly => "first_frame_only",
            Note::FirstPageOnly => "first_page_only",
            Note::SixteenBitScaled { .. } => "sixteen_bit_scaled",
            Note::AlphaOverWhite => "alpha_over_white",
            Note::CmykConverted => "cmyk_converted",
        }
    }

    /// What was done, in one sentence without a full stop.
    pub fn detail(self) -> String {
        match self {
            Note::FirstFrameOnly => "an animation; its first frame is used".to_owned(),
            Note::FirstPageOnly => "a file of several pages; the first is used".to_owned(),
            Note::SixteenBitScaled { used_bits } => {
                format!("16 bits a channel, of which {used_bits} are in use; scaled to 8")
            }
            Note::AlphaOverWhite => "transparent pixels are laid over white".to_owned(),
            Note::CmykConverted => {
                "CMYK colours are converted to RGB without their colour profile".to_owned()
            }
        }
    }

    /// What to do about it, as a command without a full stop.
    pub fn advice(self) -> &'static str {
        match self {
            Note::FirstFrameOnly => {
                "export the frames you need as separate files, and keep them in one group"
            }
            Note::FirstPageOnly => {
                "export the pages you need as separate files, and keep them in one group"
            }
            Note::SixteenBitScaled { .. } => {
                "look whether it is bright enough; if not, scale it yourself to 8 bits"
            }
            Note::AlphaOverWhite => {
                "nothing, if white is the background that you expect at prediction"
            }
            Note::CmykConverted => "save it as RGB if exact colours matter",
        }
    }
}

/// An image as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Upright pixels.
    pub pixels: Pixels,
    /// What the bytes are, whatever the file is called.
    pub format: Format,
    /// What had to be done to them, in ascending order, each at most once.
    pub notes: Vec<Note>,
}

/// Decodes the bytes of a file to upright RGB8.
///
/// The EXIF (or TIFF) orientation is applied, alpha is laid over white, 16 bits are scaled to 8, grey is widened,
/// CMYK is converted. Damaged and truncated files are refused, never half read.
///
/// # Errors
/// Every variant of [`ImageError`] but `Setting`. Never panics.
///
/// # Example
/// ```
/// let page = b"<!DOCTYPE html><title>404</title>";
/// let error = handful_image::decode(page, &handful_image::Limits::default()).unwrap_err();
/// assert_eq!((error.kind(), error.detail().as_str()), ("not_an_image", "not an image: an HTML page"));
/// ```
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, ImageError> {
    let Some(format) = sniff(bytes) else {
        return Err(foreign::name(bytes));
    };
    // Nothing outlives the closure but its value, so no broken state can be seen after a panic.
    let attempt = catch_unwind(AssertUnwindSafe(|| match format {
        Format::Jpeg => jpeg::decode(bytes, limits),
        _ => still::decode(bytes, format, limits),
    }));
    match attempt {
        Ok(outcome) => outcome.map(|(pixels, mut notes)| {
            notes.sort_unstable();
            Decoded {
                pixels,
                format,
                notes,
            }
        }),
        Err(_) => Err(ImageError::Corrupt {
            format,
            reason: "the decoder gave up on its contents".to_owned(),
        }),
    }
}
