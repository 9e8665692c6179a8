//! What goes back through maps of bfloat16, on every instruction set, against loops in f64 over the same rounded numbers: products
//! are exact and sums float32, so that gradients of weights are as near as those of float32; those of maps are rounded once. All sets
//! give the same bits.

use crate::bfloat16::{NEAR_ZERO, assert_near, narrow, on_all, rounded};
use crate::gradients::gradients;
use crate::reference::{Map, assert_same, config, convolved, in_any_pool, numbers, of_pool, slide};
use handful_kernel::{
    Bf16, Clamp, DepthwiseInputGradient, DepthwiseWeightGradient, Element, Folded, Grouped,
    InputGradient, Isa, Moments, Norm, NormGradients, NormPass, Size, Slide, WeightGradient,
    bias_gradient, max_pool_gradient,
};
use proptest::prelude::*;

/// Of a gradient near zero that is a sum of some hundred others.
const SUM_NEAR_ZERO: f64 = 2e-3;

/// A convolution, the maps it is tried on, and what should come out.
struct Case {
    x: Vec<Bf16>,
    size: Size,
    weight: Vec<f32>,
    gradient: Vec<Bf16>,
    slide: Slide,
    /// Of the input and of the weights.
    expected: (Vec<f64>, Vec<f64>),
}

fn case(
    n: usize,
    size: Size,
    channels: [usize; 2],
    groups: usize,
    slide: Slide,
    seed: u64,
) -> Case {
    let [channels_in, channels_out] = channels;
    let x = rounded(n * size.pixels() * channels_in, seed);
    let weight = rounded(
        channels_out * channels_in / groups * slide.kernel.pow(2),
        seed ^ 1,
    );
    let after = slide.after(size);
    let gradient = rounded(n * after.pixels() * channels_out, seed ^ 2);
    let (map, of_out) = (
        Map::of(&x, n, size, channels_in),
        Map::of(&gradient, n, after, channels_out),
    );
    Case {
        expected: gradients(&map, &weight, &of_out, groups, slide),
        x: narrow(&x),
        gradient: narrow(&gradient),
        size,
        weight,
        slide,
    }
}

/// What is written into a map that is full of what is no number.
fn written<E: Element>(len: usize, write: impl Fn(&mut [E])) -> Vec<E> {
    let mut out = vec![E::from_f32(f32::NAN); len];
    write(&mut out);
    out
}

impl Case {
    /// Both gradients must be those.
    fn check(
        &self,
        to_x: impl Fn(Isa, &mut [Bf16]) + Sync,
        to_weight: impl Fn(Isa, &mut [f32]) + Sync,
    ) {
        let (of_x, of_weight) = &self.expected;
        let found = on_all(|isa| written(of_x.len(), |out| to_x(isa, out)));
        assert_near(&found, of_x, SUM_NEAR_ZERO, "of x");
        let found = on_all(|isa| written(of_weight.len(), |out| to_weight(isa, out)));
        assert_same(&found, of_weight, "of weights");
    }
}

fn check_dense(n: usize, size: Size, channels: [usize; 2], slide: Slide, seed: u64) {
    let case = case(n, size, channels, 1, slide, seed);
    let [channels_in, channels_out] = channels;
    case.check(
        |isa, out| {
            let kernel = InputGradient::new(isa, &case.weight, channels_out, case.slide);
            kernel.run(&case.gradient, case.size, out);
        },
        |isa, out| {
            let kernel = WeightGradient {
                isa,
                slide,
                channels_in,
                channels_out,
            };
            kernel.run(&case.x, case.size, &case.gradient, out);
        },
    );
}

fn check_depthwise(n: usize, size: Size, channels: usize, slide: Slide, seed: u64) {
    let case = case(n, size, [channels; 2], channels, slide, seed);
    case.check(
        |isa, out| {
            let kernel = DepthwiseInputGradient::new(isa, &case.weight, channels, slide);
            kernel.run(&case.gradient, case.size, out);
        },
        |isa, out| {
            let kernel = DepthwiseWeightGradient {
                isa,
                slide,
                channels,
            };
            kernel.run(&case.x, case.size, &case.gradient, out);
        },
    );
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn gradients_of_a_convolution_are_their_definition(
        n in 0usize..5, height in 3usize..20, width in 3usize..20, channels_in in 1usize..40, channels_out in 1usize..60,
        kernel in 1usize..5, stride in 1usize..5, same in any::<bool>(), seed in any::<u64>(),
    ) {
        let size = Size { height, width };
        check_dense(n, size, [channels_in, channels_out], slide(kernel, stride, same), seed);
    }

    #[test]
    fn gradients_of_a_depthwise_convolution_are_their_definition(
        n in 0usize..4, height in 3usize..20, width in 3usize..20, channels in 1usize..70,
        kernel in 1usize..6, stride in 1usize..4, same in any::<bool>(), seed in any::<u64>(),
    ) {
        check_depthwise(n, Size { height, width }, channels, slide(kernel, stride, same), seed);
    }

    #[test]
    fn groups_of_channels_are_convolved_by_themselves(
        n in 0usize..4, height in 3usize..12, width in 3usize..12, groups in 1usize..5, own_in in 1usize..9, own_out in 1usize..9,
        kernel in 1usize..4, stride in 1usize..3, same in any::<bool>(), seed in any::<u64>(),
    ) {
        let (size, slide) = (Size { height, width }, slide(kernel, stride, same));
        let case = case(n, size, [groups * own_in, groups * own_out], groups, slide, seed);
        let bias = numbers(groups * own_out, seed ^ 3);
        let weights = Folded { weight: &case.weight, bias: &bias };
        let of = |isa| Grouped::new(isa, weights, groups, slide, Clamp::RELU6);
        let x: Vec<f32> = case.x.iter().map(|x| x.to_f32()).collect();
        let map = convolved(&Map::of(&x, n, size, groups * own_in), weights, groups, slide, Clamp::RELU6);
        let out = on_all(|isa| written(map.values.len(), |out| of(isa).forward(&case.x, size, out)));
        assert_near(&out, &map.values, NEAR_ZERO, "grouped");
        case.check(
            |isa, out| of(isa).input_gradient(&case.gradient, size, out),
            |isa, out| of(isa).weight_gradient(&case.x, size, &case.gradient, out),
        );
    }

    /// Each step rounds its result once: it is that of float32, rounded. Sums of a batch are those of float32.
    #[test]
    fn norms_and_activations_are_those_of_float32_rounded(
        pixels in 1usize..2000, channels in 1usize..40, adds in any::<bool>(), clamps in any::<bool>(), offset in -9.0f32..9.0,
        seed in any::<u64>(),
    ) {
        let clamp = if clamps { Clamp::RELU6 } else { Clamp::NONE };
        let of = |tag: u64, by: f32| -> Vec<Bf16> {
            narrow(&numbers(pixels * channels, seed ^ tag).iter().map(|x| 2.0 * x + by).collect::<Vec<_>>())
        };
        check_norm([of(0, offset), of(1, 1.0), of(2, 0.0)], channels, adds, clamp, seed);
    }

    #[test]
    fn the_gradient_of_the_largest_is_that_of_float32_rounded(
        n in 0usize..3, height in 3usize..12, width in 3usize..12, channels in 1usize..20, kernel in 1usize..4,
        stride in 1usize..4, seed in any::<u64>(),
    ) {
        let (size, slide) = (Size { height, width }, slide(kernel, stride, false));
        let x = narrow(&numbers(n * size.pixels() * channels, seed));
        let gradient = narrow(&numbers(n * slide.after(size).pixels() * channels, seed ^ 1));
        let found = in_any_pool(|| written(x.len(), |out| {
            max_pool_gradient(&x, size, channels, slide, &gradient, out);
        }));
        let (x, gradient) = (wide(&x), wide(&gradient));
        let expected = of_pool(x.len(), |out| max_pool_gradient(&x, size, channels, slide, &gradient, out));
        assert_eq!(wide(&found), rounded_once(&expected));
    }
}

fn wide(x: &[Bf16]) -> Vec<f32> {
    x.iter().map(|x| x.to_f32()).collect()
}

fn rounded_once(x: &[f32]) -> Vec<f32> {
    wide(&narrow(x))
}

fn check_norm(
    [x, added, gradient]: [Vec<Bf16>; 3],
    channels: usize,
    adds: bool,
    clamp: Clamp,
    seed: u64,
) {
    let (weight, bias) = (numbers(channels, seed ^ 3), numbers(channels, seed ^ 4));
    let moments = Moments::of(&x, channels);
    assert_eq!(moments, Moments::of(&wide(&x), channels));
    let norm = Norm {
        moments: &moments,
        epsilon: 1e-3,
        weight: &weight,
        bias: &bias,
        clamp,
    };
    let added = adds.then_some(&added[..]);
    let found = in_any_pool(|| written(x.len(), |out| norm.forward(&x, added, out)));
    let wide_added = added.map(wide);
    let expected = of_pool(x.len(), |out| {
        norm.forward(&wide(&x), wide_added.as_deref(), out)
    });
    assert_eq!(wide(&found), rounded_once(&expected));
    // What came out is read again where something was added.
    let (of_x, of_both) = gradients_of(&norm, &x, adds.then_some(&found), &gradient);
    let out = wide(&found);
    let (wide_of_x, wide_of_both) =
        gradients_of(&norm, &wide(&x), adds.then_some(&out), &wide(&gradient));
    assert_eq!(wide(&of_x), rounded_once(&wide_of_x));
    assert_eq!(of_both, wide_of_both);
    let masked = in_any_pool(|| written(x.len(), |to| clamp.gradient(&found, &gradient, to)));
    let expected = of_pool(x.len(), |to| clamp.gradient(&out, &wide(&gradient), to));
    assert_eq!(wide(&masked), expected);
    let mut in_place = gradient.clone();
    clamp.mask(&found, &mut in_place);
    assert_eq!(wide(&in_place), expected);
    let of_bias = of_pool(channels, |to| bias_gradient(&masked, to));
    assert_eq!(
        of_bias,
        of_pool(channels, |to| bias_gradient(&expected, to))
    );
}

/// Gradients of a norm's input, and of its weight and its bias together.
fn gradients_of<E: Element>(
    norm: &Norm,
    x: &[E],
    out: Option<&Vec<E>>,
    gradient: &[E],
) -> (Vec<E>, Vec<f32>) {
    let channels = norm.weight.len();
    let mut of_x = vec![E::from_f32(f32::NAN); x.len()];
    let mut of_both = vec![f32::NAN; 2 * channels];
    let (weight, bias) = of_both.split_at_mut(channels);
    let to = NormGradients {
        x: &mut of_x,
        weight,
        bias,
    };
    let out = out.map(|out| &out[..]);
    norm.gradients(NormPass { x, out, gradient }, to);
    (of_x, of_both)
}

#[test]
fn sums_that_are_long_are_cut_rightly() {
    let square = Size::square;
    check_dense(3, square(33), [40, 17], slide(1, 1, true), 1);
    check_dense(3, square(40), [3, 33], slide(3, 2, true), 2);
    check_dense(3, square(5), [300, 70], slide(3, 1, true), 3);
    check_dense(2, square(4), [20, 401], slide(3, 1, true), 4);
    check_dense(1, square(5), [9, 1_100], slide(1, 2, true), 5);
    check_depthwise(3, square(40), 33, slide(3, 2, true), 6);
    check_depthwise(3, square(31), 32, slide(5, 1, true), 7);
}

/// Products of two maps would be subnormal where neither of them is: what is small in one of them is taken for zero.
#[test]
fn sets_agree_on_gradients_of_any_size() {
    let size = Size::square(5);
    let slide = slide(3, 2, true);
    for exponent in [-70, -60, -50, -40, 0, 40] {
        let of = |n: usize, seed: u64| {
            let exponents = numbers(n, seed ^ 99);
            let x = numbers(n, seed).into_iter().zip(exponents);
            let all: Vec<f32> = x
                .map(|(x, e)| x * 2.0f32.powi(exponent + (9.0 * e) as i32))
                .collect();
            narrow(&all)
        };
        let (x, gradient) = (of(3 * 25 * 7, 1), of(3 * 9 * 11, 2));
        let found = on_all(|isa| {
            let kernel = WeightGradient {
                isa,
                slide,
                channels_in: 7,
                channels_out: 11,
            };
            written(11 * 7 * 9, |out| kernel.run(&x, size, &gradient, out))
        });
        assert!(found.iter().all(|g| g.is_finite() && !g.is_subnormal()));
        assert_eq!(
            exponent <= -60,
            found.iter().all(|g| *g == 0.0),
            "{exponent}"
        );
        let weight: Vec<f32> = wide(&of(11 * 7 * 9, 3));
        let found = on_all(|isa| {
            let kernel = InputGradient::new(isa, &weight, 11, slide);
            written(3 * 25 * 7, |out| kernel.run(&gradient, size, out))
        });
        assert!(found.iter().all(|g| g.to_f32().is_finite()));
    }
}

/// The last of an odd number of images has nothing beside it.
#[test]
fn what_is_no_number_goes_where_it_is_multiplied_and_nowhere_else() {
    let (size, n) = (Size::square(3), 3);
    let gradient = narrow(&vec![1.0; n * 9 * 2]);
    for bad in [f32::NAN, f32::INFINITY] {
        let mut x = narrow(&vec![1.0; n * 9 * 2]);
        let last = x.len() - 1;
        x[last] = Bf16::from_f32(bad);
        let found = on_all(|isa| {
            let kernel = WeightGradient {
                isa,
                slide: Slide::POINT,
                channels_in: 2,
                channels_out: 2,
            };
            written(4, |out| kernel.run(&x, size, &gradient, out))
        });
        assert_eq!((found[0], found[2]), (27.0, 27.0));
        assert!(!found[1].is_finite() && !found[3].is_finite());
        let found = on_all(|isa| {
            let kernel = InputGradient::new(isa, &[1.0; 4], 2, Slide::POINT);
            written(x.len(), |out| kernel.run(&x, size, out))
        });
        let finite = |g: &Bf16| g.to_f32().is_finite();
        assert!(found[..last - 1].iter().all(finite) && !found[last - 1..].iter().any(finite));
    }
}
