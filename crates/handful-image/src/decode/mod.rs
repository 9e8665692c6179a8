//! How do bytes become upright RGB8 pixels, whatever format and mood they are in?
//!
//! The content decides on the format, never a name. Limits are compared with the header before memory is taken.
//! Decoders are other people's code fed with other people's bytes: a panic in one is caught and becomes
//! [`ImageError::Corrupt`]. Colour profiles (ICC) are not applied, as by Pillow's `convert("RGB")`.

#[cfg(feature = "dicom")]
mod dicom;
pub(crate) mod jpeg;
mod orientation;
mod raster;
mod reduced;
mod still;
mod tiff;

use crate::error::ImageError;
use crate::foreign;
use crate::format::{Format, sniff};
use crate::pixels::Pixels;
use crate::sample_range::{SampleExtent, SampleRange};
use image::metadata::Orientation;
use raster::Raster;
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use reduced::Reduction;

/// The largest image that is read. Compared with what the header claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest side, in pixels.
    pub max_side_px: usize,
    /// Largest area, in pixels. One pixel takes 3 bytes when decoded, up to 8 while it is (16 bits with alpha); one that
    /// takes more (floating point in colour) counts as several.
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
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub enum Note {
    /// An animation: its first frame was taken.
    FirstFrameOnly,
    /// 16 bits a channel were scaled to 8.
    SixteenBitScaled {
        /// The values that became 0 and 255.
        range: SampleRange,
    },
    /// Floating-point samples were scaled to 8 bits.
    FloatScaled {
        /// The values that became 0 and 255.
        range: SampleRange,
    },
    /// A channel besides the colours, of which nobody says what it shows, was left out.
    ChannelLeftOut,
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
            Note::SixteenBitScaled { .. } => "sixteen_bit_scaled",
            Note::FloatScaled { .. } => "float_scaled",
            Note::ChannelLeftOut => "channel_left_out",
            Note::AlphaOverWhite => "alpha_over_white",
            Note::CmykConverted => "cmyk_converted",
        }
    }

    /// What was done, in one sentence without a full stop.
    pub fn detail(self) -> String {
        match self {
            Note::FirstFrameOnly => "an animation; its first frame is used".to_owned(),
            Note::SixteenBitScaled { range } => {
                format!("16-bit samples {} are mapped to 0 to 255", range.words())
            }
            Note::FloatScaled { range } => {
                format!(
                    "floating-point samples {} are mapped to 0 to 255",
                    range.words()
                )
            }
            Note::ChannelLeftOut => {
                "a fourth channel that isn't marked as transparency is left out".to_owned()
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
            Note::SixteenBitScaled { .. } | Note::FloatScaled { .. } => {
                "look whether it is bright enough; if not, scale it yourself to 8 bits"
            }
            Note::ChannelLeftOut => {
                "nothing, if the picture is in red, green and blue; otherwise save the channels you need as RGB"
            }
            Note::AlphaOverWhite => {
                "nothing, if white is the background that you expect at prediction"
            }
            Note::CmykConverted => "save it as RGB if exact colours matter",
        }
    }
}

/// An image as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// Upright pixels.
    pub pixels: Pixels,
    /// What the bytes are, whatever the file is called.
    pub format: Format,
    /// What had to be done to them, in the order of the enum, each at most once.
    pub notes: Vec<Note>,
}

/// Decodes the bytes of a file to upright RGB8.
///
/// The EXIF (or TIFF) orientation is applied, alpha is laid over white, deep samples are scaled to 8 bits by a range of
/// their own ([`decode_with`] takes that of a data set), grey is widened, CMYK is converted. Damaged and truncated files
/// are refused, never half read.
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
    decode_with(bytes, limits, None)
}

/// As [`decode`], with the range of raw values that become 0 to 255 in every deep picture of a data set; pictures of 8
/// bits take no notice of it.
///
/// # Errors
/// As [`decode`]; `Setting` when the range can't be used.
pub fn decode_with(
    bytes: &[u8],
    limits: &Limits,
    range: Option<SampleRange>,
) -> Result<Decoded, ImageError> {
    decode_reduced(bytes, limits, range, Reduction::NONE)
}

/// As [`decode_with`], at a fraction of the picture's sides where that is less work: see [`Reduction::for_square`].
///
/// # Errors
/// As [`decode_with`].
pub fn decode_reduced(
    bytes: &[u8],
    limits: &Limits,
    range: Option<SampleRange>,
    reduction: Reduction,
) -> Result<Decoded, ImageError> {
    if let Some(range) = range {
        range.check()?;
    }
    let format = known(bytes)?;
    let (pixels, mut notes) = caught(format, || {
        if format == Format::Jpeg {
            return jpeg::decode(bytes, limits, reduction);
        }
        let (raster, orientation, has_more_frames) = raster(bytes, format, limits)?;
        let (stored, mut notes) = raster.into_rgb8(format, range)?;
        if has_more_frames {
            notes.push(Note::FirstFrameOnly);
        }
        Ok((orientation::upright(stored, orientation), notes))
    })?;
    // Headers may say so (a GIF's screen of 1 × 0), and no decoder minds.
    if pixels.width == 0 || pixels.height == 0 {
        return Err(ImageError::Corrupt {
            format,
            reason: "it has no pixels".to_owned(),
        });
    }
    notes.sort_by(|a, b| {
        a.partial_cmp(b)
            .expect("each kind occurs once, so numbers are never compared")
    });
    Ok(Decoded {
        pixels,
        format,
        notes,
    })
}

/// The least and the largest sample of a deep picture (16-bit PNG and TIFF, floating-point TIFF, grey values of
/// DICOM), from which [`SampleRange::of_set`] makes the range of a data set; `None` for 8 bits, which takes a look at the header only.
///
/// # Errors
/// As [`decode`] for deep pictures and bytes that are no picture; a picture of 8 bits is not decoded, so its faults are not
/// seen.
pub fn sample_extent(bytes: &[u8], limits: &Limits) -> Result<Option<SampleExtent>, ImageError> {
    let format = known(bytes)?;
    caught(format, || {
        let is_deep = match format {
            Format::Png => still::png_is_deep(bytes),
            Format::Tiff => tiff::is_deep(bytes),
            #[cfg(feature = "dicom")]
            Format::Dicom => dicom::is_deep(bytes),
            Format::Jpeg | Format::WebP | Format::Bmp | Format::Gif => false,
        };
        if !is_deep {
            return Ok(None);
        }
        raster(bytes, format, limits)?.0.extent(format)
    })
}

/// What a header tells of a picture.
pub(crate) struct Head<'a> {
    /// Columns of the upright picture.
    pub width_px: usize,
    /// Rows of the upright picture.
    pub height_px: usize,
    /// The EXIF block; of a TIFF the file itself, which has the same shape.
    pub exif: Option<Cow<'a, [u8]>>,
}

/// `None` for a header that can't be read. Nothing is decoded.
pub(crate) fn head(bytes: &[u8], format: Format) -> Option<Head<'_>> {
    let (width, height, turn, exif) = match format {
        Format::Jpeg => {
            let header = jpeg::walk(bytes);
            let frame = header.frame?;
            let (width, height) = (u64::from(frame.width), u64::from(frame.height));
            let exif = header.exif.map(Cow::Borrowed);
            (width, height, header.orientation(), exif)
        }
        Format::Tiff => {
            let (width, height, turn) = tiff::size(bytes)?;
            (width, height, turn, Some(Cow::Borrowed(bytes)))
        }
        #[cfg(feature = "dicom")]
        Format::Dicom => {
            let (width, height) = dicom::size(bytes)?;
            (width, height, Orientation::NoTransforms, None)
        }
        _ => {
            let (width, height, exif) = still::header(bytes, format)?;
            let turn = exif.as_deref().map(orientation::from_exif);
            let turn = turn.unwrap_or(Orientation::NoTransforms);
            (
                u64::from(width),
                u64::from(height),
                turn,
                exif.map(Cow::Owned),
            )
        }
    };
    let (width, height) = if orientation::is_turned(turn) {
        (height, width)
    } else {
        (width, height)
    };
    Some(Head {
        width_px: usize::try_from(width).ok()?,
        height_px: usize::try_from(height).ok()?,
        exif,
    })
}

/// The format of the bytes.
///
/// # Errors
/// What they are instead.
pub(crate) fn known(bytes: &[u8]) -> Result<Format, ImageError> {
    sniff(bytes).ok_or_else(|| foreign::name(bytes))
}

/// Turns a panic of a decoder into an error.
pub(crate) fn caught<T>(
    format: Format,
    work: impl FnOnce() -> Result<T, ImageError>,
) -> Result<T, ImageError> {
    // Nothing outlives the closure but its value, so no broken state can be seen after a panic.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(ImageError::Corrupt {
            format,
            reason: "the decoder gave up on its contents".to_owned(),
        })
    })
}

/// The picture as it is stored, how it is to be turned, and whether more frames follow.
fn raster(
    bytes: &[u8],
    format: Format,
    limits: &Limits,
) -> Result<(Raster, Orientation, bool), ImageError> {
    if format == Format::Tiff {
        let (raster, orientation) = tiff::read(bytes, limits)?;
        return Ok((raster, orientation, false));
    }
    #[cfg(feature = "dicom")]
    if format == Format::Dicom {
        return Ok((
            dicom::read(bytes, limits)?,
            Orientation::NoTransforms,
            false,
        ));
    }
    let still = still::read(bytes, format, limits)?;
    Ok((still.raster, still.orientation, still.has_more_frames))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
