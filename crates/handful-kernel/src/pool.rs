//! What remains of several pixels: their mean or their largest.

use crate::bands::in_bands;
use crate::fit::{assert_holds, image_len, images};
use crate::size::Size;
use crate::slide::Slide;

/// The mean over all pixels.
///
/// # Shapes
/// `x` `[n, h, w, channels]`; `out` `[n, channels]`.
///
/// # Panics
/// If the lengths don't fit each other.
pub fn mean(x: &[f32], size: Size, channels: usize, out: &mut [f32]) {
    let image = image_len(size, channels);
    assert_holds(out, images(x, image), channels);
    for (image, out) in x.chunks_exact(image).zip(out.chunks_exact_mut(channels)) {
        out.fill(0.0);
        for pixel in image.chunks_exact(channels) {
            for (sum, x) in out.iter_mut().zip(pixel) {
                *sum += x;
            }
        }
        for sum in out {
            *sum /= size.pixels() as f32;
        }
    }
}

/// The largest number of each channel under a square that slides over the map; what is around the map never counts.
///
/// # Shapes
/// `x` `[n, h, w, channels]`; `out` `[n, h', w', channels]` with [`Slide::after`].
///
/// # Panics
/// If the lengths don't fit each other, or a square could lie outside the map.
pub fn max_pool(x: &[f32], size: Size, channels: usize, slide: Slide, out: &mut [f32]) {
    let after = slide.after(size);
    let image = image_len(size, channels);
    assert_holds(out, images(x, image), image_len(after, channels));
    let (down, across) = slide.padding(size);
    let most_around = [down.before, down.behind, across.before, across.behind];
    assert!(
        most_around.iter().all(|zeros| *zeros < slide.kernel),
        "every square of {slide:?} has something of the map"
    );
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
                            // What is no number stays one.
                            *most = if *x > *most || x.is_nan() { *x } else { *most };
                        }
                    }
                }
            }
        },
    );
}
