//! What do the numbers allow us to say: folds, losses, calibration, choices and intervals.
//!
//! Plain slices in, values out. This crate never sees a pixel, a file or a clock, and draws random numbers only from
//! the [`Seed`] that it is given. Classes, groups and rows are indices; probabilities are `[n, classes]`, row-major.
//!
//! Reading order: [`seed`] (where randomness comes from), [`fold`] (who judges whom), [`column`] (what a candidate
//! scored), [`choice`] (which one is taken), [`correction`] (what taking the best does to its number, and whether it
//! would be taken again), [`claim`] (what may be said of two), [`interval`] (how sure a number is), [`metric`] and
//! [`temperature`] (what probabilities are worth), [`pool`] (what several say together), [`conformal`] (which classes it could be), [`learning_curve`]
//! (whether more images would help), [`overfitting`] (whether a training went on for too long), [`cluster`] (what is so alike that it is one), [`doubt`] and [`inseparable`] (which
//! labels and classes to look at), [`permutation`], [`holm`] and [`detectable`] (is it chance, and what would have been
//! seen otherwise).
//!
//! [`column`]: mod@column
//! [`holm`]: mod@holm
//! [`learning_curve`]: mod@learning_curve

mod binomial;
pub mod choice;
pub mod claim;
pub mod cluster;
pub mod column;
pub mod conformal;
pub mod correction;
pub mod detectable;
pub mod doubt;
mod error;
mod exponential;
pub mod fold;
mod group;
pub mod holm;
pub mod inseparable;
pub mod interval;
pub mod learning_curve;
pub mod metric;
pub mod overfitting;
pub mod permutation;
pub mod pool;
pub mod seed;
mod student;
pub mod temperature;

pub use binomial::{McNemar, mcnemar};
pub use choice::{Choice, Difference, one_standard_error, paired_difference};
pub use claim::{Claim, Planned, Said, claims, fold_losses};
pub use cluster::{average_linkage, connected, join_partitions};
pub use column::Column;
pub use conformal::{Conformal, cross_conformal, lac_threshold, prediction_set};
pub use correction::{Rechoice, bbc_accuracy, rechoose};
pub use detectable::detectable_accuracy;
pub use doubt::{Doubt, Doubts, label_doubts};
pub use error::StatsError;
pub use fold::{Folds, Protocol, protocol, stratified_subset};
pub use group::effective_groups;
pub use holm::{holm, holm_weighted};
pub use inseparable::{InseparablePair, inseparable_pairs};
pub use interval::{
    Interval, accuracy_interval, balanced_accuracy_interval, difference_of_shares,
    log_loss_interval, macro_f1_interval, wilson,
};
pub use learning_curve::{
    Answer, CurvePoint, Hindcast, LearningCurve, PowerLaw, Why, fit_power_law, learning_curve,
};
pub use metric::{
    ReliabilityBin, argmax, balanced_accuracy, brier, ece_bias, ece_equal_mass, log_loss, macro_f1,
    reliability,
};
pub use overfitting::{Course, Look, Seen, Training, training_course};
pub use permutation::{SequentialTest, permutation_p};
pub use pool::log_pool;
pub use seed::Seed;
pub use temperature::{fit_temperature, softmax_rows};
