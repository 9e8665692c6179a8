//! Networks by their shapes.

use handful_kernel::{
    BlockWeights, Buffer, Clamp, Convolution, Element, Folded, InvertedResidual, Isa, Size, Slide,
    Surround, max_pool, mean,
};
use rayon::prelude::*;

/// Networks, and the side of the images that their layers are timed with.
pub const NETWORKS: [(&str, usize); 4] = [
    ("lite0", 224),
    ("resnet14", 64),
    ("resnet18", 224),
    ("resnet50", 224),
];

/// Pixels that go through a network together, as in `handful_learn::features`.
const PIXELS_AT_ONCE: usize = 65_536;
/// Lite0: kernel, stride, expansion, channels, blocks.
pub const LITE0: [[usize; 5]; 7] = [
    [3, 1, 1, 16, 1],
    [3, 2, 6, 24, 2],
    [5, 2, 6, 40, 2],
    [3, 2, 6, 80, 3],
    [5, 1, 6, 112, 3],
    [5, 2, 6, 192, 4],
    [3, 1, 6, 320, 1],
];
/// Channels of the four stages of a ResNet before a bottleneck widens them.
pub const RESNET: [usize; 4] = [64, 128, 256, 512];
const WIDENING: usize = 4;

/// Numbers of size 0.1 and both signs.
pub fn numbers(n: usize) -> Vec<f32> {
    (0..n)
        .map(|i| (i * 7919 % 1000) as f32 / 5000.0 - 0.1)
        .collect()
}

/// On maps of E.
pub struct Network<E: Element> {
    pub layers: Vec<Layer<E>>,
}

pub struct Layer<E: Element> {
    pub name: String,
    kind: Kind<E>,
}

enum Kind<E: Element> {
    Convolution(Convolution<E>),
    Inverted(InvertedResidual<E>, [usize; 3]),
    Residual {
        through: Vec<Convolution<E>>,
        beside: Option<Convolution<E>>,
    },
    Largest(Slide, usize),
    Mean(usize),
}

impl<E: Element> Network<E> {
    pub fn named(name: &str) -> Network<E> {
        let layers = match name {
            "lite0" => lite0(),
            // The small one of a first lesson: no large kernel, no pooling.
            "resnet14" => resnet([1, 2, 2, 1], false, 3),
            "resnet18" => resnet([2, 2, 2, 2], false, 7),
            "resnet50" => resnet([3, 4, 6, 3], true, 7),
            _ => panic!("no network `{name}`; known: {NETWORKS:?}"),
        };
        Network { layers }
    }

    /// Images `[n, px, px, 3]` to features.
    pub fn forward(&self, x: &[E], px: usize) -> Vec<E> {
        let image = px * px * 3;
        let at_once = (PIXELS_AT_ONCE / (px * px)).max(1);
        let some = |x: &[E]| {
            let (first, rest) = self.layers.split_first().expect("a network has layers");
            let start = first.forward(x, Size::square(px));
            let through = |(x, size): (Buffer<E>, Size), layer: &Layer<E>| layer.forward(&x, size);
            // As in `handful_learn::backbone`: the mean behind a convolution is taken while it runs.
            if let [rest @ .., last, mean] = rest
                && let (Kind::Convolution(last), Kind::Mean(_)) = (&last.kind, &mean.kind)
            {
                let (x, size) = rest.iter().fold(start, through);
                let n = x.len() / (size.pixels() * last.channels_in());
                let mut means = vec![0.0; n * last.channels_out()];
                last.forward_mean(&x, size, &mut means);
                return means.into_iter().map(E::from_f32).collect();
            }
            rest.iter().fold(start, through).0.to_vec()
        };
        x.par_chunks(at_once * image)
            .with_max_len(1)
            .flat_map_iter(some)
            .collect()
    }
}

impl<E: Element> Layer<E> {
    pub fn forward(&self, x: &[E], size: Size) -> (Buffer<E>, Size) {
        let full = |c: &Convolution<E>, x: &[E], size: Size, added: Option<&[E]>| {
            let after = c.after(size);
            let n = x.len() / (size.pixels() * c.channels_in());
            let mut out = Buffer::new(n * after.pixels() * c.channels_out());
            c.forward(x, size, added, &mut out);
            (out, after)
        };
        match &self.kind {
            Kind::Convolution(c) => full(c, x, size, None),
            Kind::Inverted(block, _) => {
                let after = block.after(size);
                let n = x.len() / (size.pixels() * block.channels_in());
                let mut out = Buffer::new(n * after.pixels() * block.channels_out());
                block.forward(x, size, &mut out);
                (out, after)
            }
            Kind::Residual { through, beside } => {
                let beside = beside.as_ref().map(|c| full(c, x, size, None).0);
                let (last, before) = through.split_last().expect("a block has convolutions");
                let mut maps = (None, size);
                for c in before {
                    let (out, size) = full(c, maps.0.as_deref().unwrap_or(x), maps.1, None);
                    maps = (Some(out), size);
                }
                full(
                    last,
                    &maps.0.expect("at least two"),
                    maps.1,
                    Some(beside.as_deref().unwrap_or(x)),
                )
            }
            Kind::Largest(slide, channels) => {
                let after = slide.after(size);
                let n = x.len() / (size.pixels() * channels);
                let mut out = Buffer::new(n * after.pixels() * channels);
                max_pool(x, size, *channels, *slide, &mut out);
                (out, after)
            }
            Kind::Mean(channels) => {
                let mut means = Buffer::new(x.len() / size.pixels());
                mean(x, size, *channels, &mut means);
                let mut out = Buffer::new(means.len());
                for (out, mean) in out.iter_mut().zip(means.iter()) {
                    *out = E::from_f32(*mean);
                }
                (out, Size::square(1))
            }
        }
    }

    /// Multiply-accumulates of one image.
    pub fn macs(&self, size: Size) -> usize {
        let full = |c: &Convolution<E>, size: Size| {
            let area = c.slide().kernel.pow(2);
            c.after(size).pixels() * area * c.channels_in() * c.channels_out()
        };
        match &self.kind {
            Kind::Convolution(c) => full(c, size),
            Kind::Inverted(block, [kernel, expanded, channels_in]) => {
                let wide = if expanded == channels_in {
                    0
                } else {
                    size.pixels() * channels_in * expanded
                };
                wide + block.after(size).pixels()
                    * expanded
                    * (kernel * kernel + block.channels_out())
            }
            Kind::Residual { through, beside } => {
                let (mut sum, mut at) = (beside.as_ref().map_or(0, |c| full(c, size)), size);
                for c in through {
                    sum += full(c, at);
                    at = c.after(at);
                }
                sum
            }
            Kind::Largest(..) | Kind::Mean(_) => 0,
        }
    }
}

fn convolution<E: Element>(
    channels: [usize; 2],
    kernel: usize,
    stride: usize,
    surround: Surround,
    clamp: Clamp,
) -> Convolution<E> {
    let [channels_in, channels_out] = channels;
    let (weight, bias) = (
        numbers(channels_in * channels_out * kernel * kernel),
        numbers(channels_out),
    );
    let slide = Slide {
        kernel,
        stride,
        surround,
    };
    Convolution::new(
        Isa::best(),
        Folded {
            weight: &weight,
            bias: &bias,
        },
        slide,
        clamp,
    )
}

fn lite0<E: Element>() -> Vec<Layer<E>> {
    let full = |name: &str, channels, kernel, stride| Layer {
        name: name.into(),
        kind: Kind::Convolution(convolution(
            channels,
            kernel,
            stride,
            Surround::Same,
            Clamp::RELU6,
        )),
    };
    let mut layers = vec![full("stem", [3, 32], 3, 2)];
    let mut channels = 32;
    for (stage, [kernel, stride, expansion, channels_out, blocks]) in LITE0.into_iter().enumerate()
    {
        for block in 0..blocks {
            let stride = if block == 0 { stride } else { 1 };
            let wide = channels * expansion;
            let parts = [wide * channels, wide * kernel * kernel, channels_out * wide].map(numbers);
            let biases = [wide, wide, channels_out].map(numbers);
            let folded = |i: usize| Folded {
                weight: &parts[i],
                bias: &biases[i],
            };
            let weights = BlockWeights {
                expand: (expansion > 1).then(|| folded(0)),
                depthwise: folded(1),
                project: folded(2),
                kernel,
                stride,
                adds_input: stride == 1 && channels == channels_out,
            };
            layers.push(Layer {
                name: format!("blocks.{stage}.{block}"),
                kind: Kind::Inverted(
                    InvertedResidual::new(Isa::best(), &weights),
                    [kernel, wide, channels],
                ),
            });
            channels = channels_out;
        }
    }
    layers.push(full("head", [channels, 1280], 1, 1));
    layers.push(Layer {
        name: "mean".into(),
        kind: Kind::Mean(1280),
    });
    layers
}

/// Blocks of each stage; with a bottleneck of 1×1 convolutions or as two of 3×3. A stem of 7×7 is followed by pooling.
fn resnet<E: Element>(blocks: [usize; 4], bottleneck: bool, stem: usize) -> Vec<Layer<E>> {
    let of = |channels: [usize; 2], kernel: usize, stride: usize, clamp: Clamp| {
        convolution(channels, kernel, stride, Surround::Even(kernel / 2), clamp)
    };
    let stem_stride = if stem == 7 { 2 } else { 1 };
    let mut layers = vec![Layer {
        name: "stem".into(),
        kind: Kind::Convolution(of([3, 64], stem, stem_stride, Clamp::RELU)),
    }];
    if stem == 7 {
        let slide = Slide {
            kernel: 3,
            stride: 2,
            surround: Surround::Even(1),
        };
        layers.push(Layer {
            name: "pool".into(),
            kind: Kind::Largest(slide, 64),
        });
    }
    let mut channels = 64;
    for (stage, (narrow, n)) in RESNET.into_iter().zip(blocks).enumerate() {
        let wide = if bottleneck {
            WIDENING * narrow
        } else {
            narrow
        };
        for block in 0..n {
            let stride = if stage > 0 && block == 0 { 2 } else { 1 };
            let through = match bottleneck {
                true => vec![
                    of([channels, narrow], 1, 1, Clamp::RELU),
                    of([narrow, narrow], 3, stride, Clamp::RELU),
                    of([narrow, wide], 1, 1, Clamp::RELU),
                ],
                false => vec![
                    of([channels, narrow], 3, stride, Clamp::RELU),
                    of([narrow, narrow], 3, 1, Clamp::RELU),
                ],
            };
            let changes = stride > 1 || channels != wide;
            let beside = changes.then(|| of([channels, wide], 1, stride, Clamp::NONE));
            layers.push(Layer {
                name: format!("layer{}.{block}", stage + 1),
                kind: Kind::Residual { through, beside },
            });
            channels = wide;
        }
    }
    layers.push(Layer {
        name: "mean".into(),
        kind: Kind::Mean(channels),
    });
    layers
}
