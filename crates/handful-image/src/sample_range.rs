//! Which raw values of a deep picture are black and white?
//!
//! 16 bits and floating point say how values are stored, not which of them a camera or microscope uses: 0 to 4095 in a
//! 16-bit file shows a black picture when 65,535 is white. A range of its own for each picture would show something, and
//! make the pictures of one data set incomparable: a dark specimen would look like a bright one. So there is one range
//! for a set, made from the extents of all its pictures, and it is stated.

use crate::error::ImageError;
use serde::{Deserialize, Serialize};

/// The largest values of 8, 10, 12, 14 and 16 bits: what converters in cameras and microscopes deliver.
const FULL_SCALES: [f64; 5] = [255.0, 1023.0, 4095.0, 16_383.0, 65_535.0];

/// The raw sample values that become 0 and 255; what lies between is mapped linearly, what lies outside is cut off.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleRange {
    /// Becomes 0.
    pub low: f64,
    /// Becomes 255; larger than `low`.
    pub high: f64,
}

/// The least and the largest sample of one deep picture, transparency left out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleExtent {
    /// The least sample; finite.
    pub least: f64,
    /// The largest sample; finite.
    pub largest: f64,
    /// Floating point rather than unsigned integers of 16 bits.
    pub is_float: bool,
}

impl SampleRange {
    /// The one range of a data set; `None` when it has no deep picture.
    ///
    /// Integers: 0 to the least of 255, 1023, 4095, 16383 and 65535 that holds the largest sample of all. Floating point:
    /// 0 to 1 if all samples lie there, else the least to the largest sample of all.
    ///
    /// # Errors
    /// [`ImageError::Unsupported`] when integers and floating point are mixed, for which no range is right.
    pub fn of_set(extents: &[SampleExtent]) -> Result<Option<SampleRange>, ImageError> {
        let Some(first) = extents.first() else {
            return Ok(None);
        };
        if extents.iter().any(|e| e.is_float != first.is_float) {
            return Err(ImageError::Unsupported {
                format: "a set of pictures in which 16-bit and floating-point samples are mixed"
                    .to_owned(),
                advice: "save all of them as 16-bit PNG or TIFF, scaled the same way",
            });
        }
        let least = extents.iter().fold(f64::INFINITY, |a, e| a.min(e.least));
        let largest = extents
            .iter()
            .fold(f64::NEG_INFINITY, |a, e| a.max(e.largest));
        Ok(Some(if first.is_float {
            float_range(least, largest)
        } else {
            let full = FULL_SCALES.into_iter().find(|full| largest <= *full);
            SampleRange {
                low: 0.0,
                high: full.unwrap_or(FULL_SCALES[4]),
            }
        }))
    }

    /// Can values be mapped by this range?
    ///
    /// # Errors
    /// [`ImageError::Setting`] when a bound isn't finite or `high` isn't larger than `low`.
    pub fn check(&self) -> Result<(), ImageError> {
        if self.low.is_finite() && self.high.is_finite() && self.low < self.high {
            return Ok(());
        }
        Err(ImageError::Setting {
            name: "sample_range",
            found: format!("{} to {}", self.low, self.high),
            advice: "write two finite numbers, the larger one as `high`",
        })
    }

    /// The level 0 to 255 of a raw value: `round(255 (value - low) / (high - low))`.
    pub(crate) fn level(&self, value: f64) -> u8 {
        let level = (value - self.low) * 255.0 / (self.high - self.low) + 0.5;
        // Casting cuts off at 0 and 255.
        level.floor() as u8
    }

    /// `0 to 4095`. As f32, because no sample is kept more exactly, and 0.1 should read so.
    pub(crate) fn words(&self) -> String {
        format!("{} to {}", self.low as f32, self.high as f32)
    }
}

fn float_range(least: f64, largest: f64) -> SampleRange {
    if least >= 0.0 && largest <= 1.0 {
        return SampleRange {
            low: 0.0,
            high: 1.0,
        };
    }
    // A set of one value needs some width; which one doesn't matter.
    let high = if least < largest {
        largest
    } else {
        least + least.abs()
    };
    SampleRange { low: least, high }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(least: f64, largest: f64, is_float: bool) -> SampleExtent {
        SampleExtent {
            least,
            largest,
            is_float,
        }
    }

    fn range(extents: &[SampleExtent]) -> (f64, f64) {
        let range = SampleRange::of_set(extents)
            .expect("one kind of samples")
            .expect("deep pictures");
        assert_eq!(range.check(), Ok(()));
        (range.low, range.high)
    }

    #[test]
    fn the_brightest_picture_of_a_set_decides_on_its_full_scale() {
        let set = [extent(3.0, 80.0, false), extent(100.0, 2000.0, false)];
        assert_eq!(range(&set[..1]), (0.0, 255.0));
        assert_eq!(range(&set), (0.0, 4095.0));
        for (largest, full) in [(255.0, 255.0), (256.0, 1023.0), (65_535.0, 65_535.0)] {
            assert_eq!(range(&[extent(0.0, largest, false)]), (0.0, full));
        }
    }

    #[test]
    fn floating_point_is_0_to_1_or_what_occurs() {
        assert_eq!(range(&[extent(0.2, 0.7, true)]), (0.0, 1.0));
        let wide = [extent(-3.0, 0.5, true), extent(0.0, 900.0, true)];
        assert_eq!(range(&wide), (-3.0, 900.0));
        for value in [7.0, -7.0, 3e30] {
            assert_eq!(range(&[extent(value, value, true)]).0, value);
        }
    }

    #[test]
    fn nothing_deep_needs_no_range_and_a_mixture_has_none() {
        assert_eq!(SampleRange::of_set(&[]), Ok(None));
        let mixed = [extent(0.0, 1.0, true), extent(0.0, 900.0, false)];
        let error = SampleRange::of_set(&mixed).expect_err("no range is right for both");
        assert!(error.detail().contains("mixed"), "{error}");
    }

    #[test]
    fn levels_are_rounded_and_cut_off_at_both_ends() {
        let range = SampleRange {
            low: -1.0,
            high: 1.0,
        };
        let levels = [-9.0, -1.0, 0.0, 1.0, 9.0].map(|value| range.level(value));
        assert_eq!(levels, [0, 0, 128, 255, 255]);
        assert!(
            SampleRange {
                low: 1.0,
                high: 1.0
            }
            .check()
            .is_err()
        );
    }
}
