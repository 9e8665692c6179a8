//! Out of focus.

use std::cell::RefCell;

use handful_image::Pixels;
use rand::rngs::ChaCha8Rng;

use super::{Change, Kind, Op};
use crate::border::Border;
use crate::range::Range;
use crate::wide::wide;

/// Weights further away than so many standard deviations are left out, as by torchvision's usual sizes of kernels.
const REACH: f64 = 3.0;

/// A bell curve across and then down, with a standard deviation of so many hundredths of the shorter side.
pub struct GaussianBlur;

impl Op for GaussianBlur {
    fn name(&self) -> &'static str {
        "gaussian_blur"
    }

    fn summary(&self) -> &'static str {
        "blurs as a lens out of focus"
    }

    fn kind(&self) -> Kind {
        Kind::Quality
    }

    fn range(&self) -> Range {
        Range::up_to(4.0, "% of the side")
    }

    fn change(&self, amount: f32, [width, height]: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        let sigma_px = f64::from(amount) / 100.0 * width.min(height) as f64;
        if sigma_px <= 0.0 {
            return Change::Nothing;
        }
        Change::values(move |image| blur(image, sigma_px))
    }
}

/// Bits behind the point of a value: 255 of them, twice, fill 16 bits.
const VALUE_BITS: u32 = 7;
/// Values in one step of a loop: two registers of sums.
const LANES: usize = 32;
/// The same weight for every value of a step: a product with one number for all would be made in 32 bits.
type Weight = [u16; LANES];

thread_local! {
    /// The picture in fixed point, a row of it that is blurred downwards, and that row blurred across.
    static WORDS: RefCell<[Vec<u16>; 3]> = RefCell::default();
}

/// With a standard deviation of `sigma_px`, mirrored beyond the edge.
pub(super) fn blur(image: &mut Pixels, sigma_px: f64) {
    let weights = weights(sigma_px);
    let reach = weights.len() - 1;
    let (width, height) = (image.width, image.height);
    // Rows are whole steps long, so that no loop has a rest.
    let row_length = (3 * width).next_multiple_of(LANES);
    let margin = 3 * reach;
    let lefts: Vec<usize> = (0..reach)
        .map(|i| mirrored(i as i64 - reach as i64, width))
        .collect();
    let rights: Vec<usize> = (0..reach)
        .map(|i| mirrored((width + i) as i64, width))
        .collect();
    WORDS.with_borrow_mut(|[words, line, across]| {
        words.resize(row_length * height, 0);
        across.resize(row_length, 0);
        line.clear();
        line.resize(row_length + 2 * margin, 0);
        let rows = image.data.chunks_exact(3 * width);
        for (out, row) in words.chunks_exact_mut(row_length).zip(rows) {
            wide!(|| {
                for (out, &value) in out.iter_mut().zip(row) {
                    *out = u16::from(value) << VALUE_BITS;
                }
            });
        }
        let row_at = |y: i64| &words[row_length * mirrored(y, height)..][..row_length];
        for (y, out) in image.data.chunks_exact_mut(3 * width).enumerate() {
            let y = y as i64;
            let pairs = (1..=reach as i64).map(|i| [row_at(y - i), row_at(y + i)]);
            let pairs: Vec<[&[u16]; 2]> = pairs.collect();
            wide!(|| blurred(
                row_at(y),
                &pairs,
                &weights,
                &mut line[margin..][..row_length]
            ));
            for i in 0..reach {
                let (left, right) = (margin + 3 * lefts[i], margin + 3 * rights[i]);
                line.copy_within(left..left + 3, 3 * i);
                line.copy_within(right..right + 3, margin + 3 * (width + i));
            }
            let part = |start: usize| &line[start..start + row_length];
            let pairs = (1..=reach).map(|i| [part(margin - 3 * i), part(margin + 3 * i)]);
            let pairs: Vec<[&[u16]; 2]> = pairs.collect();
            wide!(|| blurred(part(margin), &pairs, &weights, across));
            wide!(|| {
                for (out, &sum) in out.iter_mut().zip(&*across) {
                    let level = (sum + (1 << (VALUE_BITS - 1))) >> VALUE_BITS;
                    *out = level.min(255) as u8;
                }
            });
        }
    });
}

/// A row blurred along one side, from the values at equal distances before and after each.
#[inline(always)]
fn blurred(here: &[u16], pairs: &[[&[u16]; 2]], weights: &[Weight], out: &mut [u16]) {
    for (step, out) in out.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        let part = |row: &[u16]| -> [u16; LANES] { row.as_chunks().0[step] };
        let mut sum = start(&part(here), weights);
        for ([before, after], weight) in pairs.iter().zip(&weights[1..]) {
            add(&mut sum, &part(before), &part(after), weight);
        }
        *out = sum;
    }
}

/// The sum with the value itself. Every product loses half a unit by the way, which is added here.
#[inline(always)]
fn start(values: &[u16; LANES], weights: &[Weight]) -> [u16; LANES] {
    let mut sum = [(weights.len() / 2) as u16; LANES];
    add(&mut sum, values, &[0; LANES], &weights[0]);
    sum
}

#[inline(always)]
fn add(sum: &mut [u16; LANES], before: &[u16; LANES], after: &[u16; LANES], weight: &Weight) {
    for i in 0..LANES {
        sum[i] += upper(before[i] + after[i], weight[i]);
    }
}

/// The upper half of a product.
#[inline(always)]
fn upper(value: u16, weight: u16) -> u16 {
    ((u32::from(value) * u32::from(weight)) >> 16) as u16
}

/// Weights in 16 bits of the pixel itself and of those at 1, 2, ... pixels on either side.
fn weights(sigma_px: f64) -> Vec<Weight> {
    let reach = (REACH * sigma_px).ceil() as i64;
    let weight = |i: i64| (-0.5 * (i as f64 / sigma_px).powi(2)).exp();
    let sum: f64 = (-reach..=reach).map(weight).sum();
    let fixed = |i: i64| (65_536.0 * weight(i) / sum).round();
    let mut weights: Vec<u16> = (0..=reach).map(|i| fixed(i) as u16).collect();
    // What rounding leaves goes to the pixel itself.
    let others: u32 = weights[1..].iter().map(|w| 2 * u32::from(*w)).sum();
    weights[0] = (65_536 - others).min(65_535) as u16;
    weights.into_iter().map(|weight| [weight; LANES]).collect()
}

fn mirrored(i: i64, n: usize) -> usize {
    Border::Reflect.place(i, n).expect("a mirror has no colour")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blur_is_the_weighted_sum_of_its_neighbours() {
        let (width, height) = (37, 23);
        let data = (0..3 * width * height).map(|i| (i * i * 37 % 256) as u8);
        let image = Pixels {
            width,
            height,
            data: data.collect(),
        };
        for sigma_px in [0.3f64, 1.0, 2.6, 9.0] {
            let mut blurred = image.clone();
            blur(&mut blurred, sigma_px);
            let reach = (REACH * sigma_px).ceil() as i64;
            let weight = |i: i64| (-0.5 * (i as f64 / sigma_px).powi(2)).exp();
            let sum: f64 = (-reach..=reach).map(weight).sum();
            let mut off = 0.0f64;
            for (x, y) in [(0, 0), (5, 7), (36, 22), (18, 11), (1, 21)] {
                let mut exact = 0.0;
                for i in -reach..=reach {
                    for j in -reach..=reach {
                        let at = [mirrored(x + i, width), mirrored(y + j, height)];
                        let value = f64::from(image.data[3 * (at[1] * width + at[0]) + 1]);
                        exact += value * weight(i) * weight(j) / (sum * sum);
                    }
                }
                let is = f64::from(blurred.data[3 * (y as usize * width + x as usize) + 1]);
                off = off.max((is - exact).abs());
            }
            assert!(off < 0.65, "{sigma_px}: {off}");
        }
    }

    #[test]
    fn one_colour_stays() {
        for sigma_px in [0.1, 0.7, 5.0, 30.0] {
            for level in [0, 1, 127, 254, 255] {
                let flat = Pixels::filled(19, 5, [level; 3]);
                let mut blurred = flat.clone();
                blur(&mut blurred, sigma_px);
                assert_eq!(blurred, flat);
            }
        }
    }
}
