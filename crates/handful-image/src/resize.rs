//! How is a picture brought to another size without inventing or losing anything?
//!
//! Antialiased bilinear: a triangle filter whose width grows with the reduction, in both axes one after the other,
//! as Pillow's `BILINEAR`. Fixed-point weights differ, so values may differ by one level (golden test).

use crate::pixels::Pixels;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use std::cell::RefCell;

/// The whole picture at `width x height` pixels, whatever that does to its proportions.
///
/// A side of 0 is taken as 1.
pub fn resize(image: &Pixels, width: usize, height: usize) -> Pixels {
    let whole = Window {
        left: 0.0,
        top: 0.0,
        width: image.width as f64,
        height: image.height as f64,
    };
    resize_window(image, whole, width.max(1), height.max(1))
}

/// The picture with its longer side at most `max_side_px`, proportions kept, never enlarged.
pub fn thumbnail(image: &Pixels, max_side_px: usize) -> Pixels {
    let longer = image.width.max(image.height);
    if longer <= max_side_px {
        return image.clone();
    }
    let side = |pixels: usize| ((pixels * max_side_px) as f64 / longer as f64).round() as usize;
    resize(image, side(image.width), side(image.height))
}

/// A part of the picture at another size: `[left, top]` and `[width, height]` of the part in pixels of the picture, edges may lie
/// between them; `size` the columns and rows that it is brought to, 0 taken as 1. What lies beyond the picture is left out.
pub fn resize_part(image: &Pixels, start: [f64; 2], sides: [f64; 2], size: [usize; 2]) -> Pixels {
    let window = Window {
        left: start[0],
        top: start[1],
        width: sides[0],
        height: sides[1],
    };
    resize_window(image, window, size[0].max(1), size[1].max(1))
}

/// A rectangle of a picture, in its pixels; edges may lie between pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

/// What lies in `window`, at `width x height`. Pixels just outside the window take part at its edges, so that resizing a
/// window equals cutting it out of the resized whole.
pub(crate) fn resize_window(image: &Pixels, window: Window, width: usize, height: usize) -> Pixels {
    let side = |pixels: usize| u32::try_from(pixels).expect("a side fits 32 bits");
    let source = ImageRef::new(
        side(image.width),
        side(image.height),
        &image.data,
        PixelType::U8x3,
    )
    .expect("the data is as long as the size says");
    // Rounding must not push the window over the edge.
    let left = window.left.clamp(0.0, image.width as f64);
    let top = window.top.clamp(0.0, image.height as f64);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
        .crop(
            left,
            top,
            window.width.min(image.width as f64 - left),
            window.height.min(image.height as f64 - top),
        );
    let mut out = Image::new(side(width), side(height), PixelType::U8x3);
    RESIZER
        .with_borrow_mut(|resizer| resizer.resize(&source, &mut out, &options))
        .expect("pixel types are equal and the window lies inside");
    Pixels {
        width,
        height,
        data: out.into_vec(),
    }
}

thread_local! {
    /// Keeps its buffer between pictures; one a thread, so nothing is shared.
    static RESIZER: RefCell<Resizer> = RefCell::new(Resizer::new());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_size_is_the_same_picture() {
        let data = (0..9 * 7 * 3).map(|i| (i * 5 % 251) as u8).collect();
        let image = Pixels {
            width: 9,
            height: 7,
            data,
        };
        assert_eq!(resize(&image, 9, 7), image);
    }

    #[test]
    fn one_colour_stays_that_colour_at_any_size() {
        let image = Pixels::filled(37, 5, [3, 128, 254]);
        for (width, height) in [(1, 1), (64, 64), (5, 300), (36, 4)] {
            assert_eq!(
                resize(&image, width, height),
                Pixels::filled(width, height, [3, 128, 254])
            );
        }
    }

    #[test]
    fn a_side_of_16384_pixels_can_become_one() {
        let mut image = Pixels::filled(16_384, 1, [0, 0, 0]);
        image.data[..8192 * 3].fill(255);
        let middle = resize(&image, 1, 1).data[0];
        assert!(
            middle.abs_diff(127) <= 1,
            "half black, half white gives {middle}"
        );
    }

    #[test]
    fn thumbnails_keep_proportions_and_are_never_larger() {
        let sizes = |width, height, max| {
            let small = thumbnail(&Pixels::filled(width, height, [1, 2, 3]), max);
            (small.width, small.height)
        };
        assert_eq!(sizes(400, 300, 100), (100, 75));
        assert_eq!(sizes(30, 20, 100), (30, 20));
        assert_eq!(sizes(16_000, 2, 100), (100, 1));
    }
}
