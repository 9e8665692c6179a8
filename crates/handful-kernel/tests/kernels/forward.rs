//! Every kernel on every instruction set of this machine against loops in f64 that anybody can check by eye.

use crate::reference::{
    Block, BlockShape, Map, added_relu, assert_mean_alike, assert_same, config, in_any_pool,
    numbers, places, slide,
};
use handful_kernel::{
    Clamp, Convolution, Folded, InvertedResidual, Isa, Size, Slide, Surround, max_pool, mean,
};
use proptest::prelude::*;

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
    fn pooling_is_its_definition(
        n in 0usize..3, height in 3usize..12, width in 3usize..12, channels in 1usize..20, kernel in 1usize..4,
        stride in 1usize..4, seed in any::<u64>(),
    ) {
        let size = Size { height, width };
        let slide = slide(kernel, stride, false);
        let x = numbers(n * size.pixels() * channels, seed);
        let map = Map::of(&x, n, size, channels);
        let after = slide.after(size);
        let (mut largest, mut means) = (Vec::new(), vec![0.0; n * channels]);
        for image in 0..n {
            for (line, column) in places(after) {
                for channel in 0..channels {
                    let inside = |from: usize, by: usize, n: usize| (from + by).checked_sub(kernel / 2).filter(|i| *i < n);
                    let under = places(Size::square(kernel)).filter_map(|(down, across)| {
                        let line = inside(line * stride, down, height)?;
                        let column = inside(column * stride, across, width)?;
                        Some(map.at(image, line as isize, column as isize, channel))
                    });
                    largest.push(under.fold(f64::NEG_INFINITY, f64::max));
                }
            }
            for (line, column) in places(size) {
                for channel in 0..channels {
                    let x = map.at(image, line as isize, column as isize, channel);
                    means[image * channels + channel] += x / size.pixels() as f64;
                }
            }
        }
        let found = in_any_pool(|| {
            let mut out = vec![f32::NAN; largest.len()];
            max_pool(&x, size, channels, slide, &mut out);
            out
        });
        assert_same(&found, &largest, "largest");
        let mut out = vec![f32::NAN; means.len()];
        mean(&x, size, channels, &mut out);
        assert_same(&out, &means, "mean");
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
    let x = numbers(n * size.pixels() * channels_in, seed);
    let weight = numbers(channels_out * channels_in * slide.kernel.pow(2), seed ^ 1);
    let bias = numbers(channels_out, seed ^ 2);
    let weights = Folded {
        weight: &weight,
        bias: &bias,
    };
    let after = slide.after(size);
    let added = adds.then(|| numbers(n * after.pixels() * channels_out, seed ^ 3));
    let map = Map::of(&x, n, size, channels_in);
    let expected = added_relu(&map, weights, slide, added.as_deref());
    for isa in Isa::all() {
        let convolution = Convolution::new(isa, weights, slide, Clamp::RELU);
        assert_eq!(convolution.after(size), expected.size);
        let found = in_any_pool(|| {
            let mut out = vec![f32::NAN; expected.values.len()];
            convolution.forward(&x, size, added.as_deref(), &mut out);
            out
        });
        assert_same(&found, &expected.values, isa.name());
        assert_mean_alike(&convolution, &x, size);
    }
}

fn check_block(n: usize, size: Size, shape: BlockShape, seed: u64) {
    let channels_in = shape.channels[0];
    let x = numbers(n * size.pixels() * channels_in, seed);
    let of = |weights, biases, tag| {
        (
            numbers(weights, seed ^ tag),
            numbers(biases, seed ^ (tag + 1)),
        )
    };
    let block = Block::new(shape, of);
    let weights = block.weights();
    let expected = block.convolved(&Map::of(&x, n, size, channels_in), |_| {});
    let mut fused = Vec::new();
    for isa in Isa::all() {
        let block = InvertedResidual::new(isa, &weights);
        let found = in_any_pool(|| {
            let mut out = vec![f32::NAN; expected.values.len()];
            block.forward(&x, size, &mut out);
            out
        });
        assert_same(&found, &expected.values, isa.name());
        let image = found.len() / n;
        let mut alone = vec![f32::NAN; image];
        block.forward(&x[..x.len() / n], size, &mut alone);
        assert_eq!(
            alone,
            found[..image],
            "an image alone gave other bits than in its batch"
        );
        if isa.is_fused() {
            fused.push(found);
        }
    }
    assert!(
        fused.windows(2).all(|pair| pair[0] == pair[1]),
        "instruction sets gave other bits"
    );
}

#[test]
fn sums_longer_than_the_cache_holds_are_cut_rightly() {
    let wide = Size {
        height: 3,
        width: 5,
    };
    let of = |kernel, surround| Slide {
        kernel,
        stride: 1,
        surround,
    };
    check_convolution(2, wide, [257, 20], Slide::POINT, true, 1);
    check_convolution(1, wide, [600, 7], Slide::POINT, false, 2);
    check_convolution(1, wide, [90, 33], of(3, Surround::Same), true, 3);
    check_convolution(
        1,
        Size::square(9),
        [20, 17],
        of(7, Surround::Even(3)),
        false,
        4,
    );
    check_convolution(1, Size::square(2), [3, 9], of(5, Surround::Same), false, 5);
    // More than is computed at once where only the mean is wanted.
    check_convolution(1, Size::square(40), [3, 60], Slide::POINT, false, 7);
    // Lines that need no zeros at their ends, of a map that needs some above.
    let tall = Size {
        height: 19,
        width: 6,
    };
    check_convolution(1, tall, [1, 1], slide(3, 3, true), false, 3);
    check_convolution(
        1,
        Size::square(6),
        [3, 9],
        of(3, Surround::Even(2)),
        false,
        6,
    );
}

#[test]
fn expanded_channels_that_are_cut_add_up() {
    for (expanded, expands) in [
        (193, true),
        (240, true),
        (384, true),
        (400, true),
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
            check_block(
                1,
                Size {
                    height: 9,
                    width: 8,
                },
                shape,
                expanded as u64,
            );
        }
    }
}

#[test]
fn a_step_that_is_wider_than_its_kernel_skips_lines() {
    let shape = BlockShape {
        channels: [257, 8, 3],
        expands: true,
        slide: slide(1, 2, true),
        adds: false,
    };
    check_block(
        1,
        Size {
            height: 447,
            width: 1,
        },
        shape,
        7,
    );
}

#[test]
fn no_images_give_nothing() {
    let weights = Folded {
        weight: &[1.0, 2.0],
        bias: &[0.0],
    };
    let convolution = Convolution::new(Isa::best(), weights, Slide::POINT, Clamp::NONE);
    in_any_pool(|| {
        let mut out: Vec<f32> = Vec::new();
        convolution.forward(&[], Size::square(3), None, &mut out);
        out
    });
}

#[test]
#[should_panic(expected = "does not fit into")]
fn a_kernel_larger_than_its_map_is_refused() {
    let slide = Slide {
        kernel: 3,
        stride: 3,
        surround: Surround::Even(0),
    };
    let convolution = Convolution::new(
        Isa::best(),
        Folded {
            weight: &[1.0; 27],
            bias: &[0.0; 3],
        },
        slide,
        Clamp::NONE,
    );
    convolution.forward(
        &[0.0; 6],
        Size {
            height: 3,
            width: 2,
        },
        None,
        &mut [0.0; 2],
    );
}

#[test]
#[should_panic(expected = "the output does not hold")]
fn an_output_that_is_too_short_is_refused() {
    let convolution = Convolution::new(
        Isa::best(),
        Folded {
            weight: &[1.0; 6],
            bias: &[0.0; 3],
        },
        Slide::POINT,
        Clamp::NONE,
    );
    convolution.forward(&[0.0; 8], Size::square(2), None, &mut [0.0; 11]);
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
    mean(
        &x,
        Size {
            height: 1,
            width: 2,
        },
        2,
        &mut out,
    );
    assert_eq!(out, [2.0, 20.0, 6.0, 1.0]);
}
