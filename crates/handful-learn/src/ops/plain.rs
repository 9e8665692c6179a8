//! The steps in operations that every device of Burn has: for devices without kernels of ours, and to compare ours with.

use burn::tensor::Tensor;
use burn::tensor::activation::{relu, softmax};
use burn::tensor::module::{conv2d, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use handful_kernel::{Attention, Clamp, Size, Slide};

use super::{Convolve, Normalise};

/// See [`super::Engine::convolve`].
pub(super) fn convolve(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    added: Option<Tensor<4>>,
    how: Convolve,
) -> Tensor<4> {
    let [_, height, width, channels] = x.dims();
    let Slide { stride, .. } = how.slide;
    let (down, across) = how.slide.padding(Size { height, width });
    let options = ConvOptions {
        stride: [stride; 2],
        padding: [(down.before, down.behind), (across.before, across.behind)],
        dilation: [1; 2],
        groups: if how.is_depthwise { channels } else { 1 },
    };
    let out = channels_last(conv2d(channels_first(x), weight, bias, options));
    clamped(out, added, how.clamp)
}

/// See [`super::Engine::scale_channels`].
pub(super) fn scale_channels(weight: Tensor<4>, gain: Tensor<1>) -> Tensor<4> {
    let [channels] = gain.dims();
    weight * gain.reshape([channels, 1, 1, 1])
}

/// See [`super::Engine::normalise`]; the gradient goes through mean and variance by itself.
pub(super) fn normalise(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    added: Option<Tensor<4>>,
    how: Normalise,
) -> Tensor<4> {
    let [n, height, width, channels] = x.dims();
    let pixels = x.reshape([n * height * width, channels]);
    let from_mean = pixels.clone() - pixels.mean_dim(0);
    let variance = from_mean.clone().powi_scalar(2).mean_dim(0);
    let gain = weight.reshape([1, channels]) / (variance + how.epsilon).sqrt();
    let out = from_mean * gain + bias.reshape([1, channels]);
    clamped(out.reshape([n, height, width, channels]), added, how.clamp)
}

/// See [`super::Engine::moments`].
pub(super) fn moments(x: Tensor<4>) -> Tensor<2> {
    let [n, height, width, channels] = x.dims();
    let pixels = x.reshape([n * height * width, channels]);
    let mean = pixels.clone().mean_dim(0);
    let variance = (pixels - mean.clone()).powi_scalar(2).mean_dim(0);
    Tensor::cat(vec![mean, variance], 0)
}

/// See [`super::Engine::max_pool`].
pub(super) fn max_pool(x: Tensor<4>, slide: Slide) -> Tensor<4> {
    let [_, height, width, _] = x.dims();
    let (down, across) = slide.padding(Size { height, width });
    let options = MaxPoolOptions {
        kernel_size: [slide.kernel; 2],
        stride: [slide.stride; 2],
        padding: [(down.before, down.behind), (across.before, across.behind)],
        dilation: [1; 2],
        ceil_mode: false,
    };
    channels_last(max_pool2d(channels_first(x), options))
}

/// See [`super::Engine::layer_norm`].
pub(super) fn layer_norm<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f32,
) -> Tensor<D> {
    let from_mean = x.clone() - x.mean_dim(D - 1);
    let variance = from_mean.clone().powi_scalar(2).mean_dim(D - 1);
    from_mean / (variance + epsilon).sqrt() * weight.unsqueeze() + bias.unsqueeze()
}

/// See [`super::Engine::attention`].
pub(super) fn attention(all: Tensor<3>, shape: Attention) -> Tensor<3> {
    let Attention {
        tokens,
        heads,
        width,
    } = shape;
    let [n, _, _] = all.dims();
    let of_head = width / heads;
    let [query, key, value] = [0, 1, 2].map(|part| {
        let part = all.clone().narrow(2, part * width, width);
        part.reshape([n, tokens, heads, of_head])
            .permute([0, 2, 1, 3])
    });
    let scores = query.matmul(key.transpose()) / (of_head as f64).sqrt();
    let out = softmax(scores, 3).matmul(value);
    out.permute([0, 2, 1, 3]).reshape([n, tokens, width])
}

fn clamped(x: Tensor<4>, added: Option<Tensor<4>>, clamp: Clamp) -> Tensor<4> {
    let x = match added {
        Some(added) => x + added,
        None => x,
    };
    match clamp {
        Clamp::NONE => x,
        Clamp::RELU => relu(x),
        // Not `clamp`, whose gradient goes through at the bounds themselves; ours and PyTorch's don't.
        Clamp { low, high } => high - relu(high - (relu(x - low) + low)),
    }
}

fn channels_first(x: Tensor<4>) -> Tensor<4> {
    x.permute([0, 3, 1, 2])
}

fn channels_last(x: Tensor<4>) -> Tensor<4> {
    x.permute([0, 2, 3, 1])
}
