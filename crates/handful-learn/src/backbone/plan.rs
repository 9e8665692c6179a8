//! What a network is made of, as data: stages of blocks of convolutions, each with its norm and its activation.
//!
//! One plan says which tensors a network has, what it costs, and how it is run, frozen or in training; a family of architectures is a
//! function that writes plans.

use std::collections::HashSet;

use handful_kernel::{Clamp, Size, Slide};

use super::Stage;
use crate::Weights;

/// One architecture.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// As timm calls it, without its `tf_`.
    pub name: String,
    /// Image side of its training, in pixels.
    pub trained_px: usize,
    /// Input is (u8 − mean) / std.
    pub pixel_mean: [f32; 3],
    pub pixel_std: [f32; 3],
    /// What every norm adds to the variance.
    pub norm_epsilon: f64,
    pub stages: Vec<StagePlan>,
}

/// One stage: after it activations can be taken out, and between two of them training can begin.
#[derive(Clone, Debug)]
pub(super) struct StagePlan {
    pub name: String,
    pub blocks: Vec<BlockPlan>,
    /// The square whose largest numbers remain at its end.
    pub pool: Option<Slide>,
}

/// Convolutions one after the other, and what is added to the last one, before its activation.
#[derive(Clone, Debug)]
pub(super) struct BlockPlan {
    pub through: Vec<ConvPlan>,
    pub beside: Beside,
}

/// What a block adds to what went through it.
#[derive(Clone, Debug)]
pub(super) enum Beside {
    Nothing,
    Input,
    Convolved(ConvPlan),
}

/// A convolution without bias, a norm, and an activation.
#[derive(Clone, Debug)]
pub(super) struct ConvPlan {
    /// Names of its tensors: `{conv}.weight`, `{norm}.weight` …
    pub conv: String,
    pub norm: String,
    pub channels_in: usize,
    pub channels_out: usize,
    pub slide: Slide,
    /// Whether each channel is convolved by itself.
    pub is_depthwise: bool,
    pub clamp: Clamp,
}

/// What a norm keeps beside the weight of its convolution.
const NORM_PARTS: [(&str, Part); 4] = [
    ("weight", Part::Gain),
    ("bias", Part::Bias),
    ("running_mean", Part::Mean),
    ("running_var", Part::Variance),
];

impl ConvPlan {
    /// A full convolution from and to so many channels.
    pub fn full(
        conv: &str,
        norm: &str,
        channels: [usize; 2],
        slide: Slide,
        clamp: Clamp,
    ) -> ConvPlan {
        ConvPlan {
            conv: conv.to_owned(),
            norm: norm.to_owned(),
            channels_in: channels[0],
            channels_out: channels[1],
            slide,
            is_depthwise: false,
            clamp,
        }
    }

    /// Shape of its weights.
    pub fn shape(&self) -> [usize; 4] {
        let of_group = if self.is_depthwise {
            1
        } else {
            self.channels_in
        };
        [
            self.channels_out,
            of_group,
            self.slide.kernel,
            self.slide.kernel,
        ]
    }

    fn macs(&self, size: Size) -> usize {
        self.slide.after(size).pixels() * self.shape().iter().product::<usize>()
    }
}

impl BlockPlan {
    fn convolutions(&self) -> impl Iterator<Item = &ConvPlan> {
        let beside = match &self.beside {
            Beside::Convolved(conv) => Some(conv),
            Beside::Nothing | Beside::Input => None,
        };
        self.through.iter().chain(beside)
    }

    /// Multiply-accumulates for maps of `size`, and the size that comes out.
    fn macs(&self, size: Size) -> (usize, Size) {
        let through = |(macs, size): (usize, Size), conv: &ConvPlan| {
            (macs + conv.macs(size), conv.slide.after(size))
        };
        let (macs, after) = self.through.iter().fold((0, size), through);
        match &self.beside {
            Beside::Convolved(conv) => (macs + conv.macs(size), after),
            Beside::Nothing | Beside::Input => (macs, after),
        }
    }
}

/// What a tensor of a network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Weights of a convolution.
    Weight,
    /// What a norm multiplies with.
    Gain,
    /// What a norm adds.
    Bias,
    /// The mean that a norm has learned.
    Mean,
    /// The variance that a norm has learned.
    Variance,
}

/// One tensor of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkTensor {
    /// Its name in the table of weights.
    pub name: String,
    /// Its shape there.
    pub shape: Vec<usize>,
    /// Index of its stage.
    pub stage: usize,
    /// What it is.
    pub part: Part,
}

impl StagePlan {
    /// A stage of one convolution.
    pub fn single(name: &str, conv: ConvPlan) -> StagePlan {
        StagePlan {
            name: name.to_owned(),
            blocks: vec![BlockPlan {
                through: vec![conv],
                beside: Beside::Nothing,
            }],
            pool: None,
        }
    }

    fn stride(&self) -> usize {
        let of_blocks = self
            .blocks
            .iter()
            .flat_map(|b| &b.through)
            .map(|c| c.slide.stride);
        of_blocks.product::<usize>() * self.pool.map_or(1, |pool| pool.stride)
    }

    /// Channels that come out.
    pub fn channels(&self) -> usize {
        let last = self.blocks.last().and_then(|block| block.through.last());
        last.expect("a stage has convolutions").channels_out
    }
}

impl Plan {
    /// All tensors of the stages from `first` on, in the order of the pass; what stands beside a block comes behind it.
    pub fn tensors_from(&self, first: usize) -> Vec<NetworkTensor> {
        let mut all = Vec::new();
        for (stage, plan) in self.stages.iter().enumerate().skip(first) {
            for conv in plan.blocks.iter().flat_map(BlockPlan::convolutions) {
                let mut add = |name, shape, part| {
                    all.push(NetworkTensor {
                        name,
                        shape,
                        stage,
                        part,
                    });
                };
                let weight = format!("{}.weight", conv.conv);
                add(weight, conv.shape().to_vec(), Part::Weight);
                for (name, part) in NORM_PARTS {
                    let name = format!("{}.{name}", conv.norm);
                    add(name, vec![conv.channels_out], part);
                }
            }
        }
        all
    }

    /// Its stages with channels and stride.
    pub fn stages(&self) -> Vec<Stage> {
        let mut stride = 1;
        let stage = |stage: &StagePlan| {
            stride *= stage.stride();
            Stage {
                name: stage.name.clone(),
                channels: stage.channels(),
                stride,
            }
        };
        self.stages.iter().map(stage).collect()
    }

    /// Every tensor of the network without its classifier, with its shape.
    pub fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let all = self.tensors_from(0).into_iter();
        all.map(|tensor| (tensor.name, tensor.shape)).collect()
    }

    /// The first tensor in which `weights` differs from this plan: one that lacks, has another shape, or belongs to a network with
    /// more in it, whose features this one would not give.
    pub fn first_difference(&self, weights: &Weights) -> Option<String> {
        let tensors = self.tensors();
        let own = tensors
            .iter()
            .find_map(|(name, shape)| match weights.tensors.get(name) {
                None => Some(format!("`{name}` {shape:?} is missing")),
                Some(t) if &t.shape != shape => {
                    Some(format!("`{name}` is {:?} instead of {shape:?}", t.shape))
                }
                Some(_) => None,
            });
        let known: HashSet<&str> = tensors.iter().map(|(name, _)| &name[..]).collect();
        let is_foreign = |name: &&String| !known.contains(&name[..]) && !is_left_out(name);
        own.or_else(|| {
            let foreign = weights.tensors.keys().find(is_foreign)?;
            Some(format!("`{foreign}` is no part of it"))
        })
    }

    /// Only the tensors that this network uses.
    pub fn without_classifier(&self, weights: &Weights) -> Weights {
        let tensors = self
            .tensors()
            .into_iter()
            .map(|(name, _)| (name.clone(), weights.tensors[&name].clone()))
            .collect();
        Weights {
            tensors,
            metadata: Default::default(),
        }
    }

    /// Multiply-accumulates of one square image through stage `last`, in millions, counted from the shapes.
    pub fn mega_macs(&self, size_px: usize, last: usize) -> f64 {
        let mut size = Size::square(size_px);
        let mut all = 0;
        for stage in &self.stages[..=last] {
            for block in &stage.blocks {
                let (macs, after) = block.macs(size);
                (all, size) = (all + macs, after);
            }
            size = stage.pool.map_or(size, |pool| pool.after(size));
        }
        all as f64 / 1e6
    }
}

/// Whether a file may have this tensor though no plan does: classifiers, and how many batches a norm has seen.
fn is_left_out(name: &str) -> bool {
    let is_classifier = ["classifier.", "fc."]
        .iter()
        .any(|prefix| name.starts_with(prefix));
    is_classifier || name.ends_with(".num_batches_tracked")
}
