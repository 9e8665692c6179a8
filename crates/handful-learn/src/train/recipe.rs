//! Everything that decides a training, as data.

use handful_expand::Policy;
use serde::{Deserialize, Serialize};

use super::{Mixing, Norms, Optimiser};
use crate::backbone::Precision;
use crate::{Backbone, LearnError};

/// Which part of a network learns. Its head always does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trains {
    /// The gains and biases of all norms, and no weight: under one per cent of the numbers.
    Norms,
    /// The stages of the coarsest resolution.
    Last,
    /// The stages of the two coarsest resolutions.
    #[serde(rename = "last-2")]
    LastTwo,
    /// Everything.
    All,
    /// Everything behind the first so many stages.
    From(usize),
}

impl Trains {
    /// The first stage that learns: those before are a frozen prefix.
    pub fn cut(self, backbone: &Backbone) -> usize {
        let stages = &backbone.stages;
        let coarsest = |n: usize| {
            let mut strides: Vec<usize> = stages.iter().map(|s| s.stride).collect();
            strides.dedup();
            let least = strides[strides.len().saturating_sub(n)];
            stages.iter().position(|s| s.stride >= least)
        };
        match self {
            Trains::Norms | Trains::All => 0,
            Trains::Last => coarsest(1).expect("a network has stages"),
            Trains::LastTwo => coarsest(2).expect("a network has stages"),
            Trains::From(first) => first.min(stages.len() - 1),
        }
    }

    /// As it is called in names of candidates and by `--freeze`.
    pub fn name(self) -> String {
        match self {
            Trains::Norms => "norms".into(),
            Trains::Last => "last".into(),
            Trains::LastTwo => "last-2".into(),
            Trains::All => "all".into(),
            Trains::From(first) => format!("from-{first}"),
        }
    }
}

/// What is done about classes of unequal size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Balance {
    /// Nothing: each photo counts alike.
    #[default]
    None,
    /// Each class counts alike: its photos weigh 1 / its share.
    ClassWeights,
    /// ln of a class's share is added to its logits while learning, so that rare classes are learnt with a margin.
    ///
    /// Source: A. K. Menon et al., "Long-tail learning via logit adjustment" (ICLR 2021), equation 10 with τ = 1.
    LogitAdjustment,
}

/// A first part of the steps on smaller images, which cost less and hold back what only small details tell; the last part is at the
/// size of predictions, so that the network fits what it will see.
///
/// Sources: J. Howard et al., "Now anyone can train Imagenet in 18 minutes" (fast.ai, 2018), progressive resizing; H. Touvron et al.,
/// "Fixing the train-test resolution discrepancy" (NeurIPS 2019).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coarse {
    /// Share of the steps, 0.01 to 0.95.
    pub steps: f64,
    /// Side of the images as a share of the whole one, 0.25 to 0.95.
    pub side: f64,
}

/// Smaller sides are rounded to so many pixels, as all sizes that are tried.
const SIDE_STEP_PX: f64 = 4.0;

/// How the rate goes from step to step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// A straight rise, then half a cosine down to zero.
    #[default]
    WarmUpAndCosine,
    /// By the same factor in each step, from this rate to the highest one: [`super::rate_test`] learns so.
    Geometric {
        /// The rate of the first step, above 0.
        from: f64,
    },
}

impl Schedule {
    fn is_default(&self) -> bool {
        *self == Schedule::default()
    }
}

/// One training. Ranges are checked by [`Recipe::check`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Which part learns.
    pub trains: Trains,
    /// Which statistics norms go by.
    pub norms: Norms,
    /// How parameters move.
    pub optimiser: Optimiser,
    /// Rate at its highest, after the warm-up.
    pub learning_rate: f64,
    /// How it gets there, and what comes then.
    #[serde(default, skip_serializing_if = "Schedule::is_default")]
    pub schedule: Schedule,
    /// What the rate is multiplied with for each resolution before the last one, 0..=1.
    pub level_decay: f64,
    /// Steps.
    pub steps: usize,
    /// Images a step.
    pub batch: usize,
    /// Batches whose gradients make one step.
    pub accumulate: usize,
    /// Share of the steps in which the rate rises.
    pub warm_up: f64,
    /// Pull of all weights towards zero, as a share of the rate.
    pub weight_decay: f64,
    /// Pull of pretrained weights towards where they started (L2-SP), as a share of the rate.
    pub pull: f64,
    /// Largest norm of all gradients together.
    pub clip: f64,
    /// Share of each target that is spread over all classes.
    pub label_smoothing: f64,
    /// What is done about classes of unequal size.
    pub balance: Balance,
    /// Whether the model is the moving average of the weights, over the last tenth of the steps or so.
    pub average: bool,
    /// Whether the first part of the steps is on smaller images; not where views of a frozen prefix are kept, which have one size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coarse: Option<Coarse>,
    /// Views of a photo that are kept of a frozen prefix; 0: each step sees new ones, and the prefix is computed again.
    pub views: usize,
    /// What makes views; none: windows of a slightly wider square. A policy takes the place of windows, so that it says all that is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// How two photos become one; none: each is seen by itself. Where views of a frozen prefix are kept there is nothing to mix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mixing: Option<Mixing>,
    /// Epochs without progress on an inner split after which a training stops; none: it makes all of its steps.
    pub patience: Option<usize>,
    /// Whether stages join one resolution after the other, from the last one on.
    pub gradual: bool,
    /// Numbers of the maps, while it learns and when it predicts; parameters and all that moves them are float32.
    #[serde(default)]
    pub precision: Precision,
}

impl Recipe {
    /// What is tried unless something else is asked for; see BENCHMARKS.md for what chose it.
    pub fn new(trains: Trains, learning_rate: f64, steps: usize, batch: usize) -> Recipe {
        Recipe {
            trains,
            norms: Norms::Frozen,
            optimiser: Optimiser::AdamW,
            learning_rate,
            schedule: Schedule::WarmUpAndCosine,
            level_decay: 1.0,
            steps,
            batch,
            accumulate: 1,
            warm_up: 0.25,
            weight_decay: 0.01,
            pull: 0.0,
            clip: 1.0,
            label_smoothing: 0.0,
            balance: Balance::None,
            average: false,
            coarse: None,
            views: 8,
            policy: None,
            mixing: None,
            patience: None,
            gradual: false,
            precision: Precision::Float32,
        }
    }

    /// What is trained, how fast, and by which policy of views, as it is called in names of candidates: `last-2@0.0003+safe`.
    pub fn name(&self) -> String {
        let trained = format!("{}@{}", self.trains.name(), self.learning_rate);
        let trained = match &self.policy {
            Some(policy) => format!("{trained}+{}", policy.name),
            None => trained,
        };
        match &self.mixing {
            Some(Mixing::Mixup { .. }) => trained + "+mixup",
            Some(Mixing::Cutmix) => trained + "+cutmix",
            None => trained,
        }
    }

    /// Whether it learns from kept outputs of a frozen prefix.
    pub fn keeps_views(&self, backbone: &Backbone) -> bool {
        self.views > 0 && self.trains.cut(backbone) > 0
    }

    /// Whether each step sees new views, whatever the network.
    fn makes_views_anew(&self) -> bool {
        self.views == 0 || matches!(self.trains, Trains::Norms | Trains::All | Trains::From(0))
    }

    /// Steps on smaller images, which come first.
    fn coarse_steps(&self) -> usize {
        self.coarse
            .map_or(0, |c| (c.steps * self.steps as f64).round() as usize)
    }

    /// Side of the images in a step, in pixels, where predictions see them at `size_px`.
    pub fn side_px(&self, step: usize, size_px: usize) -> usize {
        match self.coarse {
            Some(coarse) if step < self.coarse_steps() => {
                let steps = (coarse.side * size_px as f64 / SIDE_STEP_PX).round();
                ((steps.max(1.0) * SIDE_STEP_PX) as usize).min(size_px)
            }
            _ => size_px,
        }
    }

    /// Pixels that a step sees on average, as a share of those of images in full.
    pub fn pixel_share(&self) -> f64 {
        let coarse = self.coarse_steps() as f64 / self.steps as f64;
        self.coarse
            .map_or(1.0, |c| 1.0 - coarse * (1.0 - c.side.powi(2)))
    }

    /// The rate of a step.
    pub fn rate(&self, step: usize) -> f64 {
        match self.schedule {
            Schedule::WarmUpAndCosine => self.learning_rate * self.risen_and_fallen(step),
            Schedule::Geometric { from } => {
                let way = step as f64 / (self.steps.max(2) - 1) as f64;
                from * (self.learning_rate / from).powf(way)
            }
        }
    }

    /// Share of the highest rate, 0..=1: a straight rise, then half a cosine down to zero.
    fn risen_and_fallen(&self, step: usize) -> f64 {
        let rising = (self.warm_up * self.steps as f64).round();
        let step = step as f64;
        if step < rising {
            return (step + 1.0) / rising;
        }
        let left = (self.steps as f64 - rising).max(1.0);
        0.5 * (1.0 + (std::f64::consts::PI * (step - rising) / left).cos())
    }

    /// Compares every number with its range.
    ///
    /// # Errors
    /// [`LearnError::Recipe`] with the first one that can't be used.
    pub fn check(&self) -> Result<(), LearnError> {
        let within = |name: &'static str, value: f64, low: f64, high: f64| {
            if value.is_finite() && (low..=high).contains(&value) {
                return Ok(());
            }
            Err(LearnError::Recipe {
                name,
                found: value.to_string(),
                range: format!("{low} to {high}"),
            })
        };
        within("learning_rate", self.learning_rate, 0.0, 10.0)?;
        if let Schedule::Geometric { from } = self.schedule {
            within("from", from, f64::MIN_POSITIVE, self.learning_rate)?;
        }
        within("level_decay", self.level_decay, 0.0, 1.0)?;
        within("steps", self.steps as f64, 1.0, 1e7)?;
        within("accumulate", self.accumulate as f64, 1.0, 1024.0)?;
        within("warm_up", self.warm_up, 0.0, 1.0)?;
        within("weight_decay", self.weight_decay, 0.0, 100.0)?;
        within("pull", self.pull, 0.0, 1e4)?;
        within("clip", self.clip, 1e-6, 1e9)?;
        within("label_smoothing", self.label_smoothing, 0.0, 0.5)?;
        within("patience", self.patience.unwrap_or(1) as f64, 1.0, 1e6)?;
        within("views", self.views as f64, 0.0, 256.0)?;
        let mut fewest = 1.0;
        if let Norms::Batch { momentum } = self.norms {
            // A batch of one has no variance.
            fewest = 2.0;
            within("momentum of norms", momentum, 0.0, 1.0)?;
            if self.trains == Trains::Norms {
                return Err(LearnError::Recipe {
                    name: "norms",
                    found: "batch".into(),
                    range: "frozen or re-estimated where norms alone learn".into(),
                });
            }
        }
        if let Some(coarse) = self.coarse {
            within("steps of coarse", coarse.steps, 0.01, 0.95)?;
            within("side of coarse", coarse.side, 0.25, 0.95)?;
            if !self.makes_views_anew() {
                return Err(LearnError::Recipe {
                    name: "views",
                    found: self.views.to_string(),
                    range: "0 where the first steps are on smaller images: kept ones have one size"
                        .into(),
                });
            }
        }
        if let Some(Mixing::Mixup { alpha }) = self.mixing {
            within("alpha of mixup", alpha, 1e-3, 100.0)?;
        }
        if self.mixing.is_some() && !self.makes_views_anew() {
            return Err(LearnError::Recipe {
                name: "views",
                found: self.views.to_string(),
                range: "0 where photos are mixed: what a frozen prefix made of them can't be"
                    .into(),
            });
        }
        if let Some(Err(error)) = self.policy.as_ref().map(Policy::check) {
            return Err(LearnError::Recipe {
                name: "policy",
                found: error.to_string(),
                range: error.advice(),
            });
        }
        within("batch", self.batch as f64, fewest, 65_536.0)?;
        self.optimiser.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_and_falls() {
        let recipe = Recipe {
            warm_up: 0.2,
            ..Recipe::new(Trains::All, 1.0, 20, 4)
        };
        let rates: Vec<f64> = (0..20).map(|s| recipe.rate(s)).collect();
        assert_eq!(rates[..4], [0.25, 0.5, 0.75, 1.0]);
        assert_eq!(rates[4], 1.0);
        assert!((rates[12] - 0.5).abs() < 1e-12);
        assert!(rates[4..].is_sorted_by(|a, b| a > b) && rates[19] > 0.0);
    }

    #[test]
    fn the_first_steps_are_on_smaller_images() {
        let recipe = Recipe {
            coarse: Some(Coarse {
                steps: 0.6,
                side: 0.57,
            }),
            ..Recipe::new(Trains::All, 1.0, 10, 4)
        };
        let sides: Vec<usize> = (0..10).map(|step| recipe.side_px(step, 224)).collect();
        // 0.57 · 224 = 127.7
        assert_eq!(sides, [[128; 6].as_slice(), &[224; 4]].concat());
        assert!((recipe.pixel_share() - (0.4 + 0.6 * 0.57 * 0.57)).abs() < 1e-12);
        let plain = Recipe::new(Trains::All, 1.0, 10, 4);
        assert_eq!((plain.side_px(0, 224), plain.pixel_share()), (224, 1.0));
    }

    #[test]
    fn a_geometric_schedule_has_the_same_factor_in_every_step() {
        let recipe = Recipe {
            schedule: Schedule::Geometric { from: 1e-6 },
            ..Recipe::new(Trains::All, 1e-1, 6, 4)
        };
        recipe.check().unwrap();
        for (step, expected) in [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1].into_iter().enumerate() {
            let rate = recipe.rate(step);
            assert!((rate / expected - 1.0).abs() < 1e-12, "{step}: {rate}");
        }
        let backwards = Recipe {
            learning_rate: 1e-7,
            ..recipe
        };
        assert!(backwards.check().is_err());
    }

    #[test]
    fn stages_that_learn_are_found_by_their_resolution() {
        let lite = Backbone::untrained("efficientnet_lite0", 1).unwrap();
        let name = |trains: Trains| lite.stages[trains.cut(&lite)].name.clone();
        assert_eq!(name(Trains::Last), "blocks.5");
        assert_eq!(name(Trains::LastTwo), "blocks.3");
        assert_eq!(name(Trains::All), "stem");
        assert_eq!(name(Trains::From(2)), "blocks.1");
        assert_eq!(name(Trains::From(99)), "head");
        let resnet = Backbone::untrained("resnet18", 1).unwrap();
        let name = |trains: Trains| resnet.stages[trains.cut(&resnet)].name.clone();
        assert_eq!(name(Trains::Last), "layer4");
        assert_eq!(name(Trains::LastTwo), "layer3");
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        let good = Recipe::new(Trains::Last, 3e-4, 100, 16);
        good.check().unwrap();
        let trained = Recipe {
            norms: Norms::Batch { momentum: 0.1 },
            batch: 1,
            ..good.clone()
        };
        let coarse = Recipe {
            coarse: Some(Coarse {
                steps: 0.5,
                side: 0.5,
            }),
            ..good.clone()
        };
        Recipe {
            views: 0,
            ..coarse.clone()
        }
        .check()
        .unwrap();
        Recipe {
            trains: Trains::All,
            ..coarse.clone()
        }
        .check()
        .unwrap();
        for (recipe, name) in [
            (coarse, "views"),
            (
                Recipe {
                    learning_rate: f64::NAN,
                    ..good.clone()
                },
                "learning_rate",
            ),
            (
                Recipe {
                    steps: 0,
                    ..good.clone()
                },
                "steps",
            ),
            (trained, "batch"),
        ] {
            let error = recipe.check().unwrap_err().to_string();
            assert!(error.contains(&format!("`{name}`")), "{error}");
        }
    }

    #[test]
    fn a_recipe_survives_json_and_unknown_keys_are_refused() {
        let recipe = Recipe::new(Trains::LastTwo, 3e-4, 100, 16);
        let text = serde_json::to_string(&recipe).unwrap();
        assert_eq!(serde_json::from_str::<Recipe>(&text).unwrap(), recipe);
        let older = text.replace(",\"precision\":\"float32\"", "");
        assert!(older.len() < text.len());
        assert_eq!(serde_json::from_str::<Recipe>(&older).unwrap(), recipe);
        let more = text.replacen('{', "{\"dropout\":0.5,", 1);
        assert!(serde_json::from_str::<Recipe>(&more).is_err());
    }
}
