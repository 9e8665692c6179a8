//! How does a raster of any channel layout and depth become RGB8?

use super::Note;
use crate::error::ImageError;
use crate::format::Format;
use crate::pixels::Pixels;
use crate::sample_range::{SampleExtent, SampleRange};
use image::DynamicImage;

/// A picture as a decoder delivers it, not yet upright; the channels of a pixel stand side by side.
pub(super) struct Raster {
    pub width: usize,
    pub height: usize,
    /// Red, green and blue instead of grey.
    pub is_colour: bool,
    /// What a last channel besides the colours says.
    pub extra: Extra,
    /// Large values are dark.
    pub white_is_zero: bool,
    pub samples: Samples,
    /// What has been done to the samples already.
    pub notes: Vec<Note>,
}

/// A channel besides the colours.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extra {
    None,
    Alpha,
    /// Transparency with which the colours have been multiplied already.
    PremultipliedAlpha,
    /// A channel of which nobody says what it shows.
    Unknown,
}

/// Stored values, all of one type.
pub(super) enum Samples {
    Eight(Vec<u8>),
    Sixteen(Vec<u16>),
    Floats(Vec<f32>),
}

impl Raster {
    /// What the `image` crate decoded; `None` for layouts that its readers of 8 and 16 bits don't return.
    pub fn of(picture: DynamicImage) -> Option<Raster> {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let (is_colour, extra, samples) = match picture {
            DynamicImage::ImageLuma8(p) => (false, Extra::None, Samples::Eight(p.into_raw())),
            DynamicImage::ImageLumaA8(p) => (false, Extra::Alpha, Samples::Eight(p.into_raw())),
            DynamicImage::ImageRgb8(p) => (true, Extra::None, Samples::Eight(p.into_raw())),
            DynamicImage::ImageRgba8(p) => (true, Extra::Alpha, Samples::Eight(p.into_raw())),
            DynamicImage::ImageLuma16(p) => (false, Extra::None, Samples::Sixteen(p.into_raw())),
            DynamicImage::ImageLumaA16(p) => (false, Extra::Alpha, Samples::Sixteen(p.into_raw())),
            DynamicImage::ImageRgb16(p) => (true, Extra::None, Samples::Sixteen(p.into_raw())),
            DynamicImage::ImageRgba16(p) => (true, Extra::Alpha, Samples::Sixteen(p.into_raw())),
            _ => return None,
        };
        Some(Raster {
            width,
            height,
            is_colour,
            extra,
            white_is_zero: false,
            samples,
            notes: Vec::new(),
        })
    }

    fn colours(&self) -> usize {
        if self.is_colour { 3 } else { 1 }
    }

    fn channels(&self) -> usize {
        self.colours() + usize::from(self.extra != Extra::None)
    }

    /// The least and the largest colour sample; `None` for 8 bits.
    ///
    /// # Errors
    /// `Unsupported` when a sample is not a finite number.
    pub fn extent(&self, format: Format) -> Result<Option<SampleExtent>, ImageError> {
        let (colours, channels) = (self.colours(), self.channels());
        match &self.samples {
            Samples::Eight(_) => Ok(None),
            Samples::Sixteen(values) => {
                let (mut least, mut largest) = (u16::MAX, 0);
                for pixel in values.chunks_exact(channels) {
                    for value in &pixel[..colours] {
                        (least, largest) = (least.min(*value), largest.max(*value));
                    }
                }
                Ok(Some(SampleExtent {
                    least: f64::from(least),
                    largest: f64::from(largest),
                    is_float: false,
                }))
            }
            Samples::Floats(values) => {
                let (mut least, mut largest) = (f32::INFINITY, f32::NEG_INFINITY);
                for pixel in values.chunks_exact(channels) {
                    for value in &pixel[..colours] {
                        if !value.is_finite() {
                            return Err(not_a_number(format));
                        }
                        (least, largest) = (least.min(*value), largest.max(*value));
                    }
                }
                Ok(Some(SampleExtent {
                    least: f64::from(least),
                    largest: f64::from(largest),
                    is_float: true,
                }))
            }
        }
    }

    /// RGB8, and what had to be done for it. Deep samples are mapped by `range`, or else by the range that a set of this
    /// one picture would have.
    ///
    /// # Errors
    /// `Unsupported` when a sample is not a finite number.
    pub fn into_rgb8(
        self,
        format: Format,
        range: Option<SampleRange>,
    ) -> Result<(Pixels, Vec<Note>), ImageError> {
        // Also where the range is given: it finds samples that are no numbers.
        let extent = self.extent(format)?;
        let own = match extent {
            Some(extent) => SampleRange::of_set(&[extent])?,
            None => None,
        };
        let range = range.or(own);
        let (colours, channels) = (self.colours(), self.channels());
        let mut notes = self.notes;
        let mut data = match (self.samples, range) {
            (Samples::Eight(values), _) => values,
            (Samples::Sixteen(values), Some(range)) => {
                notes.push(Note::SixteenBitScaled { range });
                sixteen_to_eight(&values, range, colours, channels)
            }
            (Samples::Floats(values), Some(range)) => {
                notes.push(Note::FloatScaled { range });
                floats_to_eight(&values, range, colours, channels)
            }
            (_, None) => unreachable!("deep samples have an extent, and that a range"),
        };
        if self.white_is_zero {
            for pixel in data.chunks_exact_mut(channels) {
                pixel[..colours]
                    .iter_mut()
                    .for_each(|level| *level = !*level);
            }
        }
        let data = match (self.is_colour, self.extra) {
            (true, Extra::None) => data,
            (false, Extra::None) => widen(&data),
            (_, Extra::Unknown) => {
                notes.push(Note::ChannelLeftOut);
                let kept = data
                    .chunks_exact(channels)
                    .flat_map(|pixel| &pixel[..colours]);
                kept.copied().collect()
            }
            (true, extra) => over_white::<4>(&data, extra, &mut notes),
            (false, extra) => over_white::<2>(&data, extra, &mut notes),
        };
        let pixels = Pixels {
            width: self.width,
            height: self.height,
            data,
        };
        Ok((pixels, notes))
    }
}

fn not_a_number(format: Format) -> ImageError {
    ImageError::Unsupported {
        format: format!("{format} with samples that are NaN or infinite"),
        advice: "replace them by numbers (they often stand for \"no value\") and save it again",
    }
}

/// Grey to three equal channels.
fn widen(grey: &[u8]) -> Vec<u8> {
    grey.iter().flat_map(|value| [*value; 3]).collect()
}

/// Colours by the range, alpha by the full scale of 16 bits.
fn sixteen_to_eight(
    values: &[u16],
    range: SampleRange,
    colours: usize,
    channels: usize,
) -> Vec<u8> {
    let colour: Vec<u8> = (0..=u16::MAX).map(|v| range.level(f64::from(v))).collect();
    let alpha = SampleRange {
        low: 0.0,
        high: f64::from(u16::MAX),
    };
    let mut out = Vec::with_capacity(values.len());
    for pixel in values.chunks_exact(channels) {
        out.extend(pixel[..colours].iter().map(|v| colour[usize::from(*v)]));
        out.extend(pixel[colours..].iter().map(|v| alpha.level(f64::from(*v))));
    }
    out
}

/// Colours by the range, alpha from 0 to 1.
fn floats_to_eight(values: &[f32], range: SampleRange, colours: usize, channels: usize) -> Vec<u8> {
    let alpha = SampleRange {
        low: 0.0,
        high: 1.0,
    };
    let mut out = Vec::with_capacity(values.len());
    for pixel in values.chunks_exact(channels) {
        out.extend(pixel[..colours].iter().map(|v| range.level(f64::from(*v))));
        out.extend(pixel[colours..].iter().map(|v| alpha.level(f64::from(*v))));
    }
    out
}

/// Grey or colour with alpha (2 or 4 channels) over white: `round((value * a + 255 * (255 - a)) / 255)`, where `value * a`
/// is `255 * value` if that has been multiplied already.
fn over_white<const CHANNELS: usize>(
    values: &[u8],
    extra: Extra,
    notes: &mut Vec<Note>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(values.len() / CHANNELS * 3);
    let mut all_opaque = true;
    for pixel in values.chunks_exact(CHANNELS) {
        let alpha = u32::from(pixel[CHANNELS - 1]);
        all_opaque &= alpha == 255;
        let factor = if extra == Extra::PremultipliedAlpha {
            255
        } else {
            alpha
        };
        let blend = |value: u8| {
            ((u32::from(value) * factor + 255 * (255 - alpha) + 127) / 255).min(255) as u8
        };
        let colour = if CHANNELS == 2 {
            [pixel[0]; 3]
        } else {
            [pixel[0], pixel[1], pixel[2]]
        };
        out.extend(colour.map(blend));
    }
    if !all_opaque {
        notes.push(Note::AlphaOverWhite);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raster(is_colour: bool, extra: Extra, samples: Samples) -> Raster {
        let channels = if is_colour { 3 } else { 1 } + usize::from(extra != Extra::None);
        let length = match &samples {
            Samples::Eight(values) => values.len(),
            Samples::Sixteen(values) => values.len(),
            Samples::Floats(values) => values.len(),
        };
        Raster {
            width: length / channels,
            height: 1,
            is_colour,
            extra,
            white_is_zero: false,
            samples,
            notes: Vec::new(),
        }
    }

    fn grey(samples: Samples, range: Option<SampleRange>) -> (Vec<u8>, Vec<Note>) {
        let (pixels, notes) = raster(false, Extra::None, samples)
            .into_rgb8(Format::Tiff, range)
            .expect("numbers");
        let levels = pixels.data.chunks_exact(3).map(|pixel| pixel[0]).collect();
        (levels, notes)
    }

    fn range(high: f64) -> SampleRange {
        SampleRange { low: 0.0, high }
    }

    #[test]
    fn sixteen_bits_alone_are_scaled_by_their_own_full_scale() {
        for (values, high, levels) in [
            (vec![0, 257, 32_768, 65_535], 65_535.0, vec![0, 1, 128, 255]),
            (vec![0, 2048, 4095], 4095.0, vec![0, 128, 255]),
            (vec![0, 128, 255], 255.0, vec![0, 128, 255]),
        ] {
            let note = Note::SixteenBitScaled { range: range(high) };
            assert_eq!(grey(Samples::Sixteen(values), None), (levels, vec![note]));
        }
    }

    #[test]
    fn a_range_of_the_set_keeps_a_dark_picture_dark() {
        let (levels, notes) = grey(Samples::Sixteen(vec![0, 255, 4095]), Some(range(4095.0)));
        assert_eq!(levels, [0, 16, 255]);
        assert_eq!(
            notes[0].detail(),
            "16-bit samples 0 to 4095 are mapped to 0 to 255"
        );
        let (levels, notes) = grey(Samples::Floats(vec![-5.0, 1.0, 2.0, 9.0]), Some(range(2.0)));
        assert_eq!(levels, [0, 128, 255, 255]);
        assert_eq!(
            notes[0].detail(),
            "floating-point samples 0 to 2 are mapped to 0 to 255"
        );
    }

    #[test]
    fn what_is_no_number_is_refused_by_name() {
        for bad in [f32::NAN, f32::INFINITY] {
            let picture = raster(false, Extra::None, Samples::Floats(vec![0.5, bad]));
            let error = picture
                .into_rgb8(Format::Tiff, Some(range(1.0)))
                .expect_err("no level stands for it");
            assert!(error.detail().contains("NaN or infinite"), "{error}");
        }
    }

    #[test]
    fn alpha_shows_white_and_is_noted_only_where_it_is_used() {
        let rgba = |values: Vec<u8>, extra| {
            let (pixels, notes) = raster(true, extra, Samples::Eight(values))
                .into_rgb8(Format::Png, None)
                .expect("8 bits");
            (pixels.data, notes)
        };
        let (levels, notes) = rgba(vec![9, 9, 9, 0, 0, 100, 255, 128], Extra::Alpha);
        assert_eq!(levels, [255, 255, 255, 127, 177, 255]);
        assert_eq!(notes, [Note::AlphaOverWhite]);
        let opaque = rgba(vec![1, 2, 3, 255, 4, 5, 6, 255], Extra::Alpha);
        assert_eq!(opaque, (vec![1, 2, 3, 4, 5, 6], vec![]));
        let multiplied = rgba(vec![0, 50, 128, 128], Extra::PremultipliedAlpha);
        assert_eq!(multiplied.0, [127, 177, 255]);
    }

    #[test]
    fn transparency_does_not_take_part_in_the_extent() {
        let picture = raster(
            false,
            Extra::Alpha,
            Samples::Sixteen(vec![7, 65_535, 90, 0]),
        );
        let extent = picture
            .extent(Format::Png)
            .expect("integers")
            .expect("16 bits");
        assert_eq!((extent.least, extent.largest), (7.0, 90.0));
        assert!(!extent.is_float);
    }

    #[test]
    fn white_as_zero_is_turned_over_after_scaling() {
        let mut picture = raster(false, Extra::None, Samples::Sixteen(vec![0, 4095]));
        picture.white_is_zero = true;
        let (pixels, _) = picture.into_rgb8(Format::Tiff, None).expect("integers");
        assert_eq!(pixels.data, [255, 255, 255, 0, 0, 0]);
    }
}
