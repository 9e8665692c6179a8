//! How sure is a number? Closed forms for shares, resampling of groups for the rest.

mod accuracy;
mod balanced;
mod newcombe;
mod normal;
mod wilson;

use serde::{Deserialize, Serialize};

pub use accuracy::accuracy_interval;
pub use balanced::balanced_accuracy_interval;
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
