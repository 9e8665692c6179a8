//! What a training starts from and comes to: a network and a head on its features.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::Inputs;
use crate::head::Fitted;
use crate::weights::Stored;
use crate::{Backbone, LearnError};

/// Photos that go through the network together.
const AT_ONCE: usize = 8;
/// Name of a head that learned together with its network.
pub const TUNED_HEAD: &str = "tuned";

/// A network and a linear head on the means of its last stage.
#[derive(Clone, Debug)]
pub struct Model {
    /// The network.
    pub backbone: Backbone,
    /// The head.
    pub head: Fitted,
}

impl Model {
    /// The model before fine-tuning: a network and the head that was fitted on its features.
    ///
    /// Features are brought to variance 1 and the temperature goes into the weights, so that losses start calibrated and a step of
    /// the optimiser means the same for every feature. Probabilities stay what they are, but for rounding.
    ///
    /// # Errors
    /// [`LearnError::Shape`] for heads that are not linear.
    pub fn start(backbone: &Backbone, head: &Fitted) -> Result<Model, LearnError> {
        let features = backbone.stages[backbone.stages.len() - 1].channels;
        let is_linear = head.neighbours.is_none() && !head.unit_length;
        if !is_linear || head.mean.len() != features {
            return Err(LearnError::Shape {
                what: format!("the head `{}`", head.head),
                expected: format!("a linear one on {features} features"),
                found: format!("one on {}", head.mean.len()),
            });
        }
        // A head's standardised features have the variance 1 / d.
        let wider = (features as f64).sqrt();
        let mut head = head.clone();
        head.scale.iter_mut().for_each(|s| *s *= wider);
        let smaller = 1.0 / (wider * head.temperature);
        head.weights.iter_mut().for_each(|w| *w *= smaller);
        head.bias.iter_mut().for_each(|b| *b /= head.temperature);
        head.temperature = 1.0;
        head.head = TUNED_HEAD.into();
        head.setting = None;
        Ok(Model {
            backbone: backbone.clone(),
            head,
        })
    }

    /// A network that has learned nothing, with a head of zeros for these classes.
    pub fn untrained(backbone: &Backbone, n_classes: usize, n_images: usize) -> Model {
        let features = backbone.stages[backbone.stages.len() - 1].channels;
        Model {
            backbone: backbone.clone(),
            head: Fitted {
                head: TUNED_HEAD.into(),
                mean: vec![0.0; features],
                scale: vec![1.0; features],
                unit_length: false,
                weights: vec![0.0; features * n_classes],
                neighbours: None,
                bias: vec![0.0; n_classes],
                temperature: 1.0,
                setting: None,
                n_images,
            },
        }
    }

    /// Every number between two models: (1 − α)·start + α·tuned.
    ///
    /// Source: M. Wortsman et al., "Robust fine-tuning of zero-shot models" (CVPR 2022), equation 1.
    ///
    /// # Panics
    /// If the models are of different shapes.
    pub fn blend(start: &Model, tuned: &Model, alpha: f64) -> Model {
        if alpha == 1.0 {
            return tuned.clone();
        }
        let between = |a: f64, b: f64| match a == b {
            // Infinite where a class is not there: it stays so.
            true => a,
            false => a + alpha * (b - a),
        };
        let mut changed = BTreeMap::new();
        if alpha != 0.0 {
            for (name, tuned) in &tuned.backbone.weights.tensors {
                let start = &start.backbone.weights.tensors[name];
                if start != tuned {
                    let values = start.to_f32().into_iter().zip(tuned.to_f32());
                    let values: Vec<f32> = values
                        .map(|(a, b)| between(a.into(), b.into()) as f32)
                        .collect();
                    changed.insert(name.clone(), Stored::from_f32(tuned.shape.clone(), &values));
                }
            }
        }
        let mix = |a: &[f64], b: &[f64]| -> Vec<f64> {
            assert_eq!(a.len(), b.len(), "heads of one shape");
            a.iter().zip(b).map(|(a, b)| between(*a, *b)).collect()
        };
        let (a, b) = (&start.head, &tuned.head);
        Model {
            backbone: start.backbone.with_tensors(changed),
            head: Fitted {
                mean: mix(&a.mean, &b.mean),
                scale: mix(&a.scale, &b.scale),
                weights: mix(&a.weights, &b.weights),
                bias: mix(&a.bias, &b.bias),
                ..b.clone()
            },
        }
    }

    /// Logits `[photos, classes]` of photos as a prediction sees them, in f64, row-major.
    ///
    /// # Errors
    /// [`LearnError::Disk`] when inputs are kept on a disk that fails.
    pub fn logits(&self, inputs: &Inputs, photos: &[usize]) -> Result<Vec<f64>, LearnError> {
        let of_some = |photos: &[usize]| -> Result<Vec<f64>, LearnError> {
            let x = inputs.plain(photos)?;
            let stages = inputs.cut()..self.backbone.stages.len();
            let features = self.backbone.forward_between(stages, x, &mut |_, _| {});
            let features: Vec<f64> = features.spatial_mean().into_iter().map(f64::from).collect();
            Ok(self.head.logits(&features))
        };
        let parts: Result<Vec<Vec<f64>>, LearnError> =
            photos.par_chunks(AT_ONCE).map(of_some).collect();
        Ok(parts?.concat())
    }
}
