//! What exactly does a network get to see of a picture: which part, at which size, on which scale?
//!
//! Geometries follow torchvision and Pillow to the pixel, so that weights trained there see here what they saw there
//! (golden tests).

use crate::error::ImageError;
use crate::pixels::Pixels;
use crate::resize::{Window, resize, resize_window};
use serde::{Deserialize, Serialize};

/// The largest input side that a record may ask for, in pixels; far above any backbone, far below trouble.
pub const MAX_SIZE_PX: usize = 4096;

/// Mid-grey, what `pad` surrounds a picture with.
const PAD_COLOUR: [u8; 3] = [127; 3];

/// How a picture of any proportions becomes a square.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Geometry {
    /// The shorter side is brought to the size, then the middle square is taken (torchvision's `Resize` and
    /// `CenterCrop`). What lies further out is lost.
    CenterCrop,
    /// Both sides are brought to the size. Nothing is lost, proportions are.
    Squash,
    /// The longer side is brought to the size, the rest is mid-grey (Pillow's `ImageOps.pad`). Nothing is lost, detail is.
    Pad,
}

/// How pixels are averaged when the size changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filter {
    /// A triangle as wide as the reduction asks for: Pillow's `BILINEAR`.
    BilinearAntialias,
}

/// From pixels to what a network gets; kept in bundles and in the cache's keys.
///
/// # Example
/// ```
/// use handful_image::{Filter, Geometry, Pixels, Preprocessing};
/// let preprocessing = Preprocessing {
///     geometry: Geometry::CenterCrop,
///     size_px: 32,
///     filter: Filter::BilinearAntialias,
///     scale: 1.0 / 255.0,
///     mean: [0.5; 3],
///     std: [0.5; 3],
/// };
/// let small = preprocessing.prepare(&Pixels::filled(80, 60, [255, 0, 0]));
/// let mut input = vec![0.0; 3 * 32 * 32];
/// preprocessing.normalise_into(&small, &mut input);
/// assert_eq!(input[..3], [1.0, -1.0, -1.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocessing {
    /// Which part of the picture.
    pub geometry: Geometry,
    /// Side of the square, 1 to [`MAX_SIZE_PX`] pixels.
    pub size_px: usize,
    /// How pixels are averaged.
    pub filter: Filter,
    /// Factor on the 8-bit values before the mean is taken off; usually 1/255.
    pub scale: f32,
    /// Taken off after scaling; red, green, blue.
    pub mean: [f32; 3],
    /// Divides what remains; red, green, blue; none is 0.
    pub std: [f32; 3],
}

impl Preprocessing {
    /// Compares every field with its range; call it once on a record from outside.
    ///
    /// # Errors
    /// [`ImageError::Setting`] with the first field that can't be used.
    pub fn check(&self) -> Result<(), ImageError> {
        let refuse = |name, found: String, advice| {
            Err(ImageError::Setting {
                name,
                found,
                advice,
            })
        };
        if self.size_px == 0 || self.size_px > MAX_SIZE_PX {
            return refuse(
                "size_px",
                self.size_px.to_string(),
                "write a number of pixels, 1 to 4096",
            );
        }
        if !self.scale.is_normal() {
            return refuse(
                "scale",
                self.scale.to_string(),
                "write a finite number other than 0, usually 1/255",
            );
        }
        if let Some(mean) = self.mean.iter().find(|mean| !mean.is_finite()) {
            return refuse("mean", mean.to_string(), "write three finite numbers");
        }
        if let Some(std) = self.std.iter().find(|std| !std.is_normal()) {
            return refuse(
                "std",
                std.to_string(),
                "write three finite numbers other than 0",
            );
        }
        Ok(())
    }

    /// The square that the network gets, still as pixels: `size_px x size_px`.
    pub fn prepare(&self, image: &Pixels) -> Pixels {
        let Filter::BilinearAntialias = self.filter;
        let size = self.size_px;
        match self.geometry {
            Geometry::CenterCrop => center_crop(image, size),
            Geometry::Squash => resize(image, size, size),
            Geometry::Pad => pad(image, size),
        }
    }

    /// Writes `(value * scale - mean) / std` of each pixel to `out`.
    ///
    /// # Shapes
    /// `image` and `out` `[h, w, 3]`.
    ///
    /// # Panics
    /// When `out` isn't as long as the image's data.
    pub fn normalise_into(&self, image: &Pixels, out: &mut [f32]) {
        assert_eq!(
            out.len(),
            image.data.len(),
            "one number a channel and pixel"
        );
        // 256 values a channel: looking them up costs no division and gives the same bits.
        let tables: [[f32; 256]; 3] = std::array::from_fn(|channel| {
            std::array::from_fn(|value| {
                (value as f32 * self.scale - self.mean[channel]) / self.std[channel]
            })
        });
        let pixels = image.data.as_chunks::<3>().0;
        for (values, pixel) in out.as_chunks_mut::<3>().0.iter_mut().zip(pixels) {
            *values = std::array::from_fn(|channel| tables[channel][usize::from(pixel[channel])]);
        }
    }
}

/// Only the pixels that survive the crop are computed: the square is traced back into the picture.
fn center_crop(image: &Pixels, size: usize) -> Pixels {
    let across = Crop::of(image.width, image.height, size);
    let down = Crop::of(image.height, image.width, size);
    let window = Window {
        left: across.start,
        top: down.start,
        width: across.length,
        height: down.length,
    };
    resize_window(image, window, size, size)
}

/// One axis of the middle square, in pixels of the picture.
struct Crop {
    start: f64,
    length: f64,
}

impl Crop {
    /// `side` is this axis, `other` the other one. The resized axis has `size` pixels if it is the shorter one, else
    /// `floor(size * side / other)`; the crop starts at half the excess, a half rounded to the even number.
    fn of(side: usize, other: usize, size: usize) -> Crop {
        let resized = if side <= other {
            size
        } else {
            size * side / other
        };
        let offset = ((resized - size) as f64 / 2.0).round_ties_even();
        let pixels_a_step = side as f64 / resized as f64;
        Crop {
            start: offset * pixels_a_step,
            length: size as f64 * pixels_a_step,
        }
    }
}

fn pad(image: &Pixels, size: usize) -> Pixels {
    let (w, h) = (image.width, image.height);
    let shorter = |side: usize, longer: usize| {
        ((side as f64 / longer as f64 * size as f64).round_ties_even() as usize).clamp(1, size)
    };
    let (width, height) = if w >= h {
        (size, shorter(h, w))
    } else {
        (shorter(w, h), size)
    };
    let small = resize(image, width, height);
    if (width, height) == (size, size) {
        return small;
    }
    let half = |excess: usize| (excess as f64 / 2.0).round_ties_even() as usize;
    let (left, top) = (half(size - width), half(size - height));
    let mut out = Pixels::filled(size, size, PAD_COLOUR);
    for (y, row) in small.data.chunks_exact(width * 3).enumerate() {
        let start = ((top + y) * size + left) * 3;
        out.data[start..start + row.len()].copy_from_slice(row);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(geometry: Geometry, size_px: usize) -> Preprocessing {
        Preprocessing {
            geometry,
            size_px,
            filter: Filter::BilinearAntialias,
            scale: 1.0 / 255.0,
            mean: [0.485, 0.456, 0.406],
            std: [0.229, 0.224, 0.225],
        }
    }

    fn noise(width: usize, height: usize) -> Pixels {
        let mut state = 1_u32;
        let data = (0..width * height * 3)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        Pixels {
            width,
            height,
            data,
        }
    }

    #[test]
    fn the_crop_is_the_middle_of_the_resized_whole() {
        // Positions differ in the last bit of an f64, which can tip the rounding of a fixed-point weight.
        const LEVELS: u8 = 1;
        for (width, height) in [(90, 61), (61, 90), (200, 20), (33, 32)] {
            let image = noise(width, height);
            let size = 32;
            let cropped = setting(Geometry::CenterCrop, size).prepare(&image);
            let shorter = width.min(height);
            let whole = resize(&image, size * width / shorter, size * height / shorter);
            let half = |side: usize| ((side - size) as f64 / 2.0).round_ties_even() as usize;
            let (left, top) = (half(whole.width), half(whole.height));
            for y in 0..size {
                for x in 0..size {
                    let (is, should) = (cropped.pixel(x, y), whole.pixel(left + x, top + y));
                    assert!(
                        (0..3).all(|c| is[c].abs_diff(should[c]) <= LEVELS),
                        "{width}x{height} at {x},{y}"
                    );
                }
            }
        }
    }

    #[test]
    fn padding_surrounds_a_wide_picture_above_and_below() {
        let out = setting(Geometry::Pad, 40).prepare(&Pixels::filled(80, 20, [200, 0, 0]));
        assert_eq!(
            [out.pixel(0, 14), out.pixel(0, 15)],
            [[127; 3], [200, 0, 0]]
        );
        assert_eq!(
            [out.pixel(39, 24), out.pixel(39, 25)],
            [[200, 0, 0], [127; 3]]
        );
    }

    #[test]
    fn normalising_gives_standard_scores() {
        let preprocessing = setting(Geometry::Squash, 2);
        let image = Pixels {
            width: 2,
            height: 1,
            data: vec![0, 128, 255, 10, 20, 30],
        };
        let mut out = [0.0; 6];
        preprocessing.normalise_into(&image, &mut out);
        let score = |value: u8, c: usize| {
            (f32::from(value) * preprocessing.scale - preprocessing.mean[c]) / preprocessing.std[c]
        };
        let expected = [
            score(0, 0),
            score(128, 1),
            score(255, 2),
            score(10, 0),
            score(20, 1),
            score(30, 2),
        ];
        assert_eq!(out, expected);
    }

    #[test]
    fn a_record_survives_json_and_unknown_keys_are_refused() {
        let record = setting(Geometry::CenterCrop, 224);
        let text = serde_json::to_string(&record).expect("plain data");
        assert!(
            text.contains("\"center-crop\"") && text.contains("\"bilinear-antialias\""),
            "{text}"
        );
        assert_eq!(
            serde_json::from_str::<Preprocessing>(&text).expect("its own text"),
            record
        );
        let more = text.replacen('{', "{\"crop_pct\":0.875,", 1);
        assert!(serde_json::from_str::<Preprocessing>(&more).is_err());
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let good = setting(Geometry::Pad, 64);
        assert_eq!(good.check(), Ok(()));
        let bad = [
            ("size_px", Preprocessing { size_px: 0, ..good }),
            (
                "size_px",
                Preprocessing {
                    size_px: MAX_SIZE_PX + 1,
                    ..good
                },
            ),
            (
                "scale",
                Preprocessing {
                    scale: f32::NAN,
                    ..good
                },
            ),
            (
                "mean",
                Preprocessing {
                    mean: [0.0, f32::INFINITY, 0.0],
                    ..good
                },
            ),
            (
                "std",
                Preprocessing {
                    std: [1.0, 1.0, 0.0],
                    ..good
                },
            ),
        ];
        for (field, record) in bad {
            assert!(
                matches!(record.check(), Err(ImageError::Setting { name, .. }) if name == field)
            );
        }
    }
}
