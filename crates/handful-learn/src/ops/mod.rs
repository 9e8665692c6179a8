//! Where our kernels and Burn's tensors meet: the steps of a network, with their gradients.
//!
//! Maps are channels-last, `[n, h, w, channels]`. A step is an operation of a backend extension: on the CPU it runs a kernel on
//! the tensors' own memory, without a copy, and its gradients are further kernels; networks made of steps are ordinary modules of
//! Burn. `backend` names the steps, `flex` runs them on the CPU, `gradients` says how they are differentiated.

mod backend;
mod flex;
mod gradients;
mod memory;

use burn::backend::Dispatch;
use burn::tensor::Tensor;
use handful_kernel::Slide;

use backend::Kernels;
pub use backend::{Convolve, Normalise};
pub use memory::release_memory;

/// clamp(convolution + bias + added)
///
/// # Shapes
/// `x` `[n, h, w, channels in]`; `weight` `[channels out, channels in, kernel, kernel]`, or `[channels, 1, kernel, kernel]` where
/// each channel is convolved by itself; `bias` `[channels out]`; `added` and the result `[n, h', w', channels out]`.
pub fn convolve(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    added: Option<Tensor<4>>,
    how: Convolve,
) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as Kernels>::convolve(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.map(Tensor::into_dispatch).into(),
        added.map(Tensor::into_dispatch).into(),
        how,
    ))
}

/// Mean and biased variance of each channel, `[2, channels]`, of `x` `[n, h, w, channels]`; no gradient goes through them here, but
/// [`normalise`] knows where they come from.
pub fn moments(x: Tensor<4>) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as Kernels>::moments(x.inner().into_dispatch()))
}

/// clamp((x − mean) / √(variance + ε) · weight + bias + added), by the [`moments`] of x itself.
///
/// # Shapes
/// `x`, `added` and the result `[n, h, w, channels]`; `moments` `[2, channels]`; `weight` and `bias` `[channels]`.
pub fn normalise(
    x: Tensor<4>,
    moments: Tensor<2>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    added: Option<Tensor<4>>,
    how: Normalise,
) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as Kernels>::normalise(
        x.into_dispatch(),
        moments.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        added.map(Tensor::into_dispatch).into(),
        how,
    ))
}

/// The largest number of each channel under a square that slides over `x` `[n, h, w, channels]`.
pub fn max_pool(x: Tensor<4>, slide: Slide) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as Kernels>::max_pool(x.into_dispatch(), slide))
}

/// The mean over all pixels of `x` `[n, h, w, channels]`, `[n, channels]`.
pub fn spatial_mean(x: Tensor<4>) -> Tensor<2> {
    let [n, height, width, channels] = x.dims();
    let pixels = x.reshape([n, height * width, channels]);
    pixels.mean_dim(1).reshape([n, channels])
}
