//! The steps on the CPU: kernels on the tensors' own memory.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{Shape, TensorData};
use handful_kernel::{
    Attention, Clamp, Convolution, Depthwise, DepthwiseInputGradient, DepthwiseWeightGradient,
    Folded, InputGradient, Isa, LayerNorm, LayerNormGradients, Moments, Norm, NormGradients, Size,
    Slide, WeightGradient, bias_gradient, gelu, gelu_gradient, max_pool, max_pool_gradient,
    scale_channels, scale_channels_gradients, softmax, softmax_gradient,
};

use super::backend::{
    Convolve, KernelGradients, Kernels, LayerNormPass, Maybe, NormPass, Normalise,
};
use super::memory;

type CpuTensor = FloatTensor<Flex>;

/// Numbers of a tensor that lies in one piece.
fn numbers(tensor: &CpuTensor) -> &[f32] {
    tensor
        .as_slice::<f32>()
        .expect("a contiguous tensor of float32")
}

/// The tensor itself where it lies in one piece; a second handle to it would keep its memory from being used again.
fn dense(tensor: CpuTensor) -> CpuTensor {
    match tensor.as_slice::<f32>() {
        Some(_) => tensor,
        None => tensor.to_contiguous(),
    }
}

/// A new tensor, written by `write`.
fn produced(shape: impl Into<Shape>, write: impl FnOnce(&mut [f32])) -> CpuTensor {
    let shape = shape.into();
    let mut memory = memory::take(shape.num_elements());
    write(&mut memory);
    CpuTensor::from_data(TensorData::new(memory, shape))
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
        let out = produced([n, height, width, channels], |out| {
            if how.is_depthwise {
                assert!(
                    added.is_none(),
                    "nothing is added to depthwise convolutions"
                );
                let depthwise = Depthwise::new(Isa::best(), folded, how.slide, how.clamp);
                depthwise.forward(numbers(&x), size, out);
            } else {
                let convolution = Convolution::new(Isa::best(), folded, how.slide, how.clamp);
                convolution.forward(numbers(&x), size, added.as_ref().map(numbers), out);
            }
        });
        memory::give(x);
        added.into_iter().for_each(memory::give);
        out
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
        let Moments { mean, variance } = Moments::of(numbers(&x), channels);
        produced([2, channels], |out| {
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
        let x = dense(x);
        let added = added.into_option().map(dense);
        let out = produced(x.shape(), |out| {
            let added = added.as_ref().map(numbers);
            with_norm(&moments, &weight, &bias, how, |norm| {
                norm.forward(numbers(&x), added, out);
            });
        });
        memory::give(x);
        added.into_iter().for_each(memory::give);
        out
    }

    fn max_pool(x: CpuTensor, slide: Slide) -> CpuTensor {
        let x = dense(x);
        let (n, size, channels) = of_maps(&x);
        let Size { height, width } = slide.after(size);
        let out = produced([n, height, width, channels], |out| {
            max_pool(numbers(&x), size, channels, slide, out);
        });
        memory::give(x);
        out
    }

    fn rows_gelu(x: CpuTensor) -> CpuTensor {
        let x = dense(x);
        let out = produced(x.shape(), |out| gelu(numbers(&x), out));
        memory::give(x);
        out
    }

    fn rows_softmax(x: CpuTensor, scale: f32) -> CpuTensor {
        let x = dense(x);
        let out = produced(x.shape(), |out| softmax(numbers(&x), row(&x), scale, out));
        memory::give(x);
        out
    }

    fn heads_attention(all: CpuTensor, shape: Attention) -> CpuTensor {
        let all = dense(all);
        let [n, tokens, _] = all.shape().dims();
        let out = produced([n, tokens, shape.width], |out| {
            shape.forward(Isa::best(), numbers(&all), out);
        });
        memory::give(all);
        out
    }

    fn rows_layer_norm(
        x: CpuTensor,
        weight: CpuTensor,
        bias: CpuTensor,
        epsilon: f32,
    ) -> CpuTensor {
        let [x, weight, bias] = [x, weight, bias].map(dense);
        let norm = LayerNorm {
            weight: numbers(&weight),
            bias: numbers(&bias),
            epsilon,
        };
        let out = produced(x.shape(), |out| norm.forward(numbers(&x), out));
        memory::give(x);
        out
    }
}

/// Numbers of the last dimension.
fn row(x: &CpuTensor) -> usize {
    x.shape().as_slice().last().copied().unwrap_or(1)
}

/// The norm that these tensors are of.
fn with_norm(
    moments: &CpuTensor,
    weight: &CpuTensor,
    bias: &CpuTensor,
    how: Normalise,
    run: impl FnOnce(Norm),
) {
    let (moments, weight, bias) = (
        moments.to_contiguous(),
        weight.to_contiguous(),
        bias.to_contiguous(),
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

impl KernelGradients for Flex {
    fn clamp_gradient(out: CpuTensor, gradient: CpuTensor, clamp: Clamp) -> CpuTensor {
        let mut gradient = dense(gradient);
        // Of a view the storage is more than what is meant.
        let own = gradient.try_storage_mut::<f32>();
        if let Some(own) = own.filter(|own| own.len() == numbers(&out).len()) {
            clamp.mask(numbers(&out), own);
            memory::give(out);
            return gradient;
        }
        let masked = produced(out.shape(), |to| {
            clamp.gradient(numbers(&out), numbers(&gradient), to);
        });
        memory::give(out);
        memory::give(gradient);
        masked
    }

    fn convolution_input_gradient(
        weight: CpuTensor,
        gradient: CpuTensor,
        size: Size,
        how: Convolve,
    ) -> CpuTensor {
        let (weight, gradient) = (dense(weight), dense(gradient));
        let (n, _, channels_out) = of_maps(&gradient);
        let [_, of_group, _, _] = weight.shape().dims();
        let channels_in = if how.is_depthwise {
            channels_out
        } else {
            of_group
        };
        let of_x = produced([n, size.height, size.width, channels_in], |out| {
            let (isa, weight) = (Isa::best(), numbers(&weight));
            if how.is_depthwise {
                let kernel = DepthwiseInputGradient::new(isa, weight, channels_out, how.slide);
                kernel.run(numbers(&gradient), size, out);
            } else {
                let kernel = InputGradient::new(isa, weight, channels_out, how.slide);
                kernel.run(numbers(&gradient), size, out);
            }
        });
        memory::give(gradient);
        of_x
    }

    fn convolution_weight_gradient(x: CpuTensor, gradient: CpuTensor, how: Convolve) -> CpuTensor {
        let (x, gradient) = (dense(x), dense(gradient));
        let (_, size, channels_in) = of_maps(&x);
        let (_, _, channels_out) = of_maps(&gradient);
        let Slide { kernel, .. } = how.slide;
        let of_group = if how.is_depthwise { 1 } else { channels_in };
        let of_weight = produced([channels_out, of_group, kernel, kernel], |out| {
            let (isa, x, gradient) = (Isa::best(), numbers(&x), numbers(&gradient));
            if how.is_depthwise {
                let kernel = DepthwiseWeightGradient {
                    isa,
                    slide: how.slide,
                    channels: channels_out,
                };
                kernel.run(x, size, gradient, out);
            } else {
                let kernel = WeightGradient {
                    isa,
                    slide: how.slide,
                    channels_in,
                    channels_out,
                };
                kernel.run(x, size, gradient, out);
            }
        });
        memory::give(x);
        memory::give(gradient);
        of_weight
    }

    fn bias_gradient(gradient: CpuTensor) -> CpuTensor {
        let gradient = dense(gradient);
        let (_, _, channels) = of_maps(&gradient);
        produced([channels], |out| bias_gradient(numbers(&gradient), out))
    }

    fn scale_channels_gradients(
        weight: CpuTensor,
        gain: CpuTensor,
        gradient: CpuTensor,
    ) -> [CpuTensor; 2] {
        let [weight, gain, gradient] = [weight, gain, gradient].map(dense);
        let mut of_gain = vec![0.0; numbers(&gain).len()];
        let of_weight = produced(weight.shape(), |of_weight| {
            let (weight, gain) = (numbers(&weight), numbers(&gain));
            scale_channels_gradients(weight, gain, numbers(&gradient), of_weight, &mut of_gain);
        });
        memory::give(gradient);
        [
            of_weight,
            CpuTensor::from_data(TensorData::new(of_gain, gain.shape())),
        ]
    }

    fn norm_gradients(pass: NormPass<Flex>, gradient: CpuTensor, how: Normalise) -> [CpuTensor; 3] {
        let gradient = dense(gradient);
        let NormPass {
            x,
            moments,
            weight,
            bias,
            out,
        } = pass;
        let (x, out) = (dense(x), out.map(dense));
        let (_, _, channels) = of_maps(&x);
        let (mut of_weight, mut of_bias) = (vec![0.0; channels], vec![0.0; channels]);
        let of_x = produced(x.shape(), |of_x| {
            with_norm(&moments, &weight, &bias, how, |norm| {
                let pass = handful_kernel::NormPass {
                    x: numbers(&x),
                    out: out.as_ref().map(numbers),
                    gradient: numbers(&gradient),
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
        let small = |values: Vec<f32>| produced([channels], |out| out.copy_from_slice(&values));
        [of_x, small(of_weight), small(of_bias)]
    }

    fn max_pool_gradient(x: CpuTensor, gradient: CpuTensor, slide: Slide) -> CpuTensor {
        let (x, gradient) = (dense(x), dense(gradient));
        let (_, size, channels) = of_maps(&x);
        let of_x = produced(x.shape(), |out| {
            max_pool_gradient(numbers(&x), size, channels, slide, numbers(&gradient), out);
        });
        memory::give(x);
        memory::give(gradient);
        of_x
    }

    fn gelu_gradient(x: CpuTensor, gradient: CpuTensor) -> CpuTensor {
        let (x, gradient) = (dense(x), dense(gradient));
        let of_x = produced(x.shape(), |out| {
            gelu_gradient(numbers(&x), numbers(&gradient), out);
        });
        memory::give(x);
        memory::give(gradient);
        of_x
    }

    fn softmax_gradient(out: CpuTensor, gradient: CpuTensor, scale: f32) -> CpuTensor {
        let gradient = dense(gradient);
        let of_x = produced(out.shape(), |of_x| {
            softmax_gradient(numbers(&out), row(&out), scale, numbers(&gradient), of_x);
        });
        memory::give(out);
        memory::give(gradient);
        of_x
    }

    fn attention_gradient(all: CpuTensor, gradient: CpuTensor, shape: Attention) -> CpuTensor {
        let (all, gradient) = (dense(all), dense(gradient));
        let of_all = produced(all.shape(), |of_all| {
            shape.gradient(Isa::best(), numbers(&all), numbers(&gradient), of_all);
        });
        memory::give(all);
        memory::give(gradient);
        of_all
    }

    fn layer_norm_gradients(pass: LayerNormPass<Flex>, gradient: CpuTensor) -> [CpuTensor; 3] {
        let [x, weight, bias, gradient] = [pass.x, pass.weight, pass.bias, gradient].map(dense);
        let norm = LayerNorm {
            weight: numbers(&weight),
            bias: numbers(&bias),
            epsilon: pass.epsilon,
        };
        let row = row(&x);
        let (mut of_weight, mut of_bias) = (vec![0.0; row], vec![0.0; row]);
        let of_x = produced(x.shape(), |of_x| {
            let to = LayerNormGradients {
                x: of_x,
                weight: &mut of_weight,
                bias: &mut of_bias,
            };
            norm.gradients(numbers(&x), numbers(&gradient), to);
        });
        memory::give(x);
        memory::give(gradient);
        let small = |values: Vec<f32>| CpuTensor::from_data(TensorData::new(values, [row]));
        [of_x, small(of_weight), small(of_bias)]
    }
}
