//! What can be said of a picture without a network? The features of the control classifiers.
//!
//! A backbone that doesn't beat these has learnt nothing that edges and colours don't show. Both descriptors look at
//! the picture squashed to one small square, so their lengths are fixed.

mod colour;
mod gradient;

use crate::pixels::Pixels;
use crate::resize::resize;
use std::borrow::Cow;

/// Side of the square that both descriptors look at, in pixels.
pub const DESCRIPTOR_SIDE_PX: usize = 64;

/// Length of [`hog`]: 7 x 7 blocks of 2 x 2 cells of 9 orientations.
pub const HOG_LENGTH: usize = gradient::LENGTH;

/// Length of [`colour_histogram`]: 8 hues x 4 saturations x 4 values.
pub const COLOUR_LENGTH: usize = colour::LENGTH;

/// Length of [`controls`].
pub const CONTROLS_LENGTH: usize = HOG_LENGTH + COLOUR_LENGTH;

/// Histogram of oriented gradients: where edges are, and how they run.
///
/// Returns [`HOG_LENGTH`] numbers in 0..=1: block row, block column, cell row, cell column, orientation. A picture of
/// one colour gives zeros. Equals scikit-image's `hog(square, channel_axis=-1)` with 9 orientations, 8 x 8 pixels a
/// cell, 2 x 2 cells a block and `L2-Hys` on the same 64 x 64 square (golden test), so anyone can repeat the control.
///
/// # Source
/// N. Dalal and B. Triggs, CVPR 2005, 886-893. As in scikit-image, a pixel votes for one orientation and one cell;
/// the paper shares votes between neighbours.
pub fn hog(image: &Pixels) -> Vec<f32> {
    gradient::describe(&square(image))
}

/// Joint histogram of hue, saturation and value: which colours there are, and how much of each.
///
/// Returns [`COLOUR_LENGTH`] numbers in 0..=1, the square roots of shares, so that their squares sum to 1 and a Euclidean
/// distance is a Hellinger distance.
pub fn colour_histogram(image: &Pixels) -> Vec<f32> {
    colour::describe(&square(image))
}

/// [`hog`] and then [`colour_histogram`]: [`CONTROLS_LENGTH`] numbers.
pub fn controls(image: &Pixels) -> Vec<f32> {
    let square = square(image);
    let mut features = gradient::describe(&square);
    features.extend(colour::describe(&square));
    features
}

fn square(image: &Pixels) -> Cow<'_, Pixels> {
    if (image.width, image.height) == (DESCRIPTOR_SIDE_PX, DESCRIPTOR_SIDE_PX) {
        Cow::Borrowed(image)
    } else {
        Cow::Owned(resize(image, DESCRIPTOR_SIDE_PX, DESCRIPTOR_SIDE_PX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_as_published_for_any_picture() {
        for (width, height) in [(1, 1), (64, 64), (300, 2)] {
            let image = Pixels::filled(width, height, [10, 200, 30]);
            assert_eq!(hog(&image).len(), 1764);
            assert_eq!(colour_histogram(&image).len(), 128);
            assert_eq!(
                controls(&image),
                [hog(&image), colour_histogram(&image)].concat()
            );
        }
    }
}
