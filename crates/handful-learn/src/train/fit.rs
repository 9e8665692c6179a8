//! The loop.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use burn::tensor::{Int, Tensor, TensorData, activation};
use handful_stats::Seed;
use rand::seq::SliceRandom;

use super::learner::Learner;
use super::{Balance, Checkpoint, Inputs, Model, Norms, Recipe, norms};
use crate::LearnError;

/// What is learned from.
#[derive(Clone, Copy, Debug)]
pub struct Examples<'a> {
    /// Inputs of all photos.
    pub inputs: &'a Inputs<'a>,
    /// Photos to learn from, as positions in `inputs`.
    pub rows: &'a [usize],
    /// Class of every photo of `inputs`.
    pub labels: &'a [usize],
}

/// One training: everything that decides what comes out of it.
#[derive(Clone, Copy, Debug)]
pub struct Training<'a> {
    /// The model that it starts from.
    pub start: &'a Model,
    /// What is learned from.
    pub examples: Examples<'a>,
    /// How it learns.
    pub recipe: &'a Recipe,
    /// Tells its random draws from those of others.
    pub seed: Seed,
    /// What else tells it from others, as which photos the rows are: a checkpoint of another one is not gone on from.
    pub identity: &'a str,
}

/// Where a training is: shown before every step, and once more behind the last one.
pub struct Now<'a> {
    learner: &'a Learner,
    of: &'a str,
    /// Steps that have been made.
    pub step: usize,
    /// How often each photo has been seen so far.
    pub epoch: f64,
    /// Side of the images of the step that comes, in pixels.
    pub side_px: usize,
    /// Mean loss of the photos that the last step learned from, in nats, as it was before that step; none before the first one.
    pub loss: Option<f64>,
}

impl Now<'_> {
    /// The model as it is now.
    pub fn model(&self) -> Model {
        self.learner.model()
    }

    /// What [`fit`] goes on from.
    pub fn checkpoint(&self) -> Checkpoint {
        self.learner.checkpoint(self.of)
    }
}

/// Trains as the recipe says and returns the model of the last step.
///
/// The same for any number of threads, and whether or not it was interrupted and went on from a checkpoint. `watch` is asked before
/// every step and once more at the end; it may stop the training.
///
/// # Errors
/// [`LearnError::Recipe`] for numbers out of range, [`LearnError::Diverged`] when gradients are no finite numbers,
/// [`LearnError::Disk`] when inputs are kept on a disk that fails.
///
/// # Panics
/// When there is nothing to learn from, or the inputs come from another stage than the recipe's first.
pub fn fit(
    training: Training,
    from: Option<&Checkpoint>,
    watch: &mut (dyn FnMut(&Now) -> ControlFlow<()> + Send),
) -> Result<Model, LearnError> {
    let Training {
        start,
        examples,
        recipe,
        ..
    } = training;
    recipe.check()?;
    assert!(
        !examples.rows.is_empty(),
        "there is something to learn from"
    );
    let cut = recipe.trains.cut(&start.backbone);
    assert_eq!(
        examples.inputs.cut(),
        cut,
        "inputs of the first stage that learns"
    );
    // From within the pool: from outside every step of every layer would wait to be let in.
    rayon::scope(|_| run(training, from, watch))
}

fn run(
    training: Training,
    from: Option<&Checkpoint>,
    watch: &mut (dyn FnMut(&Now) -> ControlFlow<()> + Send),
) -> Result<Model, LearnError> {
    let Training {
        examples, recipe, ..
    } = training;
    let of = fingerprint(&training);
    let (mut steps, present) = Steps::of(training);
    let mut learner = match from.filter(|checkpoint| checkpoint.of == of) {
        // What was found in the photos before the first step is a part of the checkpoint.
        Some(checkpoint) => {
            let mut learner = Learner::new(training.start, recipe, present);
            learner.restore(checkpoint)?;
            learner
        }
        None => at_start(training, present)?,
    };
    let a_step = recipe.batch * recipe.accumulate;
    let mut last_loss = None;
    loop {
        let now = Now {
            step: learner.step,
            epoch: (learner.step * a_step) as f64 / examples.rows.len() as f64,
            side_px: recipe.side_px(learner.step, examples.inputs.size_px()),
            loss: last_loss,
            learner: &learner,
            of: &of,
        };
        if watch(&now).is_break() || learner.step >= recipe.steps {
            return Ok(learner.model());
        }
        let (mut gradients, mut losses) = (Vec::new(), 0.0);
        for part in 0..recipe.accumulate {
            let loss = steps.loss(&mut learner, part)?;
            losses += f64::from(loss.clone().into_scalar::<f32>());
            learner.add_gradients(&loss.backward(), &mut gradients);
        }
        learner.make_step(&gradients, recipe.accumulate, recipe)?;
        last_loss = Some(losses / recipe.accumulate as f64);
    }
}

/// The mean losses that each step of a training would see if nothing were learned: of the same photos and views, at the start. As many as
/// were computed when `watch`, which is asked before each, stopped it.
///
/// # Errors
/// [`LearnError::Disk`] when inputs are kept on a disk that fails.
///
/// # Panics
/// As [`fit`].
pub(super) fn losses_at_start(
    training: Training,
    watch: &mut (dyn FnMut() -> ControlFlow<()> + Send),
) -> Result<Vec<f64>, LearnError> {
    let Training { recipe, .. } = training;
    let (mut steps, present) = Steps::of(training);
    let mut learner = at_start(training, present)?;
    rayon::scope(|_| {
        let mut all = Vec::new();
        while learner.step < recipe.steps && watch().is_continue() {
            let mut losses = 0.0;
            for part in 0..recipe.accumulate {
                let loss = steps.loss(&mut learner, part)?;
                losses += f64::from(loss.into_scalar::<f32>());
            }
            all.push(losses / recipe.accumulate as f64);
            // On to the photos of the next step, without having learned of these.
            learner.step += 1;
        }
        Ok(all)
    })
}

/// What a training begins with.
fn at_start(training: Training, present: Vec<usize>) -> Result<Learner, LearnError> {
    let Training {
        start,
        examples,
        recipe,
        ..
    } = training;
    Ok(match recipe.norms {
        Norms::ReEstimated => {
            let start = norms::re_estimated(start, examples, norms::TOGETHER)?;
            Learner::new(&start, recipe, present)
        }
        Norms::Frozen | Norms::Batch { .. } => Learner::new(start, recipe, present),
    })
}

/// What the steps of a training learn from, and by which loss.
struct Steps<'a> {
    inputs: &'a Inputs<'a>,
    recipe: &'a Recipe,
    loss: Loss<'a>,
    order: Order<'a>,
    seed: Seed,
}

impl<'a> Steps<'a> {
    /// And the classes of its photos, ascending.
    fn of(training: Training<'a>) -> (Steps<'a>, Vec<usize>) {
        let Training {
            examples,
            recipe,
            seed,
            ..
        } = training;
        let present: BTreeSet<usize> = examples.rows.iter().map(|&r| examples.labels[r]).collect();
        let present: Vec<usize> = present.into_iter().collect();
        let steps = Steps {
            inputs: examples.inputs,
            recipe,
            loss: Loss::of(examples, &present, recipe),
            order: Order::new(examples.rows, seed),
            seed,
        };
        (steps, present)
    }

    /// The mean loss of one of the batches of the learner's next step.
    fn loss(&mut self, learner: &mut Learner, part: usize) -> Result<Tensor<1>, LearnError> {
        let Steps { inputs, recipe, .. } = *self;
        let batch = learner.step * recipe.accumulate + part;
        let photos = self.order.batch(batch, recipe.batch);
        let side_px = recipe.side_px(learner.step, inputs.size_px());
        let Some(mixing) = recipe.mixing else {
            let x = inputs.views(&photos, batch as u64, side_px)?; // [batch, h, w, channels]
            let logits = learner.logits(&x, recipe.norms.statistics()); // [batch, present]
            return Ok(self.loss.mean(logits, &photos, learner));
        };
        let mixed = mixing.draw(&photos, self.seed, batch as u64, side_px);
        let x = inputs.mixed(&photos, &mixed, batch as u64, side_px);
        let logits = learner.logits(&x, recipe.norms.statistics());
        let own = self.loss.mean(logits.clone(), &photos, learner);
        let others = self.loss.mean(logits, &mixed.partners, learner);
        Ok(own * mixed.share + others * (1.0 - mixed.share))
    }
}

/// Photos in the order in which they are learned from: all of them in a random order, then all in another one.
struct Order<'a> {
    rows: &'a [usize],
    seed: Seed,
    /// The last order that was drawn.
    drawn: Option<(usize, Vec<usize>)>,
}

impl<'a> Order<'a> {
    fn new(rows: &'a [usize], seed: Seed) -> Order<'a> {
        Order {
            rows,
            seed,
            drawn: None,
        }
    }

    fn batch(&mut self, batch: usize, size: usize) -> Vec<usize> {
        let n = self.rows.len();
        let places = batch * size..(batch + 1) * size;
        places
            .map(|place| self.epoch(place / n)[place % n])
            .collect()
    }

    fn epoch(&mut self, epoch: usize) -> &[usize] {
        if self.drawn.as_ref().is_none_or(|(known, _)| *known != epoch) {
            let mut rows = self.rows.to_vec();
            rows.shuffle(&mut self.seed.stream("epoch", epoch as u64));
            self.drawn = Some((epoch, rows));
        }
        &self.drawn.as_ref().expect("just drawn").1
    }
}

/// Cross-entropy, with what the recipe adds to it.
pub(super) struct Loss<'a> {
    labels: &'a [usize],
    /// Place of each class among those that are there.
    place: Vec<usize>,
    /// What a photo of each of them weighs.
    weights: Option<Vec<f32>>,
    /// What is added to the logits of each of them.
    added: Option<Vec<f32>>,
    smoothing: f64,
}

impl<'a> Loss<'a> {
    pub fn of(examples: Examples<'a>, present: &[usize], recipe: &Recipe) -> Loss<'a> {
        let most = present.last().expect("there is a class") + 1;
        let mut place = vec![usize::MAX; most];
        present.iter().enumerate().for_each(|(i, &c)| place[c] = i);
        let mut counts = vec![0.0f64; present.len()];
        for &row in examples.rows {
            counts[place[examples.labels[row]]] += 1.0;
        }
        let n = examples.rows.len() as f64;
        let of_classes = |value: fn(f64, f64) -> f64| -> Option<Vec<f32>> {
            let k = counts.len() as f64;
            Some(counts.iter().map(|c| value(c / n, k) as f32).collect())
        };
        let (weights, added) = match recipe.balance {
            Balance::None => (None, None),
            Balance::ClassWeights => (of_classes(|share, k| 1.0 / (share * k)), None),
            Balance::LogitAdjustment => (None, of_classes(|share, _| share.ln())),
        };
        Loss {
            labels: examples.labels,
            place,
            weights,
            added,
            smoothing: recipe.label_smoothing,
        }
    }

    /// The mean over a batch of −Σ target · ln softmax(logits), `logits` `[n, classes]`.
    pub fn mean(&self, logits: Tensor<2>, photos: &[usize], learner: &Learner) -> Tensor<1> {
        let [n, k] = logits.dims();
        let device = learner.device();
        let logits = match &self.added {
            Some(added) => {
                logits + Tensor::from_data(TensorData::new(added.clone(), [1, k]), device)
            }
            None => logits,
        };
        let log_p = activation::log_softmax(logits, 1);
        let places: Vec<usize> = photos.iter().map(|&p| self.place[self.labels[p]]).collect();
        let targets: Vec<i64> = places.iter().map(|p| *p as i64).collect();
        let targets = Tensor::<2, Int>::from_data(TensorData::new(targets, [n, 1]), device);
        let mut losses = -log_p.clone().gather(1, targets); // [n, 1]
        if self.smoothing > 0.0 {
            losses = losses * (1.0 - self.smoothing) - log_p.mean_dim(1) * self.smoothing;
        }
        match &self.weights {
            None => losses.mean(),
            Some(weights) => {
                let weights: Vec<f32> = places.iter().map(|&p| weights[p]).collect();
                let sum: f32 = weights.iter().sum();
                let weights = Tensor::<2>::from_data(TensorData::new(weights, [n, 1]), device);
                (losses * weights).sum() / sum
            }
        }
    }
}

/// What tells one training from another.
fn fingerprint(training: &Training) -> String {
    let Training {
        start,
        examples,
        recipe,
        seed,
        identity,
    } = training;
    let mut hasher = blake3::Hasher::new();
    let recipe = serde_json::to_string(recipe).expect("plain data");
    hasher.update(recipe.as_bytes());
    hasher.update(identity.as_bytes());
    hasher.update(start.backbone.weights.digest().as_bytes());
    hasher.update(bytemuck::cast_slice(&start.head.weights));
    let inputs = examples.inputs;
    for value in [seed.0, inputs.cut() as u64, inputs.size_px() as u64] {
        hasher.update(&value.to_le_bytes());
    }
    for &row in examples.rows {
        let pair = [row as u64, examples.labels[row] as u64];
        hasher.update(bytemuck::cast_slice(&pair));
    }
    hasher.finalize().to_hex().to_string()
}
