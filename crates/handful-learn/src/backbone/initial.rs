//! Weights before anything was learned.
//!
//! Source: K. He et al., "Delving deep into rectifiers" (ICCV 2015), equation 14, with a uniform distribution of the same variance and
//! the number of outputs that a weight reaches.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::plan::Plan;
use crate::Weights;
use crate::weights::Stored;

/// Weights of a network that has seen nothing; one seed gives the same ones everywhere.
pub(super) fn weights(plan: &Plan, seed: u64) -> Weights {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut tensors = std::collections::BTreeMap::new();
    for (name, shape) in plan.tensors() {
        let n: usize = shape.iter().product();
        let values: Vec<f32> = match shape[..] {
            [channels_out, of_group, height, width] => {
                let groups = if of_group == 1 { channels_out } else { 1 };
                let reached = channels_out / groups * height * width;
                let bound = (6.0 / reached as f32).sqrt();
                (0..n).map(|_| random.random_range(-bound..bound)).collect()
            }
            // A norm changes nothing at first.
            _ if name.ends_with(".weight") || name.ends_with(".running_var") => vec![1.0; n],
            _ => vec![0.0; n],
        };
        tensors.insert(name, Stored::from_f32(shape, &values));
    }
    Weights {
        tensors,
        metadata: Default::default(),
    }
}
