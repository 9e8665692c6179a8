//! How long does a step of training take, and how much memory?
//!
//! `training_step NETWORK PX BATCH TRAINED STATISTICS STEPS`: as `bench/peers/train_step.py`, which does the same in PyTorch.
//! Prints the milliseconds of each step, one a line, then the peak of the process's memory in MB. Weights are arbitrary: only
//! shapes matter for time.

use std::time::Instant;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};
use handful_image::{Geometry, Pixels};
use handful_learn::backbone::{Backbone, Maps, Statistics, Trainable};
use handful_learn::ops::spatial_mean;

const CLASSES: usize = 10;

#[derive(Module, Debug)]
struct Learner {
    network: Trainable,
    classifier: Linear,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, px, batch, trained, statistics, steps] = &arguments[..] else {
        eprintln!("usage: training_step NETWORK PX BATCH all|last-2|last batch|frozen STEPS");
        std::process::exit(2);
    };
    let number = |text: &String| text.parse::<usize>().expect("a number");
    let backbone = Backbone::untrained(name, 1).unwrap_or_else(|e| panic!("{e}"));
    let stages = backbone.stages.len();
    // Behind the last stage of blocks EfficientNet-Lite has a convolution, which counts as a part of it.
    let head = usize::from(backbone.stages[stages - 1].name == "head");
    let first = match trained.as_str() {
        "all" => 0,
        "last-2" => stages - 2 - head,
        "last" => stages - 1 - head,
        other => panic!("`{other}` is not all, last-2 or last"),
    };
    let statistics = match statistics.as_str() {
        "batch" => Statistics::Batch { momentum: 0.1 },
        "frozen" => Statistics::Frozen,
        other => panic!("`{other}` is not batch or frozen"),
    };
    let device = Device::flex().autodiff();
    let features = backbone.stages[stages - 1].channels;
    let mut learner = Learner {
        network: Trainable::of(&backbone, first.., &device),
        classifier: LinearConfig::new(features, CLASSES).init(&device),
    };
    let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
    let mut optimiser = SgdConfig::new().with_momentum(Some(momentum)).init();
    let images = images(&backbone, number(batch), number(px));
    let labels: Vec<i64> = (0..number(batch)).map(|i| (i % CLASSES) as i64).collect();
    let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [number(batch)]), &device);
    for _ in 0..number(steps) {
        let start = Instant::now();
        let x = backbone.forward_between(0..first, images.clone(), &mut |_, _| {});
        let maps = learner.network.forward(x.to_tensor(&device), statistics);
        let logits = learner.classifier.forward(spatial_mean(maps));
        let loss = CrossEntropyLossConfig::new()
            .init(&device)
            .forward(logits, labels.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &learner);
        learner = optimiser.step(0.01, learner, gradients);
        println!("{:.4}", 1e3 * start.elapsed().as_secs_f64());
    }
    println!("{:.0}", peak_mb());
}

/// Images of any values.
fn images(backbone: &Backbone, n: usize, px: usize) -> Maps {
    let image = |idx: usize| {
        let value = |i: usize| (i.wrapping_mul(2_654_435_761).wrapping_add(idx) >> 7) as u8;
        Pixels {
            width: px,
            height: px,
            data: (0..3 * px * px).map(value).collect(),
        }
    };
    let images: Vec<Pixels> = (0..n).map(image).collect();
    Maps::of(&images, &backbone.preprocessing(Geometry::Squash, px))
}

/// The most memory that the process has had.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(f64::NAN) / 1024.0
}
