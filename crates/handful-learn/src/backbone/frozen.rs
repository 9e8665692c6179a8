//! A network with frozen statistics: norms are multiplied into convolutions, inverted residuals run as one kernel.

use std::ops::Range;

use handful_kernel::{
    BlockWeights, Clamp, Convolution, Depthwise, Element, InvertedResidual, Isa, Slide, Surround,
    max_pool,
};

use super::Maps;
use super::folded::ConvNorm;
use super::plan::{Beside, BlockPlan, ConvPlan, Plan};
use crate::Weights;

/// A network that only computes, on maps of E.
#[derive(Clone, Debug)]
pub(super) struct Frozen<E: Element> {
    stages: Vec<FrozenStage<E>>,
}

#[derive(Clone, Debug)]
struct FrozenStage<E: Element> {
    blocks: Vec<Block<E>>,
    pool: Option<Slide>,
}

#[derive(Clone, Debug)]
enum Block<E: Element> {
    /// Expand, depthwise, project: one kernel.
    InvertedResidual(InvertedResidual<E>),
    /// One after the other, with the input or what a convolution makes of it added to the last one.
    Chain {
        through: Vec<Step<E>>,
        beside: Option<Step<E>>,
        adds_input: bool,
    },
}

#[derive(Clone, Debug)]
enum Step<E: Element> {
    Full(Convolution<E>),
    Depthwise(Depthwise<E>),
}

impl<E: Element> Frozen<E> {
    /// Builds the network from tensors that fit its plan.
    pub fn load(plan: &Plan, weights: &Weights) -> Frozen<E> {
        let fold =
            |conv: &ConvPlan| ConvNorm::load(weights, &conv.conv, &conv.norm, plan.norm_epsilon);
        let stages = plan.stages.iter().map(|stage| FrozenStage {
            blocks: stage.blocks.iter().map(|b| Block::load(b, &fold)).collect(),
            pool: stage.pool,
        });
        Frozen {
            stages: stages.collect(),
        }
    }

    /// Runs some stages of the plan, showing each one's output to `visit`.
    pub fn run(
        &self,
        stages: Range<usize>,
        x: Maps<E>,
        visit: &mut dyn FnMut(usize, &Maps<E>),
    ) -> Maps<E> {
        stages.fold(x, |x, idx| {
            let out = self.stage(idx, &x);
            visit(idx, &out);
            out
        })
    }

    /// The spatial means of what a stage makes of x, `[n, channels]`, row-major: added up while a single convolution runs, where the stage is
    /// one and there are images for all threads.
    pub fn mean_of_stage(&self, idx: usize, x: &Maps<E>) -> Vec<f32> {
        if let Some(conv) = self.stages[idx].single()
            && x.n >= rayon::current_num_threads()
        {
            let mut means = vec![0.0; x.n * conv.channels_out()];
            conv.forward_mean(&x.values, x.size, &mut means);
            return means;
        }
        self.stage(idx, x).spatial_mean()
    }

    /// Runs one stage of the plan.
    fn stage(&self, idx: usize, x: &Maps<E>) -> Maps<E> {
        let stage = &self.stages[idx];
        let (first, rest) = stage.blocks.split_first().expect("a stage has blocks");
        let x = rest.iter().fold(first.run(x), |x, block| block.run(&x));
        let Some(slide) = stage.pool else {
            return x;
        };
        let mut out = Maps::unwritten(x.n, slide.after(x.size), x.channels);
        max_pool(&x.values, x.size, x.channels, slide, &mut out.values);
        out
    }
}

impl<E: Element> FrozenStage<E> {
    /// The one convolution that it is.
    fn single(&self) -> Option<&Convolution<E>> {
        let [
            Block::Chain {
                through,
                beside: None,
                adds_input: false,
            },
        ] = &self.blocks[..]
        else {
            return None;
        };
        match (&through[..], self.pool) {
            ([Step::Full(conv)], None) => Some(conv),
            _ => None,
        }
    }
}

impl<E: Element> Block<E> {
    fn load(plan: &BlockPlan, fold: &impl Fn(&ConvPlan) -> ConvNorm) -> Block<E> {
        let adds_input = matches!(plan.beside, Beside::Input);
        if let Some((expand, depthwise, project)) = inverted_residual(plan) {
            let expand = expand.map(fold);
            let Slide { kernel, stride, .. } = depthwise.slide;
            let (depthwise, project) = (fold(depthwise), fold(project));
            let weights = BlockWeights {
                expand: expand.as_ref().map(ConvNorm::folded),
                depthwise: depthwise.folded(),
                project: project.folded(),
                kernel,
                stride,
                adds_input,
            };
            return Block::InvertedResidual(InvertedResidual::new(Isa::best(), &weights));
        }
        let step = |conv: &ConvPlan| {
            let folded = fold(conv);
            let (isa, weights) = (Isa::best(), folded.folded());
            match conv.is_depthwise {
                true => Step::Depthwise(Depthwise::new(isa, weights, conv.slide, conv.clamp)),
                false => Step::Full(Convolution::new(isa, weights, conv.slide, conv.clamp)),
            }
        };
        Block::Chain {
            through: plan.through.iter().map(step).collect(),
            beside: match &plan.beside {
                Beside::Convolved(conv) => Some(step(conv)),
                Beside::Nothing | Beside::Input => None,
            },
            adds_input,
        }
    }

    fn run(&self, x: &Maps<E>) -> Maps<E> {
        match self {
            Block::InvertedResidual(block) => {
                let mut out = Maps::unwritten(x.n, block.after(x.size), block.channels_out());
                block.forward(&x.values, x.size, &mut out.values);
                out
            }
            Block::Chain {
                through,
                beside,
                adds_input,
            } => {
                let beside = beside.as_ref().map(|step| step.run(x, None));
                let added = beside.as_ref().or(adds_input.then_some(x));
                let (last, before) = through.split_last().expect("a block has convolutions");
                match before.split_first() {
                    None => last.run(x, added),
                    Some((first, rest)) => {
                        let first = first.run(x, None);
                        let x = rest.iter().fold(first, |x, step| step.run(&x, None));
                        last.run(&x, added)
                    }
                }
            }
        }
    }
}

impl<E: Element> Step<E> {
    fn run(&self, x: &Maps<E>, added: Option<&Maps<E>>) -> Maps<E> {
        match self {
            Step::Full(conv) => {
                let mut out = Maps::unwritten(x.n, conv.after(x.size), conv.channels_out());
                let added = added.map(|added| &added.values[..]);
                conv.forward(&x.values, x.size, added, &mut out.values);
                out
            }
            Step::Depthwise(conv) => {
                assert!(
                    added.is_none(),
                    "nothing is added to depthwise convolutions"
                );
                let mut out = Maps::unwritten(x.n, conv.after(x.size), x.channels);
                conv.forward(&x.values, x.size, &mut out.values);
                out
            }
        }
    }
}

/// Expand (if any), depthwise and project, where a block is what [`InvertedResidual`] computes.
fn inverted_residual(plan: &BlockPlan) -> Option<(Option<&ConvPlan>, &ConvPlan, &ConvPlan)> {
    let (expand, depthwise, project) = match &plan.through[..] {
        [depthwise, project] => (None, depthwise, project),
        [expand, depthwise, project] => (Some(expand), depthwise, project),
        _ => return None,
    };
    let point = |conv: &ConvPlan, clamp: Clamp| {
        !conv.is_depthwise && conv.slide == Slide::POINT && conv.clamp == clamp
    };
    let is_one = expand.is_none_or(|conv| point(conv, Clamp::RELU6))
        && depthwise.is_depthwise
        && depthwise.slide.surround == Surround::Same
        && depthwise.clamp == Clamp::RELU6
        && point(project, Clamp::NONE)
        && !matches!(plan.beside, Beside::Convolved(_));
    is_one.then_some((expand, depthwise, project))
}
