//! Where our kernels and Burn's tensors meet: the steps of a network, with their gradients.
//!
//! Maps are channels-last, `[n, h, w, channels]`, of float32 or, for the steps of convolutional networks, of bfloat16; everything else
//! is float32. A step is an operation of a backend extension: on the CPU it runs a kernel on
//! the tensors' own memory, without a copy, and its gradients are further kernels; networks made of steps are ordinary modules of
//! Burn. `backend` names the steps, `flex` runs them on the CPU, `gradients` says how they are differentiated, `plain` is what other
//! devices do.

mod backend;
mod flex;
mod gradients;
mod memory;
mod plain;

use burn::backend::{Dispatch, DispatchDevice};
use burn::tensor::{Device, Tensor, activation};
use handful_kernel::{Attention, Slide};

use backend::Kernels;
pub use backend::{Convolve, Normalise};

/// Who computes the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Our kernels: on a CPU.
    Kernels,
    /// Burn's own operations: on any device.
    Burn,
}

impl Engine {
    /// The faster one of a device.
    pub fn of(device: &Device) -> Engine {
        match device.clone().without_autodiff().as_dispatch() {
            DispatchDevice::Flex(_) => Engine::Kernels,
            // Without a further backend compiled in there is no other device.
            _ => Engine::Burn,
        }
    }

    /// clamp(convolution + bias + added)
    ///
    /// # Shapes
    /// `x` `[n, h, w, channels in]`; `weight` `[channels out, channels in, kernel, kernel]`, or `[channels, 1, kernel, kernel]`
    /// where each channel is convolved by itself; `bias` `[channels out]`; `added` and the result `[n, h', w', channels out]`.
    pub fn convolve(
        self,
        x: Tensor<4>,
        weight: Tensor<4>,
        bias: Option<Tensor<1>>,
        added: Option<Tensor<4>>,
        how: Convolve,
    ) -> Tensor<4> {
        match self {
            Engine::Burn => plain::convolve(x, weight, bias, added, how),
            Engine::Kernels => Tensor::from_dispatch(<Dispatch as Kernels>::convolve(
                x.into_dispatch(),
                weight.into_dispatch(),
                bias.map(Tensor::into_dispatch).into(),
                added.map(Tensor::into_dispatch).into(),
                how,
            )),
        }
    }

    /// Maps of float32 as maps of bfloat16, which the steps of a convolutional network take as well: their products are of bfloat16,
    /// sums, statistics and gradients of weights stay float32, and maps and their gradients are rounded once where they are written.
    ///
    /// # Panics
    /// For [`Engine::Burn`]: other devices compute in float32.
    pub fn rounded(self, x: Tensor<4>) -> Tensor<4> {
        assert_eq!(self, Engine::Kernels, "bfloat16 is for our kernels");
        Tensor::from_dispatch(<Dispatch as Kernels>::rounded(x.into_dispatch()))
    }

    /// The way back to float32, exactly.
    ///
    /// # Panics
    /// As [`Engine::rounded`].
    pub fn widened(self, x: Tensor<4>) -> Tensor<4> {
        assert_eq!(self, Engine::Kernels, "bfloat16 is for our kernels");
        Tensor::from_dispatch(<Dispatch as Kernels>::widened(x.into_dispatch()))
    }

    /// A convolution's weights `[channels out, channels in / groups, kernel, kernel]`, each channel's times its gain
    /// `[channels out]`.
    pub fn scale_channels(self, weight: Tensor<4>, gain: Tensor<1>) -> Tensor<4> {
        match self {
            Engine::Burn => plain::scale_channels(weight, gain),
            Engine::Kernels => {
                let (weight, gain) = (weight.into_dispatch(), gain.into_dispatch());
                Tensor::from_dispatch(<Dispatch as Kernels>::scale_channels(weight, gain))
            }
        }
    }

    /// clamp((x − mean) / √(variance + ε) · weight + bias + added), by mean and variance of x itself.
    ///
    /// # Shapes
    /// `x`, `added` and the result `[n, h, w, channels]`; `moments` `[2, channels]`, those that [`moments`] finds; `weight` and
    /// `bias` `[channels]`.
    pub fn normalise(
        self,
        x: Tensor<4>,
        moments: Tensor<2>,
        weight: Tensor<1>,
        bias: Tensor<1>,
        added: Option<Tensor<4>>,
        how: Normalise,
    ) -> Tensor<4> {
        match self {
            Engine::Burn => plain::normalise(x, weight, bias, added, how),
            Engine::Kernels => Tensor::from_dispatch(<Dispatch as Kernels>::normalise(
                x.into_dispatch(),
                Tensor::<2>::from_inner(moments).into_dispatch(),
                weight.into_dispatch(),
                bias.into_dispatch(),
                added.map(Tensor::into_dispatch).into(),
                how,
            )),
        }
    }

    /// Mean and biased variance of each channel, `[2, channels]`, of `x` `[n, h, w, channels]`. No gradient goes through them:
    /// [`Engine::normalise`] knows where they come from.
    pub fn moments(self, x: Tensor<4>) -> Tensor<2> {
        match self {
            Engine::Burn => plain::moments(x.inner()),
            Engine::Kernels => {
                let x = x.inner().into_dispatch();
                Tensor::from_dispatch(<Dispatch as Kernels>::moments(x))
            }
        }
    }

    /// The largest number of each channel under a square that slides over `x` `[n, h, w, channels]`.
    pub fn max_pool(self, x: Tensor<4>, slide: Slide) -> Tensor<4> {
        match self {
            Engine::Burn => plain::max_pool(x, slide),
            Engine::Kernels => {
                Tensor::from_dispatch(<Dispatch as Kernels>::max_pool(x.into_dispatch(), slide))
            }
        }
    }
}

impl Engine {
    /// x · Φ(x) of each number.
    pub fn gelu<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Engine::Burn => activation::gelu(x),
            Engine::Kernels => {
                Tensor::from_dispatch(<Dispatch as Kernels>::rows_gelu(x.into_dispatch()))
            }
        }
    }

    /// The softmax of scale · x along the last dimension.
    pub fn softmax<const D: usize>(self, x: Tensor<D>, scale: f32) -> Tensor<D> {
        match self {
            Engine::Burn => activation::softmax(x * scale, D - 1),
            Engine::Kernels => Tensor::from_dispatch(<Dispatch as Kernels>::rows_softmax(
                x.into_dispatch(),
                scale,
            )),
        }
    }

    /// softmax(Q · Kᵀ / √d) · V of each head.
    ///
    /// # Shapes
    /// `all` `[n, tokens, 3 · width]`: a token's queries of all heads, then its keys, then its values; the result
    /// `[n, tokens, width]`.
    pub fn attention(self, all: Tensor<3>, heads: usize) -> Tensor<3> {
        let [_, tokens, all_parts] = all.dims();
        let shape = Attention {
            tokens,
            heads,
            width: all_parts / 3,
        };
        match self {
            Engine::Burn => plain::attention(all, shape),
            Engine::Kernels => {
                let all = all.into_dispatch();
                Tensor::from_dispatch(<Dispatch as Kernels>::heads_attention(all, shape))
            }
        }
    }

    /// (x − mean) / √(variance + ε) · weight + bias along the last dimension.
    pub fn layer_norm<const D: usize>(
        self,
        x: Tensor<D>,
        weight: Tensor<1>,
        bias: Tensor<1>,
        epsilon: f32,
    ) -> Tensor<D> {
        match self {
            Engine::Burn => plain::layer_norm(x, weight, bias, epsilon),
            Engine::Kernels => Tensor::from_dispatch(<Dispatch as Kernels>::rows_layer_norm(
                x.into_dispatch(),
                weight.into_dispatch(),
                bias.into_dispatch(),
                epsilon,
            )),
        }
    }
}

/// The mean over all pixels of `x` `[n, h, w, channels]`, `[n, channels]`.
pub fn spatial_mean(x: Tensor<4>) -> Tensor<2> {
    let [n, height, width, channels] = x.dims();
    let pixels = x.reshape([n, height * width, channels]);
    pixels.mean_dim(1).reshape([n, channels])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cpu_has_our_kernels_with_gradients_and_without() {
        let device = Device::flex();
        assert_eq!(Engine::of(&device), Engine::Kernels);
        assert_eq!(Engine::of(&device.autodiff()), Engine::Kernels);
    }
}
