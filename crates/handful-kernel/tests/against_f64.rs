//! Every kernel on every instruction set of this machine against loops in f64 that anybody can check by eye.

use handful_kernel::{
    BlockWeights, Clamp, Convolution, Folded, InvertedResidual, Isa, Padding, Size, Slide,
    Surround, max_pool, mean,
};
use proptest::prelude::*;

/// Of a number or of 1, whichever is larger: sums of some thousand products in f32.
const TOLERANCE: f64 = 1e-4;

/// A stream of numbers in −1..1: what they are doesn't matter, only that no two places have the same.
fn numbers(n: usize, seed: u64) -> Vec<f32> {
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
struct Map {
    n: usize,
    size: Size,
    channels: usize,
    values: Vec<f64>,
}

impl Map {
    fn of(values: &[f32], n: usize, size: Size, channels: usize) -> Map {
        Map {
            n,
            size,
            channels,
            values: values.iter().map(|x| f64::from(*x)).collect(),
        }
    }

    fn at(&self, image: usize, line: isize, column: isize, channel: usize) -> f64 {
        let inside = |i: isize, n: usize| i >= 0 && (i as usize) < n;
        if !inside(line, self.size.height) || !inside(column, self.size.width) {
            return 0.0;
        }
        let pixel = (image * self.size.height + line as usize) * self.size.width + column as usize;
        self.values[pixel * self.channels + channel]
    }
}

/// A convolution as its definition says, `weight` `[out, in / groups, kernel, kernel]`.
fn convolved(x: &Map, weights: Folded, groups: usize, slide: Slide, clamp: Clamp) -> Map {
    let Slide {
        kernel,
        stride,
        surround,
    } = slide;
    let padding = |size| match surround {
        Surround::Same => Padding::same(size, kernel, stride),
        Surround::Even(each) => Padding::even(each),
    };
    let (down, across) = (padding(x.size.height), padding(x.size.width));
    let size = Size {
        height: down.output(x.size.height, kernel, stride),
        width: across.output(x.size.width, kernel, stride),
    };
    let channels = weights.bias.len();
    let (own_in, own_out) = (x.channels / groups, channels / groups);
    let mut values = Vec::new();
    for image in 0..x.n {
        for (line, column) in (0..size.height).flat_map(|l| (0..size.width).map(move |c| (l, c))) {
            for out in 0..channels {
                let mut sum = f64::from(weights.bias[out]);
                for i in 0..own_in {
                    for (down_by, across_by) in
                        (0..kernel).flat_map(|d| (0..kernel).map(move |a| (d, a)))
                    {
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

fn assert_same(found: &[f32], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (idx, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!(
            (f64::from(*f) - e).abs() < TOLERANCE * e.abs().max(1.0),
            "{what}: {f} instead of {e} at {idx}"
        );
    }
}

/// The same in one thread and in three.
fn in_any_pool(compute: impl Fn() -> Vec<f32> + Sync) -> Vec<f32> {
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(&compute)
    };
    let alone = with(1);
    assert_eq!(alone, with(3), "the number of threads changed bits");
    alone
}

/// `PROPTEST_CASES` of them where it is set: Miri is slow.
fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig {
            failure_persistence: None,
            ..usual
        },
        None => ProptestConfig::with_cases(150),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_convolution_is_its_definition(
        n in 1usize..4, height in 3usize..20, width in 3usize..20, channels_in in 1usize..40, channels_out in 1usize..60,
        kernel in 1usize..4, stride in 1usize..4, same in any::<bool>(), added in any::<bool>(), seed in any::<u64>(),
    ) {
        let size = Size { height, width };
        let surround = if same { Surround::Same } else { Surround::Even(kernel / 2) };
        let slide = Slide { kernel, stride, surround };
        let x = numbers(n * size.pixels() * channels_in, seed);
        let weight = numbers(channels_out * channels_in * kernel * kernel, seed ^ 1);
        let bias = numbers(channels_out, seed ^ 2);
        let weights = Folded { weight: &weight, bias: &bias };
        let mut expected = convolved(&Map::of(&x, n, size, channels_in), weights, 1, slide, Clamp::NONE);
        let added = added.then(|| numbers(expected.values.len(), seed ^ 3));
        for (idx, e) in expected.values.iter_mut().enumerate() {
            *e = (*e + added.as_ref().map_or(0.0, |a| f64::from(a[idx]))).max(0.0);
        }
        for isa in Isa::all() {
            let convolution = Convolution::new(isa, weights, slide, Clamp::RELU);
            prop_assert_eq!(convolution.after(size), expected.size);
            let found = in_any_pool(|| {
                let mut out = vec![f32::NAN; expected.values.len()];
                convolution.forward(&x, size, added.as_deref(), &mut out);
                out
            });
            assert_same(&found, &expected.values, isa.name());
        }
    }

    #[test]
    fn an_inverted_residual_is_its_three_convolutions(
        n in 1usize..4, height in 1usize..32, width in 1usize..40, channels_in in 1usize..30, channels_out in 1usize..40,
        widening in 0usize..7, kernel in 1usize..6, stride in 1usize..3, adds in any::<bool>(), seed in any::<u64>(),
    ) {
        let size = Size { height, width };
        let expanded = channels_in * widening.max(1);
        let channels_out = if adds { channels_in } else { channels_out };
        let stride = if adds { 1 } else { stride };
        let x = numbers(n * size.pixels() * channels_in, seed);
        let of = |n: usize, tag: u64| numbers(n, seed ^ tag);
        let expand = (of(expanded * channels_in, 1), of(expanded, 2));
        let depthwise = (of(expanded * kernel * kernel, 3), of(expanded, 4));
        let project = (of(channels_out * expanded, 5), of(channels_out, 6));
        fn folded((weight, bias): &(Vec<f32>, Vec<f32>)) -> Folded<'_> {
            Folded { weight, bias }
        }
        let weights = BlockWeights {
            expand: (widening > 0).then(|| folded(&expand)),
            depthwise: folded(&depthwise),
            project: folded(&project),
            kernel,
            stride,
            adds_input: adds,
        };
        let input = Map::of(&x, n, size, channels_in);
        let wide = match weights.expand {
            Some(expand) => convolved(&input, expand, 1, Slide::POINT, Clamp::RELU6),
            None => input.clone(),
        };
        let slide = Slide { kernel, stride, surround: Surround::Same };
        let narrow = convolved(&wide, weights.depthwise, expanded, slide, Clamp::RELU6);
        let mut expected = convolved(&narrow, weights.project, 1, Slide::POINT, Clamp::NONE);
        if adds {
            expected.values.iter_mut().zip(&input.values).for_each(|(out, x)| *out += x);
        }
        for isa in Isa::all() {
            let block = InvertedResidual::new(isa, &weights);
            let found = in_any_pool(|| {
                let mut out = vec![f32::NAN; expected.values.len()];
                block.forward(&x, size, &mut out);
                out
            });
            assert_same(&found, &expected.values, isa.name());
        }
    }
}

#[test]
fn sets_of_instructions_with_fused_multiplication_agree_bit_for_bit() {
    let fused: Vec<Isa> = Isa::all()
        .into_iter()
        .filter(|isa| isa.is_fused())
        .collect();
    let size = Size {
        height: 9,
        width: 14,
    };
    let (x, weight, bias) = (
        numbers(9 * 14 * 20, 1),
        numbers(33 * 20 * 9, 2),
        numbers(33, 3),
    );
    let slide = Slide {
        kernel: 3,
        stride: 2,
        surround: Surround::Same,
    };
    let of = |isa: &Isa| {
        let weights = Folded {
            weight: &weight,
            bias: &bias,
        };
        let convolution = Convolution::new(*isa, weights, slide, Clamp::RELU6);
        let mut out = vec![0.0; convolution.after(size).pixels() * 33];
        convolution.forward(&x, size, None, &mut out);
        out
    };
    let all: Vec<Vec<f32>> = fused.iter().map(of).collect();
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn the_largest_of_a_square_is_taken_from_inside_the_map() {
    let x = [-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0, -8.0, -9.0];
    let slide = Slide {
        kernel: 3,
        stride: 2,
        surround: Surround::Even(1),
    };
    let mut out = [0.0; 4];
    max_pool(&x, Size::square(3), 1, slide, &mut out);
    assert_eq!(out, [-1.0, -2.0, -4.0, -5.0]);
}

#[test]
fn a_mean_is_that_of_its_pixels() {
    let x = [1.0, 10.0, 3.0, 30.0, 5.0, 0.0, 7.0, 2.0];
    let mut out = [0.0; 4];
    mean(&x, 2, &mut out);
    assert_eq!(out, [2.0, 20.0, 6.0, 1.0]);
}
