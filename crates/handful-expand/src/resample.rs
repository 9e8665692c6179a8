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
/// Bits of a position in fixed point.
const FIXED_BITS: u32 = 16;
/// Bits from one channel to the next in a word: 8 of the value, 12 of the weights, and one to spare.
const LANE: u32 = 21;

/// A view of the picture, `width x height`.
///
/// # Panics
/// When a side is 0.
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
        if let Some(matrix) = warp.as_matrix().filter(Matrix::is_affine) {
            return nearest(image, &matrix, [width, height], border, fill);
        }
        let places = nearest_places(warp, size, [width, height], border);
        let seen = places.flat_map(|place| place.map_or(fill, |place| pixels[place]));
        return Pixels {
            width,
            height,
            data: seen.collect(),
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
    WORDS.with_borrow_mut(|words| {
        spread(image, words);
        let source = Source {
            words,
            size,
            border,
            fill: word(border.fill(image)),
        };
        source.seen_through(warp, [width, height])
    })
}

thread_local! {
    /// A word a pixel; one buffer a thread, so that no picture waits for memory.
    static WORDS: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Three channels in one word, far enough apart that all are weighted by one multiplication.
#[inline]
fn word([r, g, b]: [u8; 3]) -> u64 {
    u64::from(r) | u64::from(g) << LANE | u64::from(b) << (2 * LANE)
}

fn spread(image: &Pixels, words: &mut Vec<u64>) {
    words.clear();
    words.extend(image.data.as_chunks::<3>().0.iter().map(|&p| word(p)));
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

    #[inline]
    fn point(&self, x: usize, y: usize) -> [f64; 2] {
        [
            self.start[0] + x as f64 * self.step[0],
            self.start[1] + y as f64 * self.step[1],
        ]
    }

    fn matrix(&self) -> Matrix {
        // In pixels of the view, from the middle of its first one.
        Matrix::affine(
            [self.step[0], 0.0, self.start[0]],
            [0.0, self.step[1], self.start[1]],
        )
    }
}

/// For each pixel of a view the index of the nearest pixel of the picture; none: beyond the edge.
pub(crate) fn nearest_places(
    warp: &Warp,
    of: [usize; 2],
    view: [usize; 2],
    border: Border,
) -> impl Iterator<Item = Option<usize>> {
    let stretch = Stretch::new(of, view);
    (0..view[0] * view[1]).map(move |i| {
        let [x, y] = warp.back(stretch.point(i % view[0], i / view[0]));
        let at = |v: f64, axis: usize| {
            let place = (v + of[axis] as f64 / 2.0).floor();
            border.place(place.clamp(-1e9, 1e9) as i64, of[axis])
        };
        Some(at(y, 1)? * of[0] + at(x, 0)?)
    })
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

/// The nearest pixels along straight lines.
fn nearest(
    image: &Pixels,
    matrix: &Matrix,
    view: [usize; 2],
    border: Border,
    fill: [u8; 3],
) -> Pixels {
    let size = [image.width, image.height];
    let [[a, b, c], [d, e, f], _] = Stretch::new(size, view).matrix().then(matrix).0;
    let pixels = image.data.as_chunks::<3>().0;
    let step = [fixed(a), fixed(d)];
    let mut data = vec![0u8; 3 * view[0] * view[1]];
    let rows = data.as_chunks_mut::<3>().0.chunks_exact_mut(view[0]);
    for (y, row) in rows.enumerate() {
        let y = y as f64;
        let mut at = [
            fixed(b * y + c + size[0] as f64 / 2.0),
            fixed(e * y + f + size[1] as f64 / 2.0),
        ];
        for pixel in row {
            let [x, y] = at.map(|at| at >> FIXED_BITS);
            let is_inside = (x as u64) < size[0] as u64 && (y as u64) < size[1] as u64;
            *pixel = match is_inside {
                true => pixels[y as usize * size[0] + x as usize],
                false => match (border.place(x, size[0]), border.place(y, size[1])) {
                    (Some(x), Some(y)) => pixels[y * size[0] + x],
                    _ => fill,
                },
            };
            at[0] += step[0];
            at[1] += step[1];
        }
    }
    Pixels {
        width: view[0],
        height: view[1],
        data,
    }
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

/// A picture that is looked at between its pixels.
struct Source<'a> {
    words: &'a [u64],
    size: [usize; 2],
    border: Border,
    fill: u64,
}

impl Source<'_> {
    fn seen_through(&self, warp: &Warp, view: [usize; 2]) -> Pixels {
        let stretch = Stretch::new(self.size, view);
        let mut data = vec![0u8; 3 * view[0] * view[1]];
        let rows = data
            .as_chunks_mut::<3>()
            .0
            .chunks_exact_mut(view[0])
            .enumerate();
        // Positions count from the middle of the first pixel.
        let offset = self.size.map(|side| side as f64 / 2.0 - 0.5);
        match warp.as_matrix() {
            Some(matrix) if matrix.is_affine() => {
                let [[a, b, c], [d, e, f], _] = stretch.matrix().then(&matrix).0;
                let step = [fixed(a), fixed(d)];
                for (y, row) in rows {
                    let y = y as f64;
                    let start = [fixed(b * y + c + offset[0]), fixed(e * y + f + offset[1])];
                    self.line(start, step, row);
                }
            }
            Some(matrix) => {
                let m = stretch.matrix().then(&matrix).0;
                let mut places = vec![[0i64; 2]; view[0]];
                for (y, row) in rows {
                    let from = m.map(|[_, b, c]| b * y as f64 + c);
                    let steps = m.map(|[a, ..]| a);
                    wide!(|| {
                        for (x, place) in places.iter_mut().enumerate() {
                            let x = x as f64;
                            let w = 1.0 / (steps[2] * x + from[2]);
                            *place = [
                                fixed((steps[0] * x + from[0]) * w + offset[0]),
                                fixed((steps[1] * x + from[1]) * w + offset[1]),
                            ];
                        }
                    });
                    for (pixel, place) in row.iter_mut().zip(&places) {
                        *pixel = self.between(*place);
                    }
                }
            }
            None => {
                for (y, row) in rows {
                    for (x, pixel) in row.iter_mut().enumerate() {
                        let at = warp.back(stretch.point(x, y));
                        let at = [0, 1].map(|axis| fixed(at[axis] + offset[axis]));
                        *pixel = self.between(at);
                    }
                }
            }
        }
        Pixels {
            width: view[0],
            height: view[1],
            data,
        }
    }

    /// Pixels along a straight line.
    fn line(&self, start: [i64; 2], step: [i64; 2], row: &mut [[u8; 3]]) {
        let mut at = start;
        for pixel in row {
            *pixel = self.between(at);
            at[0] += step[0];
            at[1] += step[1];
        }
    }

    /// The colour at a place in fixed point.
    #[inline(always)]
    fn between(&self, [u, v]: [i64; 2]) -> [u8; 3] {
        let [w, h] = self.size;
        let (x, y) = (u >> FIXED_BITS, v >> FIXED_BITS);
        let share =
            |at: i64| ((at >> (FIXED_BITS - BETWEEN_BITS)) & ((1 << BETWEEN_BITS) - 1)) as u64;
        let (right, below) = (share(u), share(v));
        let is_inside = (x as u64) < (w as u64 - 1) && (y as u64) < (h as u64 - 1);
        let four = if is_inside {
            let first = y as usize * w + x as usize;
            let two = &self.words[first..first + w + 2];
            [two[0], two[1], two[w], two[w + 1]]
        } else {
            self.at_the_edge(x, y)
        };
        let whole = 1 << BETWEEN_BITS;
        let (left, above) = (whole - right, whole - below);
        const HALF: u64 = 1 << (2 * BETWEEN_BITS - 1);
        let half = HALF | HALF << LANE | HALF << (2 * LANE);
        let sum = four[0] * (left * above)
            + four[1] * (right * above)
            + four[2] * (left * below)
            + four[3] * (right * below)
            + half;
        [0, 1, 2].map(|channel| (sum >> (channel * LANE + 2 * BETWEEN_BITS)) as u8)
    }

    #[inline(never)]
    fn at_the_edge(&self, x: i64, y: i64) -> [u64; 4] {
        let [w, h] = self.size;
        let columns = [x, x + 1].map(|x| self.border.place(x, w));
        let rows = [y, y + 1].map(|y| self.border.place(y, h));
        let at = |row: Option<usize>, column: Option<usize>| match (row, column) {
            (Some(row), Some(column)) => self.words[row * w + column],
            _ => self.fill,
        };
        [
            at(rows[0], columns[0]),
            at(rows[0], columns[1]),
            at(rows[1], columns[0]),
            at(rows[1], columns[1]),
        ]
    }
}

/// A position in fixed point, rounded; what lies beyond any picture stays there, and what is no number is somewhere.
#[inline(always)]
fn fixed(position: f64) -> i64 {
    const FAR: f64 = 1e9;
    /// Added to a number below 2⁵¹ it leaves that number, rounded, in the lowest bits: one addition, where a conversion takes several steps
    /// and has no registers that are wide.
    const ROUNDER: f64 = 1.5 * (1u64 << 52) as f64;
    let scaled = position.clamp(-FAR, FAR) * f64::from(1u32 << FIXED_BITS);
    (scaled + ROUNDER).to_bits().wrapping_sub(ROUNDER.to_bits()) as i64
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
            let [u, v] = warp.back(stretch.point(i % width, i / width));
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
    fn positions_are_rounded_to_fixed_point() {
        let one = 1i64 << FIXED_BITS;
        for (position, should) in [
            (0.0, 0),
            (1.0, one),
            (-2.25, -2 * one - one / 4),
            (1e300, 1_000_000_000 * one),
            (-7.0 - 0.4 / one as f64, -7 * one),
        ] {
            assert_eq!(fixed(position), should, "{position}");
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
