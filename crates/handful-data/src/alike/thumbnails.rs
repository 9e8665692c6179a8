//! Which thumbnails correlate, as they are or mirrored, without multiplying every pair out?
//!
//! In the frequencies of an orthonormal transform a correlation is still a dot product, and mirroring only turns the sign
//! of odd columns: with `e` and `o` the sums over even and odd ones, both ways round give `e + o` and `e - o`. A photo's
//! energy lies in few low frequencies, and by Cauchy and Schwarz the others can't add more than the product of their
//! norms. So 14 numbers an image dismiss nearly all pairs, and none that belongs in.

use std::f64::consts::{PI, SQRT_2};

use handful_image::{Signature, THUMBNAIL_SIDE_PX as SIDE};

use super::candidates::RUN;

/// Thumbnails are candidates from this correlation. Recipe A9.
pub(super) const CORRELATED: f32 = 0.90;
/// `(row, column)` of the low frequencies, even columns first.
const LOW: [(usize, usize); 14] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (0, 2),
    (1, 2),
    (2, 2),
    (0, 4),
    (0, 1),
    (1, 1),
    (2, 1),
    (3, 1),
    (0, 3),
    (1, 3),
];
/// How many of them are in even columns.
const LOW_EVEN: usize = 8;
/// Far above the rounding of a sum of 14 products below 1, far below what matters.
const ROUNDING: f32 = 1e-4;

/// The thumbnails of a set.
pub(super) struct Thumbnails<'a> {
    signatures: &'a [&'a Signature],
    /// One list a low frequency.
    low: [Vec<f32>; LOW.len()],
    /// Norm of the other frequencies.
    rest: Vec<f32>,
}

/// One picture, to be compared with a set.
pub(super) struct Query {
    low: [f32; LOW.len()],
    rest: f32,
    /// The thumbnail as it is, and mirrored.
    both_ways: [Vec<f32>; 2],
}

impl<'a> Thumbnails<'a> {
    pub fn of(signatures: &'a [&'a Signature]) -> Thumbnails<'a> {
        let waves = waves();
        let mut thumbnails = Thumbnails {
            signatures,
            low: std::array::from_fn(|_| Vec::with_capacity(signatures.len())),
            rest: Vec::with_capacity(signatures.len()),
        };
        for signature in signatures {
            let query = Query::with(&signature.thumbnail, &waves);
            for (list, value) in thumbnails.low.iter_mut().zip(query.low) {
                list.push(value);
            }
            thumbnails.rest.push(query.rest);
        }
        thumbnails
    }

    /// For a run of images from `first`: what each one's correlation with `query` can't exceed.
    #[inline(always)]
    pub fn bounds(&self, query: &Query, first: usize, bounds: &mut [f32]) {
        let n = bounds.len();
        let mut odd = [0.0; RUN];
        let odd = &mut odd[..n];
        for (i, bound) in bounds.iter_mut().enumerate() {
            *bound = query.rest * self.rest[first + i];
        }
        for (place, key) in query.low.iter().enumerate() {
            let sums = if place < LOW_EVEN {
                &mut *bounds
            } else {
                &mut *odd
            };
            for (sum, value) in sums.iter_mut().zip(&self.low[place][first..][..n]) {
                *sum += key * value;
            }
        }
        for (bound, odd) in bounds.iter_mut().zip(odd) {
            *bound += odd.abs() + ROUNDING;
        }
    }

    /// The better correlation of both ways round.
    #[inline(always)]
    pub fn correlation(&self, query: &Query, image: usize) -> f32 {
        let thumbnail = &self.signatures[image].thumbnail;
        let [plain, mirrored] = &query.both_ways;
        dot(plain, thumbnail).max(dot(mirrored, thumbnail))
    }
}

impl Query {
    pub fn of(signature: &Signature) -> Query {
        Query::with(&signature.thumbnail, &waves())
    }

    fn with(thumbnail: &[f32], waves: &[[f32; SIDE]; SIDE]) -> Query {
        let mut across = [[0.0f32; SIDE]; SIDE]; // [row of pixels, column of frequencies]
        for (row, out) in thumbnail.chunks_exact(SIDE).zip(&mut across) {
            for (out, wave) in out.iter_mut().zip(waves) {
                *out = dot(row, wave);
            }
        }
        let at = |v: usize, u: usize| (0..SIDE).map(|y| across[y][u] * waves[v][y]).sum::<f32>();
        let low = LOW.map(|(v, u)| at(v, u));
        // The transform keeps norms, so what the low frequencies don't have is in the others.
        let (whole, part) = (dot(thumbnail, thumbnail), dot(&low, &low));
        let mirrored = thumbnail
            .chunks_exact(SIDE)
            .flat_map(|row| row.iter().rev());
        Query {
            low,
            rest: (whole - part).max(0.0).sqrt(),
            both_ways: [thumbnail.to_vec(), mirrored.copied().collect()],
        }
    }
}

/// The orthonormal DCT-II, `[frequency, pixel]`.
fn waves() -> [[f32; SIDE]; SIDE] {
    std::array::from_fn(|u| {
        let norm = if u == 0 { 1.0 } else { SQRT_2 } / (SIDE as f64).sqrt();
        std::array::from_fn(|x| {
            (norm * (PI * (x as f64 + 0.5) * u as f64 / SIDE as f64).cos()) as f32
        })
    })
}

/// Sums in eight lanes of a fixed order: the same bits on any number of threads.
#[inline(always)]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    let (a8, b8) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (x, y) in a8.0.iter().zip(b8.0) {
        for lane in 0..8 {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    let rest: f32 = a8.1.iter().zip(b8.1).map(|(x, y)| x * y).sum();
    lanes.iter().sum::<f32>() + rest
}
