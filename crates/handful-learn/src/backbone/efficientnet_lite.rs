//! EfficientNet-Lite 0 to 4, with the tensor names of timm (`tf_efficientnet_lite*`).
//!
//! Source: R. Liu, "Higher accuracy on vision models with EfficientNet-Lite" (TensorFlow blog, 2020), after M. Tan and
//! Q. V. Le, "EfficientNet" (ICML 2019): no squeeze-and-excite, ReLU6 instead of swish, stem and head not widened,
//! first and last stage not deepened.

use handful_kernel::{BlockWeights, Clamp, Convolution, InvertedResidual, Isa, Slide, Surround};

use super::conv::ConvNorm;
use super::{Maps, Stage};
use crate::{LearnError, Weights};

/// Input is (u8 − 127) / 128, as TensorFlow trained it.
pub(super) const PIXEL_MEAN: f32 = 127.0;
/// See [`PIXEL_MEAN`].
pub(super) const PIXEL_STD: f32 = 128.0;

/// Batch norm's ε of TensorFlow's EfficientNets (PyTorch's default would be 1e-5).
const NORM_EPSILON: f64 = 1e-3;
const STEM_CHANNELS: usize = 32;
const STEM: Slide = Slide {
    kernel: 3,
    stride: 2,
    surround: Surround::Same,
};
const HEAD_CHANNELS: usize = 1280;
/// Widened channel counts are rounded to a multiple of this.
const CHANNEL_STEP: usize = 8;

/// One stage of the base network, before widening and deepening.
struct Row {
    kernel: usize,
    stride: usize,
    expansion: usize,
    channels: usize,
    blocks: usize,
}

const ROWS: [Row; 7] = [
    Row {
        kernel: 3,
        stride: 1,
        expansion: 1,
        channels: 16,
        blocks: 1,
    },
    Row {
        kernel: 3,
        stride: 2,
        expansion: 6,
        channels: 24,
        blocks: 2,
    },
    Row {
        kernel: 5,
        stride: 2,
        expansion: 6,
        channels: 40,
        blocks: 2,
    },
    Row {
        kernel: 3,
        stride: 2,
        expansion: 6,
        channels: 80,
        blocks: 3,
    },
    Row {
        kernel: 5,
        stride: 1,
        expansion: 6,
        channels: 112,
        blocks: 3,
    },
    Row {
        kernel: 5,
        stride: 2,
        expansion: 6,
        channels: 192,
        blocks: 4,
    },
    Row {
        kernel: 3,
        stride: 1,
        expansion: 6,
        channels: 320,
        blocks: 1,
    },
];

/// One member of the family.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variant {
    pub name: &'static str,
    width: f64,
    depth: f64,
    /// Image side of its training, in pixels.
    pub trained_px: usize,
}

const VARIANTS: [Variant; 5] = [
    Variant {
        name: "efficientnet_lite0",
        width: 1.0,
        depth: 1.0,
        trained_px: 224,
    },
    Variant {
        name: "efficientnet_lite1",
        width: 1.0,
        depth: 1.1,
        trained_px: 240,
    },
    Variant {
        name: "efficientnet_lite2",
        width: 1.1,
        depth: 1.2,
        trained_px: 260,
    },
    Variant {
        name: "efficientnet_lite3",
        width: 1.2,
        depth: 1.4,
        trained_px: 280,
    },
    Variant {
        name: "efficientnet_lite4",
        width: 1.4,
        depth: 1.8,
        trained_px: 300,
    },
];

/// What a block needs to know to be built.
struct BlockPlan {
    name: String,
    kernel: usize,
    stride: usize,
    channels_in: usize,
    expanded: usize,
    channels_out: usize,
}

impl Variant {
    fn channels(&self, base: usize) -> usize {
        let wanted = base as f64 * self.width;
        let rounded = ((wanted + CHANNEL_STEP as f64 / 2.0) as usize / CHANNEL_STEP * CHANNEL_STEP)
            .max(CHANNEL_STEP);
        // TensorFlow's rule: rounding may not take away more than a tenth.
        if (rounded as f64) < 0.9 * wanted {
            rounded + CHANNEL_STEP
        } else {
            rounded
        }
    }

    fn blocks(&self, row_idx: usize) -> usize {
        let base = ROWS[row_idx].blocks;
        if row_idx == 0 || row_idx == ROWS.len() - 1 {
            base
        } else {
            (base as f64 * self.depth).ceil() as usize
        }
    }

    fn plan(&self) -> Vec<Vec<BlockPlan>> {
        let mut channels_in = STEM_CHANNELS;
        (0..ROWS.len())
            .map(|r| {
                let row = &ROWS[r];
                (0..self.blocks(r))
                    .map(|b| {
                        let channels_out = self.channels(row.channels);
                        let block = BlockPlan {
                            name: format!("blocks.{r}.{b}"),
                            kernel: row.kernel,
                            stride: if b == 0 { row.stride } else { 1 },
                            channels_in,
                            expanded: channels_in * row.expansion,
                            channels_out,
                        };
                        channels_in = channels_out;
                        block
                    })
                    .collect()
            })
            .collect()
    }

    pub(super) fn stages(&self) -> Vec<Stage> {
        let mut stride = 2;
        let mut stages = vec![Stage {
            name: "stem".into(),
            channels: STEM_CHANNELS,
            stride,
        }];
        for (r, row) in ROWS.iter().enumerate() {
            stride *= row.stride;
            stages.push(Stage {
                name: format!("blocks.{r}"),
                channels: self.channels(row.channels),
                stride,
            });
        }
        stages.push(Stage {
            name: "head".into(),
            channels: HEAD_CHANNELS,
            stride,
        });
        stages
    }

    /// Every tensor of the network without its classifier, with its shape.
    fn expected(&self) -> Vec<(String, Vec<usize>)> {
        let mut all = Vec::new();
        let mut conv = |conv: String, norm: String, shape: [usize; 4]| {
            all.push((format!("{conv}.weight"), shape.to_vec()));
            for part in ["weight", "bias", "running_mean", "running_var"] {
                all.push((format!("{norm}.{part}"), vec![shape[0]]));
            }
        };
        conv("conv_stem".into(), "bn1".into(), [STEM_CHANNELS, 3, 3, 3]);
        let plan = self.plan();
        for block in plan.iter().flatten() {
            for (part, norm, shape) in block.convolutions() {
                conv(
                    format!("{}.{part}", block.name),
                    format!("{}.{norm}", block.name),
                    shape,
                );
            }
        }
        let last = plan
            .last()
            .and_then(|s| s.last())
            .expect("the table has rows")
            .channels_out;
        conv(
            "conv_head".into(),
            "bn2".into(),
            [HEAD_CHANNELS, last, 1, 1],
        );
        all
    }

    /// The first tensor in which `weights` differs from this variant.
    fn first_difference(&self, weights: &Weights) -> Option<String> {
        self.expected()
            .into_iter()
            .find_map(|(name, shape)| match weights.tensors.get(&name) {
                None => Some(format!("`{name}` {shape:?} is missing")),
                Some(t) if t.shape != shape => {
                    Some(format!("`{name}` is {:?} instead of {shape:?}", t.shape))
                }
                Some(_) => None,
            })
    }

    /// Only the tensors that this network uses.
    pub(super) fn without_classifier(&self, weights: &Weights) -> Weights {
        let tensors = self
            .expected()
            .into_iter()
            .map(|(name, _)| (name.clone(), weights.tensors[&name].clone()))
            .collect();
        Weights {
            tensors,
            metadata: Default::default(),
        }
    }
}

impl BlockPlan {
    /// `(convolution, its norm, weight shape)` in the order of the forward pass, with timm's names: a block without
    /// expansion calls its last convolution `conv_pw` instead of `conv_pwl`.
    fn convolutions(&self) -> Vec<(&'static str, &'static str, [usize; 4])> {
        let depthwise = [self.expanded, 1, self.kernel, self.kernel];
        let project = [self.channels_out, self.expanded, 1, 1];
        if self.expanded == self.channels_in {
            vec![("conv_dw", "bn1", depthwise), ("conv_pw", "bn2", project)]
        } else {
            let expand = [self.expanded, self.channels_in, 1, 1];
            vec![
                ("conv_pw", "bn1", expand),
                ("conv_dw", "bn2", depthwise),
                ("conv_pwl", "bn3", project),
            ]
        }
    }

    /// Multiply-accumulates of one image whose maps come in with a side of `side` pixels.
    fn macs(&self, side: usize) -> usize {
        let after = side.div_ceil(self.stride);
        let area = |part: &str| {
            if part == "conv_pw" && self.expanded != self.channels_in {
                side
            } else {
                after
            }
        };
        let of = |(part, _, shape): &(&str, &str, [usize; 4])| {
            area(part).pow(2) * shape.iter().product::<usize>()
        };
        self.convolutions().iter().map(of).sum()
    }
}

/// Which variant these tensors are.
///
/// # Errors
/// [`LearnError::UnknownArchitecture`] naming the first difference to the nearest variant, if it looks like one.
pub(super) fn recognise(weights: &Weights) -> Result<Variant, LearnError> {
    let fits = |v: &&Variant| v.first_difference(weights).is_none();
    // A deeper variant also holds every tensor name of a shallower one, so the deepest that fits is the right one.
    if let Some(variant) = VARIANTS.iter().rev().find(fits) {
        return Ok(*variant);
    }
    let found = if weights.tensors.contains_key("conv_stem.weight") {
        let differences = |v: &Variant| {
            v.expected()
                .iter()
                .filter(|(n, s)| weights.tensors.get(n).is_none_or(|t| &t.shape != s))
                .count()
        };
        let nearest = VARIANTS
            .iter()
            .min_by_key(|v| differences(v))
            .expect("the table has variants");
        let difference = nearest.first_difference(weights).expect("no variant fits");
        format!("nearest is {}, but {difference}", nearest.name)
    } else {
        let names: Vec<&str> = weights.tensors.keys().take(3).map(String::as_str).collect();
        format!(
            "{} tensors, first: {}",
            weights.tensors.len(),
            names.join(", ")
        )
    };
    Err(LearnError::UnknownArchitecture { found })
}

/// The network: a stem, seven stages of inverted residual blocks, a 1×1 convolution.
#[derive(Clone, Debug)]
pub(super) struct EfficientNetLite {
    stem: Convolution,
    stages: Vec<Vec<InvertedResidual>>,
    head: Convolution,
    variant: Variant,
}

impl EfficientNetLite {
    /// Builds the network from tensors that [`recognise`] has checked.
    pub(super) fn load(variant: &Variant, weights: &Weights) -> EfficientNetLite {
        let isa = Isa::best();
        let conv = |conv: &str, norm: &str| ConvNorm::load(weights, conv, norm, NORM_EPSILON);
        let block = |plan: &BlockPlan| {
            let parts: Vec<ConvNorm> = (plan.convolutions().into_iter())
                .map(|(part, norm, _)| {
                    conv(
                        &format!("{}.{part}", plan.name),
                        &format!("{}.{norm}", plan.name),
                    )
                })
                .collect();
            let (project, before) = parts.split_last().expect("a block has convolutions");
            let (depthwise, expand) = before.split_last().expect("a block has two or three");
            let weights = BlockWeights {
                expand: expand.first().map(ConvNorm::folded),
                depthwise: depthwise.folded(),
                project: project.folded(),
                kernel: plan.kernel,
                stride: plan.stride,
                adds_input: plan.stride == 1 && plan.channels_in == plan.channels_out,
            };
            InvertedResidual::new(isa, &weights)
        };
        let plan = variant.plan();
        let full =
            |part: ConvNorm, slide| Convolution::new(isa, part.folded(), slide, Clamp::RELU6);
        EfficientNetLite {
            stem: full(conv("conv_stem", "bn1"), STEM),
            stages: plan
                .iter()
                .map(|stage| stage.iter().map(block).collect())
                .collect(),
            head: full(conv("conv_head", "bn2"), Slide::POINT),
            variant: *variant,
        }
    }

    /// Runs one stage of [`Variant::stages`].
    pub(super) fn stage(&self, idx: usize, x: &Maps) -> Maps {
        let full = |convolution: &Convolution, x: &Maps| {
            let mut out =
                Maps::unwritten(x.n, convolution.after(x.size), convolution.channels_out());
            convolution.forward(&x.values, x.size, None, &mut out.values);
            out
        };
        let through = |block: &InvertedResidual, x: &Maps| {
            let mut out = Maps::unwritten(x.n, block.after(x.size), block.channels_out());
            block.forward(&x.values, x.size, &mut out.values);
            out
        };
        if idx == 0 {
            full(&self.stem, x)
        } else if idx <= self.stages.len() {
            let (first, rest) = self.stages[idx - 1]
                .split_first()
                .expect("a stage has blocks");
            rest.iter()
                .fold(through(first, x), |x, block| through(block, &x))
        } else {
            full(&self.head, x)
        }
    }

    /// Multiply-accumulates of one square image through stage `last`, in millions, counted from the shapes.
    pub(super) fn mega_macs(&self, size_px: usize, last: usize) -> f64 {
        let mut side = size_px.div_ceil(STEM.stride);
        let mut macs = side * side * STEM_CHANNELS * 3 * STEM.kernel * STEM.kernel;
        for block in self.variant.plan().iter().take(last).flatten() {
            macs += block.macs(side);
            side = side.div_ceil(block.stride);
        }
        if last > self.stages.len() {
            macs += side * side * self.head.channels_in() * self.head.channels_out();
        }
        macs as f64 / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widened_channels_are_those_of_the_published_networks() {
        let channels = |v: &Variant| {
            ROWS.iter()
                .map(|r| v.channels(r.channels))
                .collect::<Vec<_>>()
        };
        assert_eq!(channels(&VARIANTS[0]), [16, 24, 40, 80, 112, 192, 320]);
        assert_eq!(channels(&VARIANTS[2]), [16, 24, 48, 88, 120, 208, 352]);
        assert_eq!(channels(&VARIANTS[4]), [24, 32, 56, 112, 160, 272, 448]);
    }

    #[test]
    fn lite0_has_its_published_number_of_parameters() {
        let count = |(_, shape): &(String, Vec<usize>)| shape.iter().product::<usize>();
        let all: usize = VARIANTS[0].expected().iter().map(count).sum();
        // 3.37 M trained ones and the two running statistics of 21,016 channels.
        assert_eq!(all, 3_413_024);
    }

    #[test]
    fn a_table_that_lacks_a_tensor_is_refused_by_its_name() {
        let error = recognise(&Weights::default()).unwrap_err().to_string();
        assert!(error.contains("0 tensors"), "{error}");
    }
}
