//! How near the machine's limit do the kernels run, and how long does a network take?
//!
//! `speed denormals`: how much longer a convolution takes on numbers below the normal ones. `speed shapes`: each layer of each network, as a Markdown table. `speed NETWORK PX BATCH ROUNDS`: milliseconds of each whole
//! pass, one a line, for `bench/peers/forward.py`. Weights are arbitrary: only shapes matter for time.

mod limit;
mod network;

use std::time::Instant;

use handful_kernel::{Buffer, Clamp, Convolution, Folded, Isa, Size, Slide, Surround};
use network::{NETWORKS, Network};

const SHAPES_BATCH: usize = 16;
const SHAPES_ROUNDS: usize = 7;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize| arguments[i].parse::<usize>().expect("a number");
    match arguments.first().map(String::as_str) {
        Some("shapes") => shapes(),
        Some("denormals") => denormals(),
        Some(name) if arguments.len() == 4 => {
            let network = Network::named(name);
            let x = network::numbers(number(2) * number(1) * number(1) * 3);
            for _ in 0..number(3) {
                let start = Instant::now();
                // From within the pool, as the program does it: from outside every step of every layer would wait to be let in.
                let features = rayon::scope(|_| network.forward(&x, number(1)));
                println!("{:.4}", 1e3 * start.elapsed().as_secs_f64());
                assert!(features.iter().all(|f| f.is_finite()));
            }
        }
        _ => {
            eprintln!("usage: speed shapes | speed denormals | speed NETWORK PX BATCH ROUNDS");
            std::process::exit(2);
        }
    }
}

fn shapes() {
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
        let network = Network::named(name);
        let mut size = Size::square(px);
        let mut x = Buffer::new(SHAPES_BATCH * px * px * 3);
        x.copy_from_slice(&network::numbers(SHAPES_BATCH * px * px * 3));
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
            let moved = 4.0 * (x.len() + out.0.len()) as f64;
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
