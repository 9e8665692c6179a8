//! The part of a model that learns, and its parameters: what each is, how fast it learns, and what it started from.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use rayon::prelude::*;

use super::optimiser::Move;
use super::{Checkpoint, Model, Recipe, Trains};
use crate::backbone::{Maps, Part, Statistics, Trainable};
use crate::head::Fitted;
use crate::ops::spatial_mean;
use crate::weights::Stored;
use crate::{Backbone, LearnError};

/// Names of the head's tensors.
const HEAD_WEIGHT: &str = "head.weights";
const HEAD_BIAS: &str = "head.bias";
/// Added to the norm of all gradients before it divides, as PyTorch's `clip_grad_norm_` does.
const CLIP_EPSILON: f64 = 1e-6;
/// How much of its steps a moving average looks back over: a tenth.
const AVERAGED_SHARE: f64 = 10.0;

/// Stages and a head, as a module of Burn.
#[derive(Module, Debug)]
struct Stages {
    network: Trainable,
    /// `[features, classes]`
    weight: Param<Tensor<2>>,
    /// `[classes]`
    bias: Param<Tensor<1>>,
}

/// One tensor that learns.
#[derive(Clone, Debug)]
struct Parameter {
    name: String,
    values: Vec<f32>,
    start: Vec<f32>,
    /// What the optimiser remembers.
    memories: Vec<Vec<f32>>,
    average: Option<Vec<f32>>,
    pace: Pace,
}

/// How fast a tensor learns, what pulls at it, and from when on.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// What the rate is multiplied with.
    rate: f64,
    decay: f64,
    pull: f64,
    /// The step from which it learns.
    joins_at: usize,
}

impl Parameter {
    /// Before its first step.
    fn new(name: String, values: Vec<f32>, pace: Pace, recipe: &Recipe) -> Parameter {
        Parameter {
            name,
            start: values.clone(),
            memories: vec![vec![0.0; values.len()]; recipe.optimiser.n_memories()],
            average: recipe.average.then(|| values.clone()),
            values,
            pace,
        }
    }
}

/// What a tensor of the module is to the training.
#[derive(Clone, Debug)]
enum Slot {
    /// The parameter of this number.
    Learns(usize),
    /// A norm's statistic, by its name: no optimiser moves it, but batches may.
    Statistic(String),
    /// It stays as it is.
    Stays,
}

/// A model while it learns.
pub(super) struct Learner {
    backbone: Backbone,
    head: Fitted,
    /// Classes that it learns to tell apart: those of its training photos.
    pub present: Vec<usize>,
    stages: Stages,
    mean: Tensor<2>,
    scale: Tensor<2>,
    parameters: Vec<Parameter>,
    /// What each tensor of `stages` is, in its order.
    slots: Vec<Slot>,
    device: Device,
    pub step: usize,
}

impl Learner {
    /// A model that starts to learn; `present` are the classes of its photos, ascending.
    pub fn new(start: &Model, recipe: &Recipe, present: Vec<usize>) -> Learner {
        let device = Device::flex().autodiff();
        let Model { backbone, head } = start;
        let cut = recipe.trains.cut(backbone);
        let (d, k) = (head.mean.len(), head.bias.len());
        let weight: Vec<f32> = (0..d)
            .flat_map(|j| present.iter().map(move |c| head.weights[j * k + c] as f32))
            .collect();
        let bias: Vec<f32> = present.iter().map(|&c| head.bias[c] as f32).collect();
        let row = |values: &[f64]| -> Tensor<2> {
            let values: Vec<f32> = values.iter().map(|v| *v as f32).collect();
            Tensor::from_data(TensorData::new(values, [1, d]), &device)
        };
        let mut parameters = Vec::new();
        let mut slots = Vec::new();
        let mut learn = |name: String, values: Vec<f32>, pace: Pace| {
            parameters.push(Parameter::new(name, values, pace, recipe));
            Slot::Learns(parameters.len() - 1)
        };
        let rates = LevelRates::of(backbone, cut, recipe);
        for tensor in backbone.tensors_from(cut) {
            let is_weight = tensor.part == Part::Weight;
            slots.push(match tensor.part {
                Part::Weight if recipe.trains == Trains::Norms => Slot::Stays,
                Part::Mean | Part::Variance => Slot::Statistic(tensor.name),
                Part::Weight | Part::Gain | Part::Bias => {
                    let level = rates.level(tensor.stage);
                    let pace = Pace {
                        rate: rates.rate(level),
                        // Norms and biases are few, and what they do is no matter of size.
                        decay: if is_weight { recipe.weight_decay } else { 0.0 },
                        pull: if is_weight { recipe.pull } else { 0.0 },
                        joins_at: rates.joins_at(level),
                    };
                    let values = backbone.weights.tensors[&tensor.name].to_f32();
                    learn(tensor.name, values, pace)
                }
            });
        }
        for (name, values, decay) in [
            (HEAD_WEIGHT, &weight, recipe.weight_decay),
            (HEAD_BIAS, &bias, 0.0),
        ] {
            let pace = Pace {
                rate: 1.0,
                decay,
                pull: 0.0,
                joins_at: 0,
            };
            slots.push(learn(name.into(), values.clone(), pace));
        }
        let n_present = present.len();
        let stages = Stages {
            network: Trainable::of(backbone, cut.., &device).in_precision(recipe.precision),
            weight: Param::from_data(TensorData::new(weight, [d, n_present]), &device),
            bias: Param::from_data(TensorData::new(bias, [n_present]), &device),
        };
        let mut learner = Learner {
            mean: row(&head.mean),
            scale: row(&head.scale),
            // What was learned in a precision predicts in it.
            backbone: backbone.clone().in_precision(recipe.precision),
            head: head.clone(),
            present,
            stages,
            parameters,
            slots,
            device,
            step: 0,
        };
        learner.hand_over(BTreeMap::new());
        learner
    }

    /// Logits `[n, present classes]` of what comes out of the frozen prefix.
    pub fn logits(&mut self, x: &Maps, statistics: Statistics) -> Tensor<2> {
        let x = self
            .stages
            .network
            .forward(x.to_tensor(&self.device), statistics);
        let z = (spatial_mean(x) - self.mean.clone()) * self.scale.clone();
        z.matmul(self.stages.weight.val()) + self.stages.bias.val().unsqueeze()
    }

    /// Where tensors are made.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Adds the gradients of one batch to `sums`, which has one for each parameter or is still empty.
    pub fn add_gradients(&self, gradients: &Gradients, sums: &mut Vec<Vec<f32>>) {
        let mut collected = Collected {
            gradients,
            slots: self.slots.iter(),
            all: Vec::with_capacity(self.parameters.len()),
        };
        self.stages.visit(&mut collected);
        if sums.is_empty() {
            *sums = collected.all;
            return;
        }
        for (sum, more) in sums.iter_mut().zip(collected.all) {
            sum.iter_mut().zip(more).for_each(|(s, g)| *s += g);
        }
    }

    /// Makes a step against the mean of `n` batches' gradients.
    ///
    /// # Errors
    /// [`LearnError::Diverged`] when they are no finite numbers.
    pub fn make_step(
        &mut self,
        gradients: &[Vec<f32>],
        n: usize,
        recipe: &Recipe,
    ) -> Result<(), LearnError> {
        // What has not joined yet does not move, and is no reason to move the others less.
        let square =
            |(parameter, g): (&Parameter, &Vec<f32>)| match self.step < parameter.pace.joins_at {
                true => 0.0,
                false => g.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>(),
            };
        let all = self.parameters.par_iter().zip(gradients);
        let squares: Vec<f64> = all.map(square).collect();
        let norm = squares.iter().sum::<f64>().sqrt() / n as f64;
        if !norm.is_finite() {
            return Err(LearnError::Diverged { step: self.step });
        }
        let gain = (recipe.clip / (norm + CLIP_EPSILON)).min(1.0) / n as f64;
        let rate = recipe.rate(self.step);
        let keeps = (1.0 - AVERAGED_SHARE / recipe.steps as f64).max(0.0) as f32;
        let step = self.step;
        let each = self.parameters.par_iter_mut().zip(gradients);
        each.for_each(|(parameter, gradient)| {
            let Some(n_before) = step.checked_sub(parameter.pace.joins_at) else {
                return;
            };
            let step = Move {
                optimiser: recipe.optimiser,
                n_before,
                rate: rate * parameter.pace.rate,
                gain,
                decay: parameter.pace.decay,
                pull: parameter.pace.pull,
            };
            let Parameter {
                values,
                start,
                memories,
                average,
                ..
            } = parameter;
            step.apply(values, gradient, start, memories);
            if let Some(average) = average {
                let numbers = average.iter_mut().zip(values.iter());
                numbers.for_each(|(a, v)| *a += (v - *a) * (1.0 - keeps));
            }
        });
        self.step += 1;
        self.hand_over(BTreeMap::new());
        Ok(())
    }

    /// Gives the module the values of the parameters, and other values for some of its statistics.
    fn hand_over(&mut self, statistics: BTreeMap<String, Vec<f32>>) {
        let mut given = Given {
            slots: self.slots.iter(),
            parameters: &self.parameters,
            statistics,
            device: &self.device,
        };
        self.stages = self.stages.clone().map(&mut given);
    }

    /// The model as it is now.
    pub fn model(&self) -> Model {
        let known = &self.backbone.weights.tensors;
        let mut changed: BTreeMap<String, Stored> = BTreeMap::new();
        let mut keep = |name: &str, values: &[f32]| {
            if let Some(tensor) = known.get(name) {
                let stored = Stored::from_f32(tensor.shape.clone(), values);
                changed.insert(name.to_owned(), stored);
            }
        };
        for (name, values) in self.statistics() {
            keep(&name, &values);
        }
        let mut head = self.head.clone();
        let k = head.bias.len();
        for parameter in &self.parameters {
            let values = parameter.average.as_ref().unwrap_or(&parameter.values);
            keep(&parameter.name, values);
            let numbers = values.iter().map(|v| f64::from(*v)).enumerate();
            let n_present = self.present.len();
            match &parameter.name[..] {
                HEAD_WEIGHT => numbers.for_each(|(i, v)| {
                    head.weights[i / n_present * k + self.present[i % n_present]] = v;
                }),
                HEAD_BIAS => numbers.for_each(|(i, v)| head.bias[self.present[i]] = v),
                _ => {}
            }
        }
        Model {
            backbone: self.backbone.with_tensors(changed),
            head,
        }
    }

    /// The norms' statistics, by their names.
    fn statistics(&self) -> Vec<(String, Vec<f32>)> {
        let mut all = Values(Vec::new());
        self.stages.visit(&mut all);
        let statistic = |(slot, values): (&Slot, Vec<f32>)| match slot {
            Slot::Statistic(name) => Some((name.clone(), values)),
            Slot::Learns(_) | Slot::Stays => None,
        };
        self.slots.iter().zip(all.0).filter_map(statistic).collect()
    }

    /// All that a later call needs to go on to the same bytes.
    pub fn checkpoint(&self, of: &str) -> Checkpoint {
        let mut tensors = BTreeMap::new();
        let mut keep = |name: String, values: &[f32]| {
            tensors.insert(name, Stored::from_f32(vec![values.len()], values));
        };
        for parameter in &self.parameters {
            let name = &parameter.name;
            keep(format!("value.{name}"), &parameter.values);
            for (idx, memory) in parameter.memories.iter().enumerate() {
                keep(format!("memory.{idx}.{name}"), memory);
            }
            if let Some(average) = &parameter.average {
                keep(format!("average.{name}"), average);
            }
        }
        for (name, values) in self.statistics() {
            keep(format!("statistic.{name}"), &values);
        }
        Checkpoint::new(of, self.step, tensors)
    }

    /// Goes on where a checkpoint of the same training was made.
    ///
    /// # Errors
    /// [`LearnError::Shape`] where it is of another network.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), LearnError> {
        let read = |name: String, into: &mut Vec<f32>| checkpoint.read(&name, into);
        for parameter in &mut self.parameters {
            let name = parameter.name.clone();
            read(format!("value.{name}"), &mut parameter.values)?;
            for (idx, memory) in parameter.memories.iter_mut().enumerate() {
                read(format!("memory.{idx}.{name}"), memory)?;
            }
            if let Some(average) = &mut parameter.average {
                read(format!("average.{name}"), average)?;
            }
        }
        let mut statistics = BTreeMap::new();
        for (name, mut values) in self.statistics() {
            read(format!("statistic.{name}"), &mut values)?;
            statistics.insert(name, values);
        }
        self.step = checkpoint.step;
        self.hand_over(statistics);
        Ok(())
    }
}

/// How fast the stages of each resolution learn, and from which step on.
struct LevelRates<'a> {
    backbone: &'a Backbone,
    recipe: &'a Recipe,
    /// Strides of the resolutions that learn, coarsest last.
    strides: Vec<usize>,
}

impl<'a> LevelRates<'a> {
    fn of(backbone: &'a Backbone, cut: usize, recipe: &'a Recipe) -> LevelRates<'a> {
        let mut strides: Vec<usize> = backbone.stages[cut..].iter().map(|s| s.stride).collect();
        strides.dedup();
        LevelRates {
            backbone,
            recipe,
            strides,
        }
    }

    /// How many coarser resolutions come after a stage's.
    fn level(&self, stage: usize) -> usize {
        let stride = self.backbone.stages[stage].stride;
        self.strides.iter().filter(|s| **s > stride).count()
    }

    fn rate(&self, level: usize) -> f64 {
        self.recipe.level_decay.powi(level as i32)
    }

    /// With `gradual`, the head learns alone at first, then a further resolution joins after each equal share of the steps.
    fn joins_at(&self, level: usize) -> usize {
        match self.recipe.gradual {
            true => self.recipe.steps * (level + 1) / (self.strides.len() + 1),
            false => 0,
        }
    }
}

/// Gradients of the parameters, in their order.
struct Collected<'a> {
    gradients: &'a Gradients,
    slots: std::slice::Iter<'a, Slot>,
    all: Vec<Vec<f32>>,
}

impl ModuleVisitor for Collected<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(Slot::Learns(_)) = self.slots.next() {
            let gradient = param.val().grad(self.gradients);
            let gradient = gradient.expect("what learns takes part in the loss");
            self.all.push(numbers(gradient));
        }
    }
}

/// All values of a module, in its order.
pub(super) struct Values(pub Vec<Vec<f32>>);

impl ModuleVisitor for Values {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push(numbers(param.val().inner()));
    }
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.into_data();
    data.try_into_vec().expect("networks are of float32")
}

/// Puts values into a module. What learns has a gradient, all else has none.
struct Given<'a> {
    slots: std::slice::Iter<'a, Slot>,
    parameters: &'a [Parameter],
    statistics: BTreeMap<String, Vec<f32>>,
    device: &'a Device,
}

impl ModuleMapper for Given<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let slot = self.slots.next().expect("each tensor has its slot");
        let values = match slot {
            Slot::Learns(idx) => Some(self.parameters[*idx].values.clone()),
            Slot::Statistic(name) => self.statistics.remove(name),
            Slot::Stays => None,
        };
        let Some(values) = values else {
            return param.set_require_grad(false);
        };
        let values = TensorData::new(values, param.val().dims());
        let learns = matches!(slot, Slot::Learns(_));
        let device = self.device;
        param.map(|_| Tensor::from_data(values, device).set_require_grad(learns))
    }
}
