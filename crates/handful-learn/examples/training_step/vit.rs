//! ViT-S/16: patches of 16 px, 12 blocks of 384 numbers and 6 heads, the mean over patches at the end.
//!
//! Source: A. Dosovitskiy et al., "An image is worth 16x16 words" (ICLR 2021); H. Touvron et al., "Training data-efficient image
//! transformers" (ICML 2021) for the small one. Linear layers are 1×1 convolutions over patches.

use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor};
use handful_kernel::{Clamp, Slide, Surround};
use handful_learn::ops::{Convolve, Engine};

const PATCH: usize = 16;
pub const WIDTH: usize = 384;
const HEADS: usize = 6;
const DEPTH: usize = 12;
const WIDENING: usize = 4;
const EPSILON: f32 = 1e-6;

#[derive(Module, Debug)]
pub struct Vit {
    patches: Linear,
    position: Param<Tensor<3>>,
    blocks: Vec<Block>,
    norm: LayerNorm,
}

#[derive(Module, Debug)]
struct Block {
    before_attention: LayerNorm,
    query_key_value: Linear,
    attended: Linear,
    before_mlp: LayerNorm,
    widen: Linear,
    narrow: Linear,
}

#[derive(Module, Debug)]
struct LayerNorm {
    gamma: Param<Tensor<1>>,
    beta: Param<Tensor<1>>,
}

impl LayerNorm {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let engine = Engine::of(&x.device());
        engine.layer_norm(x, self.gamma.val(), self.beta.val(), EPSILON)
    }
}

/// `[n, 1, tokens, channels in]` to `[n, 1, tokens, channels out]`, or squares of an image to tokens.
#[derive(Module, Debug)]
struct Linear {
    weight: Param<Tensor<4>>,
    bias: Param<Tensor<1>>,
    #[module(skip)]
    slide: Slide,
}

impl Linear {
    fn new(channels_in: usize, channels_out: usize, slide: Slide, device: &Device) -> Linear {
        let shape = [channels_out, channels_in, slide.kernel, slide.kernel];
        let weight = Tensor::random(shape, Distribution::Normal(0.0, 0.02), device);
        Linear {
            weight: Param::from_tensor(weight),
            bias: Param::from_tensor(Tensor::zeros([channels_out], device)),
            slide,
        }
    }

    fn forward(&self, x: Tensor<4>, added: Option<Tensor<4>>) -> Tensor<4> {
        let how = Convolve {
            slide: self.slide,
            is_depthwise: false,
            clamp: Clamp::NONE,
        };
        let engine = Engine::of(&x.device());
        engine.convolve(x, self.weight.val(), Some(self.bias.val()), added, how)
    }
}

impl Vit {
    pub fn new(px: usize, device: &Device) -> Vit {
        let point = |from: usize, to: usize| Linear::new(from, to, Slide::POINT, device);
        let norm = || LayerNorm {
            gamma: Param::from_tensor(Tensor::ones([WIDTH], device)),
            beta: Param::from_tensor(Tensor::zeros([WIDTH], device)),
        };
        let block = |_| Block {
            before_attention: norm(),
            query_key_value: point(WIDTH, 3 * WIDTH),
            attended: point(WIDTH, WIDTH),
            before_mlp: norm(),
            widen: point(WIDTH, WIDENING * WIDTH),
            narrow: point(WIDENING * WIDTH, WIDTH),
        };
        let patch = Slide {
            kernel: PATCH,
            stride: PATCH,
            surround: Surround::Even(0),
        };
        let tokens = (px / PATCH).pow(2);
        let position = Tensor::random([1, tokens, WIDTH], Distribution::Normal(0.0, 0.02), device);
        Vit {
            patches: Linear::new(3, WIDTH, patch, device),
            position: Param::from_tensor(position),
            blocks: (0..DEPTH).map(block).collect(),
            norm: norm(),
        }
    }

    /// `[n, h, w, 3]` to features `[n, 384]`.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let patches = self.patches.forward(images, None);
        let [n, height, width, channels] = patches.dims();
        let tokens = patches.reshape([n, height * width, channels]) + self.position.val();
        let x = tokens.reshape([n, 1, height * width, channels]);
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x));
        self.norm.forward(x).mean_dim(2).reshape([n, channels])
    }
}

impl Block {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let attended = self.attend(self.before_attention.forward(x.clone()));
        let x = self.attended.forward(attended, Some(x));
        let wide = self.widen.forward(self.before_mlp.forward(x.clone()), None);
        let wide = Engine::of(&x.device()).gelu(wide);
        self.narrow.forward(wide, Some(x))
    }

    fn attend(&self, x: Tensor<4>) -> Tensor<4> {
        let [n, _, tokens, _] = x.dims();
        let all = self.query_key_value.forward(x, None);
        let all = all.reshape([n, tokens, 3 * WIDTH]);
        let out = Engine::of(&all.device()).attention(all, HEADS);
        out.reshape([n, 1, tokens, WIDTH])
    }
}
