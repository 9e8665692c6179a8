//! What storing a picture in few bytes does to it.

use handful_image::Pixels;
use rand::rngs::ChaCha8Rng;

use super::{Change, Kind, Op};
use crate::range::Range;

/// Stores the picture as a JPEG of quality 100 less this amount, and reads it again. The entropy coder is left out: it loses nothing, so
/// that the pixels are those of a codec but for rounding.
///
/// Source: ITU-T T.81 (1992), annexes A and K; qualities as in libjpeg.
pub struct Jpeg;

/// Side of a block.
const SIDE: usize = 8;
type Block = [f32; SIDE * SIDE];

/// Steps at quality 50, of brightness and of colour: T.81, tables K.1 and K.2.
const STEPS: [[u8; 64]; 2] = [
    [
        16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69,
        56, 14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81,
        104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
    ],
    [
        17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99,
        99, 47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    ],
];

impl Op for Jpeg {
    fn name(&self) -> &'static str {
        "jpeg"
    }

    fn summary(&self) -> &'static str {
        "compresses the picture as a JPEG"
    }

    fn kind(&self) -> Kind {
        Kind::Quality
    }

    fn range(&self) -> Range {
        Range::up_to(95.0, "below quality 100")
    }

    fn change(&self, amount: f32, _: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        let quality = 100.0 - amount;
        if amount <= 0.0 {
            return Change::Nothing;
        }
        Change::values(move |image| compress(image, quality))
    }
}

/// Quantisation steps at a quality, as libjpeg scales them.
fn steps(of: &[u8; 64], quality: f32) -> Block {
    let scale = match quality < 50.0 {
        true => 5000.0 / quality.max(1.0),
        false => 200.0 - 2.0 * quality,
    };
    std::array::from_fn(|i| {
        ((f32::from(of[i]) * scale + 50.0) / 100.0)
            .floor()
            .clamp(1.0, 255.0)
    })
}

/// One colour component, in whole blocks.
struct Plane {
    width: usize,
    height: usize,
    values: Vec<f32>,
}

fn compress(image: &mut Pixels, quality: f32) {
    let (width, height) = (image.width, image.height);
    // Colours have half of the pixels along each side.
    let whole = |side: usize| side.next_multiple_of(2 * SIDE);
    let (w, h) = (whole(width), whole(height));
    let full = || Plane {
        width: w,
        height: h,
        values: vec![0.0; w * h],
    };
    let mut planes = [full(), full(), full()];
    let pixels = image.data.as_chunks::<3>().0;
    for y in 0..h {
        for x in 0..w {
            // The edge goes on to the end of its block.
            let [r, g, b] = pixels[y.min(height - 1) * width + x.min(width - 1)].map(f32::from);
            let light = 0.299 * r + 0.587 * g + 0.114 * b;
            let at = y * w + x;
            planes[0].values[at] = light - 128.0;
            planes[1].values[at] = (b - light) * 0.564_334;
            planes[2].values[at] = (r - light) * 0.713_267;
        }
    }
    let [mut light, blue, red] = planes;
    let mut colours = [halved(&blue), halved(&red)];
    light.quantise(&steps(&STEPS[0], quality));
    let of_colour = steps(&STEPS[1], quality);
    colours
        .iter_mut()
        .for_each(|plane| plane.quantise(&of_colour));
    let [blue, red] = colours.map(|plane| doubled(&plane));
    for (i, pixel) in image.data.as_chunks_mut::<3>().0.iter_mut().enumerate() {
        let at = i / width * w + i % width;
        let (y, b, r) = (light.values[at] + 128.0, blue.values[at], red.values[at]);
        let rgb = [
            y + 1.402 * r,
            y - 0.344_136 * b - 0.714_136 * r,
            y + 1.772 * b,
        ];
        *pixel = rgb.map(|v| (v.clamp(0.0, 255.0) + 0.5) as u8);
    }
}

/// The mean of each four pixels.
fn halved(plane: &Plane) -> Plane {
    let (width, height) = (plane.width / 2, plane.height / 2);
    let mean = |i: usize| {
        let at = 2 * (i / width) * plane.width + 2 * (i % width);
        let below = at + plane.width;
        let v = &plane.values;
        0.25 * (v[at] + v[at + 1] + v[below] + v[below + 1])
    };
    Plane {
        width,
        height,
        values: (0..width * height).map(mean).collect(),
    }
}

/// Between the pixels of a halved plane, three quarters of the nearer one along each side: libjpeg's "fancy" upsampling.
fn doubled(plane: &Plane) -> Plane {
    let (w, h) = (plane.width, plane.height);
    let mut tall = vec![0.0; w * 2 * h];
    for y in 0..2 * h {
        let (near, other) = neighbours(y, h);
        for x in 0..w {
            tall[y * w + x] =
                0.75 * plane.values[near * w + x] + 0.25 * plane.values[other * w + x];
        }
    }
    let value = |i: usize| {
        let (y, x) = (i / (2 * w), i % (2 * w));
        let (near, other) = neighbours(x, w);
        0.75 * tall[y * w + near] + 0.25 * tall[y * w + other]
    };
    Plane {
        width: 2 * w,
        height: 2 * h,
        values: (0..4 * w * h).map(value).collect(),
    }
}

fn neighbours(i: usize, n: usize) -> (usize, usize) {
    let near = i / 2;
    let other = if i.is_multiple_of(2) {
        near.saturating_sub(1)
    } else {
        (near + 1).min(n - 1)
    };
    (near, other)
}

impl Plane {
    /// Each block in frequencies, rounded to steps, and back.
    fn quantise(&mut self, steps: &Block) {
        let basis = cosines();
        for top in (0..self.height).step_by(SIDE) {
            for left in (0..self.width).step_by(SIDE) {
                let at = |y: usize| (top + y) * self.width + left;
                let mut block: Block = [0.0; SIDE * SIDE];
                for y in 0..SIDE {
                    block[y * SIDE..][..SIDE].copy_from_slice(&self.values[at(y)..][..SIDE]);
                }
                let mut block = there(&there(&block, &basis), &basis);
                for (value, step) in block.iter_mut().zip(steps) {
                    *value = (*value / step).round_ties_even() * step;
                }
                let block = back(&back(&block, &basis), &basis);
                for y in 0..SIDE {
                    self.values[at(y)..][..SIDE].copy_from_slice(&block[y * SIDE..][..SIDE]);
                }
            }
        }
    }
}

/// Row u: the cosine of frequency u at eight places, of length 1. T.81, A.3.3.
fn cosines() -> Block {
    std::array::from_fn(|i| {
        let (u, x) = ((i / SIDE) as f32, (i % SIDE) as f32);
        let length = if u == 0.0 { 0.125f32.sqrt() } else { 0.5 };
        length * ((2.0 * x + 1.0) * u * std::f32::consts::PI / 16.0).cos()
    })
}

/// (basis · block)ᵀ: twice is there along both sides, and upright again.
fn there(block: &Block, basis: &Block) -> Block {
    let mut out = [0.0; SIDE * SIDE];
    for u in 0..SIDE {
        for y in 0..SIDE {
            let weight = basis[u * SIDE + y];
            for x in 0..SIDE {
                out[x * SIDE + u] += weight * block[y * SIDE + x];
            }
        }
    }
    out
}

/// (basisᵀ · block)ᵀ.
fn back(block: &Block, basis: &Block) -> Block {
    let mut out = [0.0; SIDE * SIDE];
    for y in 0..SIDE {
        for u in 0..SIDE {
            let weight = basis[u * SIDE + y];
            for x in 0..SIDE {
                out[x * SIDE + y] += weight * block[u * SIDE + x];
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use handful_image::{Limits, decode, encode_jpeg};

    use super::*;

    #[test]
    fn a_codec_gives_the_same_pixels() {
        let (width, height) = (61, 45);
        // Grey: that encoder keeps the colour of every pixel, this one of every fourth, as most do.
        let value = |i: usize| {
            let (x, y) = (i / 3 % width, i / 3 / width);
            let edge = if (x / 9 + y / 7) % 2 == 0 { 60 } else { 0 };
            (50 + x + y + edge) as u8
        };
        let image = Pixels {
            width,
            height,
            data: (0..3 * width * height).map(value).collect(),
        };
        for quality in [90u8, 50, 20] {
            let mut ours = image.clone();
            compress(&mut ours, f32::from(quality));
            let stored = decode(&encode_jpeg(&image, quality), &Limits::default());
            let stored = stored.expect("a JPEG of our own").pixels;
            let pairs = ours.data.iter().zip(&stored.data);
            let off: f64 = pairs.map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
            let off = off / image.data.len() as f64;
            // Integer transforms round where floats don't, once there and once back.
            assert!(off < 1.0, "{quality}: {off}");
        }
    }

    #[test]
    fn one_colour_stays_as_it_is_at_high_quality() {
        let grey = Pixels::filled(20, 9, [120; 3]);
        let mut stored = grey.clone();
        compress(&mut stored, 95.0);
        assert_eq!(stored, grey);
    }
}
