//! Which photos of a class show one scene: one board of a shop, one person, one object, taken several times?
//!
//! Random folds then ask about scenes that the training has seen, and their accuracy is too good. Look-alikes alone can't
//! tell: drawings of one letter are as alike as photos of one board of apples, and are not one drawing. What tells is
//! *what is left of a photo when its class is taken away*. Photos of one kind share their class; photos of one scene share
//! the rest, too: the background, the light, the scratch on this very part. And how much of the rest two photos share by
//! chance, the data say themselves: photos of *different* classes are never one scene of a class, so the nearest of them
//! shows how near strangers come. Nothing is fitted to a set; all thresholds are quantiles of this chance.
//!
//! Two kinds of rest are compared: **details** (a middle stage: texture, colour, where things are) and the **look** (the
//! last stage). Scenes share details. Kinds inside a class (the two sides of a coin, two ways to draw a letter) share the
//! look above all. So groups from details alone are the witness, and groups from both are the scenes, if the witness
//! agrees: [`Scenes`] has both, and whoever judges by them compares what they do to the accuracy.
//!
//! Reading order: [`residual`] (the rest of a photo), [`chance`] (how near strangers come), [`grouping`] (which photos
//! are nearer than that). Measured in BENCHMARKS.md ("Scenes").

mod chance;
mod grouping;
mod residual;

use handful_stats::{Seed, join_partitions};

use crate::head::FeatureSet;
use residual::{residuals, similarity};

/// Directions of the within-class variation that are kept of a middle stage (112 channels in Lite0) and of the last
/// one (1,280): those with the most variance. On development sets 24 and 96 did the same within 2 points of accuracy.
const DETAIL_DIRECTIONS: usize = 48;
const LOOK_DIRECTIONS: usize = 64;

/// A pair is a *link* when it is nearer than the nearest stranger of all but this share of photos: by chance one photo
/// in a hundred has a link, so that chains of links don't form without scenes.
const LINK_QUANTILE: f64 = 0.99;
/// Photos are *clustered* while their mean similarity is that of a nearest stranger of four photos in five. A mean over
/// pairs chains less than links do, so it may be more generous: at 0.95 instead, groups hold on average a fifth fewer of
/// the pairs that truly are one scene.
const CLUSTER_QUANTILE: f64 = 0.8;

/// The scene of each photo by two readings; a scene is called by the row of its first photo, and lies inside a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenes {
    /// By links in the details alone: the witness.
    pub by_detail: Vec<usize>,
    /// By links in the details, or by clusters in details and look together.
    pub by_both: Vec<usize>,
}

/// Looks for scenes inside the classes.
///
/// `detail` and `look` hold the features of a middle and of the last stage of the same `n` photos; `labels` `[n]` are
/// below `n_classes`. `None` where chance can't be told: fewer than two classes of [`chance::LEAST_PHOTOS`] photos.
///
/// # Source
/// Ours. The rest of a photo as class-centred, within-class whitened features is the "channel" of speaker recognition
/// (S. Prince and J. Elder, "Probabilistic linear discriminant analysis", ICCV 2007); chance from other classes replaces
/// its Gaussian model.
pub fn scenes(
    detail: &FeatureSet,
    look: &FeatureSet,
    labels: &[usize],
    n_classes: usize,
    seed: Seed,
) -> Option<Scenes> {
    let detail = residuals(detail, labels, n_classes, DETAIL_DIRECTIONS)?;
    let look = residuals(look, labels, n_classes, LOOK_DIRECTIONS)?;
    let of_detail = |a: usize, b: usize| similarity(&detail, a, b);
    let of_both = |a: usize, b: usize| (similarity(&detail, a, b) + similarity(&look, a, b)) / 2.0;
    let link_at =
        chance::nearest_strangers(labels, n_classes, seed, &of_detail)?.quantile(LINK_QUANTILE);
    let cluster_at =
        chance::nearest_strangers(labels, n_classes, seed, &of_both)?.quantile(CLUSTER_QUANTILE);
    let by_detail = grouping::linked(labels, n_classes, link_at, &of_detail);
    let clusters = grouping::clustered(labels, n_classes, cluster_at, &of_both);
    Some(Scenes {
        by_both: join_partitions(&by_detail, &clusters),
        by_detail,
    })
}

#[cfg(test)]
mod tests;
