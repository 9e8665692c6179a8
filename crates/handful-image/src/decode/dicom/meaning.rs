//! What do the samples of DICOM mean?
//!
//! Grey values become what their device measured (slope and intercept), and are mapped to 8 bits by the rule of all deep
//! pictures: one range for a data set, stated. The windows that files suggest are not used. They are made for an eye that
//! looks at one picture, differ from file to file, and would make the pictures of one set incomparable.
//!
//! Source: DICOM PS3.3, C.7.6.3 (image pixel) and C.11.1 (modality LUT).

use super::dataset::{self, DataSet};
use super::{CONVERT, Packing, corrupt};
use crate::decode::raster::{Extra, Raster, Samples};
use crate::error::ImageError;

/// How the samples are written and what they stand for; of a picture that is read.
pub(super) struct Layout {
    pub width: usize,
    pub height: usize,
    /// 1 (grey) or 3 (red, green and blue).
    pub channels: usize,
    /// 8 or 16.
    pub bits_allocated: u16,
    bits_stored: u16,
    is_signed: bool,
    /// Channels one behind the other instead of side by side.
    is_planar: bool,
    white_is_zero: bool,
    slope: f64,
    intercept: f64,
}

/// Columns and rows; `None` where they aren't stated.
pub(super) fn size(set: &DataSet) -> Option<(u64, u64)> {
    let side = |tag| set.number(tag).map(u64::from);
    Some((side(dataset::COLUMNS)?, side(dataset::ROWS)?))
}

impl Layout {
    /// # Errors
    /// `Unsupported` for everything that isn't read, by its name; `Corrupt` for attributes that contradict each other.
    pub fn of(set: &DataSet, packing: Packing) -> Result<Layout, ImageError> {
        let n_frames = set.text(dataset::N_FRAMES).unwrap_or("1");
        if n_frames.parse() != Ok(1) {
            return Err(unsupported(format!("DICOM stack of {n_frames} frames")));
        }
        for (tag, what) in [
            (dataset::FLOAT_PIXELS, "floating-point samples"),
            (dataset::DOUBLE_PIXELS, "floating-point samples"),
            (dataset::MODALITY_TABLE, "a table of grey values"),
            (dataset::SHARED_GROUPS, "attributes frame by frame"),
        ] {
            if set.value(tag).is_some() {
                return Err(unsupported(format!("DICOM with {what}")));
            }
        }
        let (width, height) = size(set).ok_or_else(|| corrupt("it states no size"))?;
        let number = |tag, name: &str| {
            set.number(tag)
                .ok_or_else(|| corrupt(&format!("it states no {name}")))
        };
        let channels = number(dataset::SAMPLES_PER_PIXEL, "number of channels")?;
        let bits_allocated = number(dataset::BITS_ALLOCATED, "number of bits")?;
        let bits_stored = set.number(dataset::BITS_STORED).unwrap_or(bits_allocated);
        let high_bit = set.number(dataset::HIGH_BIT);
        let is_signed = set.number(dataset::IS_SIGNED) == Some(1);
        if !matches!(bits_allocated, 8 | 16) {
            return Err(unsupported(format!(
                "DICOM with {bits_allocated}-bit samples"
            )));
        }
        if bits_stored == 0 || bits_stored > bits_allocated {
            return Err(corrupt("more bits of a sample are used than there are"));
        }
        if high_bit.is_some_and(|bit| bit != bits_stored - 1) {
            return Err(unsupported(
                "DICOM with samples in the upper bits".to_owned(),
            ));
        }
        let photometric = set.text(dataset::PHOTOMETRIC).unwrap_or("no colours");
        let white_is_zero = photometric == "MONOCHROME1";
        let is_colour = match (photometric, channels, packing) {
            ("MONOCHROME1" | "MONOCHROME2", 1, _) => false,
            ("RGB", 3, Packing::Native | Packing::Runs) => true,
            // A JPEG reader returns red, green and blue.
            ("YBR_FULL" | "YBR_FULL_422", 3, Packing::LossyJpeg) => true,
            _ => {
                let inside = match packing {
                    Packing::Native => "",
                    Packing::Runs => " in runs",
                    Packing::LossyJpeg => " in a JPEG",
                    Packing::LosslessJpeg => " in a lossless JPEG",
                };
                return Err(unsupported(format!(
                    "DICOM with colours of the kind {photometric}{inside}"
                )));
            }
        };
        if (is_colour || packing == Packing::LossyJpeg) && (bits_allocated != 8 || is_signed) {
            let what = if is_colour { "colour" } else { "JPEG" };
            return Err(unsupported(format!(
                "DICOM with {bits_allocated}-bit {what} samples"
            )));
        }
        let factor = |tag, otherwise| match set.text(tag) {
            None => Ok(otherwise),
            Some(text) => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(number),
                _ => Err(corrupt("its slope or intercept is no number")),
            },
        };
        let (slope, intercept) = if is_colour {
            (1.0, 0.0)
        } else {
            (
                factor(dataset::RESCALE_SLOPE, 1.0)?,
                factor(dataset::RESCALE_INTERCEPT, 0.0)?,
            )
        };
        Ok(Layout {
            width: width as usize,
            height: height as usize,
            channels: if is_colour { 3 } else { 1 },
            bits_allocated,
            bits_stored,
            is_signed,
            is_planar: packing == Packing::Native && set.number(dataset::PLANAR) == Some(1),
            white_is_zero,
            slope,
            intercept,
        })
    }

    pub fn bytes_a_sample(&self) -> usize {
        usize::from(self.bits_allocated / 8)
    }

    /// Samples of all channels.
    pub fn n_samples(&self) -> usize {
        self.width * self.height * self.channels
    }

    /// Are the stored numbers those that were measured?
    fn is_plain(&self) -> bool {
        !self.is_signed && self.slope == 1.0 && self.intercept == 0.0
    }

    /// Do the samples need a range?
    pub fn is_deep(&self) -> bool {
        self.bits_allocated > 8 || !self.is_plain()
    }

    /// Gives unpacked samples, 16 bits little-endian, their meaning.
    ///
    /// Which kind of samples they become depends on the attributes alone, never on the values: the pictures of one
    /// device stay of one kind.
    ///
    /// # Errors
    /// `Truncated` when there are fewer bytes than the size needs.
    pub fn raster(&self, bytes: &[u8]) -> Result<Raster, ImageError> {
        let Some(bytes) = bytes.get(..self.n_samples() * self.bytes_a_sample()) else {
            return Err(super::truncated());
        };
        let samples = match (self.bits_allocated, self.is_plain()) {
            (8, true) if self.is_planar => {
                let plane = self.width * self.height;
                let n = self.channels;
                Samples::Eight(
                    (0..plane * n)
                        .map(|i| bytes[i % n * plane + i / n])
                        .collect(),
                )
            }
            (8, true) => Samples::Eight(bytes.to_vec()),
            (_, true) => Samples::Sixteen(self.stored(bytes).map(|value| value as u16).collect()),
            (_, false) => {
                let measured = |value| (f64::from(value) * self.slope + self.intercept) as f32;
                Samples::Floats(self.stored(bytes).map(measured).collect())
            }
        };
        Ok(Raster {
            width: self.width,
            height: self.height,
            is_colour: self.channels == 3,
            extra: Extra::None,
            white_is_zero: self.white_is_zero,
            samples,
            notes: Vec::new(),
        })
    }

    /// The stored numbers. Bits above those that are used hold overlays in old files and are left out.
    fn stored(&self, bytes: &[u8]) -> impl Iterator<Item = i32> {
        let (bits, is_signed) = (self.bits_stored, self.is_signed);
        bytes
            .chunks_exact(self.bytes_a_sample())
            .map(move |sample| {
                let raw = i32::from(u16::from_le_bytes([
                    sample[0],
                    sample.get(1).copied().unwrap_or(0),
                ]));
                let value = raw & ((1 << bits) - 1);
                if is_signed && value >> (bits - 1) == 1 {
                    value - (1 << bits)
                } else {
                    value
                }
            })
    }
}

fn unsupported(format: String) -> ImageError {
    ImageError::Unsupported {
        format,
        advice: CONVERT,
    }
}
