//! Would the curve have been right before? The largest size is foretold from the smaller half.

use serde::{Deserialize, Serialize};

use super::LearningCurve;
use super::band::MIDDLE;
use super::power_law::{CLOSE_FOR_REFITS, Grid};
use crate::Interval;
use crate::interval::percentiles;

/// Sizes up to this share of the largest foretell it; somewhat more than half, because whole groups don't halve evenly.
const HALF: f64 = 0.55;
/// A curve has three numbers.
const LEAST_SIZES: usize = 3;
/// With fewer groups drawing them again says nothing.
const LEAST_GROUPS: usize = 5;

/// What the smaller sizes foretold of the largest, and what came.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hindcast {
    /// The largest size.
    pub size: f64,
    /// The error foretold, with the 90 % band of what should have been measured.
    pub predicted: Interval,
    /// The error that was measured.
    pub measured: f64,
    /// Whether the band holds it.
    pub covered: bool,
}

impl LearningCurve {
    /// Foretells the error at the largest size from the curve through the sizes up to half of it. None where there are
    /// fewer than three of them, or fewer than five groups.
    ///
    /// Both the foretold and the measured error are of the same images, and both move with them: in each draw of groups the
    /// curve is fitted to the draw's small sizes and compared with the draw's own error at the largest. These differences
    /// hold the sampling error of both, with what they share taken out. The measured error is covered where the middle
    /// of them holds 0; the band is drawn around the foretold error accordingly, mirrored, because where refits foretell
    /// too much the truth lies lower. In simulated sets it covers in 86 to 95 %; not mirrored it did in 66 to 86 %.
    pub fn hindcast(&self) -> Option<Hindcast> {
        let size = self.largest();
        let n_small = self.points.iter().filter(|p| p.size <= HALF * size).count();
        if n_small < LEAST_SIZES || self.n_groups < LEAST_GROUPS {
            return None;
        }
        let small: Vec<f64> = self.points[..n_small].iter().map(|p| p.size).collect();
        let grid = Grid::new(&small, &self.weights[..n_small]);
        let foretold = |errors: &[f64]| grid.fit(&errors[..n_small], CLOSE_FOR_REFITS).error(size);
        let errors: Vec<f64> = self.points.iter().map(|p| p.error.value).collect();
        let measured = errors[errors.len() - 1];
        let predicted = foretold(&errors);
        let observed = measured - predicted;
        let mut differences: Vec<f64> = (self.draws.iter())
            .map(|draw| draw[draw.len() - 1] - foretold(draw) - observed)
            .collect();
        let spread = percentiles(0.0, &mut differences, MIDDLE);
        let predicted = Interval {
            value: predicted,
            low: (predicted - spread.high).max(0.0),
            high: (predicted - spread.low).min(1.0),
        };
        Some(Hindcast {
            size,
            predicted,
            measured,
            covered: (predicted.low..=predicted.high).contains(&measured),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::band::tests::{SIZES, simulated};
    use super::super::{PowerLaw, learning_curve};
    use crate::Seed;

    #[test]
    fn a_true_power_law_is_foretold_in_about_nine_of_ten_sets() {
        let alone: Vec<usize> = (0..250).collect();
        let law = PowerLaw {
            a: 0.05,
            b: 1.5,
            c: 0.5,
        };
        // The share of 100 sets that is covered, where so many images more are wrong at the largest two sizes.
        let covered = |also_wrong: usize| -> f64 {
            let of = |seed| {
                let mut errors = simulated(law, 250, seed);
                errors[3][..also_wrong].fill(1.0);
                errors[4][..also_wrong].fill(1.0);
                let curve = learning_curve(&SIZES, &errors, &alone, Seed(seed)).unwrap();
                f64::from(curve.hindcast().unwrap().covered)
            };
            (0..100).map(of).sum::<f64>() / 100.0
        };
        let (kept, bent) = (covered(0), covered(38));
        // Three standard errors of a share of 100 sets are about 9 points.
        assert!(kept > 0.81, "{kept}");
        assert!(bent < 0.3, "{bent}");
    }

    #[test]
    fn two_small_sizes_are_not_enough() {
        let errors = vec![vec![0.1; 20]; 4];
        let alone: Vec<usize> = (0..20).collect();
        let curve = learning_curve(&[30.0, 60.0, 90.0, 120.0], &errors, &alone, Seed(1)).unwrap();
        assert_eq!(curve.hindcast(), None);
    }
}
