//! How a parameter moves: one pass over its numbers a step.

use serde::{Deserialize, Serialize};

use crate::LearnError;

/// Shares that AdamW's means keep of what they were, and what keeps its division finite: PyTorch's defaults.
const BETAS: [f64; 2] = [0.9, 0.999];
const EPSILON: f64 = 1e-8;

/// How steps follow from gradients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Optimiser {
    /// Steps of a size that does not depend on the gradients': frozen norms with tiny variances make some layers' gradients huge, so
    /// that EfficientNet-Lite wants this one.
    ///
    /// Source: I. Loshchilov, F. Hutter, "Decoupled weight decay regularization" (ICLR 2019), algorithm 2.
    #[serde(rename = "adamw")]
    AdamW,
    /// Stochastic gradient descent with Nesterov's momentum, as PyTorch computes it.
    Sgd {
        /// Share of its speed that a parameter keeps, 0 to 1.
        momentum: f64,
    },
}

impl Optimiser {
    pub(super) fn check(&self) -> Result<(), LearnError> {
        match self {
            Optimiser::Sgd { momentum } if !(0.0..1.0).contains(momentum) => {
                Err(LearnError::Recipe {
                    name: "momentum",
                    found: momentum.to_string(),
                    range: "0 to 1".into(),
                })
            }
            Optimiser::AdamW | Optimiser::Sgd { .. } => Ok(()),
        }
    }

    /// How many numbers it remembers for each number of a parameter.
    pub(super) fn n_memories(&self) -> usize {
        match self {
            Optimiser::AdamW => 2,
            Optimiser::Sgd { .. } => 1,
        }
    }
}

/// What a step does to all numbers of a parameter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    pub optimiser: Optimiser,
    /// Steps that this parameter has made before.
    pub n_before: usize,
    /// The rate of this step for this parameter.
    pub rate: f64,
    /// What gradients are multiplied with.
    pub gain: f64,
    /// Pulls, as shares of the rate: towards zero, and towards the start.
    pub decay: f64,
    pub pull: f64,
}

impl Move {
    /// Moves `values` against `gradient`; pulls act on the values before the step and are not a part of the gradient (decoupled).
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn apply(
        self,
        values: &mut [f32],
        gradient: &[f32],
        start: &[f32],
        memories: &mut [Vec<f32>],
    ) {
        assert!(gradient.len() == values.len() && start.len() == values.len());
        let (decay, pull) = (
            (self.rate * self.decay) as f32,
            (self.rate * self.pull) as f32,
        );
        let gain = self.gain as f32;
        let numbers = values.iter_mut().zip(gradient).zip(start);
        match (self.optimiser, memories) {
            (Optimiser::AdamW, [first, second]) => {
                let steps = (self.n_before + 1) as f64;
                let [unbias_first, unbias_second] = BETAS.map(|beta| 1.0 - beta.powf(steps));
                let rate = (self.rate / unbias_first) as f32;
                let unbias_second = unbias_second.sqrt() as f32;
                let [beta_first, beta_second] = BETAS.map(|beta| beta as f32);
                let epsilon = EPSILON as f32;
                let memories = first.iter_mut().zip(second);
                for (((value, gradient), start), (first, second)) in numbers.zip(memories) {
                    let gradient = gradient * gain;
                    *first += (gradient - *first) * (1.0 - beta_first);
                    *second = *second * beta_second + gradient * gradient * (1.0 - beta_second);
                    let size = second.sqrt() / unbias_second + epsilon;
                    let pulled = *value - decay * *value - pull * (*value - start);
                    *value = pulled - rate * *first / size;
                }
            }
            (Optimiser::Sgd { momentum }, [speed]) => {
                let (rate, momentum) = (self.rate as f32, momentum as f32);
                for (((value, gradient), start), speed) in numbers.zip(speed) {
                    let gradient = gradient * gain;
                    *speed = momentum * *speed + gradient;
                    let pulled = *value - decay * *value - pull * (*value - start);
                    *value = pulled - rate * (gradient + momentum * *speed);
                }
            }
            _ => panic!("an optimiser has its memories"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows f(x) = (x − 3)² / 2 for some steps.
    fn follow(optimiser: Optimiser, pull: f64, n: usize) -> f32 {
        let mut memories = vec![vec![0.0]; optimiser.n_memories()];
        let mut x = [1.0f32];
        for n_before in 0..n {
            let step = Move {
                optimiser,
                n_before,
                rate: 0.05,
                gain: 1.0,
                decay: 0.0,
                pull,
            };
            let gradient = [x[0] - 3.0];
            step.apply(&mut x, &gradient, &[1.0], &mut memories);
        }
        x[0]
    }

    #[test]
    fn both_find_the_bottom_and_a_pull_holds_them_back() {
        for optimiser in [Optimiser::AdamW, Optimiser::Sgd { momentum: 0.9 }] {
            let free = follow(optimiser, 0.0, 2000);
            assert!((free - 3.0).abs() < 1e-2, "{optimiser:?}: {free}");
            let held = follow(optimiser, 2.0, 2000);
            assert!(held < 2.9 && held > 1.0, "{optimiser:?}: {held}");
        }
    }

    #[test]
    fn adams_first_step_is_the_rate_whatever_the_gradient() {
        for gradient in [1e-3f32, 1.0, 1e3] {
            let mut x = [0.0f32];
            let step = Move {
                optimiser: Optimiser::AdamW,
                n_before: 0,
                rate: 0.1,
                gain: 1.0,
                decay: 0.0,
                pull: 0.0,
            };
            step.apply(&mut x, &[gradient], &[0.0], &mut [vec![0.0], vec![0.0]]);
            assert!((x[0] + 0.1).abs() < 1e-5, "{}", x[0]);
        }
    }
}
