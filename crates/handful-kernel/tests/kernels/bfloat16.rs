//! Kernels on maps of bfloat16 against loops in f64 that round where the kernels round, and against each other: all instruction
//! sets give the same bits.

use crate::reference::{
    Block, BlockShape, Map, added_relu, assert_mean_alike, config, convolved, in_any_pool, numbers,
    slide,
};
use handful_kernel::{
    Bf16, Clamp, Convolution, Depthwise, Element, Folded, InvertedResidual, Isa, Size, Slide,
    Surround, max_pool, mean,
};
use proptest::prelude::*;

/// Of a result: it is rounded to 8 bits once, by half of 2⁻⁸ at most, after a sum in f32.
const TOLERANCE: f64 = 1.0 / 250.0;
/// Of a result near zero, whose terms are not.
pub const NEAR_ZERO: f64 = 1e-3;
/// Numbers between the steps of a block go up to 6, where neighbours are 2⁻⁵ apart. Where a sum in f64 lies between two of them,
/// one in f32 may go to the other: there is room for three, with weights of 1 at most.
const BETWEEN_STEPS: f64 = 3.0 / 32.0;

/// Numbers in −1..1 as bfloat16.
pub fn rounded(n: usize, seed: u64) -> Vec<f32> {
    let round = |x: f32| Bf16::from_f32(x).to_f32();
    numbers(n, seed).into_iter().map(round).collect()
}

pub fn narrow(x: &[f32]) -> Vec<Bf16> {
    x.iter().map(|x| Bf16::from_f32(*x)).collect()
}

fn round_map(map: &mut Map) {
    for x in &mut map.values {
        *x = f64::from(Bf16::from_f32(*x as f32).to_f32());
    }
}

pub fn assert_near(found: &[Bf16], expected: &[f64], near_zero: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (idx, (f, e)) in found.iter().zip(expected).enumerate() {
        let difference = (f64::from(f.to_f32()) - e).abs();
        assert!(
            difference < TOLERANCE * e.abs() + near_zero,
            "{what}: {f:?} ({}) instead of {e} at {idx}",
            f.to_f32()
        );
    }
}

fn bits<E: Element>(x: &[E]) -> Vec<u32> {
    x.iter().map(|x| x.to_f32().to_bits()).collect()
}

/// What every instruction set computes, which is the same.
pub fn on_all<E: Element>(compute: impl Fn(Isa) -> Vec<E> + Sync) -> Vec<E> {
    let all: Vec<_> = (Isa::all().into_iter())
        .map(|isa| (isa, in_any_pool(|| compute(isa))))
        .collect();
    for (isa, found) in &all {
        let differs = (bits(found).iter().zip(&bits(&all[0].1))).position(|(a, b)| a != b);
        assert_eq!(differs, None, "{} gave other bits", isa.name());
    }
    all.into_iter().next().expect("the portable one").1
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_convolution_is_its_definition(
        n in 1usize..4, height in 3usize..20, width in 3usize..20, channels_in in 1usize..40, channels_out in 1usize..60,
        kernel in 1usize..4, stride in 1usize..4, same in any::<bool>(), adds in any::<bool>(), seed in any::<u64>(),
    ) {
        let slide = slide(kernel, stride, same);
        check_convolution(n, Size { height, width }, [channels_in, channels_out], slide, adds, seed);
    }

    #[test]
    fn an_inverted_residual_is_its_three_convolutions(
        n in 1usize..4, height in 1usize..24, width in 1usize..30, channels_in in 1usize..30, channels_out in 1usize..30,
        widening in 0usize..15, kernel in 1usize..6, stride in 1usize..3, adds in any::<bool>(), seed in any::<u64>(),
    ) {
        let channels = [channels_in, channels_in * widening.max(1), if adds { channels_in } else { channels_out }];
        let slide = slide(kernel, if adds { 1 } else { stride }, true);
        check_block(n, Size { height, width }, BlockShape { channels, expands: widening > 0, slide, adds }, seed);
    }

    #[test]
    fn a_depthwise_convolution_is_its_definition(
        n in 1usize..3, height in 1usize..16, width in 1usize..40, channels in 1usize..70, kernel in 1usize..7, stride in 1usize..4,
        seed in any::<u64>(),
    ) {
        let slide = slide(kernel, stride, true);
        let size = Size { height, width };
        let x = rounded(n * size.pixels() * channels, seed);
        let (weight, bias) = (rounded(channels * kernel * kernel, seed ^ 1), numbers(channels, seed ^ 2));
        let weights = Folded { weight: &weight, bias: &bias };
        let expected = convolved(&Map::of(&x, n, size, channels), weights, channels, slide, Clamp::RELU6);
        let x = narrow(&x);
        let found = on_all(|isa| {
            let mut out = vec![Bf16::from_f32(f32::NAN); expected.values.len()];
            Depthwise::new(isa, weights, slide, Clamp::RELU6).forward(&x, size, &mut out);
            out
        });
        assert_near(&found, &expected.values, NEAR_ZERO, "depthwise");
    }

    #[test]
    fn sets_agree_on_numbers_of_any_size(
        channels_in in 1usize..40, channels_out in 1usize..40, x_exponent in -70i32..60, w_exponent in -60i32..60,
        seed in any::<u64>(),
    ) {
        let scaled = |x: Vec<f32>, exponent: i32, seed: u64| -> Vec<f32> {
            // Some of 2⁻¹² of the others, some zero.
            let exponents = numbers(x.len(), seed);
            let scale = |(x, e): (f32, f32)| match e {
                e if e < -0.8 => 0.0,
                e => x * 2.0f32.powi(exponent - (6.0 * (e + 1.0)) as i32),
            };
            x.into_iter().zip(exponents).map(scale).collect()
        };
        let size = Size::square(3);
        let x = narrow(&scaled(numbers(size.pixels() * channels_in, seed), x_exponent, seed ^ 1));
        let weight = scaled(numbers(channels_in * channels_out, seed ^ 2), w_exponent, seed ^ 3);
        let bias = scaled(numbers(channels_out, seed ^ 4), x_exponent + w_exponent, seed ^ 5);
        let weights = Folded { weight: &weight, bias: &bias };
        on_all(|isa| {
            let mut out = vec![Bf16::ZERO; size.pixels() * channels_out];
            Convolution::new(isa, weights, Slide::POINT, Clamp::NONE).forward(&x, size, None, &mut out);
            out
        });
    }
}

fn check_convolution(
    n: usize,
    size: Size,
    channels: [usize; 2],
    slide: Slide,
    adds: bool,
    seed: u64,
) {
    let [channels_in, channels_out] = channels;
    let x = rounded(n * size.pixels() * channels_in, seed);
    let weight = rounded(channels_out * channels_in * slide.kernel.pow(2), seed ^ 1);
    let bias = numbers(channels_out, seed ^ 2);
    let weights = Folded {
        weight: &weight,
        bias: &bias,
    };
    let after = slide.after(size);
    let added = adds.then(|| rounded(n * after.pixels() * channels_out, seed ^ 3));
    let map = Map::of(&x, n, size, channels_in);
    let expected = added_relu(&map, weights, slide, added.as_deref());
    let (x, added) = (narrow(&x), added.map(|added| narrow(&added)));
    let found = on_all(|isa| {
        let mut out = vec![Bf16::from_f32(f32::NAN); expected.values.len()];
        let convolution = Convolution::new(isa, weights, slide, Clamp::RELU);
        convolution.forward(&x, size, added.as_deref(), &mut out);
        assert_mean_alike(&convolution, &x, size);
        out
    });
    assert_near(&found, &expected.values, NEAR_ZERO, "convolution");
}

fn check_block(n: usize, size: Size, shape: BlockShape, seed: u64) {
    let channels_in = shape.channels[0];
    let x = rounded(n * size.pixels() * channels_in, seed);
    let of = |weights, biases, tag| {
        (
            rounded(weights, seed ^ tag),
            numbers(biases, seed ^ (tag + 1)),
        )
    };
    let block = Block::new(shape, of);
    let weights = block.weights();
    let expected = block.convolved(&Map::of(&x, n, size, channels_in), round_map);
    let x = narrow(&x);
    let found = on_all(|isa| {
        let block = InvertedResidual::new(isa, &weights);
        let mut out = vec![Bf16::from_f32(f32::NAN); expected.values.len()];
        block.forward(&x, size, &mut out);
        let mut alone = vec![Bf16::from_f32(f32::NAN); out.len() / n];
        block.forward(&x[..x.len() / n], size, &mut alone);
        assert_eq!(
            bits(&alone),
            bits(&out[..out.len() / n]),
            "an image alone gave other bits than in its batch"
        );
        out
    });
    assert_near(&found, &expected.values, BETWEEN_STEPS, "block");
}

#[test]
fn sums_longer_than_the_cache_holds_are_cut_rightly() {
    // More than is computed at once where only the mean is wanted.
    check_convolution(1, Size::square(40), [3, 60], Slide::POINT, false, 7);
    let wide = Size {
        height: 3,
        width: 5,
    };
    let of = |kernel, surround| Slide {
        kernel,
        stride: 1,
        surround,
    };
    check_convolution(2, wide, [1_201, 20], Slide::POINT, true, 1);
    check_convolution(1, wide, [2_600, 7], Slide::POINT, false, 2);
    check_convolution(1, wide, [371, 33], of(3, Surround::Same), true, 3);
    check_convolution(
        1,
        Size::square(9),
        [25, 17],
        of(7, Surround::Even(3)),
        false,
        4,
    );
    check_convolution(1, Size::square(2), [3, 9], of(5, Surround::Same), false, 5);
}

#[test]
fn expanded_channels_that_are_cut_add_up() {
    let size = Size {
        height: 9,
        width: 8,
    };
    for (expanded, expands) in [
        (193, true),
        (240, true),
        (385, true),
        (801, true),
        (240, false),
        (193, false),
    ] {
        let channels_in = if expands { 13 } else { expanded };
        for (kernel, stride) in [(3, 1), (5, 2)] {
            let shape = BlockShape {
                channels: [channels_in, expanded, 11],
                expands,
                slide: slide(kernel, stride, true),
                adds: false,
            };
            check_block(1, size, shape, expanded as u64);
        }
    }
}

/// The second number of the last pair of a pixel is the next pixel's first, and that of the map's last pixel nobody's.
#[test]
fn what_stands_behind_an_odd_number_of_channels_is_not_multiplied() {
    let weights = Folded {
        weight: &[1.0, 2.0, 3.0],
        bias: &[0.5],
    };
    let mut x = narrow(&[1.0; 12]);
    x[3] = Bf16::from_f32(f32::NAN);
    x[6] = Bf16::from_f32(f32::INFINITY);
    let found = on_all(|isa| {
        let mut out = vec![Bf16::ZERO; 4];
        Convolution::new(isa, weights, Slide::POINT, Clamp::NONE).forward(
            &x,
            Size::square(2),
            None,
            &mut out,
        );
        out
    });
    let found: Vec<f32> = found.into_iter().map(Bf16::to_f32).collect();
    assert_eq!((found[0], found[3]), (6.5, 6.5));
    assert!(found[1].is_nan() && found[2] == f32::INFINITY);
}

#[test]
fn pooling_compares_and_averages() {
    let x = narrow(&[-1.0, -2.0, f32::NAN, -4.0, -5.0, -6.0, -7.0, -8.0, -9.0]);
    let slide = Slide {
        kernel: 3,
        stride: 2,
        surround: Surround::Even(1),
    };
    let mut out = [Bf16::ZERO; 4];
    max_pool(&x, Size::square(3), 1, slide, &mut out);
    let found = out.map(Bf16::to_f32);
    assert_eq!((found[0], found[2], found[3]), (-1.0, -4.0, -5.0));
    assert!(found[1].is_nan(), "what is no number stays none");
    // 257 is no bfloat16: means are float32.
    let mut means = [0.0];
    mean(
        &narrow(&[256.0, 258.0]),
        Size {
            height: 1,
            width: 2,
        },
        1,
        &mut means,
    );
    assert_eq!(means, [257.0]);
}
