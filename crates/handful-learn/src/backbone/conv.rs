//! A convolution with an optional norm behind it: the one place where networks meet Burn's kernels.
//!
//! Own kernels come in here: whatever replaces [`conv2d`] below serves every backbone. Padding is TensorFlow's SAME,
//! which depends on the size of the input and is uneven when an even number of pixels is missing on neither side.

use burn::module::{Module, Param};
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};

use crate::weights::Weights;

/// How a convolution slides over its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slide {
    /// Side of the square kernel in pixels.
    pub kernel: usize,
    /// Step in pixels.
    pub stride: usize,
    /// Channel groups: 1 for a full convolution, the number of channels for a depthwise one.
    pub groups: usize,
}

/// Whether the norms' statistics are kept beside the weights or multiplied into them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norms {
    /// Multiplied into the convolution: 17 % faster (measured on Lite0), cannot be trained on.
    Folded,
    /// Kept apart, as a training needs them.
    Apart,
}

/// A convolution followed by a norm with frozen statistics.
#[derive(Module, Debug)]
pub struct ConvNorm {
    /// `[channels out, channels in / groups, kernel, kernel]`
    weight: Param<Tensor<4>>,
    /// Added behind the convolution, `[channels out]`; with [`Norms::Folded`] it is what the norm leaves.
    bias: Param<Tensor<1>>,
    /// Multiplied behind the convolution, `[channels out]`; absent when folded.
    gain: Option<Param<Tensor<1>>>,
    kernel: usize,
    stride: usize,
    groups: usize,
}

impl ConvNorm {
    /// Takes `{conv}.weight` and `{norm}.{weight,bias,running_mean,running_var}` out of a table whose shapes have
    /// been checked before.
    ///
    /// A norm with frozen statistics is γ·(x − μ)/√(σ² + ε) + β = gain·x + bias with gain = γ/√(σ² + ε) and
    /// bias = β − μ·gain, computed in f64.
    pub fn load(
        weights: &Weights,
        conv: &str,
        norm: &str,
        slide: Slide,
        epsilon: f64,
        norms: Norms,
        device: &Device,
    ) -> ConvNorm {
        let kernel = &weights.tensors[&format!("{conv}.weight")];
        let of_norm = |part: &str| weights.tensors[&format!("{norm}.{part}")].to_f64();
        let (gamma, beta) = (of_norm("weight"), of_norm("bias"));
        let (mean, variance) = (of_norm("running_mean"), of_norm("running_var"));
        let gain: Vec<f64> = gamma
            .iter()
            .zip(&variance)
            .map(|(g, v)| g / (v + epsilon).sqrt())
            .collect();
        let bias: Vec<f32> = beta
            .iter()
            .zip(&mean)
            .zip(&gain)
            .map(|((b, m), g)| (b - m * g) as f32)
            .collect();

        let mut values = kernel.to_f32();
        let gain = match norms {
            Norms::Folded => {
                let per_channel = values.len() / gain.len();
                for (channel, g) in values.chunks_exact_mut(per_channel).zip(&gain) {
                    channel
                        .iter_mut()
                        .for_each(|w| *w = (f64::from(*w) * g) as f32);
                }
                None
            }
            Norms::Apart => Some(gain.iter().map(|g| *g as f32).collect::<Vec<f32>>()),
        };
        let vector = |v: Vec<f32>| Param::from_data(TensorData::new(v.clone(), [v.len()]), device);
        ConvNorm {
            weight: Param::from_data(TensorData::new(values, kernel.shape.clone()), device),
            bias: vector(bias),
            gain: gain.map(vector),
            kernel: slide.kernel,
            stride: slide.stride,
            groups: slide.groups,
        }
    }

    /// # Shapes
    /// `x` `[n, channels in, h, w]`; returns `[n, channels out, ⌈h / stride⌉, ⌈w / stride⌉]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [_, _, height, width] = x.dims();
        let options = ConvOptions::new_with_padding(
            [self.stride; 2],
            [
                same(height, self.kernel, self.stride),
                same(width, self.kernel, self.stride),
            ],
            [1, 1],
            self.groups,
        );
        match &self.gain {
            None => conv2d(x, self.weight.val(), Some(self.bias.val()), options),
            Some(gain) => {
                let channels = self.bias.dims()[0];
                let broad = |v: Tensor<1>| v.reshape([1, channels, 1, 1]);
                conv2d(x, self.weight.val(), None, options) * broad(gain.val())
                    + broad(self.bias.val())
            }
        }
    }
}

impl ConvNorm {
    /// `(side of the output, multiply-accumulates)` for a square input of `side` pixels.
    pub fn macs(&self, side: usize) -> (usize, usize) {
        let out = side.div_ceil(self.stride);
        (
            out,
            out * out * self.weight.dims().iter().product::<usize>(),
        )
    }
}

/// TensorFlow's SAME padding of one side: `(before, after)` in pixels.
///
/// In all max((⌈n/s⌉ − 1)·s + k − n, 0), the smaller half before.
fn same(size: usize, kernel: usize, stride: usize) -> (usize, usize) {
    let total = ((size.div_ceil(stride) - 1) * stride + kernel).saturating_sub(size);
    (total / 2, total - total / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_padding_puts_the_odd_pixel_behind() {
        assert_eq!(same(224, 3, 2), (0, 1));
        assert_eq!(same(97, 3, 2), (1, 1));
        assert_eq!(same(7, 5, 1), (2, 2));
        assert_eq!(same(14, 5, 2), (1, 2));
        assert_eq!(same(1, 1, 1), (0, 0));
        assert_eq!(same(1, 3, 2), (1, 1));
    }
}
