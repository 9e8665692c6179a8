//! How did the training of a network go?

use serde::{Deserialize, Serialize};

use handful_stats::Training;

use crate::Interval;

/// The training of one candidate, as far as it was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingStory {
    /// The candidate, as in `candidates.csv`; of an ensemble the part that was trained.
    pub candidate: String,
    /// Whether it became the model, or a part of it.
    pub chosen: bool,
    /// Losses and accuracies by epoch, and what they say. Their intervals have the level of the
    /// [`Verdict`](crate::Verdict).
    pub training: Training,
    /// How the same recipe did on shuffled labels; `None` where that was not measured.
    #[serde(default)]
    pub shuffled: Option<Shuffled>,
    /// What became of what the network knew before; `None` where that was not measured.
    #[serde(default)]
    pub forgetting: Option<Forgetting>,
    /// How far each stage of the network gets by itself before it is tuned, from the pixels on; empty where that was not measured.
    #[serde(default)]
    pub probes: Vec<StageProbe>,
    /// Where the weights that are kept lie between those it started from (0) and the tuned ones (1).
    pub alpha: f64,
    /// Mean log-loss out of fold, in nats, by such a share of the way, ascending; empty where shares were not compared:
    /// a network from nothing goes all of it.
    #[serde(default)]
    pub by_alpha: Vec<(f64, f64)>,
}

/// How the recipe of a training did on labels that were dealt out at random: what it can learn by heart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shuffled {
    /// Share of the photos learnt from that are predicted as they were dealt, in 0..=1.
    pub train_accuracy: f64,
    /// Share that guessing gets right there, in 0..=1.
    pub chance: f64,
}

/// How far one stage of a network gets by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageProbe {
    /// Its name.
    pub stage: String,
    /// Whether it was trained afterwards.
    pub trained: bool,
    /// Share of held-out photos that a ridge regression on its features gets right, in 0..=1, with its interval.
    pub accuracy: Interval,
    /// Log-loss of the same, in nats.
    pub log_loss: f64,
}

/// What became of what a network knew before it was tuned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forgetting {
    /// Its stages, from the pixels on.
    pub stages: Vec<StageForgetting>,
    /// What the probe photos show, in words that can stand after "photos of": "80 everyday things that it was not tuned on".
    pub probe: String,
    /// Number of probe photos.
    pub n_probe: usize,
    /// A ridge regression on the network's features of the probe photos.
    pub ridge: SkillChange,
    /// The nearest probe photos by these features.
    pub knn: SkillChange,
}

/// How one stage changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageForgetting {
    /// Its name.
    pub stage: String,
    /// Whether it was trained; the others were kept as they were.
    pub trained: bool,
    /// Linear centred kernel alignment of its features of the probe photos before and after, in 0..=1 (1: the same up to
    /// rotation and scale), where measured. S. Kornblith et al., ICML 2019.
    pub cka: Option<f64>,
    /// Change of its weights, ‖after − before‖₂ / ‖before‖₂, a share of 0 or more.
    pub l2: f64,
}

/// How well probe photos are told apart by the features of the network, before and after it was tuned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SkillChange {
    /// Share right before, in 0..=1.
    pub before: f64,
    /// Share right after, in 0..=1.
    pub after: f64,
    /// After minus before, in −1..=1, with its interval.
    pub difference: Interval,
}
