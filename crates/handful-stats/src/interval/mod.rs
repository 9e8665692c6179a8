//! How sure is a number? Closed forms for shares, resampling of groups for the rest.

mod accuracy;
mod balanced;
mod clustered;
mod draws;
mod f1;
mod loss;
mod newcombe;
mod normal;
mod wilson;

use serde::{Deserialize, Serialize};

pub use accuracy::accuracy_interval;
pub use balanced::balanced_accuracy_interval;
pub(crate) use clustered::{mean_over_folds, mean_over_groups};
pub(crate) use draws::percentiles;
pub use f1::macro_f1_interval;
pub use loss::log_loss_interval;
pub use newcombe::difference_of_shares;
pub use wilson::wilson;

use crate::StatsError;

/// A number and where the truth may lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The estimate.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// The same ends around another value, moved out where they don't hold it.
    fn holding(self, value: f64) -> Interval {
        Interval {
            value,
            low: self.low.min(value),
            high: self.high.max(value),
        }
    }

    /// `factor` times as wide around the same middle, as far as shares go (0..=1); the value stays.
    pub fn widened(self, factor: f64) -> Interval {
        let middle = (self.low + self.high) / 2.0;
        let half = factor * (self.high - self.low) / 2.0;
        Interval {
            value: self.value,
            low: (middle - half).clamp(0.0, self.value),
            high: (middle + half).clamp(self.value, 1.0),
        }
    }
}

fn check(share: f64, n: f64, level: f64) -> Result<(), StatsError> {
    if !(0.0..=1.0).contains(&share) {
        return Err(StatsError::Range {
            what: "a share",
            value: share,
            range: "0 to 1",
        });
    }
    if n.is_nan() || n <= 0.0 {
        return Err(StatsError::NoGroups);
    }
    if !(level > 0.0 && level < 1.0) {
        return Err(StatsError::Range {
            what: "the level",
            value: level,
            range: "above 0 and below 1",
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_widened_interval_stays_among_the_shares() {
        let inside = Interval {
            value: 0.5,
            low: 0.25,
            high: 0.5,
        };
        assert_eq!(
            inside.widened(2.0),
            Interval {
                value: 0.5,
                low: 0.125,
                high: 0.625
            }
        );
        let perfect = Interval {
            value: 1.0,
            low: 0.75,
            high: 1.0,
        };
        assert_eq!(
            perfect.widened(3.0),
            Interval {
                value: 1.0,
                low: 0.5,
                high: 1.0
            }
        );
    }
}
