//! Which pairs are nearest to each other in the features of a network?

use handful_stats::Seed;
use rayon::prelude::*;

use super::Features;
use super::thumbnails::dot;

/// Neighbours that are looked at, and the cosine from which they are candidates. Recipe A9.
const NEIGHBOURS: usize = 5;
const COSINE: f32 = 0.92;
/// Wider features are first compared through this many random sums of them. A cosine r is then off by (1 - r²)/√128, by
/// 0.014 at 0.92, so the true neighbours are among twice as many by sums.
const SUMS: usize = 128;
const LOOKED_AT: usize = 2 * NEIGHBOURS;
/// Sums that belong to the seed of the projection, not to the data.
const PROJECTION: Seed = Seed(9);
/// Rows that are compared with a run of others at once.
const ROWS: usize = 16;
const RUN: usize = 256;

/// Pairs of places in `images`, the first below the second, whose images are among each other's [`NEIGHBOURS`] nearest by
/// the cosine of centred features, at [`COSINE`] or more.
pub(super) fn mutual_neighbours(features: Features, images: &[usize]) -> Vec<(usize, usize)> {
    let n = images.len();
    let rows = Centred::of(features, images);
    let short: Vec<f32> = rows.projected();
    let width = short.len() / n.max(1);
    let places: Vec<usize> = (0..n).collect();
    let nearest: Vec<Vec<usize>> = places
        .par_chunks(ROWS)
        .flat_map_iter(|chunk| {
            let mut kept: Vec<Vec<(f32, usize)>> = vec![Vec::new(); chunk.len()];
            for first in (0..n).step_by(RUN) {
                for (row, kept) in chunk.iter().zip(&mut kept) {
                    let key = &short[row * width..][..width];
                    for other in (first..n.min(first + RUN)).filter(|other| other != row) {
                        keep(
                            kept,
                            dot(key, &short[other * width..][..width]),
                            other,
                            LOOKED_AT,
                        );
                    }
                }
            }
            let rows = &rows;
            chunk.iter().zip(kept).map(move |(&row, looked_at)| {
                let mut nearest = Vec::new();
                for (_, other) in looked_at {
                    keep(&mut nearest, rows.cosine(row, other), other, NEIGHBOURS);
                }
                nearest.retain(|(cosine, _)| *cosine >= COSINE);
                nearest.into_iter().map(|(_, other)| other).collect()
            })
        })
        .collect();
    let mutual = |a: usize| {
        let nearest = &nearest;
        let both = move |b: &&usize| a < **b && nearest[**b].contains(&a);
        nearest[a].iter().filter(both).map(move |&b| (a, b))
    };
    (0..n).flat_map(mutual).collect()
}

/// Keeps the `most` largest, largest first; of equals the earlier ones.
fn keep(nearest: &mut Vec<(f32, usize)>, cosine: f32, image: usize, most: usize) {
    if nearest.len() == most && cosine <= nearest[most - 1].0 {
        return;
    }
    let place = nearest.partition_point(|(other, _)| *other >= cosine);
    nearest.insert(place, (cosine, image));
    nearest.truncate(most);
}

/// Features less their mean.
struct Centred<'a> {
    features: Features<'a>,
    images: &'a [usize],
    mean: Vec<f32>,
}

impl<'a> Centred<'a> {
    fn of(features: Features<'a>, images: &'a [usize]) -> Centred<'a> {
        let mut mean = vec![0.0f64; features.width];
        for &image in images {
            let row = features.row(image);
            mean.iter_mut()
                .zip(row)
                .for_each(|(m, v)| *m += f64::from(*v));
        }
        let n = images.len().max(1) as f64;
        Centred {
            features,
            images,
            mean: mean.iter().map(|sum| (sum / n) as f32).collect(),
        }
    }

    fn row(&self, place: usize) -> Vec<f32> {
        let row = self.features.row(self.images[place]);
        row.iter().zip(&self.mean).map(|(v, m)| v - m).collect()
    }

    fn cosine(&self, a: usize, b: usize) -> f32 {
        let (a, b) = (self.row(a), self.row(b));
        let norm = (dot(&a, &a) * dot(&b, &b)).sqrt();
        if norm > 0.0 { dot(&a, &b) / norm } else { 0.0 }
    }

    /// Unit rows of at most [`SUMS`] numbers, `[n, width]`.
    fn projected(&self) -> Vec<f32> {
        let d = self.features.width;
        let signs = (d > SUMS).then(|| signs(d));
        let rows: Vec<Vec<f32>> = (0..self.images.len())
            .into_par_iter()
            .map(|place| {
                let row = self.row(place);
                let mut short = match &signs {
                    Some(signs) => signs.chunks_exact(d).map(|s| dot(&row, s)).collect(),
                    None => row,
                };
                let norm = dot(&short, &short).sqrt();
                let scale = if norm > 0.0 { 1.0 / norm } else { 0.0 };
                short.iter_mut().for_each(|v| *v *= scale);
                short
            })
            .collect();
        rows.concat()
    }
}

/// Random signs, `[SUMS, d]`.
///
/// # Source
/// D. Achlioptas, "Database-friendly random projections", J. Computer and System Sciences 66 (2003), 671-687.
fn signs(d: usize) -> Vec<f32> {
    let sign = |key: u64, bit: u64| if key >> bit & 1 == 1 { 1.0 } else { -1.0 };
    let words = (0..(SUMS * d).div_ceil(64) as u64).map(|word| PROJECTION.key(word));
    words
        .flat_map(|key| (0..64).map(move |bit| sign(key, bit)))
        .take(SUMS * d)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `n` rows of noise; row `n - 1` is row 0 with a little more noise.
    fn rows(n: usize, width: usize) -> Vec<f32> {
        let noise = |i: usize| (Seed(1).key(i as u64) % 1000) as f32 / 1000.0;
        let mut values: Vec<f32> = (0..n * width).map(noise).collect();
        for i in 0..width {
            values[(n - 1) * width + i] = values[i] + 0.1 * noise(i + 7);
        }
        values
    }

    #[test]
    fn a_pair_is_found_in_narrow_and_in_wide_features() {
        for width in [40, 700] {
            let values = rows(60, width);
            let features = Features {
                values: &values,
                width,
            };
            let images: Vec<usize> = (0..60).collect();
            assert_eq!(mutual_neighbours(features, &images), [(0, 59)]);
        }
    }

    #[test]
    fn equal_features_of_all_images_are_no_trouble() {
        let values = vec![1.0; 12];
        let features = Features {
            values: &values,
            width: 4,
        };
        assert_eq!(mutual_neighbours(features, &[0, 1, 2]), []);
    }
}
