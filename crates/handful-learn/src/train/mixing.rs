//! Two photos in one while a network learns: which ones, how, and what each counts.
//!
//! A batch is mixed with itself in another order, by one draw (as the field's trainers do); the loss is linear in the targets, so that
//! soft labels are a sum of two losses.

use handful_expand::mixing::Mix;
use handful_stats::Seed;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

/// How photos of a batch are mixed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Mixing {
    /// Blends, with shares from Beta(α, α).
    Mixup {
        /// α, above 0; 0.1 to 0.4 for most photos.
        alpha: f64,
    },
    /// A rectangle of one lies on the other, of any size.
    Cutmix,
}

/// What was drawn for a batch.
pub(super) struct Mixed {
    /// What is mixed with each photo of the batch.
    pub partners: Vec<usize>,
    /// How.
    pub mix: Mix,
    /// What a photo itself counts; its partner counts the rest.
    pub share: f64,
}

impl Mixing {
    /// The draw for a batch of these photos, of images with a side of `side_px`; the same for the same seed and batch.
    pub(super) fn draw(self, photos: &[usize], seed: Seed, batch: u64, side_px: usize) -> Mixed {
        let mut random = seed.stream("mixing", batch);
        let mut partners = photos.to_vec();
        partners.shuffle(&mut random);
        let size = [side_px; 2];
        let mix = match self {
            Mixing::Mixup { alpha } => Mix::mixup(alpha, &mut random),
            Mixing::Cutmix => Mix::cutmix(size, &mut random),
        };
        Mixed {
            partners,
            mix,
            share: f64::from(mix.share(size)),
        }
    }
}
