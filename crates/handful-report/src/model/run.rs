//! How good is the model of a run, and how was it made?

use serde::{Deserialize, Serialize};

use handful_stats::{Answer, Claim, Conformal, CurvePoint, Hindcast, ReliabilityBin, Said};

use super::{Augmentation, FindingCard, Severity, TrainingStory, Unread};
use crate::Interval;

/// One run, ready to be drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportModel {
    /// Name of the run, as the person knows it: usually the name of the folder of photos.
    pub name: String,
    /// How good the model is.
    pub verdict: Verdict,
    /// What must be known about the run as a whole, most important first. Warnings are drawn before remarks.
    pub notices: Vec<Notice>,
    /// What was found in the photos, most important first.
    #[serde(default)]
    pub findings: Vec<FindingCard>,
    /// Accuracy of the colour-and-shape control (HOG), out of fold on the same folds.
    pub hog_accuracy: Option<Interval>,
    /// All candidates that were compared, controls included, in any order: the page sorts them by log-loss.
    pub candidates: Vec<Candidate>,
    /// What may be said of the comparisons that were planned.
    #[serde(default)]
    pub claims: Vec<Claimed>,
    /// How often the whole choice, made again on resampled groups, comes to the same candidate, in 0..=1, where known.
    #[serde(default)]
    pub chosen_again: Option<f64>,
    /// Whether more photos would help, where it was looked at.
    #[serde(default)]
    pub curve: Option<Curve>,
    /// What was decided and why, in the order in which it was decided.
    pub decisions: Vec<Decision>,
    /// How a network was trained, where one was.
    #[serde(default)]
    pub training: Option<TrainingStory>,
    /// What the photos said of changes of themselves, where they were asked.
    #[serde(default)]
    pub augmentation: Option<Augmentation>,
    /// All classes, in the order of the confusion matrix.
    pub classes: Vec<ClassResult>,
    /// Which class was taken for which, out of fold.
    pub confusion: Confusion,
    /// How far the probabilities can be believed.
    pub calibration: Calibration,
    /// The mistakes with the highest probability, most confident first. At most
    /// [`MISTAKES_SHOWN`](crate::MISTAKES_SHOWN) are drawn.
    pub mistakes: Vec<Mistake>,
    /// Files that gave no photo, or gave one with a note.
    pub unread: Unread,
    /// How the model was made and how it is used.
    pub made: Made,
}

/// How good the model is, with all that the sentence needs to be honest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Share of photos that are predicted right, out of fold, corrected for the choice among candidates. With
    /// `look_alikes` it is the one of the two that leads: `apart` where the signals agree, `random` where they don't.
    pub accuracy: Interval,
    /// Mean recall over classes, out of fold; on the same folds as `accuracy`.
    pub balanced_accuracy: Interval,
    /// Level of all intervals, in (0, 1): 0.95.
    pub level: f64,
    /// Size of the largest class over the size of the smallest one, at least 1. Decides which of the two accuracies leads.
    pub class_ratio: f64,
    /// Name of the largest class.
    pub majority_class: String,
    /// Share of photos in the largest class: what always guessing it gets right.
    pub majority_accuracy: f64,
    /// Classes that the model tells apart.
    pub n_classes: usize,
    /// Photos behind the accuracy.
    pub n_images: usize,
    /// Groups of photos that stay together; `None` when nothing made groups and each photo counts as independent.
    pub n_groups: Option<usize>,
    /// What photos that look alike do to the accuracy; `None` where groups were given or nothing was found.
    #[serde(default)]
    pub look_alikes: Option<LookAlikes>,
    /// The given test split, when there is one.
    pub test: Option<TestResult>,
}

/// What says that photos may show one thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// They look alike.
    #[default]
    Looks,
    /// They were taken in one run, with a pause before and after.
    Times,
}

/// Photos of a class that look alike, or photos of one run, may show one scene, object or person, and then random folds measure memory.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LookAlikes {
    /// The accuracy with look-alikes kept together: no fold has some of a set on each side.
    pub apart: Interval,
    /// The accuracy with each photo counted as independent.
    pub random: Interval,
    /// Sets of two or more photos that look alike.
    pub n_sets: usize,
    /// Photos in these sets.
    pub n_photos: usize,
    /// Whether all signals say that each set shows one thing. Then `apart` is the truth that is told; otherwise both
    /// numbers stand side by side, each with what it assumes.
    pub agree: bool,
    /// What says so.
    #[serde(default)]
    pub by: Sign,
}

/// The result on photos that were set aside by the person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// Share of test photos that are predicted right.
    pub accuracy: Interval,
    /// Photos in the test split.
    pub n_images: usize,
    /// Test accuracy minus out-of-fold accuracy, as a share in -1..=1, with its own interval.
    pub difference: Interval,
    /// How often this test split has been opened for this model, this time included. From 2 on it is said.
    pub n_openings: usize,
}

/// Something worth saying about the run as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// How much it matters.
    pub severity: Severity,
    /// What was seen, with n and unit: a sentence.
    pub text: String,
    /// What to do about it, when there is something to do: a sentence.
    pub advice: Option<String>,
}

/// One candidate that was compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Name, as in `candidates.csv`.
    pub name: String,
    /// Strategy, as in `candidates.csv`: `frozen`, `control`, …
    pub strategy: String,
    /// Mean out-of-fold log-loss, in nats.
    pub log_loss: f64,
    /// Out-of-fold accuracy.
    pub accuracy: Interval,
    /// Predict time for one photo, in milliseconds, where measured.
    pub predict_ms: Option<f64>,
    /// Paired difference in log-loss to the best candidate. `None` for the best itself and where it was not compared.
    pub difference: Option<PairedDifference>,
    /// Whether this one became the model.
    pub chosen: bool,
}

/// A difference between two candidates on the same photos.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedDifference {
    /// Mean, in nats; positive is worse than the best.
    pub mean: f64,
    /// Its standard error, clustered by group, in nats.
    pub se: f64,
}

/// A comparison that was planned before the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claimed {
    /// What was compared, as in `candidates.csv`.
    pub candidate: String,
    /// With what.
    pub baseline: String,
    /// What may be said.
    pub claim: Claim,
}

impl Claimed {
    /// Those that showed a difference, and those that did not.
    pub fn shown_and_silent(all: &[Claimed]) -> (Vec<&Claimed>, Vec<&Claimed>) {
        (all.iter()).partition(|of| of.claim.said != Said::NoDifferenceSeen)
    }
}

/// How the error falls with the number of photos.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// The candidate that was fitted on fewer photos.
    pub candidate: String,
    /// Photos that were learnt from, and the error, fewest first.
    pub points: Vec<CurvePoint>,
    /// Points of accuracy that are asked for, as a share.
    pub gain: f64,
    /// How many more photos bring them.
    pub answer: Answer,
    /// What the curve of half of the photos said of all of them.
    pub hindcast: Option<Hindcast>,
}

/// One decision of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// What was decided about, in a word or two: "Resolution".
    pub topic: String,
    /// What was decided and the numbers behind it: one or two sentences.
    pub text: String,
}

/// One class and how it went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassResult {
    /// Its name.
    pub name: String,
    /// Photos of it that were scored.
    pub n_images: usize,
    /// Share of them that were predicted right; `None` when none was scored.
    pub recall: Option<Interval>,
}

/// Which class was taken for which.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confusion {
    /// Numbers of photos `[classes, classes]`, row-major; row: true class, column: predicted class.
    pub counts: Vec<usize>,
    /// Repeats of the folds. With more than one, the counts are those of the first, and the page says so.
    pub n_repeats: usize,
}

/// How far the probabilities can be believed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Out-of-fold log-loss of the model, in nats.
    pub log_loss: f64,
    /// Log-loss of the class shares alone, in nats, for comparison.
    pub log_loss_of_shares: Option<f64>,
    /// Expected calibration error over bins of equal mass, a share in 0..=1.
    pub ece: f64,
    /// What the same measure gives on this number of photos when the probabilities are exactly true, where known: it is
    /// biased upwards, so a perfect model doesn't reach 0.
    pub ece_when_perfect: Option<f64>,
    /// The temperature that the logits were divided by; null for an ensemble, where each member has its own.
    pub temperature: Option<f64>,
    /// Brier score, 0..=2, where known.
    #[serde(default)]
    pub brier: Option<f64>,
    /// How often the top class is right, from the least to the most confident photos.
    #[serde(default)]
    pub reliability: Vec<ReliabilityBin>,
    /// Sets of classes that hold the true one.
    #[serde(default)]
    pub sets: Option<Conformal>,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mistake {
    /// Path relative to the folder of photos.
    pub path: String,
    /// Label in the data.
    pub label: String,
    /// Label that the model gave.
    pub predicted: String,
    /// Probability that the model gave to `predicted`.
    pub probability: f64,
    /// A small JPEG or PNG of the photo, at most about 200 px wide; `None` shows a grey field.
    #[serde(with = "crate::picture::as_base64")]
    pub thumbnail: Option<Vec<u8>>,
}

/// How the model was made and how it is used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// Version of the program.
    pub version: String,
    /// Seed of all random draws.
    pub seed: u64,
    /// Folds and repeats, in words: "2 × 5-fold, grouped and stratified".
    pub protocol: String,
    /// The network, when there is one.
    pub backbone: Option<BackboneCard>,
    /// Size, geometry, filter and scaling, in words.
    pub preprocessing: String,
    /// The command that predicts with this model, ready to paste.
    pub predict_command: String,
    /// The command that made it, when known.
    pub train_command: Option<String>,
    /// Further rows of the table: a word or two, and the value.
    pub more: Vec<(String, String)>,
}

/// Where a network comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackboneCard {
    /// Its name: "EfficientNet-Lite0".
    pub name: String,
    /// Licence of its weights: "Apache-2.0".
    pub licence: String,
    /// Who trained it on what, and where the weights are from.
    pub provenance: String,
}
