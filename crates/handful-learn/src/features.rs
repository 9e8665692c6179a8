//! What is taken out of a backbone: the spatial means of some of its stages.

use burn::tensor::Tensor;
use handful_image::{Pixels, Preprocessing};

use crate::{Backbone, LearnError};

/// Counted up whenever the numbers that leave this module change for the same input: part of every cache key.
pub const KERNEL_GENERATION: u32 = 1;

/// Which stages a feature vector is made of, in this order, each as its channels' spatial means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taps {
    /// Indices into [`Backbone::stages`], ascending.
    stages: Vec<usize>,
    /// Where each stage's channels lie in the vector.
    spans: Vec<std::ops::Range<usize>>,
}

impl Taps {
    /// Taps the stages with these names.
    ///
    /// # Errors
    /// [`LearnError::UnknownStage`] for a name that the backbone does not have.
    pub fn new(backbone: &Backbone, names: &[String]) -> Result<Taps, LearnError> {
        let mut stages = names
            .iter()
            .map(|n| backbone.stage_idx(n))
            .collect::<Result<Vec<_>, _>>()?;
        stages.sort_unstable();
        stages.dedup();
        let mut end = 0;
        let spans = stages
            .iter()
            .map(|&s| {
                let start = end;
                end += backbone.stages[s].channels;
                start..end
            })
            .collect();
        Ok(Taps { stages, spans })
    }

    /// Length of a feature vector.
    pub fn len(&self) -> usize {
        self.spans.last().map_or(0, |s| s.end)
    }

    /// Whether no stage is tapped.
    pub fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// Where the channels of the stage with index `stage` lie in a vector, if it is tapped.
    pub fn span(&self, stage: usize) -> Option<std::ops::Range<usize>> {
        self.stages
            .iter()
            .position(|&s| s == stage)
            .map(|i| self.spans[i].clone())
    }
}

/// Feature vectors of a batch of prepared images of one size, one after the other: `[n, taps.len()]`, row-major.
///
/// Each image's numbers depend on that image alone, bit for bit: batches may be cut anywhere.
pub fn pooled(
    backbone: &Backbone,
    images: &[Pixels],
    preprocessing: &Preprocessing,
    taps: &Taps,
) -> Vec<f32> {
    if images.is_empty() {
        return Vec::new();
    }
    let mut features = vec![0.0f32; images.len() * taps.len()];
    let needed = 0..taps.stages.last().map_or(0, |deepest| deepest + 1);
    backbone.forward_between(
        needed,
        backbone.input(images, preprocessing),
        &mut |stage, out| {
            let Some(span) = taps.span(stage) else { return };
            for (row, mean) in features
                .chunks_exact_mut(taps.len())
                .zip(spatial_mean(out).chunks_exact(span.len()))
            {
                row[span.clone()].copy_from_slice(mean);
            }
        },
    );
    features
}

/// `[n, c, h, w]` to `[n, c]`, row-major.
pub fn spatial_mean(x: &Tensor<4>) -> Vec<f32> {
    let [n, c, h, w] = x.dims();
    let mean = x.clone().reshape([n, c, h * w]).mean_dim(2);
    mean.into_data_as::<f32>()
        .try_into_vec::<f32>()
        .expect("the data was just made f32")
}
