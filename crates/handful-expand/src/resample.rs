//! What does a picture look like through a warp? One pass, whatever the warp is made of.

use std::cell::RefCell;

use handful_image::{Pixels, resize_part};
use serde::{Deserialize, Serialize};

use crate::border::Border;
use crate::matrix::Matrix;
use crate::warp::Warp;
use crate::wide::wide;

/// How a value between pixels is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// From the four pixels around it; antialiased where a window is only enlarged or reduced.
    #[default]
    Bilinear,
    /// From the nearest pixel.
    Nearest,
}

/// Bits of a position between two pixels; OpenCV has 5.
const BETWEEN_BITS: u32 = 6;
/// One pixel in such parts.
const PARTS: u32 = 1 << BETWEEN_BITS;
/// Longest side of a picture that is looked at between its pixels: positions in parts of a pixel are exact in `f32` up to here.
const MOST_SIDE_PX: usize = (1 << (f32::MANTISSA_DIGITS - 1)) / PARTS as usize - 4;

/// A view of the picture, `width x height`.
///
/// # Panics
/// When a side is 0, or one of the picture is above 131,000.
pub fn resample(
    image: &Pixels,
    warp: &Warp,
    [width, height]: [usize; 2],
    border: Border,
    interpolation: Interpolation,
) -> Pixels {
    assert!(width > 0 && height > 0, "a view has pixels");
    let size = [image.width, image.height];
    if warp.is_identity() && size == [width, height] {
        return image.clone();
    }
    if interpolation == Interpolation::Nearest {
        let fill = border.fill(image);
        let pixels = image.data.as_chunks::<3>().0;
        let seen = nearest(warp, size, [width, height], border, pixels, fill);
        return Pixels {
            width,
            height,
            data: seen.into_flattened(),
        };
    }
    if let Some(matrix) = warp.as_matrix() {
        if let Some(turned) = turned(image, &matrix, [width, height]) {
            return turned;
        }
        if let Some(part) = window(image, &matrix, [width, height]) {
            return part;
        }
    }
    assert!(
        size.iter().all(|&side| side <= MOST_SIDE_PX),
        "a picture's sides are below 131,000"
    );
    WORDS.with_borrow_mut(|words| {
        spread(image, word(border.fill(image)), words);
        between(words, size, warp, [width, height], border)
    })
}

thread_local! {
    /// A word a pixel; one buffer a thread, so that no picture waits for memory.
    static WORDS: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// Three channels in one word, which is loaded at once.
#[inline(always)]
fn word([r, g, b]: [u8; 3]) -> u32 {
    u32::from_le_bytes([r, g, b, 0])
}

/// The words of a picture with one more on its left and upper side and two more on the others: positions that [`fold`] has been at have
/// four pixels around them.
fn spread(image: &Pixels, margin: u32, words: &mut Vec<u32>) {
    let stride = stride(image.width);
    words.clear();
    words.reserve(stride * (image.height + 3));
    words.extend(std::iter::repeat_n(margin, stride + 1));
    let pixels = image.data.as_chunks::<3>().0;
    for row in pixels.chunks_exact(image.width) {
        words.extend(row.iter().map(|&p| word(p)));
        words.extend([margin; 3]);
    }
    words.extend(std::iter::repeat_n(margin, 2 * stride - 1));
}

/// Words from one row to the next.
fn stride(width: usize) -> usize {
    width + 3
}

/// From a pixel of the view to the place in the picture that its warp starts from.
#[derive(Clone, Copy)]
struct Stretch {
    step: [f64; 2],
    start: [f64; 2],
}

impl Stretch {
    fn new(of: [usize; 2], view: [usize; 2]) -> Stretch {
        let step = [0, 1].map(|axis| of[axis] as f64 / view[axis] as f64);
        Stretch {
            step,
            start: [0, 1].map(|axis| 0.5 * step[axis] - of[axis] as f64 / 2.0),
        }
    }

    fn matrix(&self) -> Matrix {
        // In pixels of the view, from the middle of its first one.
        Matrix::affine(
            [self.step[0], 0.0, self.start[0]],
            [0.0, self.step[1], self.start[1]],
        )
    }
}

/// Brings positions along a side, 0 being the middle of its first pixel, to where they are in the picture with its margin: 0 to `side + 1`,
/// of which the picture has 1 to `side`.
///
/// Mirroring a position is the same as mirroring what lies around it, because the mirror stands in the middle of a pixel; so no pixel of a
/// view is a special case. NaN, from the horizon of a perspective, goes to an end.
#[inline(always)]
fn fold(positions: &mut [f32], side: usize, border: Border) {
    let last = side as f32 - 1.0;
    match border {
        Border::Reflect if side == 1 => positions.fill(1.0),
        Border::Reflect => {
            let period = 2.0 * last;
            let share = 1.0 / period;
            for position in positions {
                let p = position.abs();
                let p = p - period * (p * share).floor();
                *position = within(smaller(p, period - p), 0.0, last) + 1.0;
            }
        }
        Border::Edge => {
            for position in positions {
                *position = within(*position, 0.0, last) + 1.0;
            }
        }
        Border::Mean | Border::Colour(_) => {
            for position in positions {
                *position = within(*position, -1.0, last + 1.0) + 1.0;
            }
        }
    }
}

/// The smaller one; unlike `f32::min` one instruction, because NaN is nobody's case.
#[inline(always)]
fn smaller(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// Kept between two ends; NaN becomes the low one, and that is cheaper than `f32::clamp`.
#[inline(always)]
fn within(v: f32, low: f32, high: f32) -> f32 {
    smaller(if v > low { v } else { low }, high)
}

/// A number from 0 to 2²³, rounded to a whole one: 2²³ is added and what is behind the point falls off. `as u32` takes four times as long.
#[inline(always)]
fn whole(v: f32) -> u32 {
    const MAGIC: f32 = (1u32 << 23) as f32;
    (v + MAGIC).to_bits() & 0x7f_ffff
}

/// A view of nearest pixels, of anything that pixels have; `outside` lies beyond the edge where the border is a colour.
pub(crate) fn nearest<T: Copy>(
    warp: &Warp,
    of: [usize; 2],
    view: [usize; 2],
    border: Border,
    pixels: &[T],
    outside: T,
) -> Vec<T> {
    let middle = of.map(|side| side as f64 / 2.0 - 0.5);
    let rows = warp.rows(Stretch::new(of, view).matrix(), middle, view[0]);
    let (mut across, mut down) = (vec![0.0f32; view[0]], vec![0.0f32; view[0]]);
    let mut places = vec![0u32; view[0]];
    let mut seen = Vec::with_capacity(view[0] * view[1]);
    let is_seen = |i: u32, side: usize| i.wrapping_sub(1) < side as u32;
    for y in 0..view[1] {
        rows.row(y, &mut across, &mut down);
        wide!(|| {
            for position in across.iter_mut().chain(&mut down) {
                *position = (*position + 0.5).floor();
            }
            fold(&mut across, of[0], border);
            fold(&mut down, of[1], border);
            for (place, (&x, &y)) in places.iter_mut().zip(across.iter().zip(&down)) {
                let (x, y) = (whole(x), whole(y));
                let inside =
                    (y.wrapping_sub(1).wrapping_mul(of[0] as u32)).wrapping_add(x.wrapping_sub(1));
                // No picture has so many pixels.
                *place = if is_seen(x, of[0]) & is_seen(y, of[1]) {
                    inside
                } else {
                    u32::MAX
                };
            }
        });
        let of_place = |&place: &u32| pixels.get(place as usize).copied().unwrap_or(outside);
        seen.extend(places.iter().map(of_place));
    }
    seen
}

/// Mirror images and quarter turns of a picture are its own pixels in another order.
fn turned(image: &Pixels, matrix: &Matrix, view: [usize; 2]) -> Option<Pixels> {
    let (w, h) = (image.width, image.height);
    let [[a, b, c], [d, e, f], _] = matrix.0;
    let is_same_size = view == [w, h] && matrix.is_affine() && [c, f] == [0.0; 2];
    let is_unit = |v: f64| v.abs() == 1.0;
    if !is_same_size {
        return None;
    }
    let pixels = image.data.as_chunks::<3>().0;
    let mut data = vec![0u8; image.data.len()];
    let rows = data.as_chunks_mut::<3>().0.chunks_exact_mut(w).enumerate();
    match ([a, e], [b, d]) {
        ([across, down], [0.0, 0.0]) if is_unit(across) && is_unit(down) => {
            for (y, row) in rows {
                let y = if down > 0.0 { y } else { h - 1 - y };
                let source = &pixels[y * w..(y + 1) * w];
                row.copy_from_slice(source);
                if across < 0.0 {
                    row.reverse();
                }
            }
        }
        ([0.0, 0.0], [x_of_y, y_of_x]) if is_unit(x_of_y) && is_unit(y_of_x) && w == h => {
            for (y, row) in rows {
                let x = if x_of_y > 0.0 { y } else { w - 1 - y };
                for (i, pixel) in row.iter_mut().enumerate() {
                    let y = if y_of_x > 0.0 { i } else { h - 1 - i };
                    *pixel = pixels[y * w + x];
                }
            }
        }
        _ => return None,
    }
    Some(Pixels {
        width: w,
        height: h,
        data,
    })
}

/// A window that lies inside the picture and is neither turned nor mirrored: antialiased, as a prediction resizes.
fn window(image: &Pixels, matrix: &Matrix, [width, height]: [usize; 2]) -> Option<Pixels> {
    let [[a, b, c], [d, e, f], _] = matrix.0;
    if !(matrix.is_affine() && b == 0.0 && d == 0.0 && a > 0.0 && e > 0.0) {
        return None;
    }
    let (w, h) = (image.width as f64, image.height as f64);
    let (left, top) = (w / 2.0 * (1.0 - a) + c, h / 2.0 * (1.0 - e) + f);
    /// Positions are sums of a few roundings.
    const ROUNDING: f64 = 1e-6;
    let is_inside = |start: f64, length: f64, side: f64| {
        start >= -ROUNDING && start + length <= side + ROUNDING
    };
    (is_inside(left, a * w, w) && is_inside(top, e * h, h))
        .then(|| resize_part(image, [left, top], [a * w, e * h], [width, height]))
}

/// A view of what lies between the pixels of a picture.
fn between(
    words: &[u32],
    size: [usize; 2],
    warp: &Warp,
    view: [usize; 2],
    border: Border,
) -> Pixels {
    let middle = size.map(|side| side as f64 / 2.0 - 0.5);
    let rows = warp.rows(Stretch::new(size, view).matrix(), middle, view[0]);
    let mut data = vec![0u8; 3 * view[0] * view[1]];
    let (mut across, mut down) = (vec![0.0f32; view[0]], vec![0.0f32; view[0]]);
    let mut taps = vec![Tap::default(); view[0]];
    let mut fours = vec![[0u32; 4]; view[0]];
    let stride = stride(size[0]);
    let seen = data.as_chunks_mut::<3>().0.chunks_exact_mut(view[0]);
    for (y, row) in seen.enumerate() {
        rows.row(y, &mut across, &mut down);
        wide!(|| {
            fold(&mut across, size[0], border);
            fold(&mut down, size[1], border);
            tap(&across, &down, stride as u32, &mut taps);
        });
        gather(words, stride, &taps, &mut fours);
        wide!(|| blend(&fours, &taps, row));
    }
    Pixels {
        width: view[0],
        height: view[1],
        data,
    }
}

/// Where a pixel of a view is found.
#[derive(Clone, Copy, Default)]
struct Tap {
    /// The upper left one of four words.
    place: u32,
    /// Parts from it to the right, and in the upper half those down.
    parts: u32,
}

#[inline(always)]
fn tap(across: &[f32], down: &[f32], stride: u32, taps: &mut [Tap]) {
    for (tap, (&x, &y)) in taps.iter_mut().zip(across.iter().zip(down)) {
        let (x, y) = (whole(x * PARTS as f32), whole(y * PARTS as f32));
        *tap = Tap {
            place: (y >> BETWEEN_BITS) * stride + (x >> BETWEEN_BITS),
            parts: (y % PARTS) << 16 | (x % PARTS),
        };
    }
}

/// The four pixels around each place. Alone in its loop: it can't be done in wide registers, and what comes before and after can.
fn gather(words: &[u32], stride: usize, taps: &[Tap], fours: &mut [[u32; 4]]) {
    for (four, tap) in fours.iter_mut().zip(taps) {
        let above = &words[tap.place as usize..];
        let under = &above[stride..stride + 2];
        *four = [above[0], above[1], under[0], under[1]];
    }
}

#[inline(always)]
fn blend(fours: &[[u32; 4]], taps: &[Tap], row: &mut [[u8; 3]]) {
    for ((pixel, four), tap) in row.iter_mut().zip(fours).zip(taps) {
        let (right, below) = (tap.parts % PARTS, (tap.parts >> 16) % PARTS);
        let (left, above) = (PARTS - right, PARTS - below);
        let weights = [left * above, right * above, left * below, right * below];
        const HALF: u32 = 1 << (2 * BETWEEN_BITS - 1);
        *pixel = [0, 8, 16].map(|channel| {
            let of = |k: usize| (four[k] >> channel & 0xff) * weights[k];
            ((of(0) + of(1) + of(2) + of(3) + HALF) >> (2 * BETWEEN_BITS)) as u8
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that differ from pixel to pixel.
    fn pattern(width: usize, height: usize) -> Pixels {
        let data = (0..width * height * 3)
            .map(|i| (i * 37 % 251) as u8)
            .collect();
        Pixels {
            width,
            height,
            data,
        }
    }

    /// The same by definition, in f64.
    fn slow(image: &Pixels, warp: &Warp, [width, height]: [usize; 2], border: Border) -> Vec<f64> {
        let size = [image.width, image.height];
        let stretch = Stretch::new(size, [width, height]);
        let mut out = Vec::new();
        for i in 0..width * height {
            let at = [(i % width) as f64, (i / width) as f64];
            let [u, v] = warp.back(stretch.matrix().map(at));
            let (u, v) = (
                u + image.width as f64 / 2.0 - 0.5,
                v + image.height as f64 / 2.0 - 0.5,
            );
            for c in 0..3 {
                let tap = |x: f64, y: f64| {
                    let place = border.place(x as i64, image.width);
                    let row = border.place(y as i64, image.height);
                    f64::from(match (place, row) {
                        (Some(x), Some(y)) => image.pixel(x, y)[c],
                        _ => border.fill(image)[c],
                    })
                };
                let (x, y) = (u.floor(), v.floor());
                let (fx, fy) = (u - x, v - y);
                out.push(
                    tap(x, y) * (1.0 - fx) * (1.0 - fy)
                        + tap(x + 1.0, y) * fx * (1.0 - fy)
                        + tap(x, y + 1.0) * (1.0 - fx) * fy
                        + tap(x + 1.0, y + 1.0) * fx * fy,
                );
            }
        }
        out
    }

    #[test]
    fn values_between_pixels_are_those_of_the_definition() {
        // A position is rounded to 1/64 of a pixel, where neighbours may differ by 255.
        const LEVELS: f64 = 255.0 / 64.0 + 1.0;
        let image = pattern(31, 20);
        let turn = Matrix::affine([0.9, -0.3, 1.7], [0.35, 1.1, -2.2]);
        let lens = Matrix([[1.0, 0.1, 0.5], [0.0, 0.9, 0.2], [0.004, -0.003, 1.0]]);
        for matrix in [turn, lens] {
            for border in [Border::Reflect, Border::Edge, Border::Colour([9, 8, 7])] {
                let warp = Warp::straight(matrix);
                let seen = resample(&image, &warp, [24, 33], border, Interpolation::Bilinear);
                let should = slow(&image, &warp, [24, 33], border);
                for (is, should) in seen.data.iter().zip(should) {
                    assert!((f64::from(*is) - should).abs() <= LEVELS, "{is} {should}");
                }
            }
        }
    }

    #[test]
    fn a_shift_by_whole_pixels_moves_them() {
        let image = pattern(9, 7);
        let warp = Warp::straight(Matrix::affine([1.0, 0.0, 2.0], [0.0, 1.0, -1.0]));
        for interpolation in [Interpolation::Bilinear, Interpolation::Nearest] {
            let seen = resample(&image, &warp, [9, 7], Border::Colour([0; 3]), interpolation);
            assert_eq!(seen.pixel(0, 1), image.pixel(2, 0));
            assert_eq!(seen.pixel(6, 6), image.pixel(8, 5));
            assert_eq!(seen.pixel(7, 6), [0; 3]);
        }
    }

    #[test]
    fn all_eight_poses_are_the_pixels_in_another_order() {
        let image = pattern(5, 5);
        let (up, left) = (
            Matrix::affine([1.0, 0.0, 0.0], [0.0, -1.0, 0.0]),
            Matrix::affine([0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]),
        );
        for matrix in [up, left, up.then(&left), left.then(&left)] {
            let warp = Warp::straight(matrix);
            let of = |i| resample(&image, &warp, [5, 5], Border::Reflect, i);
            assert_eq!(of(Interpolation::Bilinear), of(Interpolation::Nearest));
            assert_ne!(of(Interpolation::Bilinear), image);
        }
        // Four quarter turns.
        let mut turned = image.clone();
        for _ in 0..4 {
            let warp = Warp::straight(left);
            turned = resample(
                &turned,
                &warp,
                [5, 5],
                Border::Reflect,
                Interpolation::Bilinear,
            );
        }
        assert_eq!(turned, image);
    }

    #[test]
    fn a_window_is_resized_as_predictions_are() {
        let image = pattern(40, 40);
        let warp = Warp::window([0.1, -0.05], [0.75, 0.75], [40, 40]);
        let seen = resample(
            &image,
            &warp,
            [20, 20],
            Border::Reflect,
            Interpolation::Bilinear,
        );
        // Cut out first, it lacks what lies just outside: its edge differs, the rest does not.
        let cut = handful_image::resize(&image.part(9, 3, 30, 30), 20, 20);
        assert_eq!(seen.part(1, 1, 18, 18), cut.part(1, 1, 18, 18));
    }
}
