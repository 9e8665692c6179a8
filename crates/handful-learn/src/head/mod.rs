//! What is fitted on features: heads, from features to logits, all of them closed forms, convex, or votes.
//!
//! Reading order: [`FeatureSet`] (the features of all images), [`TrainingFold`] (those a fit may see, standardised,
//! with algebra that its heads share), then one file a head, then [`Fitted`] (what every head comes out as).
//! `docs/adding-a-head.md` says how to add one.

mod centroid;
mod feature_set;
mod fitted;
mod inner;
mod knn;
mod lbfgs;
mod lda;
mod logistic;
mod neighbours;
mod ridge;
mod spectrum;
#[cfg(test)]
mod tests;
mod training_fold;

pub use centroid::Centroid;
pub use feature_set::FeatureSet;
pub use fitted::{Fitted, calibrated};
pub use knn::Knn;
pub use lda::Lda;
pub use logistic::Logistic;
pub use neighbours::Neighbours;
pub use ridge::Ridge;
pub use training_fold::TrainingFold;

use crate::LearnError;

/// A way to get from features to logits.
pub trait Head: Sync {
    /// Its name, as in every output.
    fn name(&self) -> &'static str;

    /// What it does, for people: one phrase.
    fn summary(&self) -> &'static str;

    /// Whether what it says of a mean of features is the mean of what it says: only then it can learn from several views of an image.
    fn is_affine(&self) -> bool {
        true
    }

    /// Whether a model with it keeps the features of all its images, and asks them in every prediction.
    fn keeps_images(&self) -> bool {
        false
    }

    /// Fits it, with its setting and the temperature chosen inside the fold.
    ///
    /// # Errors
    /// [`LearnError::Algebra`] when a decomposition fails.
    fn fit(&self, fold: &TrainingFold) -> Result<Fitted, LearnError>;
}

/// Order here is the order of equally cheap ones, and below five groups the first is taken.
pub static HEADS: &[&dyn Head] = &[&Centroid, &Lda, &Ridge, &Logistic, &Knn];

/// The head of this name.
pub fn named(name: &str) -> Option<&'static dyn Head> {
    HEADS.iter().copied().find(|head| head.name() == name)
}
