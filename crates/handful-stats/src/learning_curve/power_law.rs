//! Which inverse power law goes through these errors?

use serde::{Deserialize, Serialize};

/// Exponents that are searched: below, the curve is flat for as far as anybody takes photos; above, it has ended.
/// Recipe A7.
const EXPONENTS: (f64, f64) = (0.1, 1.5);
/// Exponents of the grid, between which the search then goes on.
const GRID: usize = 30;
/// Width of the exponent's bracket that ends the search: what decides is far above it.
const CLOSE_ENOUGH: f64 = 1e-9;
/// The same for a refit, one of hundreds of which a percentile is taken: errors then change by less than 1e-5.
pub(super) const CLOSE_FOR_REFITS: f64 = 1e-4;

/// e(n) = a + b·n^(−c): the error of a model that learns from n images, a share of images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PowerLaw {
    /// The error that no number of images removes; 0 and more.
    pub a: f64,
    /// What one image would leave to remove; 0 and more.
    pub b: f64,
    /// How fast it goes; 0.1 to 1.5.
    pub c: f64,
}

impl PowerLaw {
    /// The error with `n` images.
    pub fn error(&self, n: f64) -> f64 {
        self.a + self.b * n.powf(-self.c)
    }
}

/// The power law with the least Σ w·(y − e(n))², with a ≥ 0 and b ≥ 0, for mean errors y at `sizes` with `weights` of one
/// over their variance. Of one size it is the constant.
///
/// For each c the best a and b are in closed form; c is searched on a grid of 30 and then by golden section. The recipe
/// bounds a by the least error too; then b would be above 0 on a flat curve, too, and it could never be said that there is
/// no slope.
///
/// # Panics
/// When the lists differ in length or are empty.
///
/// # Source
/// Recipe A7.
pub fn fit_power_law(sizes: &[f64], errors: &[f64], weights: &[f64]) -> PowerLaw {
    Grid::new(sizes, weights).fit(errors, CLOSE_ENOUGH)
}

/// The powers of the sizes, which many fits share.
pub(super) struct Grid {
    sizes: Vec<f64>,
    weights: Vec<f64>,
    /// `[GRID][sizes]`.
    powers: Vec<Vec<f64>>,
}

impl Grid {
    pub fn new(sizes: &[f64], weights: &[f64]) -> Grid {
        assert_eq!(sizes.len(), weights.len(), "one weight a size");
        assert!(!sizes.is_empty(), "a curve has a size");
        Grid {
            sizes: sizes.to_vec(),
            weights: weights.to_vec(),
            powers: (0..GRID).map(|i| powers(sizes, exponent(i))).collect(),
        }
    }

    pub fn fit(&self, errors: &[f64], close_enough: f64) -> PowerLaw {
        assert_eq!(errors.len(), self.sizes.len(), "one error a size");
        let rough: Vec<f64> = (self.powers.iter())
            .map(|x| line(x, errors, &self.weights).2)
            .collect();
        let best = (1..GRID).fold(0, |best, i| if rough[i] < rough[best] { i } else { best });
        let at = |c: f64| line(&powers(&self.sizes, c), errors, &self.weights);

        let (mut low, mut high) = (
            exponent(best.saturating_sub(1)),
            exponent((best + 1).min(GRID - 1)),
        );
        let golden = (5f64.sqrt() - 1.0) / 2.0;
        let (mut left, mut right) = (high - golden * (high - low), low + golden * (high - low));
        let (mut of_left, mut of_right) = (at(left).2, at(right).2);
        while high - low > close_enough {
            if of_left <= of_right {
                (high, right, of_right) = (right, left, of_left);
                left = high - golden * (high - low);
                of_left = at(left).2;
            } else {
                (low, left, of_left) = (left, right, of_right);
                right = low + golden * (high - low);
                of_right = at(right).2;
            }
        }
        let (mut c, middle) = (exponent(best), f64::midpoint(low, high));
        if at(middle).2 < rough[best] {
            c = middle;
        }
        let (a, b, _) = at(c);
        PowerLaw { a, b, c }
    }
}

fn exponent(place: usize) -> f64 {
    EXPONENTS.0 + (EXPONENTS.1 - EXPONENTS.0) * place as f64 / (GRID - 1) as f64
}

fn powers(sizes: &[f64], c: f64) -> Vec<f64> {
    sizes.iter().map(|n| n.powf(-c)).collect()
}

/// The weighted least squares of y = a + b·x with a ≥ 0 and b ≥ 0, and their sum.
fn line(x: &[f64], y: &[f64], weights: &[f64]) -> (f64, f64, f64) {
    let rows = || x.iter().zip(y).zip(weights).map(|((x, y), w)| (*x, *y, *w));
    let total: f64 = weights.iter().sum();
    let mean_x = rows().map(|(x, _, w)| w * x).sum::<f64>() / total;
    let mean_y = rows().map(|(_, y, w)| w * y).sum::<f64>() / total;
    let spread: f64 = rows().map(|(x, _, w)| w * (x - mean_x).powi(2)).sum();
    let slope: f64 = rows()
        .map(|(x, y, w)| w * (x - mean_x) * (y - mean_y))
        .sum();
    let mut b = if spread > 0.0 {
        (slope / spread).max(0.0)
    } else {
        0.0
    };
    let mut a = mean_y - b * mean_x;
    if a < 0.0 {
        // The sum of squares is convex, so that its least on the allowed side lies on the border.
        a = 0.0;
        b = rows().map(|(x, y, w)| w * x * y).sum::<f64>()
            / rows().map(|(x, _, w)| w * x * x).sum::<f64>();
    }
    let squares = rows().map(|(x, y, w)| w * (y - a - b * x).powi(2)).sum();
    (a, b, squares)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [f64; 5] = [20.0, 40.0, 80.0, 120.0, 160.0];

    #[test]
    fn a_curve_without_noise_is_found() {
        for (a, b, c) in [(0.05, 1.2, 0.6), (0.0, 0.9, 0.3), (0.2, 3.0, 1.1)] {
            let truth = PowerLaw { a, b, c };
            let errors = SIZES.map(|n| truth.error(n));
            let found = fit_power_law(&SIZES, &errors, &[1.0, 2.0, 3.0, 4.0, 5.0]);
            for (found, expected) in [(found.a, a), (found.b, b), (found.c, c)] {
                assert!((found - expected).abs() < 1e-6, "{truth:?} {found}");
            }
        }
    }

    #[test]
    fn a_rising_curve_is_called_flat_and_a_single_size_is_a_constant() {
        let rising = fit_power_law(&SIZES, &[0.1, 0.11, 0.12, 0.13, 0.14], &[1.0; 5]);
        assert!(rising.b == 0.0 && (rising.a - 0.12).abs() < 1e-12);
        let one = fit_power_law(&[50.0], &[0.3], &[7.0]);
        assert!(one.b == 0.0 && (one.error(100.0) - 0.3).abs() < 1e-12);
    }

    #[test]
    fn no_other_curve_is_closer() {
        let errors = [0.31, 0.22, 0.17, 0.165, 0.14];
        let weights = [1.0, 1.5, 2.0, 2.2, 2.5];
        let sum = |law: &PowerLaw| -> f64 {
            let rows = SIZES.iter().zip(&errors).zip(&weights);
            rows.map(|((n, y), w)| w * (y - law.error(*n)).powi(2))
                .sum()
        };
        let found = fit_power_law(&SIZES, &errors, &weights);
        for (da, db, dc) in [
            (1e-3, 0.0, 0.0),
            (0.0, 1e-2, 0.0),
            (0.0, 0.0, 1e-2),
            (1e-3, 1e-2, 1e-2),
        ] {
            for sign in [-1.0, 1.0] {
                let (a, b, c) = (
                    found.a + sign * da,
                    found.b + sign * db,
                    found.c + sign * dc,
                );
                assert!(sum(&PowerLaw { a, b, c }) >= sum(&found));
            }
        }
    }
}
