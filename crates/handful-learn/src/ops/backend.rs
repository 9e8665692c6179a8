//! The steps of a network as operations of a backend.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, ExtensionType, backend_extension};
use handful_kernel::{Attention, Clamp, Size, Slide};

/// How a convolution goes over a map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Convolve {
    /// Kernel, step and padding.
    pub slide: Slide,
    /// Whether each channel is convolved by itself.
    pub is_depthwise: bool,
    /// The activation.
    pub clamp: Clamp,
}

/// How a batch is normalised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalise {
    /// Added to the variance.
    pub epsilon: f32,
    /// The activation.
    pub clamp: Clamp,
}

/// A tensor that a step may do without: what `Option` is where extensions don't take one.
#[derive(Clone, Debug, ExtensionType)]
pub enum Maybe<B: Backend> {
    /// There is none.
    Nothing,
    /// There is one.
    Tensor(FloatTensor<B>),
}

impl<B: Backend> Maybe<B> {
    pub(super) fn into_option(self) -> Option<FloatTensor<B>> {
        match self {
            Maybe::Nothing => None,
            Maybe::Tensor(tensor) => Some(tensor),
        }
    }
}

impl<B: Backend> From<Option<FloatTensor<B>>> for Maybe<B> {
    fn from(tensor: Option<FloatTensor<B>>) -> Maybe<B> {
        tensor.map_or(Maybe::Nothing, Maybe::Tensor)
    }
}

/// The steps; see [`super::Engine`] for shapes.
#[backend_extension(Flex, Autodiff)]
pub trait Kernels: Backend {
    /// See [`super::Engine::convolve`].
    fn convolve(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        #[extension_type] bias: Maybe<Self>,
        #[extension_type] added: Maybe<Self>,
        how: Convolve,
    ) -> FloatTensor<Self>;

    /// See [`super::Engine::rounded`].
    fn rounded(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`super::Engine::widened`].
    fn widened(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`super::Engine::scale_channels`].
    fn scale_channels(weight: FloatTensor<Self>, gain: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`super::Engine::moments`].
    fn moments(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`super::Engine::normalise`].
    fn normalise(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        #[extension_type] added: Maybe<Self>,
        how: Normalise,
    ) -> FloatTensor<Self>;

    /// See [`super::Engine::max_pool`].
    fn max_pool(x: FloatTensor<Self>, slide: Slide) -> FloatTensor<Self>;

    /// See [`super::Engine::gelu`].
    fn rows_gelu(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`super::Engine::softmax`].
    fn rows_softmax(x: FloatTensor<Self>, scale: f32) -> FloatTensor<Self>;

    /// See [`super::Engine::attention`].
    fn heads_attention(all: FloatTensor<Self>, shape: Attention) -> FloatTensor<Self>;

    /// See [`super::Engine::layer_norm`].
    fn rows_layer_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;
}

/// What goes back through the steps: operations of a backend without a graph, of which the first order is enough.
pub(super) trait KernelGradients: Backend {
    /// The gradient of what was clamped, from what came out of it and its gradient.
    fn clamp_gradient(
        out: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        clamp: Clamp,
    ) -> FloatTensor<Self>;

    /// Of a convolution's input, which was of `size`.
    fn convolution_input_gradient(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        size: Size,
        how: Convolve,
    ) -> FloatTensor<Self>;

    /// Of its weights.
    fn convolution_weight_gradient(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        how: Convolve,
    ) -> FloatTensor<Self>;

    /// Of its bias.
    fn bias_gradient(gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Of weights and of their channels' gains.
    fn scale_channels_gradients(
        weight: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 2];

    /// Of a norm's input, weight and bias.
    fn norm_gradients(
        pass: NormPass<Self>,
        gradient: FloatTensor<Self>,
        how: Normalise,
    ) -> [FloatTensor<Self>; 3];

    /// Of what the largest were taken from.
    fn max_pool_gradient(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        slide: Slide,
    ) -> FloatTensor<Self>;

    /// Of what GELU was taken of.
    fn gelu_gradient(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Of what a softmax was taken of, from what came out.
    fn softmax_gradient(
        out: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self>;

    /// Of queries, keys and values.
    fn attention_gradient(
        all: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        shape: Attention,
    ) -> FloatTensor<Self>;

    /// Of what was normalised, γ and β.
    fn layer_norm_gradients(
        pass: LayerNormPass<Self>,
        gradient: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 3];
}

/// What a norm's gradients need of the pass forwards.
#[derive(Clone, Debug)]
pub(super) struct NormPass<B: Backend> {
    pub x: FloatTensor<B>,
    pub moments: FloatTensor<B>,
    pub weight: FloatTensor<B>,
    pub bias: FloatTensor<B>,
    /// Where something was added.
    pub out: Option<FloatTensor<B>>,
}

/// What a layer norm's gradients need of the pass forwards.
#[derive(Clone, Debug)]
pub(super) struct LayerNormPass<B: Backend> {
    pub x: FloatTensor<B>,
    pub weight: FloatTensor<B>,
    pub bias: FloatTensor<B>,
    pub epsilon: f32,
}
