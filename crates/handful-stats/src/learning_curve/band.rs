//! How sure is the curve? It is fitted again to errors of other groups.

use serde::{Deserialize, Serialize};

use super::power_law::{CLOSE_FOR_REFITS, Grid, PowerLaw, fit_power_law};
use crate::group::{bag, places};
use crate::interval::percentiles;
use crate::{Interval, Seed, StatsError};

/// Draws of groups; the ends of a band of 90 % then scatter by a twentieth of its width.
const N_DRAWS: usize = 500;
/// Level of the intervals of what was measured.
const LEVEL: f64 = 0.9;
/// Share of the refits that a band of 90 % holds. The borders of a, b and c make refits too alike: in 200 simulated sets
/// each of 80, 250 and 600 images on four curves, the middle 90 % held the truth at one, two and four times the largest
/// size in 81 to 95 % (89 on average), the middle 93 % in 84 to 96 % (92).
pub(super) const MIDDLE: f64 = 0.93;
/// No size's variance counts for less than this share of the mean of them, so that a size without an error, which has a
/// variance of 0, doesn't decide alone.
const LEAST_VARIANCE: f64 = 0.25;

/// What was measured at one size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Images that were learnt from.
    pub size: f64,
    /// Mean error, with its 90 % interval over groups.
    pub error: Interval,
}

/// A fitted curve with its refits; see [`learning_curve`].
#[derive(Clone, Debug)]
pub struct LearningCurve {
    /// What was measured, by ascending size.
    pub points: Vec<CurvePoint>,
    /// The curve through it.
    pub curve: PowerLaw,
    /// Groups that the errors come from.
    pub n_groups: usize,
    /// `[sizes]`, one over the variances of the mean errors.
    pub(super) weights: Vec<f64>,
    /// `[draws][sizes]`, mean errors of other groups.
    pub(super) draws: Vec<Vec<f64>>,
    /// The curve through each draw.
    pub(super) refits: Vec<PowerLaw>,
}

/// Fits e(n) = a + b·n^(−c) to the errors at several sizes of training set, and again to those of 500 bootstrap draws of
/// groups.
///
/// `sizes`: mean number of images that were learnt from, ascending and above 0. `errors` `[sizes][n]`: for each image the
/// share of its predictions at that size that were wrong, over all draws of training sets and repeats; the same images at
/// each size. `groups` has one entry an image. An image's errors at all sizes are drawn together, so that what makes it
/// hard at all sizes alike moves the curve and not its slope. The luck of which images were learnt from is not in the
/// draws of groups: it should be averaged out before, by several draws a size.
///
/// # Errors
/// [`StatsError::NoGroups`] without images; [`StatsError::Length`]; [`StatsError::Range`] of sizes that are none or don't
/// ascend.
///
/// # Source
/// Recipe A7.
pub fn learning_curve(
    sizes: &[f64],
    errors: &[Vec<f64>],
    groups: &[usize],
    seed: Seed,
) -> Result<LearningCurve, StatsError> {
    if groups.is_empty() || sizes.is_empty() {
        return Err(StatsError::NoGroups);
    }
    let lists = errors
        .iter()
        .map(|e| ("the errors at a size", groups.len(), e.len()));
    for (what, expected, found) in lists.chain([("the list of errors", sizes.len(), errors.len())])
    {
        if expected != found {
            return Err(StatsError::Length {
                what,
                expected,
                found,
            });
        }
    }
    let mut before = 0.0;
    for &size in sizes {
        if !(size > before && size.is_finite()) {
            return Err(StatsError::Range {
                what: "the size of a training set",
                value: size,
                range: "above 0, and above the size before it",
            });
        }
        before = size;
    }

    let (place, n_groups) = places(groups);
    let mut counts = vec![0.0; n_groups];
    let mut sums = vec![vec![0.0; sizes.len()]; n_groups];
    for (image, &g) in place.iter().enumerate() {
        counts[g] += 1.0;
        for (sum, errors) in sums[g].iter_mut().zip(errors) {
            *sum += errors[image];
        }
    }
    let mean_errors = |times: &[f64]| -> Vec<f64> {
        let n: f64 = counts.iter().zip(times).map(|(m, w)| m * w).sum();
        let mut means = vec![0.0; sizes.len()];
        for (sums, w) in sums.iter().zip(times) {
            for (mean, sum) in means.iter_mut().zip(sums) {
                *mean += w * sum / n;
            }
        }
        means
    };
    let means = mean_errors(&vec![1.0; n_groups]);
    let weights = weights(&means, &counts, &sums);
    let grid = Grid::new(sizes, &weights);
    let draws: Vec<Vec<f64>> = (0..N_DRAWS)
        .map(|draw| {
            mean_errors(&bag(
                n_groups,
                &mut seed.stream("learning curve", draw as u64),
            ))
        })
        .collect();
    let point = |(at, &size): (usize, &f64)| {
        let mut of_size: Vec<f64> = draws.iter().map(|means| means[at]).collect();
        CurvePoint {
            size,
            error: percentiles(means[at], &mut of_size, LEVEL),
        }
    };
    Ok(LearningCurve {
        points: sizes.iter().enumerate().map(point).collect(),
        curve: fit_power_law(sizes, &means, &weights),
        n_groups,
        refits: draws
            .iter()
            .map(|means| grid.fit(means, CLOSE_FOR_REFITS))
            .collect(),
        weights,
        draws,
    })
}

/// One over the variance of each mean error, clustered by group; all alike where no error varies.
fn weights(means: &[f64], counts: &[f64], sums: &[Vec<f64>]) -> Vec<f64> {
    let variances: Vec<f64> = (0..means.len())
        .map(|at| {
            let excess = counts.iter().zip(sums).map(|(m, s)| s[at] - m * means[at]);
            excess.map(|d| d * d).sum()
        })
        .collect();
    let mean = variances.iter().sum::<f64>() / means.len() as f64;
    if mean <= 0.0 {
        return vec![1.0; means.len()];
    }
    let floor = LEAST_VARIANCE * mean;
    // Relative to the mean: only ratios of weights matter.
    variances.iter().map(|v| mean / v.max(floor)).collect()
}

impl LearningCurve {
    /// The error with `n` images, above 0, and its 90 % band, cut to shares.
    pub fn band(&self, n: f64) -> Interval {
        let mut errors: Vec<f64> = self.refits.iter().map(|law| law.error(n)).collect();
        let band = percentiles(self.curve.error(n), &mut errors, MIDDLE);
        Interval {
            value: band.value.min(1.0),
            low: band.low.min(1.0),
            high: band.high.min(1.0),
        }
    }

    /// The largest size that was measured.
    pub fn largest(&self) -> f64 {
        self.points.last().expect("a curve has a size").size
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use rand::RngExt;

    pub const SIZES: [f64; 5] = [25.0, 50.0, 100.0, 150.0, 200.0];

    /// Errors `[sizes][n]` of images that are hard or easy: two of three predictions go by an image's own luck, which
    /// is the same at all sizes, the rest by a new one. Each is averaged over five training sets.
    pub fn simulated(law: PowerLaw, n: usize, seed: u64) -> Vec<Vec<f64>> {
        const TRAINING_SETS: usize = 5;
        let mut random = Seed(seed).stream("images", 0);
        let luck: Vec<f64> = (0..n).map(|_| random.random()).collect();
        let mut is_wrong = |image: usize, error: f64| {
            let own = random.random::<f64>() < 2.0 / 3.0;
            let luck = if own { luck[image] } else { random.random() };
            f64::from(luck < error) / TRAINING_SETS as f64
        };
        let mut at = |error: f64| -> Vec<f64> {
            let mut of_image = |image| (0..TRAINING_SETS).map(|_| is_wrong(image, error)).sum();
            (0..n).map(&mut of_image).collect()
        };
        SIZES.iter().map(|size| at(law.error(*size))).collect()
    }

    #[test]
    fn what_is_measured_stands_beside_the_curve_and_odd_sizes_are_refused() {
        let errors = vec![vec![1.0, 1.0, 0.0, 0.0], vec![1.0, 0.0, 0.0, 0.0]];
        let of = |sizes: &[f64], groups: &[usize]| learning_curve(sizes, &errors, groups, Seed(1));
        let curve = of(&[10.0, 20.0], &[0, 1, 2, 3]).unwrap();
        let means: Vec<f64> = curve.points.iter().map(|p| p.error.value).collect();
        assert_eq!(means, [0.5, 0.25]);
        assert!(curve.points.iter().all(|p| p.error.low < p.error.high));
        let band = curve.band(20.0);
        assert!(band.low <= band.value && band.value <= band.high);
        for sizes in [[20.0, 10.0], [0.0, 10.0], [10.0, f64::NAN]] {
            assert!(matches!(
                of(&sizes, &[0, 1, 2, 3]),
                Err(StatsError::Range { .. })
            ));
        }
        assert!(matches!(
            of(&[10.0, 20.0], &[0, 1, 2]),
            Err(StatsError::Length { .. })
        ));
        assert!(matches!(
            of(&[10.0], &[0, 1, 2, 3]),
            Err(StatsError::Length { .. })
        ));
        assert!(matches!(of(&[], &[]), Err(StatsError::NoGroups)));
    }

    #[test]
    fn no_error_at_all_is_no_trouble() {
        let alone: Vec<usize> = (0..30).collect();
        let curve = learning_curve(&SIZES, &vec![vec![0.0; 30]; 5], &alone, Seed(1)).unwrap();
        assert_eq!(curve.band(400.0).high, 0.0);
    }

    #[test]
    fn the_band_covers_the_truth_in_about_nine_of_ten_sets() {
        let alone: Vec<usize> = (0..250).collect();
        const SETS: u64 = 200;
        let laws = [(0.05, 1.5, 0.5), (0.02, 0.9, 0.35)];
        for law in laws.map(|(a, b, c)| PowerLaw { a, b, c }) {
            let mut covered = [0.0; 2];
            for set in 0..SETS {
                let errors = simulated(law, 250, set);
                let curve = learning_curve(&SIZES, &errors, &alone, Seed(set)).unwrap();
                for (covered, n) in covered.iter_mut().zip([200.0, 400.0]) {
                    let band = curve.band(n);
                    let holds = band.low <= law.error(n) && law.error(n) <= band.high;
                    *covered += f64::from(holds) / SETS as f64;
                }
            }
            // 84 to 96 % is what was measured; three standard errors of a share of 200 sets are 5 to 7 points.
            let is_near = |c: &f64| *c > 0.82 && *c < 0.985;
            assert!(covered.iter().all(is_near), "{law:?} {covered:?}");
        }
    }
}
