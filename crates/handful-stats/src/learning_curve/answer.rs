//! How many more images for so many points?

use serde::{Deserialize, Serialize};

use super::band::MIDDLE;
use super::{LearningCurve, PowerLaw};
use crate::interval::percentiles;

/// With fewer sizes three numbers can't be told.
const LEAST_SIZES: usize = 4;
/// With fewer groups drawing them again says nothing.
const LEAST_GROUPS: usize = 5;
/// A curve is not drawn out beyond so many times the largest size that was measured.
const FURTHEST: f64 = 4.0;
/// Where what doubling brings is less sure than this, in shares of images, the curve is not known. Recipe A7.
const WIDEST: f64 = 0.04;
/// Halvings of the range of sizes that is searched; the last is far below one image.
const STEPS: usize = 60;

/// How many more images bring so many points.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// So many, in 19 of 20 cases, as far as the curve can be believed.
    Images {
        /// How many more.
        more: usize,
        /// How many that makes.
        total: usize,
    },
    /// The error is less than that already.
    NothingLeft,
    /// No number of images will, in 19 of 20 cases.
    NotReachable,
    /// It can't be told.
    CannotTell {
        /// What is missing.
        why: Why,
    },
}

/// Why a curve doesn't answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Errors were measured at fewer than four sizes.
    FewSizes,
    /// The errors are those of fewer than five groups.
    FewGroups,
    /// The curve may be flat: its slope's interval holds 0.
    NoSlope,
    /// What doubling brings is known to 4 points at best.
    WideBand,
    /// It is more than four times the largest size that was measured.
    TooFar,
}

impl LearningCurve {
    /// How many more images lower the error by `points` (a share: 0.02 for two points) for a model that now learns from
    /// `n_now` images.
    ///
    /// The smallest total at which the lower end of the band of the gain, from where each refitted curve is now, is as much.
    /// Who believed the numbers in simulated sets gained so much in 43 of 45. "Cannot tell" comes in the order of
    /// [`Why`], "not reachable" before a slope that may be none: a flat curve gets either.
    ///
    /// The recipe compares the band of the error itself with a fixed target. That band is as wide as the interval of an
    /// accuracy, nearly all of which is how hard these images are, now and later; of a gain it cancels.
    ///
    /// # Source
    /// Recipe A7, with bands of gains.
    pub fn more_images(&self, points: f64, n_now: usize) -> Answer {
        let cannot = |why| Answer::CannotTell { why };
        if self.points.len() < LEAST_SIZES {
            return cannot(Why::FewSizes);
        }
        if self.n_groups < LEAST_GROUPS {
            return cannot(Why::FewGroups);
        }
        let now = n_now.max(1) as f64;
        let gain = |n: f64| self.percentiles(|law| law.error(now) - law.error(n));
        if self.curve.error(now) < points {
            return Answer::NothingLeft;
        }
        // What remains of the slope when there is no end to the images.
        if self.percentiles(|law| law.error(now) - law.a).high < points {
            return Answer::NotReachable;
        }
        if self.percentiles(|law| law.b).low <= 0.0 {
            return cannot(Why::NoSlope);
        }
        let doubled = gain(2.0 * self.largest());
        if doubled.high - doubled.low > WIDEST {
            return cannot(Why::WideBand);
        }
        let (mut low, mut high) = (now, FURTHEST * self.largest());
        if high <= low || gain(high).low < points {
            return cannot(Why::TooFar);
        }
        for _ in 0..STEPS {
            let middle = f64::midpoint(low, high);
            if gain(middle).low < points {
                low = middle;
            } else {
                high = middle;
            }
        }
        let total = high.ceil() as usize;
        Answer::Images {
            more: total - n_now,
            total,
        }
    }

    fn percentiles(&self, of: impl Fn(&PowerLaw) -> f64) -> crate::Interval {
        let mut values: Vec<f64> = self.refits.iter().map(&of).collect();
        percentiles(of(&self.curve), &mut values, MIDDLE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::band::tests::{SIZES, simulated};
    use super::super::learning_curve;
    use super::*;
    use crate::Seed;

    fn answer(law: PowerLaw, n: usize, seed: u64) -> Answer {
        let alone: Vec<usize> = (0..n).collect();
        learning_curve(&SIZES, &simulated(law, n, seed), &alone, Seed(seed))
            .unwrap()
            .more_images(0.02, 250)
    }

    /// Answers to `n_sets` sets of `n` images.
    fn answers(law: PowerLaw, n: usize, n_sets: u64) -> Vec<Answer> {
        (0..n_sets).map(|seed| answer(law, n, seed)).collect()
    }

    fn law(a: f64, b: f64, c: f64) -> PowerLaw {
        PowerLaw { a, b, c }
    }

    #[test]
    fn a_flat_curve_is_never_answered_with_a_number() {
        let found = answers(law(0.1, 0.0, 0.5), 250, 60);
        let is_number = |a: &&Answer| matches!(a, Answer::Images { .. });
        assert_eq!(found.iter().filter(is_number).count(), 0, "{found:?}");
        assert!(found.contains(&Answer::NotReachable));
        assert!(found.contains(&Answer::CannotTell { why: Why::NoSlope }));
    }

    #[test]
    fn who_takes_so_many_gains_so_much_in_nearly_all_sets() {
        for law in [law(0.03, 1.5, 0.5), law(0.0, 0.9, 0.4)] {
            let gains: Vec<bool> = answers(law, 400, 60)
                .iter()
                .filter_map(|answer| match answer {
                    Answer::Images { more, total } => {
                        assert_eq!(*total, 250 + more);
                        Some(law.error(250.0) - law.error(*total as f64) >= 0.02)
                    }
                    _ => None,
                })
                .collect();
            let right = gains.iter().filter(|g| **g).count();
            assert!(gains.len() >= 15, "{law:?}: {} answers", gains.len());
            assert!(
                10 * right >= 8 * gains.len(),
                "{law:?}: {right} of {}",
                gains.len()
            );
        }
        // Four times the images gain 1.8 points here, which is rarely taken for 2.
        let short = answers(law(0.1, 1.0, 0.6), 400, 60);
        let numbers = short.iter().filter(|a| matches!(a, Answer::Images { .. }));
        assert!(numbers.count() <= 8);
    }

    #[test]
    fn few_sizes_and_few_groups_are_said() {
        let errors = simulated(law(0.05, 1.5, 0.5), 40, 1);
        let why = |sizes: usize, groups: &[usize]| {
            let curve = learning_curve(&SIZES[..sizes], &errors[..sizes], groups, Seed(1));
            curve.unwrap().more_images(0.02, 250)
        };
        let alone: Vec<usize> = (0..40).collect();
        let fours: Vec<usize> = (0..40).map(|i| i % 4).collect();
        assert_eq!(why(3, &alone), Answer::CannotTell { why: Why::FewSizes });
        assert_eq!(
            why(5, &fours),
            Answer::CannotTell {
                why: Why::FewGroups
            }
        );
    }
}
