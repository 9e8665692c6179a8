//! What is taken out of a backbone: the spatial means of some of its stages.

use handful_expand::{View, named};
use handful_image::{Pixels, Preprocessing};
use handful_kernel::Isa;
use handful_stats::Seed;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

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

/// Which views of a photo its features are the mean of. A model predicts with the views that its head was fitted on.
///
/// Source: recipe 1.1 in small-data.md, "Views"; averaging over a photo and its mirror image is as old as A. Krizhevsky et al. (NIPS
/// 2012), there over predictions.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Views {
    /// The photo as it is.
    #[default]
    AsIs,
    /// The photo and its mirror image.
    Mirrored,
}

impl Views {
    /// How many there are.
    pub fn count(self) -> usize {
        match self {
            Views::AsIs => 1,
            Views::Mirrored => 2,
        }
    }

    /// Whether it is the photo alone.
    pub fn is_as_is(&self) -> bool {
        *self == Views::AsIs
    }
}

/// As [`pooled`], the mean over views of each image.
pub fn pooled_over(
    views: Views,
    backbone: &Backbone,
    images: &[Pixels],
    preprocessing: &Preprocessing,
    taps: &Taps,
) -> Vec<f32> {
    let mut features = pooled(backbone, images, preprocessing, taps);
    match views {
        Views::AsIs => {}
        Views::Mirrored => {
            let mirrored: Vec<Pixels> = images.par_iter().map(mirrored).collect();
            let of_mirrored = pooled(backbone, &mirrored, preprocessing, taps);
            for (value, other) in features.iter_mut().zip(of_mirrored) {
                *value = 0.5 * (*value + other);
            }
        }
    }
    features
}

fn mirrored(image: &Pixels) -> Pixels {
    let op = named("horizontal_flip").expect("a built-in operation");
    let size = [image.width, image.height];
    // Nothing is drawn for it.
    View::by(op, 1.0, size, &mut Seed(0).stream("mirrored", 0)).of(image)
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

#[cfg(test)]
mod tests {
    use handful_image::Geometry;

    use super::*;

    #[test]
    fn a_photo_and_its_mirror_image_have_the_same_mirrored_features() {
        let backbone = Backbone::untrained("resnet14", 1).unwrap();
        let preprocessing = backbone.preprocessing(Geometry::CenterCrop, 32);
        let last = backbone.stages.last().unwrap().name.clone();
        let taps = Taps::new(&backbone, &[last]).unwrap();
        let photo = Pixels {
            width: 32,
            height: 32,
            data: (0..3 * 32 * 32).map(|i| (i * i / 7 % 251) as u8).collect(),
        };
        let both = [photo.clone(), mirrored(&photo)];
        assert_eq!(mirrored(&both[1]), photo);
        let of = |views| pooled_over(views, &backbone, &both, &preprocessing, &taps);
        let as_is = of(Views::AsIs);
        let (one, other) = as_is.split_at(taps.len());
        assert_ne!(one, other);
        let mean: Vec<f32> = one.iter().zip(other).map(|(a, b)| 0.5 * (a + b)).collect();
        assert_eq!(of(Views::Mirrored), [mean.clone(), mean].concat());
    }
}
