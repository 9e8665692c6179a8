//! How is a number said? The same words on the page and on the terminal.
//!
//! Rules: an accuracy never goes without its interval; whole per cent, and one decimal only where half the interval is under
//! one point; n with its unit; a share that isn't whole is never rounded to 0 or 100. Names come from folders and may hold
//! anything, so they pass through [`visible`] and can't steer a terminal or turn a line around.

mod claim;
mod curve;
mod diagnosis;
mod finding;
mod look_alikes;
mod name;
mod number;
mod training;
mod verdict;

pub use claim::claim;
pub use curve::{more_photos, was_it_right};
pub use diagnosis::{TrainingAdvice, looked_at, quick_accuracy, training_advice};
pub use finding::{capitalised, sentence, severity};
pub use look_alikes::undecided;
pub use name::{quoted, shortened, visible};
pub use number::{
    count, counted, loss, loss_at, loss_difference, loss_range, loss_with_interval, milliseconds,
    percent, percent_at, percent_changed, percent_with_interval, points_with_interval, range, rate,
    rate_of_two_digits, similarity, times,
};
pub use training::{epoch, kept_share, probes, shuffled, skill, stage_change, training_course};
pub use verdict::{
    RATIO_BALANCED_BESIDE, RATIO_BALANCED_LEADS, Spoken, balanced_beside, balanced_leads,
    looked_at_again, spoken, summary_line, verdict,
};
