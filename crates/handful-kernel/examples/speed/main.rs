//! How near the machine's limit do the kernels run, and how long does a network take?
//!
//! `speed shapes`: each layer of each network, as a Markdown table. `speed NETWORK PX BATCH ROUNDS`: milliseconds of each whole
//! pass, one a line, for `bench/peers/forward.py`. Weights are arbitrary: only shapes matter for time.

mod limit;
mod network;

use std::time::Instant;

use handful_kernel::Buffer;
use network::{NETWORKS, Network};

const SHAPES_BATCH: usize = 16;
const SHAPES_ROUNDS: usize = 7;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize| arguments[i].parse::<usize>().expect("a number");
    match arguments.first().map(String::as_str) {
        Some("shapes") => shapes(),
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
            eprintln!("usage: speed shapes | speed NETWORK PX BATCH ROUNDS");
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
        let mut size = handful_kernel::Size::square(px);
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
