//! What is taken out of a backbone: the spatial means of some of its stages.

use handful_image::{Pixels, Preprocessing};
use handful_kernel::Isa;
use rayon::prelude::*;

use crate::backbone::Precision;
use crate::{Backbone, LearnError};

/// Counted up whenever the numbers that leave this module change for the same input: part of every cache key.
pub const KERNEL_GENERATION: u32 = 2;
/// Pixels that go through the network together: few enough for the nearer caches, and of small images enough that the weights
/// of the last stages are read for several of them.
const PIXELS_AT_ONCE: usize = 65_536;

/// How numbers and sums are rounded on this machine: part of every cache key, because a cache may lie on a shared disk.
pub fn arithmetic(precision: Precision) -> &'static str {
    match (precision, Isa::best().is_fused()) {
        (Precision::Float32, true) => "f32, fused",
        (Precision::Float32, false) => "f32, rounded twice",
        // Products are exact: all machines round alike.
        (Precision::Bfloat16, _) => "bf16, summed in f32",
    }
}

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
    if images.is_empty() || taps.is_empty() {
        return Vec::new();
    }
    let mut features = vec![0.0f32; images.len() * taps.len()];
    let at_once = (PIXELS_AT_ONCE / (images[0].height * images[0].width)).max(1);
    features
        .par_chunks_mut(at_once * taps.len())
        .zip(images.par_chunks(at_once))
        .for_each(|(rows, images)| some(backbone, images, preprocessing, taps, rows));
    features
}

/// The rows of a few images.
fn some(
    backbone: &Backbone,
    images: &[Pixels],
    preprocessing: &Preprocessing,
    taps: &Taps,
    rows: &mut [f32],
) {
    let n_stages = taps.stages.last().map_or(0, |deepest| deepest + 1);
    let is_tapped = |stage| taps.span(stage).is_some();
    backbone.visit_means(
        images,
        preprocessing,
        n_stages,
        is_tapped,
        &mut |stage, means| {
            let Some(span) = taps.span(stage) else { return };
            for (row, mean) in rows
                .chunks_exact_mut(taps.len())
                .zip(means.chunks_exact(span.len()))
            {
                row[span.clone()].copy_from_slice(mean);
            }
        },
    );
}
