//! What each kernel of a training step takes, in float32 and in bfloat16, in turns.

use std::hint::black_box;
use std::time::Instant;

use handful_kernel::{
    Bf16, Clamp, Convolution, Depthwise, DepthwiseInputGradient, DepthwiseWeightGradient, Element,
    Folded, InputGradient, Isa, Moments, Norm, NormGradients, NormPass, Size, Slide, Surround,
    WeightGradient, max_pool, max_pool_gradient,
};

use super::network::{LITE0, RESNET, numbers};

const BATCH: usize = 16;
const PX: usize = 128;
/// The least time of them counts: others may use the machine.
const ROUNDS: usize = 9;
/// Steps of the way through a convolution and its norm.
const PARTS: [&str; 7] = [
    "laid out",
    "forward",
    "of input",
    "of weights",
    "moments",
    "norm",
    "of norm",
];

/// A convolution of a network.
#[derive(Clone, Copy, PartialEq)]
struct Conv {
    side: usize,
    channels: [usize; 2],
    slide: Slide,
    is_depthwise: bool,
}

fn conv(side: usize, channels: [usize; 2], kernel: usize, stride: usize) -> Conv {
    let slide = Slide {
        kernel,
        stride,
        surround: Surround::Even(kernel / 2),
    };
    Conv {
        side,
        channels,
        slide,
        is_depthwise: false,
    }
}

fn resnet18() -> Vec<Conv> {
    let mut all = vec![conv(PX, [3, 64], 7, 2)];
    let (mut side, mut before) = (PX / 4, 64);
    for channels in RESNET {
        let stride = if channels == before { 1 } else { 2 };
        all.push(conv(side, [before, channels], 3, stride));
        if stride > 1 {
            all.push(conv(side, [before, channels], 1, stride));
        }
        side /= stride;
        all.extend([conv(side, [channels; 2], 3, 1); 3]);
        before = channels;
    }
    all
}

fn lite0() -> Vec<Conv> {
    let mut all = vec![conv(PX, [3, 32], 3, 2)];
    let (mut side, mut before) = (PX / 2, 32);
    for [kernel, first_stride, widening, channels, blocks] in LITE0 {
        for block in 0..blocks {
            let stride = if block == 0 { first_stride } else { 1 };
            let wide = before * widening;
            if widening > 1 {
                all.push(conv(side, [before, wide], 1, 1));
            }
            all.push(Conv {
                is_depthwise: true,
                ..conv(side, [wide; 2], kernel, stride)
            });
            side /= stride;
            all.push(conv(side, [wide, channels], 1, 1));
            before = channels;
        }
    }
    all.push(conv(side, [before, 1_280], 1, 1));
    all
}

/// Seconds of each part on maps of E.
fn times<E: Element>(conv: &Conv) -> [f64; PARTS.len()] {
    let &Conv {
        side,
        channels: [channels_in, channels_out],
        slide,
        is_depthwise,
    } = conv;
    let isa = Isa::best();
    let size = Size::square(side);
    let after = slide.after(size);
    let maps = |n: usize| -> Vec<E> { numbers(n).into_iter().map(E::from_f32).collect() };
    let x = maps(BATCH * size.pixels() * channels_in);
    let gradient = maps(BATCH * after.pixels() * channels_out);
    let own_in = if is_depthwise { 1 } else { channels_in };
    let weight = numbers(channels_out * own_in * slide.kernel.pow(2));
    let bias = vec![0.0; channels_out];
    let weights = Folded {
        weight: &weight,
        bias: &bias,
    };
    let (mut out, mut of_x) = (gradient.clone(), x.clone());
    let mut of_weight = weight.clone();
    let (mut of_gain, mut of_bias) = (bias.clone(), bias.clone());
    let mut all = [0.0; PARTS.len()];
    let mut timed = |part: usize, run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        all[part] += start.elapsed().as_secs_f64();
    };
    if is_depthwise {
        let (mut forward, mut back) = (None, None);
        timed(0, &mut || {
            forward = Some(Depthwise::<E>::new(isa, weights, slide, Clamp::NONE));
            back = Some(DepthwiseInputGradient::<E>::new(
                isa,
                &weight,
                channels_in,
                slide,
            ));
        });
        let (forward, back) = (forward.expect("made"), back.expect("made"));
        timed(1, &mut || forward.forward(&x, size, &mut out));
        timed(2, &mut || back.run(&gradient, size, &mut of_x));
        let kernel = DepthwiseWeightGradient {
            isa,
            slide,
            channels: channels_in,
        };
        timed(3, &mut || kernel.run(&x, size, &gradient, &mut of_weight));
    } else {
        let (mut forward, mut back) = (None, None);
        timed(0, &mut || {
            forward = Some(Convolution::<E>::new(isa, weights, slide, Clamp::NONE));
            back = Some(InputGradient::<E>::new(isa, &weight, channels_out, slide));
        });
        let (forward, back) = (forward.expect("made"), back.expect("made"));
        timed(1, &mut || forward.forward(&x, size, None, &mut out));
        if channels_in > 3 {
            timed(2, &mut || back.run(&gradient, size, &mut of_x));
        }
        let kernel = WeightGradient {
            isa,
            slide,
            channels_in,
            channels_out,
        };
        timed(3, &mut || kernel.run(&x, size, &gradient, &mut of_weight));
    }
    let mut moments = None;
    timed(4, &mut || {
        moments = Some(Moments::of(&gradient, channels_out))
    });
    let norm = Norm {
        moments: &moments.expect("found"),
        epsilon: 1e-3,
        weight: &bias,
        bias: &bias,
        clamp: Clamp::RELU,
    };
    timed(5, &mut || norm.forward(&gradient, None, &mut out));
    let mut of_normal = gradient.clone();
    timed(6, &mut || {
        let pass = NormPass {
            x: &gradient,
            out: None,
            gradient: &out,
        };
        let to = NormGradients {
            x: &mut of_normal,
            weight: &mut of_gain,
            bias: &mut of_bias,
        };
        norm.gradients(pass, to);
    });
    black_box((out, of_x, of_weight, of_gain, of_normal));
    all
}

/// Milliseconds of the pooling behind a ResNet's stem, and of its gradient.
fn pooling<E: Element>() -> [f64; 2] {
    let size = Size::square(PX / 2);
    let slide = Slide {
        kernel: 3,
        stride: 2,
        surround: Surround::Even(1),
    };
    let maps = |n: usize| -> Vec<E> { numbers(n).into_iter().map(E::from_f32).collect() };
    let x = maps(BATCH * size.pixels() * 64);
    let mut out = maps(x.len() / 4);
    let mut of_x = x.clone();
    let start = Instant::now();
    max_pool(&x, size, 64, slide, &mut out);
    let forward = start.elapsed();
    let start = Instant::now();
    max_pool_gradient(&x, size, 64, slide, &out, &mut of_x);
    [forward, start.elapsed()].map(|time| 1e3 * time.as_secs_f64())
}

fn least(times: impl Iterator<Item = f64>) -> f64 {
    times.fold(f64::INFINITY, f64::min)
}

/// Tables of all kernels.
pub fn steps() {
    for (name, all) in [("resnet18", resnet18()), ("lite0", lite0())] {
        println!(
            "\n{name}, {PX} px, {BATCH} images: milliseconds in float32, in bfloat16 (GFLOP/s)\n"
        );
        println!("| convolution | × | {} |", PARTS.join(" | "));
        println!("| --- | --: |{}", " --: |".repeat(PARTS.len()));
        let mut different: Vec<(Conv, usize)> = Vec::new();
        for conv in all {
            match different.iter_mut().find(|(other, _)| *other == conv) {
                Some((_, n)) => *n += 1,
                None => different.push((conv, 1)),
            }
        }
        let mut totals = [[0.0; 2]; PARTS.len()];
        for (conv, n) in different {
            let mut rounds = Vec::new();
            for _ in 0..ROUNDS {
                let both = rayon::scope(|_| [times::<f32>(&conv), times::<Bf16>(&conv)]);
                rounds.push(both);
            }
            let [from, to] = conv.channels;
            let Slide { kernel, stride, .. } = conv.slide;
            let kind = if conv.is_depthwise { " depthwise" } else { "" };
            print!(
                "| {}² {from}→{to} {kernel}×{kernel}/{stride}{kind} | {n} |",
                conv.side
            );
            let pixels = conv.slide.after(Size::square(conv.side)).pixels();
            let own = if conv.is_depthwise { 1 } else { from };
            let flops = 2.0 * (BATCH * pixels * own * to * kernel.pow(2)) as f64;
            for part in 0..PARTS.len() {
                let of = |e: usize| least(rounds.iter().map(|both| both[e][part]));
                let [f32, bf16] = [of(0), of(1)];
                totals[part][0] += 1e3 * f32 * n as f64;
                totals[part][1] += 1e3 * bf16 * n as f64;
                print!(" {:.2}, {:.2}", 1e3 * f32, 1e3 * bf16);
                if (1..4).contains(&part) && f32 > 1e-9 {
                    print!(" ({:.0}, {:.0})", flops / f32 / 1e9, flops / bf16 / 1e9);
                }
                print!(" |");
            }
            println!();
        }
        print!("| all | |");
        for [f32, bf16] in totals {
            print!(" {f32:.1}, {bf16:.1} |");
        }
        let sum = |e: usize| totals.iter().map(|both| both[e]).sum::<f64>();
        println!("\n\ntogether {:.1}, {:.1}", sum(0), sum(1));
    }
    let all: Vec<_> = (0..ROUNDS)
        .map(|_| rayon::scope(|_| [pooling::<f32>(), pooling::<Bf16>()]))
        .collect();
    let of = |e: usize, part: usize| least(all.iter().map(|both| both[e][part]));
    println!(
        "\npooling {:.2}, {:.2}; its gradient {:.2}, {:.2}",
        of(0, 0),
        of(1, 0),
        of(0, 1),
        of(1, 1)
    );
}
