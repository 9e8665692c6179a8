//! EfficientNet-Lite 0 to 4, with the tensor names of timm (`tf_efficientnet_lite*`).
//!
//! Source: R. Liu, "Higher accuracy on vision models with EfficientNet-Lite" (TensorFlow blog, 2020), after M. Tan and
//! Q. V. Le, "EfficientNet" (ICML 2019): no squeeze-and-excite, ReLU6 instead of swish, stem and head not widened,
//! first and last stage not deepened.

use handful_kernel::{Clamp, Slide, Surround};

use super::plan::{Beside, BlockPlan, ConvPlan, Plan, StagePlan};

/// Input is (u8 − 127) / 128, as TensorFlow trained it.
const PIXEL_MEAN: f32 = 127.0;
/// See [`PIXEL_MEAN`].
const PIXEL_STD: f32 = 128.0;

/// Batch norm's ε of TensorFlow's EfficientNets (PyTorch's default would be 1e-5).
const NORM_EPSILON: f64 = 1e-3;
const STEM_CHANNELS: usize = 32;
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
struct Variant {
    name: &'static str,
    width: f64,
    depth: f64,
    /// Image side of its training, in pixels.
    trained_px: usize,
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

    fn plan(&self) -> Plan {
        let mut stages = vec![StagePlan::single("stem", {
            let stem = Slide {
                kernel: 3,
                stride: 2,
                surround: Surround::Same,
            };
            conv("conv_stem", "bn1", [3, STEM_CHANNELS], stem)
        })];
        let mut channels_in = STEM_CHANNELS;
        for (idx, row) in ROWS.iter().enumerate() {
            let channels_out = self.channels(row.channels);
            let block = |b: usize| {
                let channels_in = if b == 0 { channels_in } else { channels_out };
                let stride = if b == 0 { row.stride } else { 1 };
                row.block(
                    &format!("blocks.{idx}.{b}"),
                    channels_in,
                    channels_out,
                    stride,
                )
            };
            stages.push(StagePlan {
                name: format!("blocks.{idx}"),
                blocks: (0..self.blocks(idx)).map(block).collect(),
                pool: None,
            });
            channels_in = channels_out;
        }
        let head = conv(
            "conv_head",
            "bn2",
            [channels_in, HEAD_CHANNELS],
            Slide::POINT,
        );
        stages.push(StagePlan::single("head", head));
        Plan {
            name: self.name.to_owned(),
            trained_px: self.trained_px,
            pixel_mean: [PIXEL_MEAN; 3],
            pixel_std: [PIXEL_STD; 3],
            norm_epsilon: NORM_EPSILON,
            stages,
        }
    }
}

impl Row {
    /// A block with timm's names: one without expansion calls its last convolution `conv_pw` instead of `conv_pwl`.
    fn block(
        &self,
        name: &str,
        channels_in: usize,
        channels_out: usize,
        stride: usize,
    ) -> BlockPlan {
        let of = |part: &str| format!("{name}.{part}");
        let expanded = channels_in * self.expansion;
        let slide = Slide {
            kernel: self.kernel,
            stride,
            surround: Surround::Same,
        };
        let depthwise = |norm: &str| ConvPlan {
            is_depthwise: true,
            ..conv(&of("conv_dw"), &of(norm), [expanded, expanded], slide)
        };
        let project = |part: &str, norm: &str| ConvPlan {
            clamp: Clamp::NONE,
            ..conv(&of(part), &of(norm), [expanded, channels_out], Slide::POINT)
        };
        let through = match self.expansion {
            1 => vec![depthwise("bn1"), project("conv_pw", "bn2")],
            _ => vec![
                conv(
                    &of("conv_pw"),
                    &of("bn1"),
                    [channels_in, expanded],
                    Slide::POINT,
                ),
                depthwise("bn2"),
                project("conv_pwl", "bn3"),
            ],
        };
        let adds_input = stride == 1 && channels_in == channels_out;
        BlockPlan {
            through,
            beside: if adds_input {
                Beside::Input
            } else {
                Beside::Nothing
            },
        }
    }
}

/// A full convolution from and to so many channels, with ReLU6.
fn conv(conv: &str, norm: &str, channels: [usize; 2], slide: Slide) -> ConvPlan {
    ConvPlan::full(conv, norm, channels, slide, Clamp::RELU6)
}

/// All members, shallow to deep.
pub(super) fn plans() -> Vec<Plan> {
    VARIANTS.iter().map(Variant::plan).collect()
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
        let all: usize = VARIANTS[0].plan().tensors().iter().map(count).sum();
        // 3.37 M trained ones and the two running statistics of 21,016 channels.
        assert_eq!(all, 3_413_024);
    }
}
