//! ResNet-18, -34 and -50, with the tensor names of torchvision and timm (`layer1.0.conv1` …).
//!
//! Source: K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition" (CVPR 2016); in bottlenecks the
//! 3×3 convolution has the step, as in torchvision's.

use handful_kernel::{Clamp, Slide, Surround};

use super::plan::{Beside, BlockPlan, ConvPlan, Plan, StagePlan};

/// Means and deviations of ImageNet's channels, as torchvision gives them, times 255.
const PIXEL_MEAN: [f32; 3] = [123.675, 116.28, 103.53];
const PIXEL_STD: [f32; 3] = [58.395, 57.12, 57.375];
const NORM_EPSILON: f64 = 1e-5;
/// How much wider a bottleneck is at its end.
const WIDENING: usize = 4;

/// One residual network: a stem, and four stages of which each after the first halves the sides of its maps.
pub(super) struct Variant {
    pub name: &'static str,
    /// Image side of its training, in pixels.
    pub trained_px: usize,
    pub stem: Slide,
    /// What follows the stem's activation.
    pub pool: Option<Slide>,
    /// Channels of the stem and of the first stage; each further stage has twice as many.
    pub width: usize,
    /// Blocks of each stage.
    pub blocks: [usize; 4],
    pub has_bottlenecks: bool,
}

/// What the members for large images have in common.
const LARGE: Variant = Variant {
    name: "",
    trained_px: 224,
    stem: even(7, 2),
    pool: Some(even(3, 2)),
    width: 64,
    blocks: [0; 4],
    has_bottlenecks: false,
};

const VARIANTS: [Variant; 3] = [
    Variant {
        name: "resnet18",
        blocks: [2, 2, 2, 2],
        ..LARGE
    },
    Variant {
        name: "resnet34",
        blocks: [3, 4, 6, 3],
        ..LARGE
    },
    Variant {
        name: "resnet50",
        blocks: [3, 4, 6, 3],
        has_bottlenecks: true,
        ..LARGE
    },
];

impl Variant {
    /// Its stages, with torchvision's names.
    pub fn plan(&self) -> Plan {
        let stem = conv("conv1", "bn1", [3, self.width], self.stem);
        let mut stages = vec![StagePlan {
            pool: self.pool,
            ..StagePlan::single("stem", stem)
        }];
        let mut channels_in = self.width;
        for (idx, blocks) in self.blocks.into_iter().enumerate() {
            let name = format!("layer{}", idx + 1);
            let narrow = self.width << idx;
            let wide = if self.has_bottlenecks {
                WIDENING * narrow
            } else {
                narrow
            };
            let block = |b: usize| {
                let channels_in = if b == 0 { channels_in } else { wide };
                let stride = if b == 0 && idx > 0 { 2 } else { 1 };
                self.block(&format!("{name}.{b}"), [channels_in, narrow, wide], stride)
            };
            stages.push(StagePlan {
                blocks: (0..blocks).map(block).collect(),
                name,
                pool: None,
            });
            channels_in = wide;
        }
        Plan {
            name: self.name.to_owned(),
            trained_px: self.trained_px,
            pixel_mean: PIXEL_MEAN,
            pixel_std: PIXEL_STD,
            norm_epsilon: NORM_EPSILON,
            stages,
        }
    }

    fn block(&self, name: &str, channels: [usize; 3], stride: usize) -> BlockPlan {
        let [channels_in, narrow, wide] = channels;
        let of = |idx: usize, channels: [usize; 2], slide: Slide| {
            conv(
                &format!("{name}.conv{idx}"),
                &format!("{name}.bn{idx}"),
                channels,
                slide,
            )
        };
        let through = match self.has_bottlenecks {
            false => vec![
                of(1, [channels_in, narrow], even(3, stride)),
                of(2, [narrow, wide], even(3, 1)),
            ],
            true => vec![
                of(1, [channels_in, narrow], Slide::POINT),
                of(2, [narrow, narrow], even(3, stride)),
                of(3, [narrow, wide], Slide::POINT),
            ],
        };
        let beside = match stride == 1 && channels_in == wide {
            true => Beside::Input,
            false => Beside::Convolved(ConvPlan {
                clamp: Clamp::NONE,
                ..conv(
                    &format!("{name}.downsample.0"),
                    &format!("{name}.downsample.1"),
                    [channels_in, wide],
                    even(1, stride),
                )
            }),
        };
        BlockPlan { through, beside }
    }
}

/// As many zeros on all sides as keep the middle of the kernel on the map.
pub(super) const fn even(kernel: usize, stride: usize) -> Slide {
    Slide {
        kernel,
        stride,
        surround: Surround::Even(kernel / 2),
    }
}

/// A convolution from and to so many channels, with ReLU.
fn conv(conv: &str, norm: &str, channels: [usize; 2], slide: Slide) -> ConvPlan {
    ConvPlan::full(conv, norm, channels, slide, Clamp::RELU)
}

/// All members, shallow to deep.
pub(super) fn plans() -> Vec<Plan> {
    VARIANTS.iter().map(Variant::plan).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_have_their_published_number_of_parameters() {
        // torchvision's numbers, without the classifier of 1,000 classes (512 or 2,048 weights a class, and a bias).
        for (plan, published, features) in [
            (&plans()[0], 11_689_512, 512),
            (&plans()[1], 21_797_672, 512),
            (&plans()[2], 25_557_032, 2048),
        ] {
            let trained = |(name, shape): &(String, Vec<usize>)| {
                let is_statistic = name.contains("running");
                if is_statistic {
                    0
                } else {
                    shape.iter().product()
                }
            };
            let all: usize = plan.tensors().iter().map(trained).sum();
            assert_eq!(all, published - 1000 * (features + 1), "{}", plan.name);
        }
    }

    #[test]
    fn resnet_18_has_its_published_cost() {
        // 1.814 G multiply-accumulates with the classifier of 512,000.
        let macs = plans()[0].mega_macs(224, 4);
        assert!((macs - 1813.6).abs() < 0.5, "{macs}");
    }
}
