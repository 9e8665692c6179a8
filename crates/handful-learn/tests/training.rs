//! Training: what learns and what stays, the same result however it is computed, and that it learns at all.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use handful_expand::{Policy, policy_named};
use handful_image::{Geometry, Pixels};
use handful_kernel::Size;
use handful_learn::backbone::{Maps, Part, Precision};
use handful_learn::train::{
    Checkpoint, Coarse, Examples, Inputs, Mixing, Model, Norms, Now, Optimiser, Place, RateRange,
    RateTest, RateTestEnd, Recipe, Shelf, Squares, Training, Trains, TriedRate, fit, rate_test,
};
use handful_learn::weights::Stored;
use handful_learn::{Backbone, LearnError, Weights};
use handful_stats::{Seed, softmax_rows};

const SIZE_PX: usize = 32;
const N_CLASSES: usize = 3;
const N_PHOTOS: usize = 24;

/// Stripes, in a direction that tells the class, with a colour that does not.
fn photo(idx: usize, size: usize) -> Pixels {
    let phase = (idx * 7 % 11) as f64 / 11.0;
    let tint = [idx % 5, idx % 3, idx % 7].map(|t| 20.0 * t as f64);
    let pixel = |i: usize| {
        let (x, y) = (
            (i % size) as f64 / size as f64,
            (i / size) as f64 / size as f64,
        );
        let along = [x, y, (x + y) / 2.0][idx % N_CLASSES];
        let wave = (std::f64::consts::TAU * (4.0 * along + phase)).sin();
        tint.map(|t| (80.0 + t + 60.0 * wave) as u8)
    };
    Pixels {
        width: size,
        height: size,
        data: (0..size * size).flat_map(pixel).collect(),
    }
}

struct Task {
    backbone: Backbone,
    squares: Squares,
    labels: Vec<usize>,
    rows: Vec<usize>,
}

impl Task {
    fn new(name: &str) -> Task {
        let backbone = Backbone::untrained(name, 3).unwrap();
        let preprocessing = backbone.preprocessing(Geometry::CenterCrop, SIZE_PX);
        let wide_px = Squares::wide(&preprocessing).size_px;
        let all = |size: usize| (0..N_PHOTOS).map(|i| photo(i, size)).collect();
        Task {
            squares: Squares::new(preprocessing, all(SIZE_PX), all(wide_px)),
            backbone,
            labels: (0..N_PHOTOS).map(|i| i % N_CLASSES).collect(),
            rows: (0..N_PHOTOS - 6).collect(),
        }
    }

    fn start(&self) -> Model {
        Model::untrained(&self.backbone, N_CLASSES, self.rows.len())
    }

    fn inputs(&self, recipe: &Recipe) -> Inputs<'_> {
        match recipe.keeps_views(&self.backbone) {
            true => self.kept(recipe, Shelf::memory()),
            false => self.fresh(recipe),
        }
    }

    fn fresh(&self, recipe: &Recipe) -> Inputs<'_> {
        let cut = recipe.trains.cut(&self.backbone);
        let inputs = Inputs::fresh(&self.squares, &self.backbone, cut, Seed(5));
        inputs.by_policy(recipe.policy.as_ref())
    }

    fn kept(&self, recipe: &Recipe, shelf: Shelf) -> Inputs<'_> {
        let fresh = self.fresh(recipe);
        fresh.kept(recipe.views, shelf, &|_| {}).unwrap()
    }

    fn fit(&self, recipe: &Recipe) -> Model {
        self.watched(recipe, None, &mut |_| ControlFlow::Continue(()))
            .unwrap()
    }

    fn watched(
        &self,
        recipe: &Recipe,
        from: Option<&Checkpoint>,
        watch: &mut (dyn FnMut(&Now) -> ControlFlow<()> + Send),
    ) -> Result<Model, LearnError> {
        self.learned(&self.inputs(recipe), recipe, from, watch)
    }

    fn learned(
        &self,
        inputs: &Inputs,
        recipe: &Recipe,
        from: Option<&Checkpoint>,
        watch: &mut (dyn FnMut(&Now) -> ControlFlow<()> + Send),
    ) -> Result<Model, LearnError> {
        let training = Training {
            start: &self.start(),
            examples: Examples {
                inputs,
                rows: &self.rows,
                labels: &self.labels,
            },
            recipe,
            seed: Seed(9),
            identity: "",
        };
        fit(training, from, watch)
    }

    /// Names of the tensors that a training changed.
    fn changed(&self, tuned: &Model) -> BTreeSet<String> {
        let before = &self.backbone.weights.tensors;
        let after = tuned.backbone.weights.tensors.iter();
        let is_changed = |(name, tensor): &(&String, &Stored)| before[*name] != **tensor;
        after
            .filter(is_changed)
            .map(|(name, _)| name.clone())
            .collect()
    }

    fn tensors(&self, from: usize, parts: &[Part]) -> BTreeSet<String> {
        let all = self.backbone.tensors_from(from).into_iter();
        all.filter(|t| parts.contains(&t.part))
            .map(|t| t.name)
            .collect()
    }
}

fn recipe(trains: Trains) -> Recipe {
    Recipe {
        views: 2,
        ..Recipe::new(trains, 1e-3, 6, 6)
    }
}

#[test]
fn what_the_recipe_names_learns_and_nothing_else() {
    let task = Task::new("efficientnet_lite0");
    let learned = [Part::Weight, Part::Gain, Part::Bias];
    for (trains, expected) in [
        (Trains::Norms, task.tensors(0, &learned[1..])),
        (Trains::Last, task.tensors(6, &learned)),
        (Trains::From(7), task.tensors(7, &learned)),
        (Trains::All, task.tensors(0, &learned)),
    ] {
        let tuned = task.fit(&recipe(trains));
        assert_eq!(task.changed(&tuned), expected, "{trains:?}");
        assert_ne!(tuned.head.weights, task.start().head.weights);
    }
}

#[test]
fn statistics_move_only_where_they_are_trained() {
    let task = Task::new("resnet14");
    let trained = Recipe {
        norms: Norms::Batch { momentum: 0.1 },
        ..recipe(Trains::Last)
    };
    let moved = task.changed(&task.fit(&trained));
    assert!(
        task.tensors(4, &[Part::Mean, Part::Variance])
            .is_subset(&moved)
    );
    let before = task.tensors(0, &[Part::Mean, Part::Variance]);
    let frozen = task.changed(&task.fit(&recipe(Trains::All)));
    assert!(frozen.is_disjoint(&before));
}

#[test]
fn statistics_that_are_found_again_stay_from_the_first_step_on() {
    let task = Task::new("resnet14");
    let recipe = Recipe {
        norms: Norms::ReEstimated,
        ..recipe(Trains::Last)
    };
    let mut first = None;
    let tuned = task.watched(&recipe, None, &mut |now| {
        first.get_or_insert_with(|| now.model());
        ControlFlow::Continue(())
    });
    let (first, tuned) = (first.unwrap(), tuned.unwrap());
    let found = task.tensors(4, &[Part::Mean, Part::Variance]);
    assert_eq!(task.changed(&first), found);
    for name in &found {
        let of = |model: &Model| model.backbone.weights.tensors[name].clone();
        assert_eq!(of(&first), of(&tuned), "{name}");
    }
    assert!(found.is_subset(&task.changed(&tuned)));
}

#[test]
fn the_first_steps_see_smaller_images_where_the_recipe_says_so() {
    let task = Task::new("resnet14");
    let whole = Recipe {
        views: 0,
        ..recipe(Trains::Last)
    };
    let coarse = Recipe {
        coarse: Some(Coarse {
            steps: 0.5,
            side: 0.5,
        }),
        ..whole.clone()
    };
    let mut sides = Vec::new();
    let tuned = task.watched(&coarse, None, &mut |now| {
        sides.push(now.side_px);
        ControlFlow::Continue(())
    });
    // Before each of six steps, and behind the last one.
    assert_eq!(sides, [16, 16, 16, 32, 32, 32, 32]);
    assert_ne!(tuned.unwrap().head, task.fit(&whole).head);
    // The first four stages halve the sides twice, and the same photos either way.
    let inputs = task.fresh(&coarse);
    for (side_px, side) in [(16, 4), (32, 8)] {
        let maps = inputs.views(&task.rows, 3, side_px).unwrap();
        assert_eq!(maps.size, Size::square(side));
        let window = |&photo: &usize| task.squares.window(photo, 3, Seed(5), side_px);
        let windows: Vec<Pixels> = task.rows.iter().map(window).collect();
        let x = Maps::of(&windows, &task.squares.preprocessing);
        let expected = task.backbone.forward_between(0..4, x, &mut |_, _| {});
        assert_eq!(maps, expected);
    }
}

#[test]
fn views_are_those_of_the_policy() {
    let task = Task::new("resnet14");
    let by = |policy: Policy| Recipe {
        policy: Some(policy),
        ..recipe(Trains::All)
    };
    // Nothing but the size changes: the same for every turn.
    let as_they_are = task.fresh(&by(Policy::none()));
    let seen = |inputs: &Inputs, turn| inputs.views(&task.rows, turn, SIZE_PX).unwrap();
    assert_eq!(seen(&as_they_are, 1), seen(&as_they_are, 2));
    let usual = by(policy_named("usual").unwrap());
    let drawn = task.fresh(&usual);
    assert_ne!(seen(&drawn, 1), seen(&drawn, 2));
    assert_eq!(seen(&drawn, 1), seen(&task.fresh(&usual), 1));
    // Photos that judge are never changed.
    let plain = task.fresh(&recipe(Trains::All));
    assert_eq!(
        drawn.plain(&task.rows).unwrap(),
        plain.plain(&task.rows).unwrap()
    );
    assert_ne!(task.fit(&usual).head, task.fit(&recipe(Trains::All)).head);
    let unknown = Policy::none();
    let unknown = by(Policy {
        steps: vec![handful_expand::Step {
            choose: handful_expand::Choose::All,
            ops: vec![handful_expand::Use::new("swirl")],
        }],
        ..unknown
    });
    assert!(matches!(
        unknown.check(),
        Err(LearnError::Recipe { name: "policy", .. })
    ));
}

#[test]
fn mixed_photos_are_learned_from_with_both_labels() {
    let task = Task::new("resnet14");
    let by = |mixing: Mixing| Recipe {
        mixing: Some(mixing),
        steps: 40,
        learning_rate: 0.02,
        optimiser: Optimiser::Sgd { momentum: 0.9 },
        ..recipe(Trains::All)
    };
    for mixing in [Mixing::Mixup { alpha: 0.3 }, Mixing::Cutmix] {
        let recipe = by(mixing);
        let mut losses = Vec::new();
        let tuned = task.watched(&recipe, None, &mut |now| {
            losses.extend(now.loss);
            ControlFlow::Continue(())
        });
        let tuned = tuned.unwrap();
        assert_eq!(tuned.head, task.fit(&recipe).head, "the same draws again");
        // Guessing costs ln 3; of photos as they are nearly all are learned.
        let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
        let (first, last) = (mean(&losses[..5]), mean(&losses[losses.len() - 5..]));
        assert!(last < first, "{mixing:?}: {first} {last}");
        let logits = tuned.logits(&task.inputs(&recipe), &task.rows).unwrap();
        let rows = logits.chunks_exact(N_CLASSES).zip(&task.rows);
        let right = rows.filter(|(z, row)| handful_stats::argmax(z) == task.labels[**row]);
        assert!(right.count() * 2 > task.rows.len(), "{mixing:?}");
    }
    // A prefix's outputs can't be mixed.
    let kept = Recipe {
        mixing: Some(Mixing::Cutmix),
        ..recipe(Trains::Last)
    };
    assert!(matches!(
        kept.check(),
        Err(LearnError::Recipe { name: "views", .. })
    ));
}

#[test]
fn an_interrupted_training_goes_on_to_the_same_bytes() {
    let task = Task::new("resnet14");
    for recipe in [
        Recipe {
            average: true,
            gradual: true,
            ..recipe(Trains::LastTwo)
        },
        Recipe {
            optimiser: Optimiser::Sgd { momentum: 0.9 },
            norms: Norms::Batch { momentum: 0.1 },
            accumulate: 2,
            ..recipe(Trains::Last)
        },
        Recipe {
            norms: Norms::ReEstimated,
            ..recipe(Trains::Last)
        },
        Recipe {
            // Up to the fifth of six steps, so that it is interrupted before.
            coarse: Some(Coarse {
                steps: 0.8,
                side: 0.5,
            }),
            ..recipe(Trains::All)
        },
    ] {
        let whole = task.fit(&recipe);
        let mut kept = None;
        task.watched(&recipe, None, &mut |now| match now.step {
            4 => {
                kept = Some(now.checkpoint().to_bytes());
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        })
        .unwrap();
        let checkpoint = Checkpoint::from_bytes(&kept.unwrap()).unwrap();
        assert_eq!(checkpoint.step, 4);
        let mut first = None;
        let resumed = task
            .watched(&recipe, Some(&checkpoint), &mut |now| {
                first.get_or_insert(now.step);
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(first, Some(4));
        assert_eq!(resumed.backbone.weights, whole.backbone.weights);
        assert_eq!(resumed.head, whole.head);
        // A checkpoint of another training is no place to go on from.
        let other = Recipe {
            learning_rate: 2e-3,
            ..recipe
        };
        let from_start = task
            .watched(
                &other,
                Some(&checkpoint),
                &mut |_| ControlFlow::Continue(()),
            )
            .unwrap();
        assert_eq!(from_start.head, task.fit(&other).head);
    }
}

#[test]
fn the_number_of_threads_changes_no_byte_of_a_training() {
    let task = Task::new("efficientnet_lite0");
    for trains in [Trains::Last, Trains::All] {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| task.fit(&recipe(trains)))
        };
        let (alone, shared) = (with(1), with(3));
        assert_eq!(alone.head, shared.head);
        assert_eq!(alone.backbone.weights, shared.backbone.weights);
    }
}

#[test]
fn blends_reach_from_the_start_to_the_tuned_model() {
    let task = Task::new("resnet14");
    let (start, tuned) = (task.start(), task.fit(&recipe(Trains::Last)));
    let [zero, half, one] = [0.0, 0.5, 1.0].map(|alpha| Model::blend(&start, &tuned, alpha));
    assert_eq!(zero.backbone.weights, start.backbone.weights);
    assert_eq!(zero.head, start.head);
    assert_eq!(one.backbone.weights, tuned.backbone.weights);
    assert_eq!(one.head, tuned.head);
    let name = "layer4.0.conv2.weight";
    let of = |model: &Model| model.backbone.weights.tensors[name].to_f32();
    for ((a, b), c) in of(&start).iter().zip(of(&tuned)).zip(of(&half)) {
        assert!(((a + b) / 2.0 - c).abs() <= 1e-6 * (1.0 + c.abs()));
    }
}

#[test]
fn a_pull_holds_weights_near_where_they_started_at_a_rate_that_is_too_high() {
    let task = Task::new("resnet14");
    let moved = |pull: f64| {
        let tuned = task.fit(&Recipe {
            pull,
            warm_up: 0.1,
            ..Recipe::new(Trains::Last, 3e-2, 20, 6)
        });
        let square = |name: &String| {
            let of = |weights: &Weights| weights.tensors[name].to_f32().into_iter();
            let (a, b) = (of(&task.backbone.weights), of(&tuned.backbone.weights));
            a.zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>()
        };
        let weights = task.tensors(4, &[Part::Weight]);
        weights.iter().map(square).sum::<f64>().sqrt()
    };
    let [free, pulled, held] = [0.0, 3.0, 30.0].map(moved);
    // Decoupled: each step takes back up to 0.09 or 0.9 of the way.
    assert!(pulled < 0.9 * free, "{pulled} of {free}");
    assert!(held < 0.3 * free && held > 0.0, "{held} of {free}");
}

#[test]
fn it_learns_from_scratch_what_it_is_shown() {
    let task = Task::new("resnet14");
    let recipe = Recipe {
        norms: Norms::Batch { momentum: 0.1 },
        optimiser: Optimiser::AdamW,
        warm_up: 0.1,
        ..Recipe::new(Trains::All, 3e-3, 80, 9)
    };
    let held_out: Vec<usize> = (N_PHOTOS - 6..N_PHOTOS).collect();
    for precision in [Precision::Float32, Precision::Bfloat16] {
        let recipe = Recipe {
            precision,
            ..recipe.clone()
        };
        let tuned = task.fit(&recipe);
        assert_eq!(tuned.backbone.precision(), precision);
        let inputs = task.inputs(&recipe);
        let mut p = tuned.logits(&inputs, &held_out).unwrap();
        softmax_rows(&mut p, N_CLASSES);
        let loss = handful_stats::log_loss(&p, &[0, 1, 2, 0, 1, 2], N_CLASSES);
        // ln 3 = 1.10 is what guessing costs.
        assert!(loss < 0.6, "{precision:?}: {loss}");
    }
}

#[test]
fn a_kept_prefix_says_what_the_whole_network_says() {
    for precision in [Precision::Float32, Precision::Bfloat16] {
        check_kept(precision);
    }
}

fn check_kept(precision: Precision) {
    let mut task = Task::new("efficientnet_lite0");
    task.backbone = task.backbone.in_precision(precision);
    let mut model = task.start();
    let weight = |i: usize| ((i * 37 % 101) as f64 / 101.0 - 0.5) * 1e-2;
    model.head.weights = (0..model.head.weights.len()).map(weight).collect();
    let kept = task.inputs(&recipe(Trains::Last));
    let whole = Inputs::fresh(&task.squares, &task.backbone, 0, Seed(5));
    let [a, b] = [&kept, &whole].map(|inputs| model.logits(inputs, &task.rows).unwrap());
    let largest = b.iter().fold(0.0f64, |m, z| m.max(z.abs()));
    for (a, b) in a.iter().zip(&b) {
        // Half precision keeps 11 bits.
        assert!((a - b).abs() < 4e-3 * largest, "{a} {b} of {largest}");
    }
}

/// In a file without a name.
fn in_file(most_bytes: u64) -> Shelf {
    Shelf {
        place: Place::File(tempfile::tempfile().unwrap()),
        most_bytes,
    }
}

#[test]
fn where_and_how_much_of_a_prefix_is_kept_changes_no_byte_of_a_training() {
    let task = Task::new("efficientnet_lite0");
    let recipe = recipe(Trains::Last);
    let memory = task.inputs(&recipe);
    let of_photo = memory.bytes(recipe.views) / N_PHOTOS as u64;
    let mut go_on = |_: &Now| ControlFlow::Continue(());
    let expected = task.learned(&memory, &recipe, None, &mut go_on).unwrap();
    let logits = |inputs: &Inputs| expected.logits(inputs, &task.rows).unwrap();
    for (most_bytes, n_kept) in [
        (u64::MAX, N_PHOTOS),
        (of_photo * N_PHOTOS as u64, N_PHOTOS),
        (of_photo * 7 + of_photo / 2, 7),
        (of_photo - 1, 0),
    ] {
        let inputs = task.kept(&recipe, in_file(most_bytes));
        assert_eq!(inputs.n_kept(), n_kept);
        assert_eq!(logits(&inputs), logits(&memory));
        for turn in 0..3 {
            let [a, b] = [&inputs, &memory].map(|i| i.views(&task.rows, turn, SIZE_PX).unwrap());
            assert_eq!(a, b, "room for {n_kept} photos, turn {turn}");
        }
        let tuned = task.learned(&inputs, &recipe, None, &mut go_on).unwrap();
        assert_eq!(tuned.head, expected.head, "room for {n_kept} photos");
        assert_eq!(tuned.backbone.weights, expected.backbone.weights);
    }
}

#[test]
fn a_disk_that_fails_is_an_error_of_the_training() {
    let task = Task::new("resnet14");
    let recipe = recipe(Trains::Last);
    let shelf = in_file(u64::MAX);
    let Place::File(file) = &shelf.place else {
        panic!("it is in a file")
    };
    let file = file.try_clone().unwrap();
    let inputs = task.kept(&recipe, shelf);
    file.set_len(1).unwrap();
    let mut go_on = |_: &Now| ControlFlow::Continue(());
    let outcome = task.learned(&inputs, &recipe, None, &mut go_on);
    assert!(
        matches!(outcome, Err(LearnError::Disk { .. })),
        "{outcome:?}"
    );
    let outcome = task.start().logits(&inputs, &task.rows);
    assert!(outcome.is_err());
}

#[test]
fn a_rate_that_is_too_high_is_an_error_and_no_model() {
    let task = Task::new("resnet14");
    let recipe = Recipe {
        optimiser: Optimiser::Sgd { momentum: 0.9 },
        learning_rate: 10.0,
        clip: 1e9,
        warm_up: 0.0,
        ..Recipe::new(Trains::All, 1.0, 40, 6)
    };
    let mut watch = |_: &Now| ControlFlow::Continue(());
    let outcome = task.watched(&recipe, None, &mut watch);
    assert!(
        matches!(outcome, Err(LearnError::Diverged { .. })),
        "{outcome:?}"
    );
}

#[test]
fn with_gradual_unfreezing_the_head_learns_first() {
    let task = Task::new("resnet14");
    let recipe = Recipe {
        gradual: true,
        ..recipe(Trains::LastTwo)
    };
    let mut changed_at = Vec::new();
    task.watched(&recipe, None, &mut |now| {
        let model = now.model();
        let has = |prefix: &str| {
            task.changed(&model)
                .iter()
                .any(|name| name.starts_with(prefix))
        };
        changed_at.push([has("layer3"), has("layer4")]);
        ControlFlow::Continue(())
    })
    .unwrap();
    // Three equal parts of six steps: the head, then layer4 too, then layer3 too.
    let first = |idx: usize| changed_at.iter().position(|c| c[idx]);
    assert_eq!((first(1), first(0)), (Some(3), Some(5)));
}

/// A test of so many rates, from a start.
fn tested(
    task: &Task,
    start: &Model,
    (steps, threads): (usize, usize),
    watch: &mut (dyn FnMut() -> ControlFlow<()> + Send),
) -> RateTest {
    let recipe = recipe(Trains::Last);
    let inputs = task.inputs(&recipe);
    let examples = Examples {
        inputs: &inputs,
        rows: &task.rows,
        labels: &task.labels,
    };
    let range = RateRange {
        steps,
        ..RateRange::DEFAULT
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    let training = Training {
        start,
        examples,
        recipe: &recipe,
        seed: Seed(9),
        identity: "",
    };
    pool.install(|| rate_test(training, range, watch)).unwrap()
}

#[test]
fn a_test_of_rates_is_the_same_for_any_number_of_threads_and_leaves_the_start() {
    let task = Task::new("efficientnet_lite0");
    let (start, before) = (task.start(), task.start());
    let mut watch = || ControlFlow::Continue(());
    let [alone, shared] = [1, 3].map(|threads| tested(&task, &start, (30, threads), &mut watch));
    assert_eq!(alone, shared);
    assert_eq!(start.backbone.weights, before.backbone.weights);
    assert_eq!(start.head, before.head);
    // It did train: rates rise, and what the loss was at first is what guessing costs.
    let tried = &alone.tried;
    assert!(tried.is_sorted_by(|a, b| a.rate < b.rate), "{tried:?}");
    assert_eq!(tried[0].rate, RateRange::DEFAULT.least);
    assert!((tried[0].loss - 3f64.ln()).abs() < 1e-6, "{:?}", tried[0]);
    assert_eq!(tried[0].loss, tried[0].before);
    let is_at_start = |t: &TriedRate| (t.before - 3f64.ln()).abs() < 1e-6;
    assert!(tried.iter().all(is_at_start), "{tried:?}");
    let moved = tried.iter().any(|t| (t.loss - tried[0].loss).abs() > 0.05);
    assert!(moved, "{tried:?}");
    assert_ne!(alone.end, RateTestEnd::Stopped);
}

#[test]
fn a_test_of_rates_ends_where_it_is_told_to() {
    let task = Task::new("resnet14");
    // Asked before each of the ten batches at the start, then before each step.
    let mut asked = 0;
    let mut watch = || {
        asked += 1;
        match asked {
            14.. => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    };
    let test = tested(&task, &task.start(), (10, 1), &mut watch);
    assert_eq!((test.tried.len(), test.end), (3, RateTestEnd::Stopped));
}
