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

/// A new tensor, written from others, which give their memory back.
fn made_of<const N: usize>(
    used: [CpuTensor; N],
    shape: impl Into<Shape>,
    write: impl FnOnce([&[f32]; N], &mut [f32]),
) -> CpuTensor {
    let used = used.map(dense);
    let out = produced(shape, |out| write(used.each_ref().map(numbers), out));
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
        let (n, size, channels) = of_maps(&x);
        let Size { height, width } = slide.after(size);
        made_of([x], [n, height, width, channels], |[x], out| {
            max_pool(x, size, channels, slide, out);
        })
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
        let shape = out.shape();
        made_of([out, gradient], shape, |[out, gradient], to| {
            clamp.gradient(out, gradient, to)
        })
    }

    fn convolution_input_gradient(
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
        made_of([gradient], shape, |[gradient], out| {
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

    fn convolution_weight_gradient(x: CpuTensor, gradient: CpuTensor, how: Convolve) -> CpuTensor {
        let (_, size, channels_in) = of_maps(&x);
        let (_, _, channels_out) = of_maps(&gradient);
        let (isa, slide) = (Isa::best(), how.slide);
        let of_group = if how.is_depthwise { 1 } else { channels_in };
        let shape = [channels_out, of_group, slide.kernel, slide.kernel];
        made_of([x, gradient], shape, |[x, gradient], out| {
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
        })
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
        let (weight, gain) = (dense(weight), dense(gain));
        let mut of_gain = vec![0.0; numbers(&gain).len()];
        let of_weight = made_of([gradient], weight.shape(), |[gradient], of_weight| {
            let (weight, gain) = (numbers(&weight), numbers(&gain));
            scale_channels_gradients(weight, gain, gradient, of_weight, &mut of_gain);
        });
        [of_weight, small(of_gain)]
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
        [of_x, small(of_weight), small(of_bias)]
    }

    fn max_pool_gradient(x: CpuTensor, gradient: CpuTensor, slide: Slide) -> CpuTensor {
        let (shape, (_, size, channels)) = (x.shape(), of_maps(&x));
        made_of([x, gradient], shape, |[x, gradient], out| {
            max_pool_gradient(x, size, channels, slide, gradient, out);
        })
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
