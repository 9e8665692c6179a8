//! Twenty steps as PyTorch makes them, on the same weights, images and batches: `bench/golden/training.py`.

use std::collections::BTreeMap;

use handful_image::{Geometry, Pixels};
use safetensors::SafeTensors;

use super::fit::{Examples, Loss};
use super::learner::Learner;
use super::{Inputs, Model, Norms, Optimiser, Recipe, Squares, Trains};
use crate::Weights;
use crate::backbone::{EMBEDDED, Maps};
use crate::weights::Stored;
use handful_stats::Seed;

const GOLDEN: &[u8] = include_bytes!("../../tests/golden/training.safetensors");
const STEPS: usize = 20;
const BATCH: usize = 4;
const N_IMAGES: usize = 16;
const SIZE_PX: usize = 64;
/// The bound for losses. PyTorch's own float32 is within 2e-4 of its float64 in the runs that are compared whole.
const LOSS_TOLERANCE: f32 = 1e-3;
/// Lengths may differ by so many times what rounding moves PyTorch's own, and by this share: without its weight decay a tensor's
/// length is off by more.
const SPREADS: f32 = 10.0;
const LENGTH_TOLERANCE: f32 = 3e-6;
const DISTANCE_TOLERANCE: f32 = 2e-3;

/// What one variant of the script is here.
struct Variant {
    name: &'static str,
    recipe: Recipe,
    /// Losses that are compared: where all stages learn at a high rate, rounding alone sets runs apart after a few steps.
    compared: usize,
}

fn variants() -> Vec<Variant> {
    let adamw = |trains, rate| Recipe {
        warm_up: 0.2,
        ..Recipe::new(trains, rate, STEPS, BATCH)
    };
    let sgd = |rate, pull| Recipe {
        optimiser: Optimiser::Sgd { momentum: 0.9 },
        weight_decay: 0.0,
        pull,
        ..adamw(Trains::All, rate)
    };
    let of_batch = |recipe| Recipe {
        norms: Norms::Batch { momentum: 0.1 },
        ..recipe
    };
    let last = Trains::From(7);
    let variant = |name, recipe, compared| Variant {
        name,
        recipe,
        compared,
    };
    vec![
        variant("adamw_all", adamw(Trains::All, 3e-4), 3),
        variant("adamw_all_slow", adamw(Trains::All, 1e-5), STEPS),
        variant("adamw_last2", adamw(last, 3e-4), STEPS),
        variant("adamw_last3", adamw(Trains::Last, 3e-4), STEPS),
        variant("sgd_all", sgd(1e-4, 0.1), STEPS),
        variant("sgd_pulled", sgd(1e-3, 100.0), STEPS),
        variant("adamw_batch", of_batch(adamw(Trains::All, 3e-4)), 2),
        variant("adamw_batch_last2", of_batch(adamw(last, 3e-4)), STEPS),
    ]
}

struct Golden {
    table: Weights,
}

impl Golden {
    fn values(&self, name: &str) -> Vec<f32> {
        let tensor = self.table.tensors.get(name);
        tensor.unwrap_or_else(|| panic!("`{name}`")).to_f32()
    }

    /// A tensor of bytes, which weights never are.
    fn bytes(name: &str) -> Vec<u8> {
        let file = SafeTensors::deserialize(GOLDEN).unwrap();
        file.tensor(name).unwrap().data().to_vec()
    }

    fn images(&self) -> Vec<Pixels> {
        let all = Golden::bytes("pixels");
        let image = |data: &[u8]| Pixels {
            width: SIZE_PX,
            height: SIZE_PX,
            data: data.to_vec(),
        };
        all.chunks_exact(3 * SIZE_PX * SIZE_PX).map(image).collect()
    }

    fn start(&self) -> Model {
        let doubles = |name: &str| self.values(name).into_iter().map(f64::from).collect();
        let mut start = Model::untrained(&EMBEDDED.load(), 4, N_IMAGES);
        start.head.mean = doubles("head.mean");
        start.head.scale = doubles("head.scale");
        start.head.weights = doubles("head.weight");
        start.head.bias = doubles("head.bias");
        start
    }

    /// Names of the tensors that a variant trains, as the script sorts them.
    fn names(&self, variant: &str) -> Vec<String> {
        let names = &self.table.metadata[variant];
        names.split(',').map(str::to_owned).collect()
    }
}

/// The losses before every step, and the model after the last one.
fn run(golden: &Golden, recipe: &Recipe, n_steps: usize) -> (Vec<f32>, Model) {
    let start = golden.start();
    let images = golden.images();
    let preprocessing = start.backbone.preprocessing(Geometry::Squash, SIZE_PX);
    let labels: Vec<usize> = Golden::bytes("labels")
        .into_iter()
        .map(usize::from)
        .collect();
    let rows: Vec<usize> = (0..N_IMAGES).collect();
    let wide = Squares::wide(&preprocessing);
    let wide = images.iter().map(|image| wide.prepare(image)).collect();
    let squares = Squares::new(preprocessing, images.clone(), wide);
    let cut = recipe.trains.cut(&start.backbone);
    let inputs = Inputs::fresh(&squares, &start.backbone, cut, Seed(0));
    let examples = Examples {
        inputs: &inputs,
        rows: &rows,
        labels: &labels,
    };
    let present: Vec<usize> = (0..4).collect();
    let loss = Loss::of(examples, &present, recipe);
    let mut learner = Learner::new(&start, recipe, present);
    let mut losses = Vec::new();
    for step in 0..n_steps {
        let photos: Vec<usize> = (0..BATCH).map(|i| (BATCH * step + i) % N_IMAGES).collect();
        let pixels: Vec<Pixels> = photos.iter().map(|&p| images[p].clone()).collect();
        let x = Maps::of(&pixels, &preprocessing);
        let x = start.backbone.forward_between(0..cut, x, &mut |_, _| {});
        let logits = learner.logits(&x, recipe.norms.statistics());
        let loss = loss.mean(logits, &photos, &learner);
        losses.push(loss.clone().into_scalar::<f32>());
        let mut gradients = Vec::new();
        learner.add_gradients(&loss.backward(), &mut gradients);
        learner.make_step(&gradients, 1, recipe).unwrap();
    }
    (losses, learner.model())
}

/// The tensors of a model by the script's names.
fn tensors(model: &Model) -> BTreeMap<String, Vec<f32>> {
    let of = |(name, tensor): (&String, &Stored)| (name.clone(), tensor.to_f32());
    let mut all: BTreeMap<String, Vec<f32>> =
        model.backbone.weights.tensors.iter().map(of).collect();
    let floats = |values: &[f64]| values.iter().map(|v| *v as f32).collect();
    all.insert("head.weight".into(), floats(&model.head.weights));
    all.insert("head.bias".into(), floats(&model.head.bias));
    all
}

fn length(values: impl Iterator<Item = f64>) -> f32 {
    values.map(|v| v * v).sum::<f64>().sqrt() as f32
}

#[test]
fn twenty_steps_are_pytorchs() {
    let table = Weights::from_safetensors(GOLDEN).unwrap();
    let golden = Golden { table };
    for Variant {
        name,
        recipe,
        compared,
    } in variants()
    {
        let (losses, model) = run(&golden, &recipe, compared);
        let theirs = golden.values(&format!("{name}.losses"));
        for (step, (a, b)) in losses.iter().zip(&theirs).enumerate() {
            assert!(
                (a - b).abs() < LOSS_TOLERANCE,
                "{name}, step {step}: {a} {b}"
            );
        }
        if compared < STEPS {
            continue;
        }
        let (before, after) = (tensors(&golden.start()), tensors(&model));
        let of = |part: &str| golden.values(&format!("{name}.{part}"));
        let norms = of("norms").into_iter().zip(of("norms.spread"));
        let distances = of("distances").into_iter().zip(of("distances.spread"));
        let names = golden.names(name);
        assert!(names.len() > 10, "{name}: {names:?}");
        for ((tensor, norm), distance) in names.iter().zip(norms).zip(distances) {
            let (a, b) = (&before[tensor], &after[tensor]);
            let ours = length(b.iter().map(|v| f64::from(*v)));
            let allowed = SPREADS * norm.1 + LENGTH_TOLERANCE * norm.0;
            let off = (ours - norm.0).abs();
            assert!(
                off <= allowed,
                "{name}, {tensor}: {ours} is {off} off {norm:?}"
            );
            // Only a norm of the batch reads this bias: its gradient is nothing but rounding.
            if recipe.norms != Norms::Frozen && tensor.ends_with("bn3.bias") {
                continue;
            }
            let ours = length(a.iter().zip(b).map(|(a, b)| f64::from(*a) - f64::from(*b)));
            let allowed = SPREADS * distance.1 + DISTANCE_TOLERANCE * distance.0;
            let off = (ours - distance.0).abs();
            assert!(
                off <= allowed,
                "{name}, {tensor}: moved {ours}, {off} off {distance:?}"
            );
        }
    }
}
