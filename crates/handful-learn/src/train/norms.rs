//! Which mean and variance do norms go by while a network learns?
//!
//! Those of its pretraining, as long as there are few photos: a batch of them is too small to tell others. Where photos look unlike
//! those of the pretraining, statistics can be found again on them, before anything learns, and stay from then on.
//!
//! Sources: Y. Li et al., "Revisiting batch normalization for practical domain adaptation" (2016), AdaBN; P. Izmailov et al.,
//! "Averaging weights leads to wider optima and better generalization" (UAI 2018), section 3.2, whose pass is PyTorch's `update_bn`.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::learner::Values;
use super::{Examples, Model};
use crate::LearnError;
use crate::backbone::{Part, Statistics, Trainable};
use crate::weights::Stored;

/// Photos whose moments are taken together.
pub(super) const TOGETHER: usize = 64;

/// What norms go by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Norms {
    /// The statistics of the model that the training starts from.
    #[default]
    Frozen,
    /// Those of the training photos, found before the first step in the stages that learn, and frozen then. The head still knows the
    /// features of before.
    ReEstimated,
    /// Those of each batch; what predictions go by moves towards them.
    Batch {
        /// Share that a batch replaces, 0 to 1; PyTorch's default is 0.1.
        momentum: f64,
    },
}

impl Norms {
    /// What norms go by in a step.
    pub fn statistics(self) -> Statistics {
        match self {
            Norms::Frozen | Norms::ReEstimated => Statistics::Frozen,
            Norms::Batch { momentum } => Statistics::Batch { momentum },
        }
    }
}

/// The same model with statistics of the photos to learn from, each as a prediction sees it, in the stages behind the inputs' cut.
///
/// One pass: every norm goes by the moments of up to `together` photos and keeps their mean over all such batches, the variance
/// unbiased. As in `update_bn`, but that batches count by their photos, and that each takes photos from all over the rows: these come
/// class after class, and a variance within classes alone would be too small.
///
/// # Errors
/// [`LearnError::Disk`] when inputs are kept on a disk that fails.
pub(super) fn re_estimated(
    start: &Model,
    examples: Examples,
    together: usize,
) -> Result<Model, LearnError> {
    let Examples { inputs, rows, .. } = examples;
    let (backbone, cut) = (&start.backbone, inputs.cut());
    let device = Device::flex().autodiff();
    // Without gradients, and statistics move all the same: nothing is kept for a way back.
    let mut network = Trainable::of(backbone, cut.., &device).no_grad();
    let n_batches = rows.len().div_ceil(together);
    let mut seen = 0.0;
    for batch in 0..n_batches {
        let photos: Vec<usize> = rows
            .iter()
            .copied()
            .skip(batch)
            .step_by(n_batches)
            .collect();
        let n = photos.len() as f64;
        seen += n;
        let x = inputs.plain(&photos)?.to_tensor(&device);
        network.forward(x, Statistics::Batch { momentum: n / seen });
    }
    let mut values = Values(Vec::new());
    network.visit(&mut values);
    let tensors = backbone.tensors_from(cut).into_iter().zip(values.0);
    let is_statistic = |part: Part| matches!(part, Part::Mean | Part::Variance);
    let changed: BTreeMap<String, Stored> = tensors
        .filter(|(tensor, _)| is_statistic(tensor.part))
        .map(|(tensor, values)| (tensor.name, Stored::from_f32(tensor.shape, &values)))
        .collect();
    Ok(Model {
        backbone: backbone.with_tensors(changed),
        head: start.head.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Backbone;
    use crate::backbone::Maps;
    use crate::train::{Inputs, Squares};
    use handful_image::{Geometry, Pixels};
    use handful_stats::Seed;
    use rand::RngExt;

    const SIZE_PX: usize = 16;
    const N_PHOTOS: usize = 14;
    /// The last stage of `resnet14`, by its index.
    const CUT: usize = 4;
    /// Float32 through two convolutions and a norm, as a share of the largest number.
    const TOLERANCE: f64 = 1e-4;

    /// Maps in double precision, channels-last.
    struct Doubles {
        n: usize,
        side: usize,
        channels: usize,
        values: Vec<f64>,
    }

    impl Doubles {
        fn of(maps: &Maps) -> Doubles {
            Doubles {
                n: maps.n,
                side: maps.size.height,
                channels: maps.channels,
                values: maps.values.iter().map(|v| f64::from(*v)).collect(),
            }
        }

        fn at(&self, image: usize, y: isize, x: isize, channel: usize) -> f64 {
            let side = self.side as isize;
            if !(0..side).contains(&y) || !(0..side).contains(&x) {
                return 0.0;
            }
            let pixel = (image * self.side + y as usize) * self.side + x as usize;
            self.values[pixel * self.channels + channel]
        }

        /// A convolution that keeps the middle of its kernel on the map.
        fn convolved(&self, weights: &Stored, stride: usize) -> Doubles {
            let [channels, _, kernel, _] = weights.shape[..] else {
                panic!("a convolution")
            };
            let w = weights.to_f32();
            let side = self.side.div_ceil(stride);
            let before = (kernel / 2) as isize;
            let mut values = Vec::new();
            for image in 0..self.n {
                for place in 0..side * side {
                    let corner = [place / side, place % side].map(|p| (p * stride) as isize);
                    for out in 0..channels {
                        let mut sum = 0.0;
                        for (i, w) in w[out * self.channels * kernel * kernel..]
                            .iter()
                            .take(self.channels * kernel * kernel)
                            .enumerate()
                        {
                            let (channel, y, x) =
                                (i / (kernel * kernel), i / kernel % kernel, i % kernel);
                            let y = corner[0] + y as isize - before;
                            let x = corner[1] + x as isize - before;
                            sum += f64::from(*w) * self.at(image, y, x, channel);
                        }
                        values.push(sum);
                    }
                }
            }
            Doubles {
                n: self.n,
                side,
                channels,
                values,
            }
        }

        /// Means and biased variances of the channels.
        fn moments(&self) -> Vec<(f64, f64)> {
            let pixels = self.values.len() / self.channels;
            let of = |c: usize| self.values.iter().skip(c).step_by(self.channels);
            (0..self.channels)
                .map(|c| {
                    let mean = of(c).sum::<f64>() / pixels as f64;
                    let squares = of(c).map(|v| (v - mean).powi(2)).sum::<f64>();
                    (mean, squares / pixels as f64)
                })
                .collect()
        }

        /// Normalised by its own moments, without what is below zero.
        fn activated(mut self, gain: &[f32], bias: &[f32], epsilon: f64) -> Doubles {
            let moments = self.moments();
            for (i, v) in self.values.iter_mut().enumerate() {
                let c = i % self.channels;
                let (mean, variance) = moments[c];
                let z = (*v - mean) / (variance + epsilon).sqrt();
                *v = (z * f64::from(gain[c]) + f64::from(bias[c])).max(0.0);
            }
            self
        }
    }

    fn photos(size: usize) -> Vec<Pixels> {
        let photo = |i: u64| {
            let mut random = Seed(i).stream("pixels", size as u64);
            let value = |_| random.random_range(0..=255u8);
            Pixels {
                width: size,
                height: size,
                data: (0..3 * size * size).map(value).collect(),
            }
        };
        (0..N_PHOTOS as u64).map(photo).collect()
    }

    #[test]
    fn statistics_are_the_mean_moments_of_the_training_photos_layer_after_layer() {
        let backbone = Backbone::untrained("resnet14", 5).unwrap();
        let preprocessing = backbone.preprocessing(Geometry::Squash, SIZE_PX);
        let wide_px = Squares::wide(&preprocessing).size_px;
        let squares = Squares::new(preprocessing, photos(SIZE_PX), photos(wide_px));
        let inputs = Inputs::fresh(&squares, &backbone, CUT, Seed(0));
        // Three photos are held out.
        let rows: Vec<usize> = (0..N_PHOTOS - 3).collect();
        let examples = Examples {
            inputs: &inputs,
            rows: &rows,
            labels: &[0; N_PHOTOS],
        };
        let start = Model::untrained(&backbone, 2, rows.len());
        let found = re_estimated(&start, examples, 5).unwrap().backbone.weights;

        // By hand: eleven photos in batches of four, four and three.
        let tensor = |name: &str| &backbone.weights.tensors[&format!("layer4.0.{name}")];
        let mut expected: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
        for batch in 0..3 {
            let photos: Vec<usize> = (batch..rows.len()).step_by(3).collect();
            let x = Doubles::of(&inputs.plain(&photos).unwrap());
            let first = x.convolved(tensor("conv1.weight"), 2);
            let beside = x.convolved(tensor("downsample.0.weight"), 2);
            let mut add = |norm: &'static str, maps: &Doubles| {
                let pixels = (maps.values.len() / maps.channels) as f64;
                let share = photos.len() as f64 / rows.len() as f64;
                let sums = expected
                    .entry(norm)
                    .or_insert_with(|| vec![(0.0, 0.0); maps.channels]);
                for (sum, (mean, variance)) in sums.iter_mut().zip(maps.moments()) {
                    sum.0 += share * mean;
                    sum.1 += share * variance * pixels / (pixels - 1.0);
                }
            };
            add("bn1", &first);
            add("downsample.1", &beside);
            let (gain, bias) = (tensor("bn1.weight"), tensor("bn1.bias"));
            let epsilon = backbone.norm_epsilon();
            let first = first.activated(&gain.to_f32(), &bias.to_f32(), epsilon);
            add("bn2", &first.convolved(tensor("conv2.weight"), 1));
        }
        for (norm, expected) in &expected {
            let of = |part: &str| found.tensors[&format!("layer4.0.{norm}.{part}")].to_f32();
            let found = of("running_mean").into_iter().zip(of("running_var"));
            let largest = |value: fn(&(f64, f64)) -> f64| {
                expected.iter().map(value).map(f64::abs).fold(0.0, f64::max)
            };
            let (mean, variance) = (largest(|e| e.0), largest(|e| e.1));
            for (idx, (found, expected)) in found.zip(expected).enumerate() {
                let off = (f64::from(found.0) - expected.0).abs() / mean;
                assert!(off < TOLERANCE, "mean {idx} of {norm} is {off} off");
                let off = (f64::from(found.1) - expected.1).abs() / variance;
                assert!(off < TOLERANCE, "variance {idx} of {norm} is {off} off");
            }
        }
        // Nothing else moved.
        let is_moved = |name: &String| found.tensors[name] != start.backbone.weights.tensors[name];
        let moved: Vec<&String> = found.tensors.keys().filter(|name| is_moved(name)).collect();
        assert_eq!(moved.len(), 6, "{moved:?}");
    }

    #[test]
    fn recipes_name_them_as_data() {
        for (norms, text) in [
            (Norms::Frozen, r#""frozen""#),
            (Norms::ReEstimated, r#""re-estimated""#),
            (
                Norms::Batch { momentum: 0.1 },
                r#"{"batch":{"momentum":0.1}}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&norms).unwrap(), text);
            assert_eq!(serde_json::from_str::<Norms>(text).unwrap(), norms);
        }
    }
}
