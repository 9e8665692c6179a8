//! Definitions in f64 that anybody can check by eye, and what every test of a kernel needs.

use handful_kernel::{
    Bf16, BlockWeights, Buffer, Clamp, Convolution, Element, Folded, InvertedResidual, Isa, Size,
    Slide, Surround, mean,
};
use proptest::prelude::*;

/// Of a number or of 1, whichever is larger: sums of some hundred products in f32.
const TOLERANCE: f64 = 1e-4;

/// A stream of numbers in −1..1: what they are doesn't matter, only that no two places have the same.
pub fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

/// A map in f64.
#[derive(Clone)]
pub struct Map {
    pub n: usize,
    pub size: Size,
    pub channels: usize,
    pub values: Vec<f64>,
}

impl Map {
    pub fn of(values: &[f32], n: usize, size: Size, channels: usize) -> Map {
        Map {
            n,
            size,
            channels,
            values: values.iter().map(|x| f64::from(*x)).collect(),
        }
    }

    pub fn at(&self, image: usize, line: isize, column: isize, channel: usize) -> f64 {
        let inside = |i: isize, n: usize| i >= 0 && (i as usize) < n;
        if !inside(line, self.size.height) || !inside(column, self.size.width) {
            return 0.0;
        }
        let pixel = (image * self.size.height + line as usize) * self.size.width + column as usize;
        self.values[pixel * self.channels + channel]
    }
}

/// A convolution as its definition says, `weight` `[out, in / groups, kernel, kernel]`.
pub fn convolved(x: &Map, weights: Folded, groups: usize, slide: Slide, clamp: Clamp) -> Map {
    let Slide { kernel, stride, .. } = slide;
    let (down, across) = slide.padding(x.size);
    let size = Size {
        height: down.output(x.size.height, kernel, stride),
        width: across.output(x.size.width, kernel, stride),
    };
    let channels = weights.bias.len();
    let (own_in, own_out) = (x.channels / groups, channels / groups);
    let mut values = Vec::new();
    for image in 0..x.n {
        for (line, column) in places(size) {
            for out in 0..channels {
                let mut sum = f64::from(weights.bias[out]);
                for i in 0..own_in {
                    for (down_by, across_by) in places(Size::square(kernel)) {
                        let w = weights.weight
                            [((out * own_in + i) * kernel + down_by) * kernel + across_by];
                        let line = (line * stride + down_by) as isize - down.before as isize;
                        let column =
                            (column * stride + across_by) as isize - across.before as isize;
                        sum += f64::from(w) * x.at(image, line, column, out / own_out * own_in + i);
                    }
                }
                values.push(sum.clamp(f64::from(clamp.low), f64::from(clamp.high)));
            }
        }
    }
    Map {
        n: x.n,
        size,
        channels,
        values,
    }
}

/// A kernel and its step, with TensorFlow's padding or with as much on each side as keeps its middle on the map.
pub fn slide(kernel: usize, stride: usize, same: bool) -> Slide {
    let surround = if same {
        Surround::Same
    } else {
        Surround::Even(kernel / 2)
    };
    Slide {
        kernel,
        stride,
        surround,
    }
}

/// Weights and bias of a convolution.
pub type Parameters = (Vec<f32>, Vec<f32>);

/// The shape of an inverted residual.
#[derive(Clone, Copy)]
pub struct BlockShape {
    /// In, expanded and out.
    pub channels: [usize; 3],
    pub expands: bool,
    /// Of the depthwise convolution.
    pub slide: Slide,
    pub adds: bool,
}

/// An inverted residual of any weights.
pub struct Block {
    expand: Option<Parameters>,
    depthwise: Parameters,
    project: Parameters,
    shape: BlockShape,
}

impl Block {
    /// `parameters(weights, biases, tag)` draws each convolution's.
    pub fn new(shape: BlockShape, parameters: impl Fn(usize, usize, u64) -> Parameters) -> Block {
        let [channels_in, expanded, channels_out] = shape.channels;
        let of_expand = || parameters(expanded * channels_in, expanded, 1);
        Block {
            expand: shape.expands.then(of_expand),
            depthwise: parameters(expanded * shape.slide.kernel.pow(2), expanded, 3),
            project: parameters(channels_out * expanded, channels_out, 5),
            shape,
        }
    }

    pub fn weights(&self) -> BlockWeights<'_> {
        BlockWeights {
            expand: self.expand.as_ref().map(folded),
            depthwise: folded(&self.depthwise),
            project: folded(&self.project),
            kernel: self.shape.slide.kernel,
            stride: self.shape.slide.stride,
            adds_input: self.shape.adds,
        }
    }

    /// Its three convolutions as their definition says, with `round` applied to what goes from one to the next.
    pub fn convolved(&self, input: &Map, round: impl Fn(&mut Map)) -> Map {
        let weights = self.weights();
        let BlockShape {
            channels: [_, expanded, _],
            slide,
            adds,
            ..
        } = self.shape;
        let mut wide = match weights.expand {
            Some(expand) => convolved(input, expand, 1, Slide::POINT, Clamp::RELU6),
            None => input.clone(),
        };
        round(&mut wide);
        let mut narrowed = convolved(&wide, weights.depthwise, expanded, slide, Clamp::RELU6);
        round(&mut narrowed);
        let mut out = convolved(&narrowed, weights.project, 1, Slide::POINT, Clamp::NONE);
        if adds {
            for (out, x) in out.values.iter_mut().zip(&input.values) {
                *out += x;
            }
        }
        out
    }
}

fn folded((weight, bias): &Parameters) -> Folded<'_> {
    Folded { weight, bias }
}

/// max(convolution + added, 0) as its definition says.
pub fn added_relu(x: &Map, weights: Folded, slide: Slide, added: Option<&[f32]>) -> Map {
    let mut out = convolved(x, weights, 1, slide, Clamp::NONE);
    for (idx, out) in out.values.iter_mut().enumerate() {
        *out = (*out + added.map_or(0.0, |added| f64::from(added[idx]))).max(0.0);
    }
    out
}

pub fn assert_same(found: &[f32], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (idx, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!(
            (f64::from(*f) - e).abs() < TOLERANCE * e.abs().max(1.0),
            "{what}: {f} instead of {e} at {idx}"
        );
    }
}

/// The same in one thread and in three, whose memory is full of what is no number.
pub fn in_any_pool<E: Element>(compute: impl Fn() -> Vec<E> + Sync) -> Vec<E> {
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.broadcast(|_| {
            poison::<f32>();
            poison::<Bf16>();
        });
        pool.install(&compute)
    };
    let alone = with(1);
    let shared = with(3);
    let differs = alone
        .iter()
        .zip(&shared)
        .position(|(a, b)| a.to_f32().to_bits() != b.to_f32().to_bits());
    assert_eq!(differs, None, "the number of threads changed bits");
    alone
}

/// The mean that is taken while a convolution runs is that of its map, to the bit.
pub fn assert_mean_alike<E: Element>(convolution: &Convolution<E>, x: &[E], size: Size) {
    let (after, channels) = (convolution.after(size), convolution.channels_out());
    let n = x.len() / (size.pixels() * convolution.channels_in());
    let mut map = vec![E::default(); n * after.pixels() * channels];
    convolution.forward(x, size, None, &mut map);
    let mut expected = vec![f32::NAN; n * channels];
    mean(&map, after, channels, &mut expected);
    let found = in_any_pool(|| {
        let mut out = vec![f32::NAN; n * channels];
        convolution.forward_mean(x, size, &mut out);
        out
    });
    let bits = |of: &[f32]| of.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&found), bits(&expected));
}

/// What `compute` writes into so many numbers, in any pool.
pub fn of_pool(len: usize, compute: impl Fn(&mut [f32]) + Sync) -> Vec<f32> {
    in_any_pool(|| {
        let mut out = vec![f32::NAN; len];
        compute(&mut out);
        out
    })
}

/// Leaves NaN in the memory that kernels of this thread use again.
fn poison<E: Element>() {
    let (weight, bias) = ([1.0; 16 * 9], [0.0; 16]);
    let folded = |weight| Folded {
        weight,
        bias: &bias,
    };
    let weights = BlockWeights {
        expand: None,
        depthwise: folded(&weight[..]),
        project: Folded {
            weight: &weight[..16],
            bias: &[0.0],
        },
        kernel: 3,
        stride: 1,
        adds_input: false,
    };
    let size = Size::square(24);
    let mut out = Buffer::new(size.pixels());
    InvertedResidual::new(Isa::all()[0], &weights).forward(
        &[E::from_f32(f32::NAN); 24 * 24 * 16],
        size,
        &mut out,
    );
    assert!(
        out.iter().all(|x| x.to_f32().is_nan()),
        "what is no number stays none"
    );
}

/// `PROPTEST_CASES` of them where it is set: Miri is slow.
pub fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig {
            failure_persistence: None,
            ..usual
        },
        None => ProptestConfig::with_cases(150),
    }
}

pub fn places(size: Size) -> impl Iterator<Item = (usize, usize)> {
    (0..size.height).flat_map(move |line| (0..size.width).map(move |column| (line, column)))
}
