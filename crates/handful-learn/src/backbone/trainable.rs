//! A network that learns: an ordinary module of Burn, made by a backbone's plan, whose steps are those of [`crate::ops`].

use std::ops::RangeFrom;

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use handful_kernel::{Clamp, Slide};

use super::plan::{Beside, BlockPlan, ConvPlan, StagePlan};
use super::{Backbone, Maps, Precision};
use crate::Weights;
use crate::ops::{Convolve, Engine, Normalise};

/// Which mean and variance a norm goes by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistics {
    /// Those that it has learned: a norm is then a part of its convolution.
    Frozen,
    /// Those of the batch; the learned ones move towards them by this share a step (PyTorch's momentum, 0.1).
    Batch {
        /// The share.
        momentum: f64,
    },
}

/// How a pass is computed.
#[derive(Clone, Copy)]
struct Mode {
    engine: Engine,
    statistics: Statistics,
}

/// The last stages of a network, or all of them.
#[derive(Module, Debug)]
pub struct Trainable {
    stages: Vec<TrainableStage>,
    #[module(skip)]
    engine: Engine,
    #[module(skip)]
    precision: Precision,
}

#[derive(Module, Debug)]
struct TrainableStage {
    blocks: Vec<TrainableBlock>,
    #[module(skip)]
    pool: Option<Slide>,
}

#[derive(Module, Debug)]
struct TrainableBlock {
    through: Vec<ConvNorm>,
    beside: Option<ConvNorm>,
    #[module(skip)]
    adds_input: bool,
}

/// A convolution, its norm and its activation.
#[derive(Module, Debug)]
struct ConvNorm {
    /// `[channels out, channels in / groups, kernel, kernel]`
    weight: Param<Tensor<4>>,
    /// γ and β, `[channels out]`.
    gamma: Param<Tensor<1>>,
    beta: Param<Tensor<1>>,
    /// What has been learned of the maps: it has no gradient.
    mean: Param<Tensor<1>>,
    variance: Param<Tensor<1>>,
    #[module(skip)]
    how: Convolve,
    #[module(skip)]
    epsilon: f64,
}

impl Trainable {
    /// The stages of a backbone from one on; those before are run by [`Backbone::forward_between`].
    ///
    /// # Panics
    /// If there are not so many stages.
    pub fn of(backbone: &Backbone, stages: RangeFrom<usize>, device: &Device) -> Trainable {
        let load = |conv: &ConvPlan| {
            ConvNorm::load(&backbone.weights, conv, backbone.plan.norm_epsilon, device)
        };
        let block = |block: &BlockPlan| TrainableBlock {
            through: block.through.iter().map(load).collect(),
            beside: match &block.beside {
                Beside::Convolved(conv) => Some(load(conv)),
                Beside::Nothing | Beside::Input => None,
            },
            adds_input: matches!(block.beside, Beside::Input),
        };
        let stage = |stage: &StagePlan| TrainableStage {
            blocks: stage.blocks.iter().map(block).collect(),
            pool: stage.pool,
        };
        Trainable {
            stages: backbone.plan.stages[stages].iter().map(stage).collect(),
            engine: Engine::of(device),
            precision: Precision::Float32,
        }
    }

    /// The same with maps of another precision; float32 where nothing is said. Parameters and their gradients are float32 in both.
    pub fn in_precision(self, precision: Precision) -> Trainable {
        Trainable { precision, ..self }
    }

    /// The same, computed by another engine; ours is for CPUs alone.
    pub fn with_engine(self, engine: Engine) -> Trainable {
        Trainable { engine, ..self }
    }

    /// Runs all of its stages on `x` `[n, h, w, channels]`, which comes and goes as float32.
    ///
    /// # Panics
    /// For bfloat16 on another engine than ours.
    pub fn forward(&mut self, x: Tensor<4>, statistics: Statistics) -> Tensor<4> {
        let mode = Mode {
            engine: self.engine,
            statistics,
        };
        let x = match self.precision {
            Precision::Float32 => x,
            Precision::Bfloat16 => self.engine.rounded(x),
        };
        let stages = self.stages.iter_mut();
        let x = stages.fold(x, |x, stage| stage.forward(x, mode));
        match self.precision {
            Precision::Float32 => x,
            Precision::Bfloat16 => self.engine.widened(x),
        }
    }
}

impl TrainableStage {
    fn forward(&mut self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        let blocks = self.blocks.iter_mut();
        let x = blocks.fold(x, |x, block| block.forward(x, mode));
        match self.pool {
            Some(slide) => mode.engine.max_pool(x, slide),
            None => x,
        }
    }
}

impl TrainableBlock {
    fn forward(&mut self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        let added = match &mut self.beside {
            Some(conv) => Some(conv.forward(x.clone(), None, mode)),
            None => self.adds_input.then(|| x.clone()),
        };
        let (last, before) = self
            .through
            .split_last_mut()
            .expect("a block has convolutions");
        let before = before.iter_mut();
        let x = before.fold(x, |x, conv| conv.forward(x, None, mode));
        last.forward(x, added, mode)
    }
}

impl ConvNorm {
    fn load(weights: &Weights, plan: &ConvPlan, epsilon: f64, device: &Device) -> ConvNorm {
        let values = |name: &str, part: &str| weights.tensors[&format!("{name}.{part}")].to_f32();
        let of_norm = |part: &str| {
            let values = values(&plan.norm, part);
            let shape = [values.len()];
            Tensor::<1>::from_data(TensorData::new(values, shape), device)
        };
        let weight = TensorData::new(values(&plan.conv, "weight"), plan.shape());
        ConvNorm {
            weight: Param::from_tensor(Tensor::from_data(weight, device)),
            gamma: Param::from_tensor(of_norm("weight")),
            beta: Param::from_tensor(of_norm("bias")),
            mean: Param::from_tensor(of_norm("running_mean")).set_require_grad(false),
            variance: Param::from_tensor(of_norm("running_var")).set_require_grad(false),
            how: Convolve {
                slide: plan.slide,
                is_depthwise: plan.is_depthwise,
                clamp: plan.clamp,
            },
            epsilon,
        }
    }

    fn forward(&mut self, x: Tensor<4>, added: Option<Tensor<4>>, mode: Mode) -> Tensor<4> {
        match mode.statistics {
            Statistics::Frozen => self.folded(x, added, mode.engine),
            Statistics::Batch { momentum } => self.of_the_batch(x, added, momentum, mode.engine),
        }
    }

    /// γ·(x·w − μ)/√(σ² + ε) + β is one convolution, with weights gain·w and bias β − μ·gain for gain = γ/√(σ² + ε): nothing but its
    /// result is kept for the way back, and no map is read twice.
    fn folded(&self, x: Tensor<4>, added: Option<Tensor<4>>, engine: Engine) -> Tensor<4> {
        let gain = self.gamma.val() / (self.variance.val() + self.epsilon).sqrt();
        let bias = self.beta.val() - self.mean.val() * gain.clone();
        let weight = engine.scale_channels(self.weight.val(), gain);
        engine.convolve(x, weight, Some(bias), added, self.how)
    }

    fn of_the_batch(
        &mut self,
        x: Tensor<4>,
        added: Option<Tensor<4>>,
        momentum: f64,
        engine: Engine,
    ) -> Tensor<4> {
        let plain = Convolve {
            clamp: Clamp::NONE,
            ..self.how
        };
        let x = engine.convolve(x, self.weight.val(), None, None, plain);
        let [n, height, width, channels] = x.dims();
        let moments = engine.moments(x.clone());
        let pixels = (n * height * width) as f64;
        // A variance that others are told by is that of the population, as PyTorch keeps it.
        let unbiased = pixels / (pixels - 1.0).max(1.0);
        let [mean, variance] = [0, 1].map(|row| {
            moments
                .clone()
                .slice([row..row + 1, 0..channels])
                .reshape([channels])
        });
        towards(&mut self.mean, mean, momentum);
        towards(&mut self.variance, variance * unbiased, momentum);
        let how = Normalise {
            epsilon: self.epsilon as f32,
            clamp: self.how.clamp,
        };
        engine.normalise(x, moments, self.gamma.val(), self.beta.val(), added, how)
    }
}

/// Moves a learned statistic by a share towards that of a batch.
fn towards(learned: &mut Param<Tensor<1>>, batch: Tensor<1>, share: f64) {
    let before = learned.val().inner();
    let after = before * (1.0 - share) + batch * share;
    *learned = learned
        .clone()
        .map(|_| Tensor::from_inner(after).set_require_grad(false));
}

impl Maps {
    /// As a tensor of a device, `[n, h, w, channels]`.
    pub fn to_tensor(&self, device: &Device) -> Tensor<4> {
        let shape = [self.n, self.size.height, self.size.width, self.channels];
        Tensor::from_data(TensorData::new(self.values.to_vec(), shape), device)
    }
}
