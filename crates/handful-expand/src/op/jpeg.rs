//! What storing a picture in few bytes does to it.

use std::cell::RefCell;

use handful_image::Pixels;
use rand::rngs::ChaCha8Rng;

use super::tone::{grey, level};
use super::{Change, Kind, Op};
use crate::range::Range;
use crate::wide::wide;

/// Stores the picture as a JPEG of quality 100 less this amount, and reads it again. The entropy coder is left out: it loses nothing, so
/// that the pixels are those of a codec but for rounding.
///
/// Source: ITU-T T.81 (1992), annexes A and K; qualities as in libjpeg.
pub struct Jpeg;

/// Side of a block.
const SIDE: usize = 8;
/// A row of a block: one register.
type Row = [f32; SIDE];
type Block = [Row; SIDE];

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
    let step = |i: usize| {
        let step = (f32::from(of[i]) * scale + 50.0) / 100.0;
        step.floor().clamp(1.0, 255.0)
    };
    std::array::from_fn(|v| std::array::from_fn(|u| step(v * SIDE + u)))
}

/// One colour component in levels, in whole blocks.
#[derive(Default)]
struct Plane {
    width: usize,
    values: Vec<u8>,
}

impl Plane {
    fn become_sized(&mut self, width: usize, height: usize) {
        self.width = width;
        self.values.resize(width * height, 0);
    }

    fn row(&self, y: usize) -> &[u8] {
        &self.values[y * self.width..(y + 1) * self.width]
    }

    fn row_mut(&mut self, y: usize) -> &mut [u8] {
        &mut self.values[y * self.width..(y + 1) * self.width]
    }
}

/// What a picture is turned into: one a thread, so that no picture waits for memory.
#[derive(Default)]
struct Stored {
    light: Plane,
    /// Blue and red less the light: half of the pixels along each side.
    colours: [Plane; 2],
    /// Rows of colours at full width: two of each while they are halved, one while they are doubled.
    rows: [Vec<u8>; 4],
    /// A row of colours between two rows, times 4.
    between: Vec<u16>,
}

thread_local! {
    static STORED: RefCell<Stored> = RefCell::default();
}

fn compress(image: &mut Pixels, quality: f32) {
    let of_kind = [0, 1].map(|kind| steps(&STEPS[kind], quality));
    STORED.with_borrow_mut(|stored| {
        stored.separate(image);
        let basis = Basis::new();
        stored.light.quantise(&of_kind[0], &basis);
        for colour in &mut stored.colours {
            colour.quantise(&of_kind[1], &basis);
        }
        stored.join(image);
    });
}

impl Stored {
    /// Light and colours of a picture: JFIF 1.02, page 3. Its edge goes on to the end of its blocks.
    fn separate(&mut self, image: &Pixels) {
        let (width, height) = (image.width, image.height);
        let whole = |side: usize| side.next_multiple_of(2 * SIDE);
        let (w, h) = (whole(width), whole(height));
        self.light.become_sized(w, h);
        for colour in &mut self.colours {
            colour.become_sized(w / 2, h / 2);
        }
        for row in &mut self.rows {
            row.resize(w, 0);
        }
        for y in 0..h {
            let source = y.min(height - 1);
            let pixels = &image.data[3 * source * width..3 * (source + 1) * width];
            let second = y % 2;
            let (blues, reds) = self.rows.split_at_mut(2);
            let light = self.light.row_mut(y);
            let (blue, red) = (&mut blues[second][..], &mut reds[second][..]);
            separate_row(pixels, light, blue, red);
            for row in [light, blue, red] {
                let last = row[width - 1];
                row[width..].fill(last);
            }
            if second == 1 {
                for (colour, rows) in self.colours.iter_mut().zip(self.rows.chunks_exact(2)) {
                    halve(&rows[0], &rows[1], colour.row_mut(y / 2));
                }
            }
        }
    }

    /// The picture of light and colours.
    fn join(&mut self, image: &mut Pixels) {
        let (width, height) = (image.width, image.height);
        // The mirror image of what came in: blocks may go further, pixels don't.
        let (w, h) = (width.div_ceil(2), height.div_ceil(2));
        self.between.resize(w, 0);
        for (y, out) in image.data.chunks_exact_mut(3 * width).enumerate() {
            let near = y / 2;
            let other = match y % 2 {
                0 => near.saturating_sub(1),
                _ => (near + 1).min(h - 1),
            };
            for (colour, row) in self.colours.iter().zip(&mut self.rows) {
                let rows = [near, other].map(|y| &colour.row(y)[..w]);
                double(rows, &mut self.between, row);
            }
            let [blue, red, ..] = &self.rows;
            join_row(self.light.row(y), blue, red, out);
        }
    }
}

fn separate_row(pixels: &[u8], light: &mut [u8], blue: &mut [u8], red: &mut [u8]) {
    wide!(|| {
        let rows = light.iter_mut().zip(blue).zip(red);
        for (((light, blue), red), pixel) in rows.zip(pixels.as_chunks::<3>().0) {
            *light = grey(*pixel);
            let [r, g, b] = pixel.map(f32::from);
            *blue = level(128.0 - 0.168_736 * r - 0.331_264 * g + 0.5 * b);
            *red = level(128.0 + 0.5 * r - 0.418_688 * g - 0.081_312 * b);
        }
    });
}

fn join_row(light: &[u8], blue: &[u8], red: &[u8], out: &mut [u8]) {
    wide!(|| {
        let rows = light.iter().zip(blue).zip(red);
        for (((light, blue), red), pixel) in rows.zip(out.as_chunks_mut::<3>().0) {
            let light = f32::from(*light);
            let (blue, red) = (f32::from(*blue) - 128.0, f32::from(*red) - 128.0);
            pixel[0] = level(light + 1.402 * red);
            pixel[1] = level(light - 0.344_136 * blue - 0.714_136 * red);
            pixel[2] = level(light + 1.772 * blue);
        }
    });
}

/// The mean of each four pixels, halves up and down in turn, as libjpeg does.
fn halve(above: &[u8], below: &[u8], out: &mut [u8]) {
    wide!(|| {
        let pairs = above
            .as_chunks::<2>()
            .0
            .iter()
            .zip(below.as_chunks::<2>().0);
        for (i, (out, (above, below))) in out.iter_mut().zip(pairs).enumerate() {
            let four = [above[0], above[1], below[0], below[1]].map(u16::from);
            let sum: u16 = four.iter().sum();
            *out = ((sum + 1 + (i & 1) as u16) >> 2) as u8;
        }
    });
}

/// Between the pixels of halved rows, three quarters of the nearer one along each side: libjpeg's "fancy" upsampling.
fn double([near, other]: [&[u8]; 2], between: &mut [u16], out: &mut [u8]) {
    let n = near.len();
    wide!(|| {
        for ((between, &near), &other) in between.iter_mut().zip(near).zip(other) {
            *between = 3 * u16::from(near) + u16::from(other);
        }
        let pairs = &mut out.as_chunks_mut::<2>().0[..n];
        let pair = |left: u16, here: u16, right: u16| {
            [
                ((3 * here + left + 8) >> 4) as u8,
                ((3 * here + right + 7) >> 4) as u8,
            ]
        };
        pairs[0] = pair(between[0], between[0], between[1.min(n - 1)]);
        pairs[n - 1] = pair(between[n.max(2) - 2], between[n - 1], between[n - 1]);
        if n == 1 {
            pairs[0] = pair(between[0], between[0], between[0]);
            return;
        }
        let around = between[..n - 2]
            .iter()
            .zip(&between[1..n - 1])
            .zip(&between[2..n]);
        for (out, ((&left, &here), &right)) in pairs[1..n - 1].iter_mut().zip(around) {
            *out = pair(left, here, right);
        }
    });
}

impl Plane {
    /// Each block in frequencies, rounded to steps, and back.
    fn quantise(&mut self, steps: &Block, basis: &Basis) {
        let per_step = steps.map(|row| row.map(|step| 1.0 / step));
        let width = self.width;
        for band in self.values.chunks_exact_mut(SIDE * width) {
            wide!(|| {
                for left in (0..width).step_by(SIDE) {
                    let mut block: Block = [[0.0; SIDE]; SIDE];
                    for (y, row) in block.iter_mut().enumerate() {
                        let values = &band[y * width + left..][..SIDE];
                        for (out, &value) in row.iter_mut().zip(values) {
                            *out = f32::from(value) - 128.0;
                        }
                    }
                    basis.there(&mut block);
                    for ((row, steps), per_step) in block.iter_mut().zip(steps).zip(&per_step) {
                        for i in 0..SIDE {
                            row[i] = whole(row[i] * per_step[i]) * steps[i];
                        }
                    }
                    basis.back(&mut block);
                    for (y, row) in block.iter().enumerate() {
                        let values = &mut band[y * width + left..][..SIDE];
                        for (out, &value) in values.iter_mut().zip(row) {
                            *out = level(value + 128.0);
                        }
                    }
                }
            });
        }
    }
}

/// The nearest whole number of a small one.
#[inline(always)]
fn whole(value: f32) -> f32 {
    // 1.5 · 2²³: what is behind the point finds no bits.
    (value + 12_582_912.0) - 12_582_912.0
}

/// The cosines of a block, of length 1: T.81, A.3.3.
struct Basis {
    /// By frequency and place.
    upright: Block,
    /// By place and frequency.
    lying: Block,
}

impl Basis {
    fn new() -> Basis {
        let cosine = |u: usize, x: usize| {
            let length = if u == 0 { 0.125f64.sqrt() } else { 0.5 };
            let angle = (2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / 16.0;
            (length * angle.cos()) as f32
        };
        let of = |cosine: &dyn Fn(usize, usize) -> f32| -> Block {
            std::array::from_fn(|i| std::array::from_fn(|j| cosine(i, j)))
        };
        Basis {
            upright: of(&cosine),
            lying: of(&|x, u| cosine(u, x)),
        }
    }

    /// Into frequencies.
    #[inline(always)]
    fn there(&self, block: &mut Block) {
        across(block, &self.lying);
        // Even frequencies are alike from both ends, odd ones change sign: half of the products.
        let rows = *block;
        let (mut sums, mut rests) = ([[0.0; SIDE]; 4], [[0.0; SIDE]; 4]);
        for i in 0..SIDE / 2 {
            for x in 0..SIDE {
                sums[i][x] = rows[i][x] + rows[SIDE - 1 - i][x];
                rests[i][x] = rows[i][x] - rows[SIDE - 1 - i][x];
            }
        }
        for (v, out) in block.iter_mut().enumerate() {
            let rows = if v % 2 == 0 { &sums } else { &rests };
            *out = weighted(rows, &self.upright[v]);
        }
    }

    /// From frequencies.
    #[inline(always)]
    fn back(&self, block: &mut Block) {
        let rows = *block;
        let even = [rows[0], rows[2], rows[4], rows[6]];
        let odd = [rows[1], rows[3], rows[5], rows[7]];
        for y in 0..SIDE / 2 {
            let at = &self.lying[y];
            let even = weighted(&even, &[at[0], at[2], at[4], at[6]]);
            let odd = weighted(&odd, &[at[1], at[3], at[5], at[7]]);
            for x in 0..SIDE {
                block[y][x] = even[x] + odd[x];
                block[SIDE - 1 - y][x] = even[x] - odd[x];
            }
        }
        across(block, &self.upright);
    }
}

/// The sum of four rows by the first four weights.
#[inline(always)]
fn weighted(rows: &[Row; 4], weights: &[f32]) -> Row {
    let mut sum = [0.0; SIDE];
    for (row, weight) in rows.iter().zip(weights) {
        for x in 0..SIDE {
            sum[x] += weight * row[x];
        }
    }
    sum
}

/// Each row becomes the sum of the rows of `basis` by its own values.
#[inline(always)]
fn across(block: &mut Block, basis: &Block) {
    for row in block {
        // Two sums, neither of which waits for the other.
        let (weights, mut first, mut last) = (*row, [0.0; SIDE], [0.0; SIDE]);
        for i in 0..SIDE / 2 {
            for x in 0..SIDE {
                first[x] += weights[i] * basis[i][x];
                last[x] += weights[i + SIDE / 2] * basis[i + SIDE / 2][x];
            }
        }
        for x in 0..SIDE {
            row[x] = first[x] + last[x];
        }
    }
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
            // That encoder is itself off by 0.5 to 1.1 from libjpeg, which the golden pictures hold this one to.
            assert!(off < 1.5, "{quality}: {off}");
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
