//! How many views a second does one thread make? `views_a_second` prints `operation,images_a_second` for every operation at half of its range towards
//! its far end, and for every built-in policy, on a picture of 224 px; medians of nine rounds.

use std::hint::black_box;
use std::time::{Duration, Instant};

use handful_expand::{OPS, Op, Policy, View, built_in};
use handful_image::Pixels;
use handful_stats::Seed;

const SIDE: usize = 224;
const ROUNDS: usize = 9;
const A_ROUND: Duration = Duration::from_millis(60);

fn main() {
    let photo = picture();
    println!("operation,images_a_second");
    for op in OPS {
        let speed = a_second(&mut |i| view(*op, i).of(&photo));
        println!("{},{speed:.0}", op.name());
    }
    for policy in built_in() {
        let speed = a_second(&mut |i| drawn(&policy, i).of(&photo));
        println!("policy {},{speed:.0}", policy.name);
    }
}

fn view(op: &dyn Op, draw: u64) -> View {
    let range = op.range();
    let end = if range.high > range.neutral {
        range.high
    } else {
        range.low
    };
    let amount = range.towards(end, 0.5);
    View::by(op, amount, [SIDE; 2], &mut Seed(1).stream("speed", draw))
}

fn drawn(policy: &Policy, draw: u64) -> View {
    policy.view(Seed(1), 0, draw, [SIDE; 2])
}

fn a_second(make: &mut dyn FnMut(u64) -> Pixels) -> f64 {
    let mut speeds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let (started, mut n) = (Instant::now(), 0u64);
            while started.elapsed() < A_ROUND {
                black_box(make(n));
                n += 1;
            }
            n as f64 / started.elapsed().as_secs_f64()
        })
        .collect();
    speeds.sort_by(f64::total_cmp);
    speeds[ROUNDS / 2]
}

/// A slope with edges and noise: nothing in it is easier than in a photo.
fn picture() -> Pixels {
    let value = |i: usize| {
        let (x, y, c) = (i / 3 % SIDE, i / 3 / SIDE, i % 3);
        let edge = if (x / 20 + y / 30) % 2 == 0 { 50 } else { 0 };
        (20 + x * (c + 1) / 4 + y / 5 + edge + i * 2_654_435_761 % 17) as u8
    };
    Pixels {
        width: SIDE,
        height: SIDE,
        data: (0..3 * SIDE * SIDE).map(value).collect(),
    }
}
