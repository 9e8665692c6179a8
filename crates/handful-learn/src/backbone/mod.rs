//! Which networks are known, and how one is run stage by stage.
//!
//! A family is one file here that writes plans, and one line in `known`; a backbone is recognised by the names and shapes of its
//! tensors, never by the name of a file. `frozen` runs a plan without gradients, `trainable` with them. Stages are the seam for
//! freezing and for caching a frozen prefix: see [`Backbone::forward_from`].

mod efficientnet_lite;
#[cfg(feature = "embedded-backbone")]
mod embedded;
mod folded;
mod frozen;
mod initial;
mod known;
mod maps;
mod plan;
mod precision;
mod resnet;
mod resnet14;
mod trainable;

use std::collections::BTreeMap;
use std::ops::Range;

use handful_image::{Filter, Geometry, Pixels, Preprocessing};
use handful_kernel::{Bf16, Element};
use serde::{Deserialize, Serialize};

#[cfg(feature = "embedded-backbone")]
pub use embedded::EMBEDDED;
pub use maps::Maps;
pub use plan::{NetworkTensor, Part};
pub use precision::Precision;
pub use trainable::{Statistics, Trainable};

use crate::weights::Stored;
use crate::{LearnError, Weights};
use frozen::Frozen;
use plan::Plan;

/// What is known about a backbone beside its numbers; kept in the bundle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Name of the architecture, as timm calls it without its `tf_`.
    pub name: String,
    /// Where the weights come from.
    pub provenance: String,
    /// Under which licence they may be used.
    pub licence: String,
}

/// Cost and size of one forward pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Multiply-accumulates an image, in millions.
    pub mega_macs: f64,
}

/// One step of a network after which its activations can be taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Name, as the prefix of its tensors where there is one: `stem`, `blocks.0` …, `head`, or `stem`, `layer1` ….
    pub name: String,
    /// Channels of its output.
    pub channels: usize,
    /// Input pixels a step of its output.
    pub stride: usize,
}

/// Stride of the middle stage: a step of its output sees 16 input pixels.
const MIDDLE_STRIDE: usize = 16;

/// A pretrained network with frozen statistics.
#[derive(Clone, Debug)]
pub struct Backbone {
    /// What is known about it.
    pub card: Card,
    /// The tensors it was made from, without any classifier, as they are kept in a bundle.
    pub weights: Weights,
    /// Its stages, first to last; the last one's spatial mean is *the* features.
    pub stages: Vec<Stage>,
    /// The image side it was trained at, in pixels.
    pub trained_px: usize,
    plan: Plan,
    network: Network,
}

/// A frozen network by its precision.
#[derive(Clone, Debug)]
enum Network {
    Float32(Frozen<f32>),
    Bfloat16(Frozen<Bf16>),
}

/// What [`Backbone::visit_means`] is asked for.
struct Means<'a> {
    images: &'a [Pixels],
    preprocessing: &'a Preprocessing,
    n_stages: usize,
    wanted: &'a dyn Fn(usize) -> bool,
    visit: &'a mut dyn FnMut(usize, &[f32]),
}

impl Means<'_> {
    fn of<E: Element>(&mut self, network: &Frozen<E>) {
        let x = Maps::of(self.images, self.preprocessing);
        let Some(last) = self.n_stages.checked_sub(1) else {
            return;
        };
        let x = network.run(0..last, x, &mut |stage, out| {
            if (self.wanted)(stage) {
                (self.visit)(stage, &out.spatial_mean());
            }
        });
        // Nobody needs the map behind the last stage.
        if (self.wanted)(last) {
            (self.visit)(last, &network.mean_of_stage(last, &x));
        }
    }
}

impl Backbone {
    /// Recognises the architecture by its tensors and loads it for frozen use, with the norms multiplied into the convolutions.
    ///
    /// Classifier tensors are dropped; `card` tells where the weights come from (its `name` is set here).
    ///
    /// # Errors
    /// [`LearnError::UnknownArchitecture`] with the first difference to the nearest known one.
    pub fn load(weights: &Weights, card: Card) -> Result<Backbone, LearnError> {
        let plan = known::recognise(weights)?;
        let weights = plan.without_classifier(weights);
        Ok(Backbone::of(plan, weights, card))
    }

    /// An architecture by its name, with weights that have learned nothing; one seed gives the same ones everywhere.
    ///
    /// # Errors
    /// [`LearnError::UnknownArchitecture`] with the names that exist.
    pub fn untrained(name: &str, seed: u64) -> Result<Backbone, LearnError> {
        let plan = known::named(name)?;
        let weights = initial::weights(&plan, seed);
        let card = Card {
            name: String::new(),
            provenance: format!("untrained, seed {seed}"),
            licence: "none needed".into(),
        };
        Ok(Backbone::of(plan, weights, card))
    }

    /// The same with numbers of another precision; float32 where nothing is said.
    pub fn in_precision(self, precision: Precision) -> Backbone {
        if self.precision() == precision {
            return self;
        }
        let network = match precision {
            Precision::Float32 => Network::Float32(Frozen::load(&self.plan, &self.weights)),
            Precision::Bfloat16 => Network::Bfloat16(Frozen::load(&self.plan, &self.weights)),
        };
        Backbone { network, ..self }
    }

    /// Which numbers it computes with.
    pub fn precision(&self) -> Precision {
        match self.network {
            Network::Float32(_) => Precision::Float32,
            Network::Bfloat16(_) => Precision::Bfloat16,
        }
    }

    /// From tensors that fit a plan.
    fn of(plan: Plan, weights: Weights, card: Card) -> Backbone {
        Backbone {
            card: Card {
                name: plan.name.clone(),
                ..card
            },
            network: Network::Float32(Frozen::load(&plan, &weights)),
            weights,
            stages: plan.stages(),
            trained_px: plan.trained_px,
            plan,
        }
    }

    /// All tensors of the stages from `first` on, in the order of the pass.
    pub fn tensors_from(&self, first: usize) -> Vec<NetworkTensor> {
        self.plan.tensors_from(first)
    }

    /// The same network with other numbers in some of its tensors.
    ///
    /// # Panics
    /// When a tensor is unknown, or of another shape.
    pub fn with_tensors(&self, changed: BTreeMap<String, Stored>) -> Backbone {
        let mut weights = self.weights.clone();
        for (name, tensor) in changed {
            let known = weights.tensors.get_mut(&name);
            let known = known.expect("a tensor of this network");
            assert_eq!(known.shape, tensor.shape, "{name}");
            *known = tensor;
        }
        let network = Backbone::of(self.plan.clone(), weights, self.card.clone());
        network.in_precision(self.precision())
    }

    /// How pixels become this backbone's input at `size_px`: its own mean and standard deviation.
    pub fn preprocessing(&self, geometry: Geometry, size_px: usize) -> Preprocessing {
        Preprocessing {
            geometry,
            size_px,
            filter: Filter::BilinearAntialias,
            scale: 1.0,
            mean: self.plan.pixel_mean,
            std: self.plan.pixel_std,
        }
    }

    /// Index of the stage called `name`.
    ///
    /// # Errors
    /// [`LearnError::UnknownStage`] with the names that exist.
    pub fn stage_idx(&self, name: &str) -> Result<usize, LearnError> {
        self.stages
            .iter()
            .position(|s| s.name == name)
            .ok_or_else(|| LearnError::UnknownStage {
                asked: name.to_owned(),
                known: self
                    .stages
                    .iter()
                    .map(|s| s.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }

    /// Names of the tensors of a stage, in the order of the pass: weights, and each norm's weight, bias, `running_mean` and
    /// `running_var`.
    pub(crate) fn tensor_names(&self, stage: usize) -> Vec<String> {
        let tensors = self.plan.tensors_from(stage).into_iter();
        let of_stage = tensors.take_while(|tensor| tensor.stage == stage);
        of_stage.map(|tensor| tensor.name).collect()
    }

    /// What its norms add to the variance.
    pub(crate) fn norm_epsilon(&self) -> f64 {
        self.plan.norm_epsilon
    }

    /// The sets of stages worth comparing as features: the last one, a middle one, both.
    ///
    /// The middle one is the deepest of stride 16: further from the classes of the pretraining, closer to texture and
    /// shape (small-data.md 1.1).
    pub fn stage_sets(&self) -> Vec<Vec<String>> {
        let last = self
            .stages
            .last()
            .expect("a network has stages")
            .name
            .clone();
        let middle = self
            .stages
            .iter()
            .rev()
            .find(|s| s.stride == MIDDLE_STRIDE)
            .map(|s| s.name.clone());
        match middle {
            Some(middle) => vec![vec![last.clone()], vec![middle.clone()], vec![middle, last]],
            None => vec![vec![last]],
        }
    }

    /// Cost of the whole network for one square image of `size_px`.
    pub fn cost(&self, size_px: usize) -> Cost {
        self.cost_to(size_px, self.stages.len() - 1)
    }

    /// Cost of the network up to the deepest of the named stages; unknown names count as the whole network.
    pub fn cost_through(&self, size_px: usize, stages: &[String]) -> Cost {
        let deepest = stages
            .iter()
            .map(|s| self.stage_idx(s).unwrap_or(self.stages.len() - 1))
            .max();
        self.cost_to(size_px, deepest.unwrap_or(self.stages.len() - 1))
    }

    /// Cost of a whole network by the name of its architecture.
    ///
    /// # Errors
    /// [`LearnError::UnknownArchitecture`] with the names that exist.
    pub fn cost_of(name: &str, size_px: usize) -> Result<Cost, LearnError> {
        let plan = known::named(name)?;
        Ok(Cost {
            mega_macs: plan.mega_macs(size_px, plan.stages().len() - 1),
        })
    }

    fn cost_to(&self, size_px: usize, stage: usize) -> Cost {
        Cost {
            mega_macs: self.plan.mega_macs(size_px, stage),
        }
    }

    /// Runs the stages from `stage` (0: from the pixels) to the last one, showing each stage's output to `visit`.
    ///
    /// `forward_from(k + 1, x)` with the output `x` of stage `k` continues exactly where a whole pass would be: a
    /// frozen prefix can be computed once and kept. Images of a batch are shared among the threads of the current pool; the
    /// bits are the same for any number of them.
    ///
    /// # Panics
    /// If there are not so many stages.
    pub fn forward_from(&self, stage: usize, x: Maps, visit: &mut dyn FnMut(usize, &Maps)) -> Maps {
        self.forward_between(stage..self.stages.len(), x, visit)
    }

    /// As [`Backbone::forward_from`], for a range of stages: what lies behind the last wanted one is not computed. Maps come and go as
    /// float32, which those of bfloat16 are exactly.
    pub fn forward_between(
        &self,
        stages: Range<usize>,
        x: Maps,
        visit: &mut dyn FnMut(usize, &Maps),
    ) -> Maps {
        match &self.network {
            Network::Float32(network) => network.run(stages, x, visit),
            // Whoever runs no stage keeps what he has.
            Network::Bfloat16(_) if stages.is_empty() => x,
            Network::Bfloat16(network) => {
                let visit = &mut |stage: usize, out: &Maps<Bf16>| visit(stage, &out.converted());
                network.run(stages, x.converted(), visit).converted()
            }
        }
    }

    /// Runs images of one size through the first `n_stages` stages, in whatever precision the network has, showing the spatial
    /// means of each stage that is `wanted` to `visit`: `[n, channels]`, row-major.
    pub fn visit_means(
        &self,
        images: &[Pixels],
        preprocessing: &Preprocessing,
        n_stages: usize,
        wanted: impl Fn(usize) -> bool,
        visit: &mut dyn FnMut(usize, &[f32]),
    ) {
        let mut means = Means {
            images,
            preprocessing,
            n_stages,
            wanted: &wanted,
            visit,
        };
        match &self.network {
            Network::Float32(network) => means.of(network),
            Network::Bfloat16(network) => means.of(network),
        }
    }
}
