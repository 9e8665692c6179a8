//! The steps on the CPU: kernels on the tensors' own memory, in the numbers of the maps that they are given.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{DType, Shape, TensorData};
use half::bf16;
use half::slice::HalfFloatSliceExt;
use handful_kernel::{
    Attention, Bf16, Clamp, Convolution, Depthwise, DepthwiseInputGradient,
    DepthwiseWeightGradient, Folded, InputGradient, Isa, LayerNorm, LayerNormGradients, Moments,
    Norm, NormGradients, Size, Slide, WeightGradient, bias_gradient, convert, gelu, gelu_gradient,
    max_pool, max_pool_gradient, scale_channels, scale_channels_gradients, softmax,
    softmax_gradient,
};

use super::backend::{
    Convolve, KernelGradients, Kernels, LayerNormPass, Maybe, NormPass, Normalise,
};
use super::memory::{self, Stored};

type CpuTensor = FloatTensor<Flex>;

/// A number of a map, and how tensors store it.
trait Number: handful_kernel::Element {
    type Stored: Stored;
    fn of(stored: &[Self::Stored]) -> &[Self];
    fn of_mut(stored: &mut [Self::Stored]) -> &mut [Self];
}

impl Number for f32 {
    type Stored = f32;
    fn of(stored: &[f32]) -> &[f32] {
        stored
    }
    fn of_mut(stored: &mut [f32]) -> &mut [f32] {
        stored
    }
}

impl Number for Bf16 {
    type Stored = bf16;
    fn of(stored: &[bf16]) -> &[Bf16] {
        Bf16::of_bits(stored.reinterpret_cast())
    }
    fn of_mut(stored: &mut [bf16]) -> &mut [Bf16] {
        Bf16::of_bits_mut(stored.reinterpret_cast_mut())
    }
}

/// Calls a function for the numbers that a map has.
macro_rules! by_numbers {
    ($map:expr, $function:ident($($argument:expr),*)) => {
        match $map.dtype() {
            DType::BF16 => $function::<Bf16>($($argument),*),
            _ => $function::<f32>($($argument),*),
        }
    };
}

/// Numbers of a tensor that lies in one piece.
fn maps<E: Number>(tensor: &CpuTensor) -> &[E] {
    let stored = tensor.as_slice::<E::Stored>();
    E::of(stored.expect("a contiguous tensor of such numbers"))
}

/// The same of float32.
fn numbers(tensor: &CpuTensor) -> &[f32] {
    maps(tensor)
}

/// The tensor itself where it lies in one piece; a second handle to it would keep its memory from being used again.
fn dense(tensor: CpuTensor) -> CpuTensor {
    match tensor.is_contiguous() {
        true => tensor,
        false => tensor.to_contiguous(),
    }
}

/// A new tensor, written by `write`.
fn produced<E: Number>(shape: impl Into<Shape>, write: impl FnOnce(&mut [E])) -> CpuTensor {
    let shape = shape.into();
    let mut memory = memory::take::<E::Stored>(shape.num_elements());
    write(E::of_mut(&mut memory));
    CpuTensor::from_data(TensorData::new(memory, shape))
}

/// A new tensor, written from others, which give their memory back.
fn made_of<E: Number, To: Number, const N: usize>(
    used: [CpuTensor; N],
    shape: impl Into<Shape>,
    write: impl FnOnce([&[E]; N], &mut [To]),
) -> CpuTensor {
    let used = used.map(dense);
    let out = produced(shape, |out| write(used.each_ref().map(maps), out));
    used.into_iter().for_each(memory::give);
    out
}

/// A tensor of a few numbers.
fn small(values: Vec<f32>) -> CpuTensor {
    let shape = [values.len()];
    CpuTensor::from_data(TensorData::new(values, shape))
}

/// Images, size and channels of maps.
fn of_maps(x: &CpuTensor) -> (usize, Size, usize) {
    let [n, height, width, channels] = x.shape().dims();
    (n, Size { height, width }, channels)
}

impl Kernels for Flex {
    fn convolve(
        x: CpuTensor,
        weight: CpuTensor,
        bias: Maybe<Flex>,
        added: Maybe<Flex>,
        how: Convolve,
    ) -> CpuTensor {
        by_numbers!(x, convolve(x, weight, bias, added, how))
    }

    fn rounded(x: CpuTensor) -> CpuTensor {
        let shape = x.shape();
        made_of([x], shape, |[x], out| convert::<f32, Bf16>(x, out))
    }

    fn widened(x: CpuTensor) -> CpuTensor {
        let shape = x.shape();
        made_of([x], shape, |[x], out| convert::<Bf16, f32>(x, out))
    }

    fn scale_channels(weight: CpuTensor, gain: CpuTensor) -> CpuTensor {
        let (weight, gain) = (dense(weight), dense(gain));
        produced(weight.shape(), |out| {
            scale_channels(numbers(&weight), numbers(&gain), out);
        })
    }

    fn moments(x: CpuTensor) -> CpuTensor {
        let x = dense(x);
        let (_, _, channels) = of_maps(&x);
        let Moments { mean, variance } = by_numbers!(x, moments(&x, channels));
        produced([2, channels], |out: &mut [f32]| {
            out[..channels].copy_from_slice(&mean);
            out[channels..].copy_from_slice(&variance);
        })
    }

    fn normalise(
        x: CpuTensor,
        moments: CpuTensor,
        weight: CpuTensor,
        bias: CpuTensor,
        added: Maybe<Flex>,
        how: Normalise,
    ) -> CpuTensor {
        let parameters = NormParameters {
            moments,
            weight,
            bias,
        };
        by_numbers!(x, normalise(x, parameters, added.into_option(), how))
    }

    fn max_pool(x: CpuTensor, slide: Slide) -> CpuTensor {
        by_numbers!(x, largest(x, slide))
    }

    fn rows_gelu(x: CpuTensor) -> CpuTensor {
        let shape = x.shape();
        made_of([x], shape, |[x], out| gelu(x, out))
    }

    fn rows_softmax(x: CpuTensor, scale: f32) -> CpuTensor {
        let (shape, row) = (x.shape(), row(&x));
        made_of([x], shape, |[x], out| softmax(x, row, scale, out))
    }

    fn heads_attention(all: CpuTensor, shape: Attention) -> CpuTensor {
        let [n, tokens, _] = all.shape().dims();
        made_of([all], [n, tokens, shape.width], |[all], out| {
            shape.forward(Isa::best(), all, out);
        })
    }

    fn rows_layer_norm(
        x: CpuTensor,
        weight: CpuTensor,
        bias: CpuTensor,
        epsilon: f32,
    ) -> CpuTensor {
        let (weight, bias) = (dense(weight), dense(bias));
        let norm = LayerNorm {
            weight: numbers(&weight),
            bias: numbers(&bias),
            epsilon,
        };
        let shape = x.shape();
        made_of([x], shape, |[x], out| norm.forward(x, out))
    }
}

fn convolve<E: Number>(
    x: CpuTensor,
    weight: CpuTensor,
    bias: Maybe<Flex>,
    added: Maybe<Flex>,
    how: Convolve,
) -> CpuTensor {
    let (x, weight) = (dense(x), dense(weight));
    let (n, size, _) = of_maps(&x);
    let channels = weight.shape().dims::<4>()[0];
    let bias = match bias.into_option() {
        Some(bias) => numbers(&dense(bias)).to_vec(),
        None => vec![0.0; channels],
    };
    let folded = Folded {
        weight: numbers(&weight),
        bias: &bias,
    };
    let added = added.into_option().map(dense);
    let Size { height, width } = how.slide.after(size);
    let out = produced([n, height, width, channels], |out: &mut [E]| {
        if how.is_depthwise {
            assert!(
                added.is_none(),
                "nothing is added to depthwise convolutions"
            );
            let depthwise = Depthwise::new(Isa::best(), folded, how.slide, how.clamp);
            depthwise.forward(maps(&x), size, out);
        } else {
            let convolution = Convolution::new(Isa::best(), folded, how.slide, how.clamp);
            convolution.forward(maps(&x), size, added.as_ref().map(maps), out);
        }
    });
    memory::give(x);
    added.into_iter().for_each(memory::give);
    out
}

fn moments<E: Number>(x: &CpuTensor, channels: usize) -> Moments {
    Moments::of(maps::<E>(x), channels)
}

fn normalise<E: Number>(
    x: CpuTensor,
    parameters: NormParameters,
    added: Option<CpuTensor>,
    how: Normalise,
) -> CpuTensor {
    let (x, added) = (dense(x), added.map(dense));
    let out = produced(x.shape(), |out: &mut [E]| {
        let added = added.as_ref().map(maps);
        parameters.with_norm(how, |norm| norm.forward(maps(&x), added, out));
    });
    memory::give(x);
    added.into_iter().for_each(memory::give);
    out
}

fn largest<E: Number>(x: CpuTensor, slide: Slide) -> CpuTensor {
    let (n, size, channels) = of_maps(&x);
    let Size { height, width } = slide.after(size);
    made_of(
        [x],
        [n, height, width, channels],
        |[x]: [&[E]; 1], out: &mut [E]| {
            max_pool(x, size, channels, slide, out);
        },
    )
}

/// Numbers of the last dimension.
fn row(x: &CpuTensor) -> usize {
    x.shape().as_slice().last().copied().unwrap_or(1)
}

/// What a norm goes by.
struct NormParameters {
    moments: CpuTensor,
    weight: CpuTensor,
    bias: CpuTensor,
}

impl NormParameters {
    /// The norm of them.
    fn with_norm(&self, how: Normalise, run: impl FnOnce(Norm)) {
        let (moments, weight, bias) = (
            self.moments.to_contiguous(),
            self.weight.to_contiguous(),
            self.bias.to_contiguous(),
        );
        let (mean, variance) = numbers(&moments).split_at(numbers(&weight).len());
        run(Norm {
            moments: &Moments {
                mean: mean.to_vec(),
                variance: variance.to_vec(),
            },
            epsilon: how.epsilon,
            weight: numbers(&weight),
            bias: numbers(&bias),
            clamp: how.clamp,
        });
    }
}

impl KernelGradients for Flex {
    fn clamp_gradient(out: CpuTensor, gradient: CpuTensor, clamp: Clamp) -> CpuTensor {
        by_numbers!(out, clamp_gradient(out, gradient, clamp))
    }

    fn convolution_input_gradient(
        weight: CpuTensor,
        gradient: CpuTensor,
        size: Size,
        how: Convolve,
    ) -> CpuTensor {
        by_numbers!(gradient, input_gradient(weight, gradient, size, how))
    }

    fn convolution_weight_gradient(x: CpuTensor, gradient: CpuTensor, how: Convolve) -> CpuTensor {
        by_numbers!(x, weight_gradient(x, gradient, how))
    }

    fn bias_gradient(gradient: CpuTensor) -> CpuTensor {
        by_numbers!(gradient, gradient_of_bias(gradient))
    }

    fn scale_channels_gradients(
        weight: CpuTensor,
        gain: CpuTensor,
        gradient: CpuTensor,
    ) -> [CpuTensor; 2] {
        let (weight, gain) = (dense(weight), dense(gain));
        let mut of_gain = vec![0.0; numbers(&gain).len()];
        let of_weight = made_of([gradient], weight.shape(), |[gradient], of_weight| {
            let (weight, gain) = (numbers(&weight), numbers(&gain));
            scale_channels_gradients(weight, gain, gradient, of_weight, &mut of_gain);
        });
        [of_weight, small(of_gain)]
    }

    fn norm_gradients(pass: NormPass<Flex>, gradient: CpuTensor, how: Normalise) -> [CpuTensor; 3] {
        by_numbers!(gradient, norm_gradients(pass, gradient, how))
    }

    fn max_pool_gradient(x: CpuTensor, gradient: CpuTensor, slide: Slide) -> CpuTensor {
        by_numbers!(x, largest_gradient(x, gradient, slide))
    }

    fn gelu_gradient(x: CpuTensor, gradient: CpuTensor) -> CpuTensor {
        let shape = x.shape();
        made_of([x, gradient], shape, |[x, gradient], out| {
            gelu_gradient(x, gradient, out)
        })
    }

    fn softmax_gradient(out: CpuTensor, gradient: CpuTensor, scale: f32) -> CpuTensor {
        let (shape, row) = (out.shape(), row(&out));
        made_of([out, gradient], shape, |[out, gradient], of_x| {
            softmax_gradient(out, row, scale, gradient, of_x);
        })
    }

    fn attention_gradient(all: CpuTensor, gradient: CpuTensor, shape: Attention) -> CpuTensor {
        let whole = all.shape();
        made_of([all, gradient], whole, |[all, gradient], of_all| {
            shape.gradient(Isa::best(), all, gradient, of_all);
        })
    }

    fn layer_norm_gradients(pass: LayerNormPass<Flex>, gradient: CpuTensor) -> [CpuTensor; 3] {
        let (weight, bias) = (dense(pass.weight), dense(pass.bias));
        let norm = LayerNorm {
            weight: numbers(&weight),
            bias: numbers(&bias),
            epsilon: pass.epsilon,
        };
        let (shape, row) = (pass.x.shape(), row(&pass.x));
        let (mut of_weight, mut of_bias) = (vec![0.0; row], vec![0.0; row]);
        let of_x = made_of([pass.x, gradient], shape, |[x, gradient], of_x| {
            let to = LayerNormGradients {
                x: of_x,
                weight: &mut of_weight,
                bias: &mut of_bias,
            };
            norm.gradients(x, gradient, to);
        });
        [of_x, small(of_weight), small(of_bias)]
    }
}

fn clamp_gradient<E: Number>(out: CpuTensor, gradient: CpuTensor, clamp: Clamp) -> CpuTensor {
    let mut gradient = dense(gradient);
    // Of a view the storage is more than what is meant.
    let own = gradient.try_storage_mut::<E::Stored>();
    if let Some(own) = own.filter(|own| own.len() == maps::<E>(&out).len()) {
        clamp.mask(maps(&out), E::of_mut(own));
        memory::give(out);
        return gradient;
    }
    let shape = out.shape();
    made_of(
        [out, gradient],
        shape,
        |[out, gradient]: [&[E]; 2], to: &mut [E]| {
            clamp.gradient(out, gradient, to);
        },
    )
}

fn input_gradient<E: Number>(
    weight: CpuTensor,
    gradient: CpuTensor,
    size: Size,
    how: Convolve,
) -> CpuTensor {
    let weight = dense(weight);
    let (n, _, channels_out) = of_maps(&gradient);
    let [_, of_group, _, _] = weight.shape().dims();
    let channels_in = if how.is_depthwise {
        channels_out
    } else {
        of_group
    };
    let shape = [n, size.height, size.width, channels_in];
    made_of([gradient], shape, |[gradient]: [&[E]; 1], out: &mut [E]| {
        let (isa, weight) = (Isa::best(), numbers(&weight));
        if how.is_depthwise {
            let kernel = DepthwiseInputGradient::new(isa, weight, channels_out, how.slide);
            kernel.run(gradient, size, out);
        } else {
            let kernel = InputGradient::new(isa, weight, channels_out, how.slide);
            kernel.run(gradient, size, out);
        }
    })
}

fn weight_gradient<E: Number>(x: CpuTensor, gradient: CpuTensor, how: Convolve) -> CpuTensor {
    let (_, size, channels_in) = of_maps(&x);
    let (_, _, channels_out) = of_maps(&gradient);
    let (isa, slide) = (Isa::best(), how.slide);
    let of_group = if how.is_depthwise { 1 } else { channels_in };
    let shape = [channels_out, of_group, slide.kernel, slide.kernel];
    made_of(
        [x, gradient],
        shape,
        |[x, gradient]: [&[E]; 2], out: &mut [f32]| {
            if how.is_depthwise {
                let kernel = DepthwiseWeightGradient {
                    isa,
                    slide,
                    channels: channels_out,
                };
                kernel.run(x, size, gradient, out);
            } else {
                let kernel = WeightGradient {
                    isa,
                    slide,
                    channels_in,
                    channels_out,
                };
                kernel.run(x, size, gradient, out);
            }
        },
    )
}

fn gradient_of_bias<E: Number>(gradient: CpuTensor) -> CpuTensor {
    let gradient = dense(gradient);
    let (_, _, channels) = of_maps(&gradient);
    produced([channels], |out| bias_gradient(maps::<E>(&gradient), out))
}

fn norm_gradients<E: Number>(
    pass: NormPass<Flex>,
    gradient: CpuTensor,
    how: Normalise,
) -> [CpuTensor; 3] {
    let gradient = dense(gradient);
    let NormPass {
        x,
        moments,
        weight,
        bias,
        out,
    } = pass;
    let parameters = NormParameters {
        moments,
        weight,
        bias,
    };
    let (x, out) = (dense(x), out.map(dense));
    let (_, _, channels) = of_maps(&x);
    let (mut of_weight, mut of_bias) = (vec![0.0; channels], vec![0.0; channels]);
    let of_x = produced(x.shape(), |of_x: &mut [E]| {
        parameters.with_norm(how, |norm| {
            let pass = handful_kernel::NormPass {
                x: maps(&x),
                out: out.as_ref().map(maps),
                gradient: maps(&gradient),
            };
            let to = NormGradients {
                x: of_x,
                weight: &mut of_weight,
                bias: &mut of_bias,
            };
            norm.gradients(pass, to);
        });
    });
    for used in [Some(x), out, Some(gradient)].into_iter().flatten() {
        memory::give(used);
    }
    [of_x, small(of_weight), small(of_bias)]
}

fn largest_gradient<E: Number>(x: CpuTensor, gradient: CpuTensor, slide: Slide) -> CpuTensor {
    let (shape, (_, size, channels)) = (x.shape(), of_maps(&x));
    made_of(
        [x, gradient],
        shape,
        |[x, gradient]: [&[E]; 2], out: &mut [E]| {
            max_pool_gradient(x, size, channels, slide, gradient, out);
        },
    )
}
