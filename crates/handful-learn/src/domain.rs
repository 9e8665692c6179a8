//! How far are photos from what the embedded backbone was trained on?
//!
//! Two things tell it, measured on 1,000 natural images, one of each ImageNet class: how much the network responds at
//! all (line drawings wake half of what photos do), and how unusual the pattern of what responds is. Neither is a
//! distance from the middle of the features: an image that the network sees nothing in lies close to it. Tried on the
//! development sets and lost: Mahalanobis distance, distance to the nearest natural images, the residual of a principal
//! subspace of the raw features; all of them call omniglot more natural than most photos.

use std::collections::BTreeMap;

use half::f16;

use crate::algebra::{Matrix, eigen, outer_gram, transposed_product};
use crate::weights::{NumberType, Stored};
use crate::{LearnError, Weights};

/// Side in pixels that photos must be looked at, as a centre crop, for the distances to mean something.
pub const SIZE_PX: usize = 128;
/// Principal directions of the pattern that are kept; of the rest only the mean variance.
const DIRECTIONS: usize = 32;
/// Natural images are judged without themselves: by what the others of ten parts say.
const PARTS: usize = 10;
/// A set is far when its median photo is less like a natural image than this share of natural images. On the
/// development sets at 128 px the median of omniglot lies at 99.4 %, the next one (clothing) at 71 %.
pub const FAR: f64 = 0.95;

/// What natural images look like to a backbone: all that is shipped of them.
#[derive(Clone, Debug, PartialEq)]
pub struct NaturalImages {
    pattern: Pattern,
    /// Responses of the natural images, ascending.
    responses: Vec<f32>,
    /// Distances of their patterns, each by the pattern of others, ascending.
    distances: Vec<f32>,
    /// The larger share of the two for each of them, ascending.
    shares: Vec<f32>,
}

/// A set of photos against natural images.
#[derive(Clone, Debug, PartialEq)]
pub struct Domain {
    /// For each photo the share of natural images that are more usual than it, 0..=1.
    pub shares: Vec<f64>,
    /// The median of them; 0 for no photo.
    pub median: f64,
    /// Share of the photos that are stranger than 99 % of natural images.
    pub strange: f64,
}

impl Domain {
    /// Whether the set is far from natural images.
    pub fn is_far(&self) -> bool {
        self.median >= FAR
    }
}

/// Each photo, and the set, against the natural images that ship with the embedded backbone.
///
/// `features` `[n, d]` row-major: the last stage of the embedded backbone at [`SIZE_PX`], centre crop.
///
/// # Errors
/// [`LearnError::Shape`] when these are not whole rows of its width.
#[cfg(feature = "embedded-backbone")]
pub fn domain_distance(features: &[f32]) -> Result<Domain, LearnError> {
    let file = Weights::from_safetensors(include_bytes!("../weights/natural_images.safetensors"))
        .expect("the embedded file is checked by a test");
    NaturalImages::from_weights(&file)
        .expect("the embedded file is checked by a test")
        .domain(features)
}

impl NaturalImages {
    /// From the features `[n, d]` of natural images, some hundreds at least.
    ///
    /// # Errors
    /// [`LearnError::Shape`] when these are not whole rows, or fewer than 330 of them; [`LearnError::Algebra`].
    pub fn distil(features: &[f32], d: usize) -> Result<NaturalImages, LearnError> {
        let n = whole_rows(features, d)?;
        if n * (PARTS - 1) / PARTS <= DIRECTIONS * PARTS {
            return Err(LearnError::Shape {
                what: "features of natural images".into(),
                expected: format!("more than {} rows", DIRECTIONS * PARTS),
                found: n.to_string(),
            });
        }
        let patterns = Matrix::new(n, d, features.chunks_exact(d).flat_map(pattern).collect());
        let mut distances = vec![0.0; n];
        for part in 0..PARTS {
            let others: Vec<usize> = (0..n).filter(|i| i % PARTS != part).collect();
            let of_others = Pattern::of(&patterns.pick(&others))?;
            for i in (part..n).step_by(PARTS) {
                distances[i] = of_others.distance(patterns.row(i)) as f32;
            }
        }
        let responses: Vec<f32> = features
            .chunks_exact(d)
            .map(|row| response(row) as f32)
            .collect();
        let mut natural = NaturalImages {
            pattern: Pattern::of(&patterns)?,
            responses: ascending(responses.clone()),
            distances: ascending(distances.clone()),
            shares: Vec::new(),
        };
        let pairs = responses.iter().zip(&distances);
        let shares = pairs.map(|(r, d)| natural.larger_share(f64::from(*r), f64::from(*d)) as f32);
        natural.shares = ascending(shares.collect());
        Ok(natural)
    }

    /// Photos with these features `[n, d]` against the natural images.
    ///
    /// # Errors
    /// [`LearnError::Shape`] when these are not whole rows.
    pub fn domain(&self, features: &[f32]) -> Result<Domain, LearnError> {
        let d = self.pattern.mean.len();
        whole_rows(features, d)?;
        let shares: Vec<f64> = features
            .chunks_exact(d)
            .map(|row| {
                let distance = self.pattern.distance(&pattern(row));
                below(&self.shares, self.larger_share(response(row), distance))
            })
            .collect();
        let n = shares.len().max(1) as f64;
        let mut sorted = shares.clone();
        sorted.sort_by(f64::total_cmp);
        Ok(Domain {
            median: sorted.get(sorted.len() / 2).copied().unwrap_or(0.0),
            strange: shares.iter().filter(|s| **s > 0.99).count() as f64 / n,
            shares,
        })
    }

    /// Of natural images that respond more and those with a nearer pattern, the larger share.
    fn larger_share(&self, response: f64, distance: f64) -> f64 {
        (1.0 - below(&self.responses, response)).max(below(&self.distances, distance))
    }

    /// As a table of tensors.
    pub fn to_weights(&self) -> Weights {
        let d = self.pattern.mean.len();
        let halves = self.pattern.directions.iter();
        let directions = Stored {
            number_type: NumberType::F16,
            shape: vec![DIRECTIONS, d],
            bytes: halves
                .flat_map(|v| f16::from_f64(*v).to_le_bytes())
                .collect(),
        };
        let single = |values: &[f32]| Stored::from_f32(vec![values.len()], values);
        let rounded =
            |values: &[f64]| single(&values.iter().map(|v| *v as f32).collect::<Vec<_>>());
        Weights {
            tensors: BTreeMap::from([
                ("pattern.mean".into(), rounded(&self.pattern.mean)),
                ("pattern.directions".into(), directions),
                ("pattern.variances".into(), rounded(&self.pattern.variances)),
                ("pattern.rest".into(), rounded(&[self.pattern.rest])),
                ("responses".into(), single(&self.responses)),
                ("distances".into(), single(&self.distances)),
                ("shares".into(), single(&self.shares)),
            ]),
            metadata: BTreeMap::new(),
        }
    }

    /// From a table of tensors as [`NaturalImages::to_weights`] makes it.
    ///
    /// # Errors
    /// [`LearnError::NotABundle`] when a tensor is missing, [`LearnError::Shape`] when one has another size.
    pub fn from_weights(file: &Weights) -> Result<NaturalImages, LearnError> {
        let tensor = |name: &str| {
            file.tensors.get(name).ok_or(LearnError::NotABundle {
                detail: format!("the tensor `{name}` of natural images is missing"),
            })
        };
        let mean = tensor("pattern.mean")?.to_f64();
        let variances = tensor("pattern.variances")?.to_f64();
        let directions = tensor("pattern.directions")?.to_f64();
        if directions.len() != mean.len() * variances.len() {
            return Err(LearnError::Shape {
                what: "directions of natural images".into(),
                expected: format!("{} × {} values", variances.len(), mean.len()),
                found: directions.len().to_string(),
            });
        }
        let rest = tensor("pattern.rest")?.to_f64();
        Ok(NaturalImages {
            pattern: Pattern {
                mean,
                directions,
                variances,
                rest: rest.first().copied().unwrap_or(f64::INFINITY),
            },
            responses: tensor("responses")?.to_f32(),
            distances: tensor("distances")?.to_f32(),
            shares: tensor("shares")?.to_f32(),
        })
    }
}

/// Mean and principal directions of patterns.
#[derive(Clone, Debug, PartialEq)]
struct Pattern {
    /// `[d]`
    mean: Vec<f64>,
    /// Orthonormal, `[q, d]`, row-major, largest variance first.
    directions: Vec<f64>,
    /// Variance along each, `[q]`.
    variances: Vec<f64>,
    /// Mean variance of each of the d − q other directions.
    rest: f64,
}

impl Pattern {
    fn of(rows: &Matrix) -> Result<Pattern, LearnError> {
        let (n, d) = (rows.n_rows, rows.n_cols);
        let mut mean = vec![0.0; d];
        for i in 0..n {
            mean.iter_mut().zip(rows.row(i)).for_each(|(m, v)| *m += v);
        }
        mean.iter_mut().for_each(|m| *m /= n as f64);
        let mut centred = rows.clone();
        for i in 0..n {
            let row = centred.row_mut(i);
            row.iter_mut().zip(&mean).for_each(|(v, m)| *v -= m);
        }
        let (values, vectors) = eigen(&outer_gram(&centred)).ok_or(LearnError::Algebra {
            what: "the features of natural images",
        })?;
        let along = transposed_product(&centred, &vectors); // [d, n], columns of length √value
        let mut directions = Vec::with_capacity(DIRECTIONS * d);
        for q in 0..DIRECTIONS {
            let column = || (0..d).map(|j| along.row(j)[q]);
            // Eigenvectors have no sign of their own; the largest entry is made positive.
            let largest = column().fold(0.0f64, |a, b| if b.abs() > a.abs() { b } else { a });
            let scale = largest.signum() / values[q].sqrt();
            directions.extend(column().map(|v| v * scale));
        }
        let rest: f64 = values[DIRECTIONS..].iter().map(|v| v.max(0.0)).sum();
        Ok(Pattern {
            mean,
            directions,
            variances: values[..DIRECTIONS].iter().map(|v| v / n as f64).collect(),
            rest: rest / (n * (d - DIRECTIONS)) as f64,
        })
    }

    /// Squared distance in standard deviations: Σ pⱼ²/λⱼ over the directions plus what they leave over the mean variance
    /// of the rest.
    ///
    /// # Source
    /// M. Tipping, C. Bishop, JRSS B 61 (1999), 611–622: minus twice the log-density up to a constant.
    fn distance(&self, row: &[f64]) -> f64 {
        let z: Vec<f64> = row.iter().zip(&self.mean).map(|(v, m)| v - m).collect();
        let mut left: f64 = z.iter().map(|v| v * v).sum();
        let mut distance = 0.0;
        for (direction, variance) in self.directions.chunks_exact(z.len()).zip(&self.variances) {
            let along: f64 = direction.iter().zip(&z).map(|(a, b)| a * b).sum();
            distance += along * along / variance;
            left -= along * along;
        }
        distance + left.max(0.0) / self.rest
    }
}

/// How much the network responds: the mean root of its features, which ReLU6 keeps from 0 to 6. The root counts how many
/// respond rather than how strongly the strongest does.
fn response(row: &[f32]) -> f64 {
    let roots = row.iter().map(|v| f64::from(v.max(0.0)).sqrt());
    roots.sum::<f64>() / row.len() as f64
}

/// What responds, whatever how much: roots of the features at length 1.
fn pattern(row: &[f32]) -> Vec<f64> {
    let length = row
        .iter()
        .map(|v| f64::from(v.max(0.0)))
        .sum::<f64>()
        .sqrt();
    let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
    row.iter()
        .map(|v| f64::from(v.max(0.0)).sqrt() * scale)
        .collect()
}

/// Share of ascending values that lie below.
fn below(sorted: &[f32], value: f64) -> f64 {
    sorted.partition_point(|v| f64::from(*v) < value) as f64 / sorted.len().max(1) as f64
}

fn ascending(mut values: Vec<f32>) -> Vec<f32> {
    values.sort_by(f32::total_cmp);
    values
}

fn whole_rows(features: &[f32], d: usize) -> Result<usize, LearnError> {
    if d == 0 || !features.len().is_multiple_of(d) {
        return Err(LearnError::Shape {
            what: "features of photos".into(),
            expected: format!("rows of {d}"),
            found: format!("{} values", features.len()),
        });
    }
    Ok(features.len() / d)
}

#[cfg(test)]
mod tests {
    use super::*;
    use handful_stats::Seed;

    const D: usize = 40;

    /// Images with responses between 0.2 and 1 in half of the features; which half is theirs alone.
    fn images(n: usize, seed: u64, share: f64, strength: f64) -> Vec<f32> {
        let unit = |i: usize| Seed(seed).key(i as u64) as f64 / u64::MAX as f64;
        (0..n * D)
            .map(|i| {
                if unit(2 * i) < share {
                    (strength * (0.2 + 0.8 * unit(2 * i + 1))) as f32
                } else {
                    0.0
                }
            })
            .collect()
    }

    #[test]
    fn other_natural_images_spread_evenly_and_strange_ones_lie_at_the_end() {
        let natural = NaturalImages::distil(&images(600, 1, 0.5, 1.0), D).unwrap();
        let same = natural.domain(&images(400, 2, 0.5, 1.0)).unwrap();
        assert!(
            (same.median - 0.5).abs() < 0.1 && same.strange < 0.05,
            "{}",
            same.median
        );
        let weak = natural.domain(&images(50, 3, 0.5, 0.3)).unwrap();
        assert!(weak.is_far(), "{}", weak.median);
        let sparse = natural.domain(&images(50, 4, 0.1, 6.0)).unwrap();
        assert!(sparse.is_far(), "{}", sparse.median);
        assert!(!same.is_far());
    }

    #[test]
    fn what_is_kept_says_the_same_again() {
        let natural = NaturalImages::distil(&images(600, 1, 0.5, 1.0), D).unwrap();
        let again = NaturalImages::from_weights(&natural.to_weights()).unwrap();
        let photos = images(100, 5, 0.4, 1.0);
        let (a, b) = (
            natural.domain(&photos).unwrap(),
            again.domain(&photos).unwrap(),
        );
        // Directions are kept in half precision.
        assert!(
            a.shares
                .iter()
                .zip(&b.shares)
                .all(|(a, b)| (a - b).abs() < 0.01)
        );
    }

    #[test]
    fn half_a_row_and_too_few_images_are_refused_and_none_is_no_trouble() {
        assert!(NaturalImages::distil(&images(100, 1, 0.5, 1.0), D).is_err());
        let natural = NaturalImages::distil(&images(600, 1, 0.5, 1.0), D).unwrap();
        assert!(natural.domain(&[1.0; D + 1]).is_err());
        assert!(!natural.domain(&[]).unwrap().is_far());
    }

    #[cfg(feature = "embedded-backbone")]
    #[test]
    fn the_embedded_file_is_whole_and_knows_1000_images() {
        let nothing = domain_distance(&[0.0; 1280]).unwrap();
        assert!(nothing.is_far(), "an image that wakes nothing is strange");
        let file =
            Weights::from_safetensors(include_bytes!("../weights/natural_images.safetensors"));
        let natural = NaturalImages::from_weights(&file.unwrap()).unwrap();
        assert_eq!(natural.shares.len(), 1_000);
        assert!(natural.responses.is_sorted() && natural.distances.is_sorted());
    }
}
