//! Everything that decides a training, as data.

use serde::{Deserialize, Serialize};

use super::Optimiser;
use crate::backbone::{Precision, Statistics};
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

/// One training. Ranges are checked by [`Recipe::check`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Which part learns.
    pub trains: Trains,
    /// Share of the norms' learned statistics that a batch replaces each step; none: they are frozen, which is right for small data.
    pub norm_momentum: Option<f64>,
    /// How parameters move.
    pub optimiser: Optimiser,
    /// Rate at its highest, after the warm-up.
    pub learning_rate: f64,
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
    /// Views of a photo that are kept of a frozen prefix; 0: each step sees new ones, and the prefix is computed again.
    pub views: usize,
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
            norm_momentum: None,
            optimiser: Optimiser::AdamW,
            learning_rate,
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
            views: 8,
            patience: None,
            gradual: false,
            precision: Precision::Float32,
        }
    }

    /// What is trained and how fast, as it is called in names of candidates: `last-2@0.0003`.
    pub fn name(&self) -> String {
        format!("{}@{}", self.trains.name(), self.learning_rate)
    }

    /// Which mean and variance norms go by.
    pub fn statistics(&self) -> Statistics {
        match self.norm_momentum {
            Some(momentum) => Statistics::Batch { momentum },
            None => Statistics::Frozen,
        }
    }

    /// Share of the highest rate in a step, 0..=1: a straight rise, then half a cosine down to zero.
    pub fn schedule(&self, step: usize) -> f64 {
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
        // A batch of one has no variance.
        let least = if self.norm_momentum.is_some() {
            2.0
        } else {
            1.0
        };
        within("batch", self.batch as f64, least, 65_536.0)?;
        if let Some(momentum) = self.norm_momentum {
            within("norm_momentum", momentum, 0.0, 1.0)?;
            if self.trains == Trains::Norms {
                return Err(LearnError::Recipe {
                    name: "norm_momentum",
                    found: momentum.to_string(),
                    range: "none where norms alone learn".into(),
                });
            }
        }
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
        let rates: Vec<f64> = (0..20).map(|s| recipe.schedule(s)).collect();
        assert_eq!(rates[..4], [0.25, 0.5, 0.75, 1.0]);
        assert_eq!(rates[4], 1.0);
        assert!((rates[12] - 0.5).abs() < 1e-12);
        assert!(rates[4..].is_sorted_by(|a, b| a > b) && rates[19] > 0.0);
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
            norm_momentum: Some(0.1),
            batch: 1,
            ..good.clone()
        };
        for (recipe, name) in [
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
