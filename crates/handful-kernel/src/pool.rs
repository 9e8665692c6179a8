//! What remains of several pixels: their mean or their largest.

use std::ops::Range;

use rayon::prelude::*;

use crate::bands::in_bands;
use crate::buffer::Buffer;
use crate::element::Element;
use crate::fit::{assert_holds, image_len, images};
use crate::largest::Largest;
use crate::padding::Padding;
use crate::simd::Isa;
use crate::size::Size;
use crate::slide::Slide;

/// The mean over all pixels.
///
/// # Shapes
/// `x` `[n, h, w, channels]`; `out` `[n, channels]`.
///
/// # Panics
/// If the lengths don't fit each other.
pub fn mean<E: Element>(x: &[E], size: Size, channels: usize, out: &mut [f32]) {
    let image = image_len(size, channels);
    assert_holds(out, images(x, image), channels);
    for (image, out) in x.chunks_exact(image).zip(out.chunks_exact_mut(channels)) {
        out.fill(0.0);
        add_pixels(image, out);
        for sum in out {
            *sum /= size.pixels() as f32;
        }
    }
}

/// Adds each pixel of a map to `sums`, `[channels]`, one after the other.
pub(crate) fn add_pixels<E: Element>(map: &[E], sums: &mut [f32]) {
    for pixel in map.chunks_exact(sums.len()) {
        for (sum, x) in sums.iter_mut().zip(pixel) {
            *sum += x.to_f32();
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
pub fn max_pool<E: Element>(x: &[E], size: Size, channels: usize, slide: Slide, out: &mut [E]) {
    let after = slide.after(size);
    let image = image_len(size, channels);
    assert_holds(out, images(x, image), image_len(after, channels));
    let (down, across) = square_padding(slide, size);
    let under = |place, padding, size| under(slide, place, padding, size);
    in_bands(
        out,
        after.height,
        after.width * channels,
        |idx, lines, out| {
            let x = &x[idx * image..][..image];
            let places = lines.flat_map(|line| (0..after.width).map(move |column| (line, column)));
            for ((line, column), out) in places.zip(out.chunks_exact_mut(channels)) {
                out.fill(E::from_f32(f32::NEG_INFINITY));
                for line in under(line, down, size.height) {
                    for column in under(column, across, size.width) {
                        let pixel = &x[(line * size.width + column) * channels..][..channels];
                        for (most, x) in out.iter_mut().zip(pixel) {
                            // What is no number stays one.
                            let (number, so_far) = (x.to_f32(), most.to_f32());
                            *most = match number > so_far || number.is_nan() {
                                true => *x,
                                false => *most,
                            };
                        }
                    }
                }
            }
        },
    );
}

/// The gradient of what [`max_pool`] was given: a place that was the largest of its square, the first of equals, gets the square's.
///
/// # Shapes
/// `x` and `out` `[n, h, w, channels]`; `gradient` `[n, h', w', channels]`.
///
/// # Panics
/// As [`max_pool`].
pub fn max_pool_gradient<E: Element>(
    x: &[E],
    size: Size,
    channels: usize,
    slide: Slide,
    gradient: &[E],
    out: &mut [E],
) {
    let after = slide.after(size);
    let (image, image_after) = (image_len(size, channels), image_len(after, channels));
    let n = images(x, image);
    assert_holds(gradient, n, image_after);
    assert_holds(out, n, image);
    let (down, across) = square_padding(slide, size);
    let isa = Isa::best();
    let images = x
        .par_chunks_exact(image)
        .zip(gradient.par_chunks_exact(image_after));
    // Squares overlap: an image is one piece of work.
    (images.zip(out.par_chunks_exact_mut(image))).for_each(|((x, gradient), out)| {
        // Squares overlap: what they add up to is rounded once.
        let mut sums = Buffer::<f32>::new(image);
        sums.fill(0.0);
        let mut starts = Vec::with_capacity(slide.kernel * slide.kernel);
        for (place, gradient) in gradient.chunks_exact(channels).enumerate() {
            starts.clear();
            for line in under(slide, place / after.width, down, size.height) {
                let columns = under(slide, place % after.width, across, size.width);
                starts.extend(columns.map(|column| (line * size.width + column) * channels));
            }
            let square = Largest {
                x,
                starts: &starts,
                gradient,
                sums: sums.as_mut_ptr(),
            };
            // SAFETY: whole pixels start there, in the map and in the sums, and the machine has the instructions, since there is an Isa of
            // them.
            unsafe { (E::loops(isa).largest)(&square) };
        }
        for (out, sum) in out.iter_mut().zip(&sums[..]) {
            *out = E::from_f32(*sum);
        }
    });
}

/// Zeros around a map over which a square slides.
///
/// # Panics
/// If a square could lie outside the map.
fn square_padding(slide: Slide, size: Size) -> (Padding, Padding) {
    let (down, across) = slide.padding(size);
    let most_around = [down.before, down.behind, across.before, across.behind];
    assert!(
        most_around.iter().all(|zeros| *zeros < slide.kernel),
        "every square of {slide:?} has something of the map"
    );
    (down, across)
}

/// Places under a square, of which the map has those below its size.
fn under(slide: Slide, place: usize, padding: Padding, size: usize) -> Range<usize> {
    let first = place * slide.stride;
    let end = (first + slide.kernel).saturating_sub(padding.before);
    first.saturating_sub(padding.before)..end.min(size)
}
