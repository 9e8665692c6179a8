//! How near the machine's limit do the kernels run, and how long does a network take?
//!
//! `speed denormals`: how much longer a convolution takes on numbers below the normal ones. `speed shapes [PRECISION]`: each layer
//! of each network, as a Markdown table. `speed steps`: each kernel of a training step, in both precisions. `speed NETWORK PX BATCH ROUNDS [PRECISION]`: milliseconds of each whole pass, one a line, for
//! `bench/peers/forward.py`. A precision is `float32`, the default, `bfloat16`, or `both`: then passes alternate and each line has both.
//! Weights are arbitrary: only shapes matter for time.

mod limit;
mod network;
mod steps;

use std::time::Instant;

use handful_kernel::{
    Bf16, Buffer, Clamp, Convolution, Element, Folded, Isa, Size, Slide, Surround,
};
use network::{NETWORKS, Network};

const SHAPES_BATCH: usize = 16;
const SHAPES_ROUNDS: usize = 7;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize| arguments[i].parse::<usize>().expect("a number");
    match arguments.first().map(String::as_str) {
        Some("shapes") => match arguments.get(1).map(String::as_str) {
            Some("bfloat16") => shapes::<Bf16>(),
            _ => shapes::<f32>(),
        },
        Some("steps") => steps::steps(),
        Some("denormals") => denormals(),
        Some(name) if arguments.len() >= 4 => {
            let (px, batch) = (number(1), number(2));
            let float32 = passes::<f32>(name, px, batch);
            let bfloat16 = passes::<Bf16>(name, px, batch);
            for _ in 0..number(3) {
                match arguments.get(4).map_or("float32", String::as_str) {
                    "float32" => println!("{:.4}", float32()),
                    "bfloat16" => println!("{:.4}", bfloat16()),
                    _ => println!("{:.4} {:.4}", float32(), bfloat16()),
                }
            }
        }
        _ => {
            eprintln!(
                "usage: speed denormals | speed steps | speed shapes [float32|bfloat16] | speed NETWORK PX BATCH ROUNDS [float32|bfloat16|both]"
            );
            std::process::exit(2);
        }
    }
}

/// What runs a network once and returns the milliseconds.
fn passes<E: Element>(name: &str, px: usize, batch: usize) -> impl Fn() -> f64 {
    let network = Network::<E>::named(name);
    let x = numbers::<E>(batch * px * px * 3);
    move || {
        let start = Instant::now();
        // From within the pool, as the program does it: from outside every step of every layer would wait to be let in.
        let features = rayon::scope(|_| network.forward(&x, px));
        let time = 1e3 * start.elapsed().as_secs_f64();
        assert!(features.iter().all(|f| f.to_f32().is_finite()));
        time
    }
}

fn numbers<E: Element>(n: usize) -> Vec<E> {
    (network::numbers(n).into_iter().map(E::from_f32)).collect()
}

fn shapes<E: Element>() {
    let peak = limit::flops();
    let bandwidth = limit::bytes();
    println!(
        "{} threads: {:.0} GFLOP/s of fused multiply-adds, {:.1} GB/s read and written.\n",
        rayon::current_num_threads(),
        peak / 1e9,
        bandwidth / 1e9
    );
    println!(
        "| network | layer | GFLOP/s | share of what bounds it, % |\n| --- | --- | --: | --: |"
    );
    for (name, px) in NETWORKS {
        let network = Network::<E>::named(name);
        let mut size = Size::square(px);
        let mut x = Buffer::new(SHAPES_BATCH * px * px * 3);
        x.copy_from_slice(&numbers::<E>(SHAPES_BATCH * px * px * 3));
        for layer in &network.layers {
            let mut times: Vec<f64> = Vec::new();
            let mut out = (Buffer::new(0), size);
            for _ in 0..SHAPES_ROUNDS {
                let start = Instant::now();
                out = layer.forward(&x, size);
                times.push(start.elapsed().as_secs_f64());
            }
            times.sort_by(f64::total_cmp);
            let seconds = times[SHAPES_ROUNDS / 2];
            let flops = 2.0 * layer.macs(size) as f64 * SHAPES_BATCH as f64;
            let moved = (size_of::<E>() as f64) * (x.len() + out.0.len()) as f64;
            if flops > 0.0 {
                let least = (flops / peak).max(moved / bandwidth);
                println!(
                    "| {name} | {} | {:.1} | {:.0} |",
                    layer.name,
                    flops / seconds / 1e9,
                    100.0 * least / seconds
                );
            }
            (x, size) = out;
        }
    }
}

/// The same convolution of ordinary numbers and of denormal ones, on every instruction set.
fn denormals() {
    const CHANNELS: usize = 64;
    const ROUNDS: usize = 9;
    let size = Size::square(56);
    let slide = Slide {
        kernel: 3,
        stride: 1,
        surround: Surround::Same,
    };
    let weight = network::numbers(CHANNELS * CHANNELS * 9);
    let weights = Folded {
        weight: &weight,
        bias: &[0.0; CHANNELS],
    };
    let x = network::numbers(size.pixels() * CHANNELS);
    let tiny: Vec<f32> = x.iter().map(|x| x * 1e-40).collect();
    let mut out = vec![0.0; x.len()];
    for isa in Isa::all() {
        let convolution = Convolution::new(isa, weights, slide, Clamp::NONE);
        let mut least = |x: &[f32]| {
            let once = |_| {
                let start = Instant::now();
                convolution.forward(x, size, None, &mut out);
                start.elapsed().as_secs_f64()
            };
            (0..ROUNDS).map(once).fold(f64::INFINITY, f64::min)
        };
        let (usual, denormal) = (least(&x), least(&tiny));
        println!("{}: {:.2} times as long", isa.name(), denormal / usual);
    }
}
