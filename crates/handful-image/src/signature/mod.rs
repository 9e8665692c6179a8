//! By what can two files be known as one photo, after cropping, resizing, recompressing, brightening or mirroring?
//!
//! Recipe: hashes and a thumbnail that are compared between all pairs of a set ([`Signature`]), and a small picture on
//! which the few that come near are laid over each other ([`Patch`]). Both look at the whole picture squashed to one
//! small grey square, so sizes don't matter and lengths are fixed.

mod hash;
mod patch;
mod plane;
mod vector;

use crate::pixels::Pixels;
use plane::Plane;

pub use hash::{N_WINDOWS, mirrored_spectrum};
pub use patch::{COLOURS_SIDE_PX, PATCH_SIDE_PX, Patch, aligned_patch};
pub use vector::SIGNATURE_LENGTH;

/// Side of [`Signature::thumbnail`], in pixels.
pub const THUMBNAIL_SIDE_PX: usize = 16;

/// Values of [`Signature::thumbnail`].
const THUMBNAIL_LENGTH: usize = THUMBNAIL_SIDE_PX * THUMBNAIL_SIDE_PX;

/// Pictures whose grey levels spread less than this (standard deviation, in levels of 255) are called flat: what is
/// left in them is noise, in which hashes see whatever they like. Recipe A9.
const FLAT_LEVELS: f32 = 8.0;

/// What is kept of a picture to find its near-duplicates.
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    /// Hash of the upright pixels and their size: equal for files that decode to the same picture.
    pub pixels: u128,
    /// Whether there is next to nothing to see; then only [`Signature::pixels`] means something.
    pub flat: bool,
    /// Difference hash: is each of 9 x 8 means brighter than its left neighbour?
    pub differences: u64,
    /// The same of the mirrored picture.
    pub mirrored_differences: u64,
    /// Signs of the low frequencies of the whole picture; [`mirrored_spectrum`] gives those of the mirrored one.
    pub spectrum: u64,
    /// The same of windows with 0.81 of each side, at the corners, edges and the centre, row by row: what a crop shows.
    pub windows: [u64; N_WINDOWS],
    /// Grey `[16, 16]`, mean 0 and norm 1; zeros where all levels are equal.
    pub thumbnail: [f32; THUMBNAIL_LENGTH],
}

impl Signature {
    /// The signature of an upright picture.
    pub fn of(image: &Pixels) -> Signature {
        let plane = Plane::of(image);
        let mirrored = plane.mirrored();
        Signature {
            pixels: hash::of_pixels(image),
            flat: plane.deviation() < FLAT_LEVELS,
            differences: hash::differences(&plane),
            mirrored_differences: hash::differences(&mirrored),
            spectrum: hash::spectrum(&plane),
            windows: hash::windows(&plane),
            thumbnail: plane.thumbnail(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, decode, encode_jpeg, resize};

    /// Soft blobs: a picture with a few large shapes, different for each `seed`.
    pub(super) fn blobs(width: usize, height: usize, seed: usize) -> Pixels {
        let mut image = Pixels::filled(width, height, [0, 0, 0]);
        for y in 0..height {
            for x in 0..width {
                let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
                let wave = |k: usize| {
                    let phase = ((seed * 7 + k * 13) % 17) as f32;
                    (u * (2.0 + (k * 3 % 7) as f32) + v * (3.0 + (k * 5 % 6) as f32) + phase).sin()
                };
                let level = 128.0 + 30.0 * (wave(1) + wave(2) + wave(3) + wave(4));
                image.data[(y * width + x) * 3..][..3].fill(level as u8);
            }
        }
        image
    }

    fn mirrored(image: &Pixels) -> Pixels {
        let mut out = image.clone();
        for y in 0..image.height {
            for x in 0..image.width {
                let pixel = image.pixel(image.width - 1 - x, y);
                out.data[(y * image.width + x) * 3..][..3].copy_from_slice(&pixel);
            }
        }
        out
    }

    fn correlation(a: &Signature, b: &Signature) -> f32 {
        a.thumbnail
            .iter()
            .zip(&b.thumbnail)
            .map(|(x, y)| x * y)
            .sum()
    }

    #[test]
    fn a_resized_recompressed_and_brightened_photo_stays_near_and_another_does_not() {
        let photo = Signature::of(&blobs(200, 150, 1));
        let mut small = resize(&blobs(200, 150, 1), 100, 75);
        small
            .data
            .iter_mut()
            .for_each(|v| *v = (f32::from(*v) * 1.2).min(255.0) as u8);
        let file = encode_jpeg(&small, 30);
        let copy = Signature::of(
            &decode(&file, &Limits::default())
                .expect("our own file")
                .pixels,
        );
        assert!((photo.differences ^ copy.differences).count_ones() <= 4);
        assert!((photo.spectrum ^ copy.spectrum).count_ones() <= 6);
        assert!(correlation(&photo, &copy) > 0.98);
        assert_ne!(photo.pixels, copy.pixels);
        let other = Signature::of(&blobs(200, 150, 5));
        assert!((photo.spectrum ^ other.spectrum).count_ones() > 10);
        assert!(correlation(&photo, &other) < 0.9);
    }

    #[test]
    fn the_mirrored_picture_has_the_mirrored_hashes() {
        let image = blobs(128, 128, 3);
        let (there, back) = (Signature::of(&image), Signature::of(&mirrored(&image)));
        assert_eq!(there.mirrored_differences, back.differences);
        assert_eq!(mirrored_spectrum(there.spectrum), back.spectrum);
        // The middle window mirrors onto itself, the left ones onto the right ones.
        assert_eq!(mirrored_spectrum(there.windows[4]), back.windows[4]);
        assert_eq!(mirrored_spectrum(there.windows[0]), back.windows[2]);
    }

    #[test]
    fn a_crop_is_near_to_a_window_of_its_picture() {
        let whole = blobs(160, 160, 2);
        let mut crop = Pixels::filled(128, 128, [0; 3]);
        for y in 0..128 {
            for x in 0..128 {
                crop.data[(y * 128 + x) * 3..][..3].copy_from_slice(&whole.pixel(x + 32, y));
            }
        }
        let (whole, crop) = (Signature::of(&whole), Signature::of(&crop));
        let upper_right = (whole.windows[2] ^ crop.spectrum).count_ones();
        assert!(upper_right <= 10, "{upper_right}");
    }

    #[test]
    fn only_pictures_with_something_in_them_are_not_flat() {
        assert!(Signature::of(&Pixels::filled(40, 30, [90, 90, 90])).flat);
        assert!(!Signature::of(&blobs(40, 30, 1)).flat);
        let one = Signature::of(&Pixels::filled(1, 1, [3, 4, 5]));
        assert!(one.thumbnail.iter().all(|v| *v == 0.0));
    }

    #[test]
    fn the_same_bytes_in_another_shape_are_other_pixels() {
        let wide = Signature::of(&Pixels::filled(4, 2, [1, 2, 3]));
        let tall = Signature::of(&Pixels::filled(2, 4, [1, 2, 3]));
        assert_ne!(wide.pixels, tall.pixels);
    }
}
