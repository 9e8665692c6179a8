//! What remains of several pixels: their mean or their largest.

use crate::bands::in_bands;
use crate::convolution::Slide;
use crate::size::Size;

/// The mean over all pixels.
///
/// # Shapes
/// `x` `[n, pixels, channels]`; `out` `[n, channels]`.
///
/// # Panics
/// If the lengths don't fit each other.
pub fn mean(x: &[f32], channels: usize, out: &mut [f32]) {
    let images = out.len() / channels;
    assert_eq!(x.len() % (images * channels), 0);
    let pixels = x.len() / out.len();
    for (image, out) in x
        .chunks_exact(pixels * channels)
        .zip(out.chunks_exact_mut(channels))
    {
        out.fill(0.0);
        for pixel in image.chunks_exact(channels) {
            for (sum, x) in out.iter_mut().zip(pixel) {
                *sum += x;
            }
        }
        for sum in out {
            *sum /= pixels as f32;
        }
    }
}

/// The largest number of each channel under a square that slides over the map; zeros around it never win.
///
/// # Shapes
/// `x` `[n, h, w, channels]`; `out` `[n, h', w', channels]` with [`Slide::after`].
///
/// # Panics
/// If the lengths don't fit each other.
pub fn max_pool(x: &[f32], size: Size, channels: usize, slide: Slide, out: &mut [f32]) {
    let after = slide.after(size);
    let image = size.pixels() * channels;
    assert_eq!(x.len() % image, 0, "whole images");
    assert_eq!(out.len(), x.len() / image * after.pixels() * channels);
    let (down, across) = slide.padding(size);
    // Places under the square, of which the map has those below its size.
    let under = |place: usize, before: usize, size: usize| {
        let first = place * slide.stride;
        first.saturating_sub(before)..(first + slide.kernel).saturating_sub(before).min(size)
    };
    in_bands(
        out,
        after.height,
        after.width * channels,
        |idx, lines, out| {
            let x = &x[idx * image..][..image];
            let places = lines.flat_map(|line| (0..after.width).map(move |column| (line, column)));
            for ((line, column), out) in places.zip(out.chunks_exact_mut(channels)) {
                out.fill(f32::NEG_INFINITY);
                for line in under(line, down.before, size.height) {
                    for column in under(column, across.before, size.width) {
                        let pixel = &x[(line * size.width + column) * channels..][..channels];
                        for (most, x) in out.iter_mut().zip(pixel) {
                            *most = if *x > *most { *x } else { *most };
                        }
                    }
                }
            }
        },
    );
}
