//! How long does a step of training take, or a pass without gradients, and how much memory?
//!
//! `training_step NETWORK PX BATCH TRAINED STATISTICS PRECISION STEPS`: as `bench/peers/train_step.py`, which does the same in PyTorch.
//! Prints the milliseconds of each step, one a line, then the peak of the process's memory in MB. Weights are arbitrary: only
//! shapes matter for time.

mod vit;

use std::time::Instant;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};
use handful_image::{Geometry, Pixels};
use handful_learn::backbone::{Backbone, Maps, Precision, Statistics, Trainable};
use handful_learn::ops::spatial_mean;
use vit::Vit;

const CLASSES: usize = 10;
const USAGE: &str = "usage: training_step NETWORK|vit_s16 PX BATCH all|last-2|last|none batch|frozen float32|bfloat16 STEPS";

/// What learns.
#[derive(Module, Debug)]
struct Learner {
    network: Network,
    classifier: Linear,
}

#[allow(
    clippy::large_enum_variant,
    reason = "there is one, and a module can't be boxed"
)]
#[derive(Module, Debug)]
enum Network {
    Convolutions(Trainable),
    Vit(Vit),
}

/// What a step starts from.
struct Setting {
    /// Its first stages are frozen; none of a transformer.
    backbone: Backbone,
    first: usize,
    images: Maps,
    statistics: Statistics,
    device: Device,
}

fn main() {
    // From within the pool: from outside every step of every layer would wait to be let in.
    rayon::scope(|_| run());
}

fn run() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, px, batch, trained, statistics, precision, steps] = &arguments[..] else {
        eprintln!("{USAGE}");
        std::process::exit(2);
    };
    let number = |text: &String| text.parse::<usize>().expect(USAGE);
    let (px, batch) = (number(px), number(batch));
    let device = Device::flex().autodiff();
    let is_vit = name == "vit_s16";
    let precision = match precision.as_str() {
        "float32" => Precision::Float32,
        "bfloat16" if !is_vit => Precision::Bfloat16,
        _ => panic!("{USAGE}; a transformer in float32 alone"),
    };
    // A transformer borrows how pixels become its input.
    let backbone = if is_vit { "resnet18" } else { name };
    let backbone = Backbone::untrained(backbone, 1).unwrap_or_else(|e| panic!("{e}"));
    let backbone = backbone.in_precision(precision);
    let first = first_trained(&backbone, trained);
    let images = images(&backbone, batch, px);
    let (network, features) = if is_vit {
        (Network::Vit(Vit::new(px, &device)), vit::WIDTH)
    } else {
        let network = Trainable::of(&backbone, first.., &device).in_precision(precision);
        let features = backbone.stages[backbone.stages.len() - 1].channels;
        (Network::Convolutions(network), features)
    };
    let mut learner = Learner {
        network,
        classifier: LinearConfig::new(features, CLASSES).init(&device),
    };
    let statistics = match statistics.as_str() {
        "batch" => Statistics::Batch { momentum: 0.1 },
        "frozen" => Statistics::Frozen,
        _ => panic!("{USAGE}"),
    };
    let setting = Setting {
        backbone,
        first,
        images,
        statistics,
        device,
    };
    let labels: Vec<i64> = (0..batch).map(|i| (i % CLASSES) as i64).collect();
    let labels = TensorData::new(labels, [batch]);
    let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
    let mut optimiser = SgdConfig::new().with_momentum(Some(momentum)).init();
    for _ in 0..number(steps) {
        let start = Instant::now();
        if trained == "none" {
            let logits = setting.forward(&mut learner.clone().valid());
            assert!(logits.sum().into_scalar::<f32>().is_finite());
        } else {
            let logits = setting.forward(&mut learner);
            let labels = Tensor::<1, Int>::from_data(labels.clone(), &setting.device);
            let loss = CrossEntropyLossConfig::new().init(&setting.device);
            let loss = loss.forward(logits, labels);
            let gradients = GradientsParams::from_grads(loss.backward(), &learner);
            learner = optimiser.step(0.01, learner, gradients);
        }
        println!("{:.4}", 1e3 * start.elapsed().as_secs_f64());
    }
    println!("{:.0}", peak_mb());
}

/// Behind the last stage of blocks EfficientNet-Lite has a convolution, which counts as a part of it.
fn first_trained(backbone: &Backbone, trained: &str) -> usize {
    let stages = backbone.stages.len();
    let head = usize::from(backbone.stages[stages - 1].name == "head");
    match trained {
        "all" | "none" => 0,
        "last-2" => stages - 2 - head,
        "last" => stages - 1 - head,
        _ => panic!("{USAGE}"),
    }
}

impl Setting {
    fn forward(&self, learner: &mut Learner) -> Tensor<2> {
        let device = learner.classifier.weight.val().device();
        let features = match &mut learner.network {
            Network::Convolutions(network) => {
                let x = self.images.clone();
                let x = self
                    .backbone
                    .forward_between(0..self.first, x, &mut |_, _| {});
                spatial_mean(network.forward(x.to_tensor(&device), self.statistics))
            }
            Network::Vit(vit) => vit.forward(self.images.to_tensor(&device)),
        };
        learner.classifier.forward(features)
    }
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
