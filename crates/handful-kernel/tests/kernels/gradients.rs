//! Every gradient on every instruction set of this machine against its definition in f64.

use crate::reference::{Map, assert_same, config, convolved, numbers, of_pool, places, slide};
use handful_kernel::{
    Clamp, Convolution, Depthwise, DepthwiseInputGradient, DepthwiseWeightGradient, Folded,
    Grouped, InputGradient, Isa, Moments, Norm, NormGradients, NormPass, Size, Slide, Surround,
    WeightGradient, bias_gradient, max_pool, max_pool_gradient,
};
use proptest::prelude::*;

/// Gradients of a convolution's input and weights, as they follow from its definition: every product that it sums sends the
/// output's gradient to each of its two numbers.
pub fn gradients(
    x: &Map,
    weight: &[f32],
    gradient: &Map,
    groups: usize,
    slide: Slide,
) -> (Vec<f64>, Vec<f64>) {
    let Slide { kernel, stride, .. } = slide;
    let (down, across) = slide.padding(x.size);
    let (own_in, own_out) = (x.channels / groups, gradient.channels / groups);
    let (mut of_x, mut of_weight) = (vec![0.0; x.values.len()], vec![0.0; weight.len()]);
    for image in 0..x.n {
        for (line, column) in places(gradient.size) {
            for out in 0..gradient.channels {
                let g = gradient.at(image, line as isize, column as isize, out);
                for i in 0..own_in {
                    for (down_by, across_by) in places(Size::square(kernel)) {
                        let from_line = (line * stride + down_by) as isize - down.before as isize;
                        let from_column =
                            (column * stride + across_by) as isize - across.before as isize;
                        let channel = out / own_out * own_in + i;
                        let w = ((out * own_in + i) * kernel + down_by) * kernel + across_by;
                        of_weight[w] += g * x.at(image, from_line, from_column, channel);
                        let inside = |i: isize, n: usize| i >= 0 && (i as usize) < n;
                        if inside(from_line, x.size.height) && inside(from_column, x.size.width) {
                            let pixel = (image * x.size.height + from_line as usize) * x.size.width
                                + from_column as usize;
                            of_x[pixel * x.channels + channel] += g * f64::from(weight[w]);
                        }
                    }
                }
            }
        }
    }
    (of_x, of_weight)
}

/// A convolution and the maps it is tried on.
#[derive(Debug)]
struct Case {
    n: usize,
    size: Size,
    channels_in: usize,
    channels_out: usize,
    slide: Slide,
    seed: u64,
}

/// Computes both gradients, which must be those, and tells what came out.
fn assert_gradients(
    isa: Isa,
    (of_x, of_weight): &(Vec<f64>, Vec<f64>),
    to_x: impl Fn(&mut [f32]) + Sync,
    to_weight: impl Fn(&mut [f32]) + Sync,
) -> Vec<f32> {
    let found_x = of_pool(of_x.len(), to_x);
    assert_same(&found_x, of_x, &format!("{} of x", isa.name()));
    let found_weight = of_pool(of_weight.len(), to_weight);
    assert_same(
        &found_weight,
        of_weight,
        &format!("{} of weights", isa.name()),
    );
    [found_x, found_weight].concat()
}

fn assert_fused_agree(fused: &[Vec<f32>]) {
    let agree = fused.windows(2).all(|pair| pair[0] == pair[1]);
    assert!(agree, "instruction sets gave other bits");
}

fn check_dense(case: &Case) {
    let &Case {
        n,
        size,
        channels_in,
        channels_out,
        slide,
        seed,
    } = case;
    let x = numbers(n * size.pixels() * channels_in, seed);
    let weight = numbers(channels_out * channels_in * slide.kernel.pow(2), seed ^ 1);
    let after = slide.after(size);
    let gradient = numbers(n * after.pixels() * channels_out, seed ^ 2);
    let expected = gradients(
        &Map::of(&x, n, size, channels_in),
        &weight,
        &Map::of(&gradient, n, after, channels_out),
        1,
        slide,
    );
    let mut fused = Vec::new();
    for isa in Isa::all() {
        let input = InputGradient::new(isa, &weight, channels_out, slide);
        let weights = WeightGradient {
            isa,
            slide,
            channels_in,
            channels_out,
        };
        let found = assert_gradients(
            isa,
            &expected,
            |out| input.run(&gradient, size, out),
            |out| weights.run(&x, size, &gradient, out),
        );
        if isa.is_fused() {
            fused.push(found);
        }
    }
    assert_fused_agree(&fused);
}

fn check_depthwise(case: &Case) {
    let &Case {
        n,
        size,
        channels_in: channels,
        slide,
        seed,
        ..
    } = case;
    let x = numbers(n * size.pixels() * channels, seed);
    let weight = numbers(channels * slide.kernel.pow(2), seed ^ 1);
    let bias = numbers(channels, seed ^ 2);
    let weights = Folded {
        weight: &weight,
        bias: &bias,
    };
    let map = Map::of(&x, n, size, channels);
    let expected = convolved(&map, weights, channels, slide, Clamp::RELU6);
    let gradient = numbers(expected.values.len(), seed ^ 3);
    let of_out = Map::of(&gradient, n, expected.size, channels);
    let of_both = gradients(&map, &weight, &of_out, channels, slide);
    let mut fused = Vec::new();
    for isa in Isa::all() {
        let convolution = Depthwise::new(isa, weights, slide, Clamp::RELU6);
        let out = of_pool(expected.values.len(), |out| {
            convolution.forward(&x, size, out)
        });
        assert_same(&out, &expected.values, isa.name());
        let input = DepthwiseInputGradient::new(isa, &weight, channels, slide);
        let weights = DepthwiseWeightGradient {
            isa,
            slide,
            channels,
        };
        let found = assert_gradients(
            isa,
            &of_both,
            |out| input.run(&gradient, size, out),
            |out| weights.run(&x, size, &gradient, out),
        );
        if isa.is_fused() {
            fused.push([out, found].concat());
        }
    }
    assert_fused_agree(&fused);
}

fn check_grouped(case: &Case, groups: usize) {
    let &Case {
        n,
        size,
        channels_in,
        channels_out,
        slide,
        seed,
    } = case;
    let x = numbers(n * size.pixels() * channels_in, seed);
    let weight = numbers(
        channels_out * channels_in / groups * slide.kernel.pow(2),
        seed ^ 1,
    );
    let bias = numbers(channels_out, seed ^ 2);
    let weights = Folded {
        weight: &weight,
        bias: &bias,
    };
    let map = Map::of(&x, n, size, channels_in);
    let expected = convolved(&map, weights, groups, slide, Clamp::RELU6);
    let gradient = numbers(expected.values.len(), seed ^ 3);
    let of_out = Map::of(&gradient, n, expected.size, channels_out);
    let of_both = gradients(&map, &weight, &of_out, groups, slide);
    for isa in Isa::all() {
        let grouped = Grouped::new(isa, weights, groups, slide, Clamp::RELU6);
        let out = of_pool(expected.values.len(), |out| grouped.forward(&x, size, out));
        assert_same(&out, &expected.values, isa.name());
        assert_gradients(
            isa,
            &of_both,
            |out| grouped.input_gradient(&gradient, size, out),
            |out| grouped.weight_gradient(&x, size, &gradient, out),
        );
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn gradients_of_a_convolution_are_their_definition(
        n in 0usize..4, height in 3usize..20, width in 3usize..20, channels_in in 1usize..40, channels_out in 1usize..60,
        kernel in 1usize..5, stride in 1usize..5, same in any::<bool>(), seed in any::<u64>(),
    ) {
        let size = Size { height, width };
        check_dense(&Case { n, size, channels_in, channels_out, slide: slide(kernel, stride, same), seed });
    }

    #[test]
    fn gradients_of_a_depthwise_convolution_are_their_definition(
        n in 0usize..4, height in 1usize..20, width in 1usize..20, channels in 1usize..70,
        kernel in 1usize..8, stride in 1usize..5, seed in any::<u64>(),
    ) {
        let size = Size { height, width };
        check_depthwise(&Case { n, size, channels_in: channels, channels_out: channels, slide: slide(kernel, stride, true), seed });
    }

    #[test]
    fn groups_of_channels_are_convolved_by_themselves(
        n in 0usize..3, height in 3usize..12, width in 3usize..12, groups in 1usize..5, own_in in 1usize..9, own_out in 1usize..9,
        kernel in 1usize..4, stride in 1usize..3, same in any::<bool>(), seed in any::<u64>(),
    ) {
        let size = Size { height, width };
        let case = Case {
            n, size, channels_in: groups * own_in, channels_out: groups * own_out, slide: slide(kernel, stride, same), seed,
        };
        check_grouped(&case, groups);
    }

    #[test]
    fn depthwise_padding_may_be_even(
        n in 1usize..3, height in 3usize..20, width in 3usize..20, channels in 1usize..70,
        kernel in 1usize..6, stride in 1usize..4, seed in any::<u64>(),
    ) {
        let size = Size { height, width };
        check_depthwise(&Case { n, size, channels_in: channels, channels_out: channels, slide: slide(kernel, stride, false), seed });
    }

    #[test]
    fn a_norm_of_a_batch_and_its_gradients_are_their_definition(
        pixels in 2usize..3000, channels in 1usize..40, adds in any::<bool>(), clamps in any::<bool>(), offset in -50.0f32..50.0,
        seed in any::<u64>(),
    ) {
        check_norm(pixels, channels, adds, if clamps { Clamp::RELU6 } else { Clamp::NONE }, offset, seed);
    }

    #[test]
    fn the_gradient_of_the_largest_goes_to_its_place(
        n in 0usize..3, height in 3usize..12, width in 3usize..12, channels in 1usize..20, kernel in 1usize..4,
        stride in 1usize..4, seed in any::<u64>(),
    ) {
        let size = Size { height, width };
        let slide = slide(kernel, stride, false);
        let after = slide.after(size);
        let x = numbers(n * size.pixels() * channels, seed);
        let gradient = numbers(n * after.pixels() * channels, seed ^ 1);
        let mut largest = vec![f32::NAN; gradient.len()];
        max_pool(&x, size, channels, slide, &mut largest);
        let mut expected = vec![0.0; x.len()];
        for (place, (largest, g)) in largest.iter().zip(&gradient).enumerate() {
            let (pixel, channel) = (place / channels, place % channels);
            let image = pixel / after.pixels();
            let from = (0..size.pixels()).find(|p| {
                let under = |place: usize, at: usize| {
                    (place * stride..place * stride + kernel).contains(&(at + kernel / 2))
                };
                under(pixel % after.pixels() / after.width, p / size.width)
                    && under(pixel % after.width, p % size.width)
                    && x[(image * size.pixels() + p) * channels + channel] == *largest
            });
            expected[(image * size.pixels() + from.unwrap()) * channels + channel] += f64::from(*g);
        }
        let found = of_pool(x.len(), |out| max_pool_gradient(&x, size, channels, slide, &gradient, out));
        assert_same(&found, &expected, "largest");
    }

    #[test]
    fn a_clamp_lets_through_what_lies_inside(n in 0usize..40_000, channels in 1usize..50, seed in any::<u64>()) {
        let out: Vec<f32> = numbers(n * 2, seed).iter().map(|x| (9.0 * x).clamp(0.0, 6.0)).collect();
        let out = &out[..n / channels * channels];
        let gradient = numbers(out.len(), seed ^ 1);
        let expected: Vec<f64> = (out.iter().zip(&gradient))
            .map(|(out, g)| if *out > 0.0 && *out < 6.0 { f64::from(*g) } else { 0.0 })
            .collect();
        let found = of_pool(out.len(), |to| Clamp::RELU6.gradient(out, &gradient, to));
        assert_same(&found, &expected, "clamp");
        let mut sums = vec![0.0; channels];
        for pixel in expected.chunks_exact(channels) {
            sums.iter_mut().zip(pixel).for_each(|(sum, g)| *sum += g);
        }
        assert_same(&of_pool(channels, |to| bias_gradient(&found, to)), &sums, "bias");
    }
}

/// Forward by definition; gradients by differences of it would be too rough, so by the formulas of the paper.
fn check_norm(pixels: usize, channels: usize, adds: bool, clamp: Clamp, offset: f32, seed: u64) {
    const EPSILON: f32 = 1e-3;
    let x: Vec<f32> = numbers(pixels * channels, seed)
        .iter()
        .map(|x| x + offset)
        .collect();
    let weight = numbers(channels, seed ^ 1);
    let bias = numbers(channels, seed ^ 2);
    let added = adds.then(|| numbers(x.len(), seed ^ 3));
    let gradient = numbers(x.len(), seed ^ 4);
    let moments = Moments::of(&x, channels);
    let norm = Norm {
        moments: &moments,
        epsilon: EPSILON,
        weight: &weight,
        bias: &bias,
        clamp,
    };
    let found = of_pool(x.len(), |out| norm.forward(&x, added.as_deref(), out));
    let all = of_pool(x.len() + 2 * channels, |to| {
        let (to_x, to) = to.split_at_mut(x.len());
        let (weight, bias) = to.split_at_mut(channels);
        let pass = NormPass {
            x: &x,
            out: adds.then_some(&found[..]),
            gradient: &gradient,
        };
        norm.gradients(
            pass,
            NormGradients {
                x: to_x,
                weight,
                bias,
            },
        );
    });
    let m = pixels as f64;
    let column = |values: &[f32], c: usize| -> Vec<f64> {
        values
            .iter()
            .skip(c)
            .step_by(channels)
            .map(|v| f64::from(*v))
            .collect()
    };
    for c in 0..channels {
        let (x, out, g) = (column(&x, c), column(&found, c), column(&gradient, c));
        let mean = x.iter().sum::<f64>() / m;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / m;
        assert_same(
            &[moments.mean[c], moments.variance[c]],
            &[mean, variance],
            "moments",
        );
        let deviation = (variance + f64::from(EPSILON)).sqrt();
        let (gamma, beta) = (f64::from(weight[c]), f64::from(bias[c]));
        let normal: Vec<f64> = x.iter().map(|x| (x - mean) / deviation).collect();
        let added = added.as_ref().map(|added| column(added, c));
        let expected: Vec<f64> = (0..pixels)
            .map(|i| {
                let before = gamma * normal[i] + beta + added.as_ref().map_or(0.0, |a| a[i]);
                before.clamp(f64::from(clamp.low), f64::from(clamp.high))
            })
            .collect();
        // x around an offset of 50 has lost 5 bits before it is normalised.
        let close =
            |found: f64, expected: f64| (found - expected).abs() < 1e-3 * expected.abs().max(1.0);
        assert!(out.iter().zip(&expected).all(|(f, e)| close(*f, *e)));
        let inside = |out: f64| out > f64::from(clamp.low) && out < f64::from(clamp.high);
        let g: Vec<f64> = g
            .iter()
            .zip(&out)
            .map(|(g, out)| if inside(*out) { *g } else { 0.0 })
            .collect();
        let of_bias: f64 = g.iter().sum();
        let of_weight: f64 = g.iter().zip(&normal).map(|(g, x)| g * x).sum();
        let found = f64::from(all[x.len() * channels + c]);
        assert!(
            close(found, of_weight),
            "of the weight: {found} instead of {of_weight}"
        );
        let found = f64::from(all[(x.len() + 1) * channels + c]);
        assert!(
            close(found, of_bias),
            "of the bias: {found} instead of {of_bias}"
        );
        for i in 0..pixels {
            let expected = gamma / deviation * (g[i] - of_bias / m - normal[i] * of_weight / m);
            assert!(
                close(f64::from(all[i * channels + c]), expected),
                "gradient of x"
            );
        }
    }
}

/// Around an offset of 42 the mean of a part must not be a sum of such numbers.
#[test]
fn an_offset_costs_a_norm_no_precision() {
    check_norm(
        981,
        13,
        false,
        Clamp::NONE,
        -42.625_546,
        15_577_319_503_840_867_377,
    );
}

#[test]
fn what_is_no_number_stays_none_in_a_norm() {
    let moments = Moments {
        mean: vec![f32::NAN, 0.0],
        variance: vec![1.0; 2],
    };
    let norm = Norm {
        moments: &moments,
        epsilon: 1e-3,
        weight: &[1.0; 2],
        bias: &[0.0; 2],
        clamp: Clamp::RELU6,
    };
    let mut out = [0.0; 2];
    norm.forward(&[1.0, 1.0], None, &mut out);
    assert!(out[0].is_nan() && out[1] > 0.9);
}

#[test]
fn what_is_no_number_gets_no_gradient_of_the_largest() {
    // Whole registers of every set and channels behind them.
    let channels = 19;
    let slide = Slide {
        kernel: 2,
        stride: 2,
        surround: Surround::Even(0),
    };
    for bad in 0..4 {
        let mut x = numbers(4 * channels, 1);
        x[bad * channels..][..channels].fill(f32::NAN);
        let mut of_x = vec![f32::NAN; x.len()];
        let gradient = vec![1.0; channels];
        max_pool_gradient(&x, Size::square(2), channels, slide, &gradient, &mut of_x);
        for channel in 0..channels {
            let got: Vec<f32> = (0..4).map(|p| of_x[p * channels + channel]).collect();
            assert_eq!((got[bad], got.iter().sum()), (0.0, 1.0), "{channel}");
        }
    }
}

#[test]
#[should_panic(expected = "larger than")]
fn a_step_that_no_map_has_a_use_for_is_refused() {
    let slide = Slide {
        kernel: 1,
        stride: (1 << 40) - 1,
        surround: Surround::Even((1 << 39) - 1),
    };
    Convolution::<f32>::new(
        Isa::best(),
        Folded {
            weight: &[1.0],
            bias: &[0.0],
        },
        slide,
        Clamp::NONE,
    );
}

#[test]
fn sums_over_many_pixels_are_cut_rightly() {
    let case = |channels_in, channels_out, side, kernel, stride| Case {
        n: 3,
        size: Size::square(side),
        channels_in,
        channels_out,
        slide: slide(kernel, stride, true),
        seed: side as u64,
    };
    check_dense(&case(40, 17, 33, 1, 1));
    check_dense(&case(3, 33, 40, 3, 2));
    check_dense(&case(300, 70, 5, 3, 1));
    check_dense(&case(64, 64, 12, 1, 2));
    check_depthwise(&case(33, 33, 40, 3, 2));
    check_depthwise(&case(32, 32, 31, 5, 1));
}

/// The loss Σ c · convolution changes by what its gradients say when a weight or a pixel is changed a little.
#[test]
fn gradients_are_the_slope_of_the_forward_pass() {
    const STEP: f32 = 1e-2;
    let isa = Isa::best();
    let (size, slide) = (
        Size {
            height: 7,
            width: 6,
        },
        slide(3, 2, true),
    );
    let (channels_in, channels_out) = (5, 4);
    let x = numbers(2 * size.pixels() * channels_in, 1);
    let weight = numbers(channels_out * channels_in * 9, 2);
    let bias = vec![0.0; channels_out];
    let after = slide.after(size);
    let gradient = numbers(2 * after.pixels() * channels_out, 3);
    let loss = |x: &[f32], weight: &[f32]| -> f64 {
        let convolution = Convolution::new(
            isa,
            Folded {
                weight,
                bias: &bias,
            },
            slide,
            Clamp::NONE,
        );
        let mut out = vec![0.0; gradient.len()];
        convolution.forward(x, size, None, &mut out);
        out.iter()
            .zip(&gradient)
            .map(|(out, g)| f64::from(*out) * f64::from(*g))
            .sum()
    };
    let mut of_x = vec![0.0; x.len()];
    InputGradient::new(isa, &weight, channels_out, slide).run(&gradient, size, &mut of_x);
    let mut of_weight = vec![0.0; weight.len()];
    WeightGradient {
        isa,
        slide,
        channels_in,
        channels_out,
    }
    .run(&x, size, &gradient, &mut of_weight);
    let slope = |values: &[f32], idx: usize, loss: &dyn Fn(&[f32]) -> f64| {
        let moved = |by: f32| {
            let mut values = values.to_vec();
            values[idx] += by;
            loss(&values)
        };
        (moved(STEP) - moved(-STEP)) / (2.0 * f64::from(STEP))
    };
    for idx in 0..x.len() {
        let found = slope(&x, idx, &|x| loss(x, &weight));
        assert!(
            (found - f64::from(of_x[idx])).abs() < 1e-3,
            "x {idx}: {found}"
        );
    }
    for idx in 0..weight.len() {
        let found = slope(&weight, idx, &|weight| loss(&x, weight));
        assert!(
            (found - f64::from(of_weight[idx])).abs() < 1e-3,
            "weight {idx}: {found}"
        );
    }
}
