//! The same networks and steps, computed by our kernels and by Burn's own operations: forwards, and all gradients.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Distribution, Tensor};
use handful_image::{Geometry, Pixels};
use handful_kernel::{Clamp, Size, Slide, Surround};
use handful_learn::Backbone;
use handful_learn::backbone::{Maps, Precision, Statistics, Trainable};
use handful_learn::ops::{Convolve, Engine, Normalise, spatial_mean};

fn device() -> Device {
    let device = Device::flex().autodiff();
    device.seed(7);
    device
}

fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(shape, Distribution::Uniform(-1.0, 1.0), device)
}

/// Largest difference, as a share of the largest number or of 1.
fn difference<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
    assert_eq!(a.dims(), b.dims());
    let scale = b.clone().abs().max().into_scalar::<f32>().max(1.0);
    (a - b).abs().max().into_scalar::<f32>() / scale
}

/// What is compared: a result and the gradients of its parents.
type Outcome = (Tensor<4>, Vec<Tensor<1>>);

/// Runs a step and goes back from Σ result · chosen numbers.
fn outcome(out: Tensor<4>, parents: &[Tensor<1>], chosen: &Tensor<4>) -> Outcome {
    let gradients = (out.clone() * chosen.clone()).sum().backward();
    let of_parents = parents
        .iter()
        .map(|p| p.grad(&gradients).expect("a gradient"));
    (out.inner(), of_parents.collect())
}

fn assert_alike(ours: &Outcome, burns: &Outcome, what: &str) {
    let forward = difference(ours.0.clone(), burns.0.clone());
    assert!(forward < 1e-5, "{what}: results differ by {forward}");
    for (idx, (a, b)) in ours.1.iter().zip(&burns.1).enumerate() {
        let apart = difference(a.clone(), b.clone());
        assert!(
            apart < 1e-4,
            "{what}: gradients of parent {idx} differ by {apart}"
        );
    }
}

/// Numbers that a step is tried on, again and again.
struct Leaf<const D: usize>(Tensor<D>);

impl<const D: usize> Leaf<D> {
    fn new(shape: [usize; D], device: &Device) -> Leaf<D> {
        Leaf(random(shape, device).inner())
    }

    /// A flat parent, which wants a gradient, and the shape that it is used in: a graph can be gone back through once.
    fn parent(&self) -> (Tensor<1>, Tensor<D>) {
        let n = self.0.shape().num_elements();
        let flat = Tensor::from_inner(self.0.clone().reshape([n])).require_grad();
        (flat.clone(), flat.reshape(self.0.dims()))
    }
}

#[test]
fn a_convolution_is_burns_with_its_gradients() {
    let device = device();
    for (kernel, stride, channels, is_depthwise, clamp, same) in [
        (1, 1, [5, 7], false, Clamp::RELU6, true),
        (1, 2, [5, 7], false, Clamp::NONE, false),
        (3, 1, [4, 33], false, Clamp::RELU, false),
        (3, 2, [3, 18], false, Clamp::RELU, true),
        (7, 2, [3, 8], false, Clamp::RELU, false),
        (3, 1, [20, 20], true, Clamp::RELU6, true),
        (5, 2, [16, 16], true, Clamp::RELU6, true),
    ] {
        let surround = if same {
            Surround::Same
        } else {
            Surround::Even(kernel / 2)
        };
        let how = Convolve {
            slide: Slide {
                kernel,
                stride,
                surround,
            },
            is_depthwise,
            clamp,
        };
        let (n, height, width) = (2, 13, 10);
        let of_group = if is_depthwise { 1 } else { channels[0] };
        let x = Leaf::new([n, height, width, channels[0]], &device);
        let weight = Leaf::new([channels[1], of_group, kernel, kernel], &device);
        let bias = Leaf::new([channels[1]], &device);
        let Size { height, width } = how.slide.after(Size { height, width });
        let added = Leaf::new([n, height, width, channels[1]], &device);
        let chosen = random([n, height, width, channels[1]], &device);
        let run = |engine: Engine, has_bias: bool, adds: bool| {
            let ((flat_x, x), (flat_weight, weight)) = (x.parent(), weight.parent());
            let bias = has_bias.then(|| bias.parent());
            let added = adds.then(|| added.parent());
            let mut parents = vec![flat_x, flat_weight];
            parents.extend(bias.as_ref().map(|(flat, _)| flat.clone()));
            parents.extend(added.as_ref().map(|(flat, _)| flat.clone()));
            let (bias, added) = (bias.map(|(_, bias)| bias), added.map(|(_, added)| added));
            outcome(
                engine.convolve(x, weight, bias, added, how),
                &parents,
                &chosen,
            )
        };
        for (has_bias, adds) in [(false, false), (true, false), (false, true), (true, true)] {
            // Nothing is added to depthwise convolutions.
            if is_depthwise && adds {
                continue;
            }
            let [ours, burns] = [Engine::Kernels, Engine::Burn].map(|e| run(e, has_bias, adds));
            assert_eq!(ours.1.len(), 2 + usize::from(has_bias) + usize::from(adds));
            assert_alike(
                &ours,
                &burns,
                &format!("{how:?}, bias {has_bias}, added {adds}"),
            );
        }
    }
}

#[test]
fn a_norm_of_the_batch_is_burns_with_its_gradients() {
    let device = device();
    for (clamp, adds) in [
        (Clamp::RELU6, false),
        (Clamp::NONE, false),
        (Clamp::RELU, true),
        (Clamp::NONE, true),
    ] {
        let how = Normalise {
            epsilon: 1e-3,
            clamp,
        };
        let shape = [3, 6, 5, 21];
        let (x, added) = (Leaf::new(shape, &device), Leaf::new(shape, &device));
        let (weight, bias) = (Leaf::new([21], &device), Leaf::new([21], &device));
        let chosen = random(shape, &device);
        let run = |engine: Engine| {
            let ((flat_x, x), (flat_weight, weight)) = (x.parent(), weight.parent());
            let (flat_bias, bias) = bias.parent();
            let added = adds.then(|| added.parent());
            let mut parents = vec![flat_x, flat_weight, flat_bias];
            parents.extend(added.as_ref().map(|(flat, _)| flat.clone()));
            let added = added.map(|(_, added)| added);
            let moments = engine.moments(x.clone());
            outcome(
                engine.normalise(x, moments, weight, bias, added, how),
                &parents,
                &chosen,
            )
        };
        assert_alike(
            &run(Engine::Kernels),
            &run(Engine::Burn),
            &format!("{how:?} {adds}"),
        );
        let (_, x) = x.parent();
        let apart = difference(Engine::Kernels.moments(x.clone()), Engine::Burn.moments(x));
        assert!(apart < 1e-5, "moments differ by {apart}");
    }
}

#[test]
fn steps_take_views_and_give_gradients_of_them() {
    let device = device();
    let x = Leaf::new([2, 16, 9, 8], &device);
    let weight = Leaf::new([8, 16, 3, 3], &device);
    let slide = Slide {
        kernel: 3,
        stride: 2,
        surround: Surround::Even(1),
    };
    let how = Convolve {
        slide,
        is_depthwise: false,
        clamp: Clamp::RELU,
    };
    let chosen = random([4, 5, 4, 8], &device);
    let run = |engine: Engine| {
        let ((flat_x, x), (flat_weight, weight)) = (x.parent(), weight.parent());
        // Channels first before, and the results of two convolutions one behind the other.
        let x = x.permute([0, 2, 3, 1]);
        let first = engine.convolve(x.clone(), weight.clone(), None, None, how);
        let second = engine.convolve(x, weight * 0.5, None, None, how);
        let out = Tensor::cat(vec![first, second], 0);
        outcome(out, &[flat_x, flat_weight], &chosen)
    };
    assert_alike(&run(Engine::Kernels), &run(Engine::Burn), "views");
    let pooled = Leaf::new([1, 5, 6, 7], &device);
    let chosen = random([1, 3, 4, 5], &device);
    let run = |engine: Engine| {
        let (flat, x) = pooled.parent();
        let x = x.permute([0, 2, 3, 1]);
        let moments = engine.moments(x.clone());
        let (ones, zeros) = (Tensor::ones([5], &device), Tensor::zeros([5], &device));
        let how = Normalise {
            epsilon: 1e-3,
            clamp: Clamp::RELU6,
        };
        let x = engine.normalise(x, moments, ones, zeros, None, how);
        let x = x.permute([0, 2, 1, 3]).permute([0, 2, 1, 3]);
        outcome(engine.max_pool(x, slide), &[flat], &chosen)
    };
    assert_alike(&run(Engine::Kernels), &run(Engine::Burn), "views of norms");
}

#[test]
fn weights_of_channels_are_scaled_as_burn_does() {
    let device = device();
    let (weight, gain) = (Leaf::new([5, 3, 2, 2], &device), Leaf::new([5], &device));
    let chosen = random([5, 3, 2, 2], &device);
    let run = |engine: Engine| {
        let ((flat_weight, weight), (flat_gain, gain)) = (weight.parent(), gain.parent());
        let out = engine.scale_channels(weight, gain);
        outcome(out, &[flat_weight, flat_gain], &chosen)
    };
    assert_alike(&run(Engine::Kernels), &run(Engine::Burn), "scaled channels");
}

#[test]
fn the_largest_are_burns_with_their_gradients() {
    let device = device();
    let slide = Slide {
        kernel: 3,
        stride: 2,
        surround: Surround::Even(1),
    };
    let x = Leaf::new([2, 9, 8, 5], &device);
    let chosen = random([2, 5, 4, 5], &device);
    let run = |engine: Engine| {
        let (flat, x) = x.parent();
        outcome(engine.max_pool(x, slide), &[flat], &chosen)
    };
    assert_alike(&run(Engine::Kernels), &run(Engine::Burn), "pool");
}

#[test]
fn what_transformers_need_is_burns_with_its_gradients() {
    let device = device();
    let x = Leaf::new([2, 3, 5, 37], &device);
    let (weight, bias) = (Leaf::new([37], &device), Leaf::new([37], &device));
    let chosen = random([2, 3, 5, 37], &device);
    let gelu = |engine: Engine| {
        let (flat, x) = x.parent();
        outcome(engine.gelu(x * 3.0), &[flat], &chosen)
    };
    assert_alike(&gelu(Engine::Kernels), &gelu(Engine::Burn), "gelu");
    let softmax = |engine: Engine| {
        let (flat, x) = x.parent();
        outcome(engine.softmax(x, 4.0), &[flat], &chosen)
    };
    assert_alike(&softmax(Engine::Kernels), &softmax(Engine::Burn), "softmax");
    let norm = |engine: Engine| {
        let ((flat_x, x), (flat_weight, weight)) = (x.parent(), weight.parent());
        let (flat_bias, bias) = bias.parent();
        let out = engine.layer_norm(x, weight, bias, 1e-5);
        outcome(out, &[flat_x, flat_weight, flat_bias], &chosen)
    };
    assert_alike(&norm(Engine::Kernels), &norm(Engine::Burn), "layer norm");
    for (heads, of_head, tokens) in [(2, 7, 5), (3, 16, 49), (1, 64, 20)] {
        let all = Leaf::new([2, tokens, 3 * heads * of_head], &device);
        let chosen = random([2, 1, tokens, heads * of_head], &device);
        let attend = |engine: Engine| {
            let (flat, all) = all.parent();
            let out = engine.attention(all * 2.0, heads);
            outcome(
                out.reshape([2, 1, tokens, heads * of_head]),
                &[flat],
                &chosen,
            )
        };
        let what = format!("attention of {heads} heads");
        assert_alike(&attend(Engine::Kernels), &attend(Engine::Burn), &what);
    }
}

/// Images of no meaning.
fn images(backbone: &Backbone, n: usize, px: usize) -> Maps {
    let image = |idx: usize| Pixels {
        width: px,
        height: px,
        data: (0..3 * px * px)
            .map(|i| (i.wrapping_mul(2_654_435_761).wrapping_add(77 * idx) >> 7) as u8)
            .collect(),
    };
    let images: Vec<Pixels> = (0..n).map(image).collect();
    Maps::of(&images, &backbone.preprocessing(Geometry::Squash, px))
}

/// All gradients of a network, in the order of its parameters.
struct Collected<'a> {
    gradients: &'a burn::tensor::Gradients,
    all: Vec<Tensor<1>>,
}

impl ModuleVisitor for Collected<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            let n = gradient.shape().num_elements();
            self.all.push(gradient.reshape([n]));
        }
    }
}

fn features_and_gradients(
    network: Trainable,
    x: Tensor<4>,
    statistics: Statistics,
) -> (Tensor<2>, Vec<Tensor<1>>) {
    let mut network = network;
    let out = spatial_mean(network.forward(x, statistics));
    let gradients = out.clone().powi_scalar(2).mean().backward();
    let mut collected = Collected {
        gradients: &gradients,
        all: Vec::new(),
    };
    network.visit(&mut collected);
    (out.inner(), collected.all)
}

#[test]
fn whole_networks_are_alike_both_ways() {
    let device = device();
    for name in ["efficientnet_lite0", "resnet18", "resnet14"] {
        let backbone = Backbone::untrained(name, 3).unwrap();
        let x = images(&backbone, 3, 65);
        // Divided by the deviation of a batch, differences of rounding grow from layer to layer; and a number that lies
        // on the other side of a bound changes a gradient by a jump.
        let batch = Statistics::Batch { momentum: 0.1 };
        for (statistics, tolerance) in [(Statistics::Frozen, 1e-4), (batch, 1e-3)] {
            let network = Trainable::of(&backbone, 0.., &device);
            let run = |engine: Engine| {
                let network = network.clone().with_engine(engine);
                features_and_gradients(network, x.to_tensor(&device), statistics)
            };
            let (ours, burns) = (run(Engine::Kernels), run(Engine::Burn));
            let apart = difference(ours.0, burns.0);
            assert!(
                apart < tolerance,
                "{name}, {statistics:?}: features differ by {apart}"
            );
            assert_eq!(ours.1.len(), burns.1.len());
            let names = backbone.weights.tensors.keys();
            let n_learn = names.filter(|name| !name.contains("running")).count();
            assert_eq!(ours.1.len(), n_learn, "{name}: gradients");
            for (idx, (a, b)) in ours.1.into_iter().zip(burns.1).enumerate() {
                let norm = b.clone().powi_scalar(2).sum().sqrt().into_scalar::<f32>();
                let apart = (a - b).powi_scalar(2).sum().sqrt().into_scalar::<f32>();
                assert!(
                    apart <= 50.0 * tolerance.max(4e-4) * norm + 1e-6,
                    "{name}, {statistics:?}: {idx} {apart} of {norm}"
                );
            }
        }
    }
}

#[test]
fn what_is_frozen_is_what_learns_at_first() {
    for name in ["efficientnet_lite0", "resnet18", "resnet50", "resnet14"] {
        let backbone = Backbone::untrained(name, 3).unwrap();
        let x = images(&backbone, 2, 48);
        let device = Device::flex().autodiff();
        let first = backbone.stages.len() - 2;
        let whole = Trainable::of(&backbone, 0.., &device)
            .forward(x.to_tensor(&device), Statistics::Frozen);
        let frozen = backbone
            .forward_from(0, x.clone(), &mut |_, _| {})
            .to_tensor(&device);
        let apart = difference(whole.clone(), frozen);
        assert!(apart < 1e-4, "{name}: {apart}");
        let prefix = backbone.forward_between(0..first, x, &mut |_, _| {});
        let suffix = Trainable::of(&backbone, first.., &device)
            .forward(prefix.to_tensor(&device), Statistics::Frozen);
        let apart = difference(suffix, whole);
        assert!(apart < 1e-4, "{name} from stage {first}: {apart}");
    }
}

/// Differences of a network's gradients, of all its parameters together, as a share of their norm.
fn share_apart(found: &[Tensor<1>], expected: &[Tensor<1>]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let square = |x: Tensor<1>| x.powi_scalar(2).sum().into_scalar::<f32>();
    let both = found.iter().zip(expected);
    let apart: f32 = both.map(|(a, b)| square(a.clone() - b.clone())).sum();
    let norm: f32 = expected.iter().map(|b| square(b.clone())).sum();
    (apart / norm).sqrt()
}

/// A map of bfloat16 is 2⁻⁹ from that of float32 at most, a gradient too, and up to fifty of them follow each other.
#[test]
fn in_bfloat16_networks_are_those_of_float32_but_for_rounding() {
    let device = device();
    for name in ["efficientnet_lite0", "resnet18", "resnet14"] {
        let backbone = Backbone::untrained(name, 3).unwrap();
        let x = images(&backbone, 6, 64);
        let run = |precision: Precision| {
            let network = Trainable::of(&backbone, 0.., &device).in_precision(precision);
            features_and_gradients(network, x.to_tensor(&device), Statistics::Frozen)
        };
        let (bfloat16, float32) = (run(Precision::Bfloat16), run(Precision::Float32));
        let apart = difference(bfloat16.0, float32.0);
        assert!(
            apart > 0.0 && apart < 0.05,
            "{name}: features differ by {apart}"
        );
        let apart = share_apart(&bfloat16.1, &float32.1);
        assert!(
            apart > 0.0 && apart < 0.15,
            "{name}: gradients differ by {apart}"
        );
        // What learns says what is frozen in the same precision.
        let frozen = backbone.clone().in_precision(Precision::Bfloat16);
        let frozen = frozen.forward_from(0, x.clone(), &mut |_, _| {});
        let whole = Trainable::of(&backbone, 0.., &device)
            .in_precision(Precision::Bfloat16)
            .forward(x.to_tensor(&device), Statistics::Frozen);
        let apart = difference(whole.inner(), frozen.to_tensor(&device).inner());
        assert!(apart < 0.02, "{name}: {apart}");
    }
}

/// Step by step, since fifty norms of a batch that have learned nothing make anything of a difference.
#[test]
fn in_bfloat16_steps_are_those_of_float32_but_for_rounding() {
    let device = device();
    let engine = Engine::Kernels;
    let shape = [4, 7, 6, 20];
    let (x, added) = (Leaf::new(shape, &device), Leaf::new(shape, &device));
    let (gamma, beta) = (Leaf::new([20], &device), Leaf::new([20], &device));
    let chosen = random(shape, &device);
    for is_depthwise in [false, true] {
        let own_in = if is_depthwise { 1 } else { 20 };
        let weight = Leaf::new([20, own_in, 3, 3], &device);
        let how = Convolve {
            slide: Slide {
                kernel: 3,
                stride: 1,
                surround: Surround::Same,
            },
            is_depthwise,
            clamp: Clamp::NONE,
        };
        let normalise = Normalise {
            epsilon: 1e-3,
            clamp: Clamp::RELU6,
        };
        let run = |rounds: bool, is_folded: bool| {
            let ((flat_x, x), (flat_weight, weight)) = (x.parent(), weight.parent());
            let ((flat_gamma, gamma), (flat_beta, beta)) = (gamma.parent(), beta.parent());
            let (flat_added, added) = added.parent();
            let to = |x: Tensor<4>| if rounds { engine.rounded(x) } else { x };
            let (x, added) = (to(x), to(added));
            let out = if is_folded {
                let weight = engine.scale_channels(weight, gamma);
                let added = (!is_depthwise).then_some(added);
                let clamp = Clamp::RELU6;
                engine.convolve(x, weight, Some(beta), added, Convolve { clamp, ..how })
            } else {
                let out = engine.convolve(x, weight, None, None, how);
                let moments = engine.moments(out.clone());
                engine.normalise(out, moments, gamma, beta, Some(added), normalise)
            };
            let out = if rounds { engine.widened(out) } else { out };
            let mut parents = vec![flat_x, flat_weight, flat_gamma, flat_beta];
            if !(is_folded && is_depthwise) {
                parents.push(flat_added);
            }
            outcome(out, &parents, &chosen)
        };
        for is_folded in [false, true] {
            let (found, expected) = (run(true, is_folded), run(false, is_folded));
            let apart = difference(found.0, expected.0);
            assert!(apart > 0.0 && apart < 0.02, "results differ by {apart}");
            for (idx, (a, b)) in found.1.into_iter().zip(expected.1).enumerate() {
                let apart = share_apart(&[a], &[b]);
                // A number on the other side of a bound changes a gradient by a jump.
                assert!(
                    apart < 0.1,
                    "depthwise {is_depthwise}, folded {is_folded}: gradients of parent {idx} differ by {apart}"
                );
            }
        }
    }
}

#[test]
#[should_panic(expected = "bfloat16 is for our kernels")]
fn other_engines_refuse_bfloat16() {
    let device = device();
    let backbone = Backbone::untrained("resnet14", 3).unwrap();
    let network = Trainable::of(&backbone, 0.., &device).in_precision(Precision::Bfloat16);
    let mut network = network.with_engine(Engine::Burn);
    network.forward(
        images(&backbone, 1, 32).to_tensor(&device),
        Statistics::Frozen,
    );
}

/// A parameter's bytes by its place.
struct Values(Vec<Vec<f32>>);

impl ModuleVisitor for Values {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push(param.val().into_data().try_to_vec().unwrap());
    }
}

#[test]
fn statistics_move_with_batches_and_stay_where_they_are_frozen() {
    let backbone = Backbone::untrained("efficientnet_lite0", 3).unwrap();
    let device = Device::flex().autodiff();
    let x = images(&backbone, 2, 32).to_tensor(&device);
    let values = |network: &Trainable| {
        let mut values = Values(Vec::new());
        network.visit(&mut values);
        values.0
    };
    let mut network = Trainable::of(&backbone, 0.., &device);
    let before = values(&network);
    network.forward(x.clone(), Statistics::Frozen);
    assert_eq!(values(&network), before);
    network.forward(x, Statistics::Batch { momentum: 0.25 });
    let after = values(&network);
    // The parameters of the stem: weight, γ, β, mean, variance.
    assert_eq!(after[..3], before[..3]);
    assert_ne!(after[3], before[3]);
    assert_ne!(after[4], before[4]);
    assert!(after[4].iter().all(|v| v.is_finite() && *v > 0.7));
}

#[test]
fn the_number_of_threads_changes_no_bit_of_a_step() {
    let backbone = Backbone::untrained("efficientnet_lite0", 3).unwrap();
    let x = images(&backbone, 3, 40);
    let with = |threads: usize, precision: Precision| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let device = Device::flex().autodiff();
            let network = Trainable::of(&backbone, 0.., &device).in_precision(precision);
            let batch = Statistics::Batch { momentum: 0.1 };
            let (features, gradients) =
                features_and_gradients(network, x.to_tensor(&device), batch);
            let bits =
                |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<u32>>();
            let all: Vec<Vec<u32>> = (gradients.into_iter())
                .map(|g| bits(g.into_data().try_to_vec().unwrap()))
                .collect();
            (bits(features.into_data().try_to_vec().unwrap()), all)
        })
    };
    for precision in [Precision::Float32, Precision::Bfloat16] {
        let (alone, shared) = (with(1, precision), with(3, precision));
        assert!(alone == shared, "the number of threads changed bits");
    }
}
