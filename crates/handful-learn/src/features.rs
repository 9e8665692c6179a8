//! What is taken out of a backbone: the spatial means of some of its stages.

use handful_expand::{View, named};
use handful_image::{Pixels, Preprocessing};
use handful_kernel::Isa;
use handful_stats::Seed;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::backbone::Precision;
use crate::train::Squares;
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

/// Which views of a photo are looked at.
///
/// Source: recipe 1.1 in small-data.md, "Views"; averaging over windows and mirror images is as old as A. Krizhevsky et al. (NIPS
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
    /// The photo, and of a slightly wider square ([`Squares::wide`]) the windows in the corners and in the middle.
    Windows,
}

impl Views {
    /// How many there are.
    pub fn count(self) -> usize {
        match self {
            Views::AsIs => 1,
            Views::Mirrored => 2,
            Views::Windows => 6,
        }
    }

    /// Whether it is the photo alone.
    pub fn is_as_is(&self) -> bool {
        *self == Views::AsIs
    }

    /// For people: what is looked at beside the photo.
    pub fn name(self) -> &'static str {
        match self {
            Views::AsIs => "the photo as it is",
            Views::Mirrored => "mirror images",
            Views::Windows => "windows",
        }
    }

    /// The views of a decoded photo, each as the network wants it; the photo as it is comes first.
    pub fn of(self, photo: &Pixels, preprocessing: &Preprocessing) -> Vec<Pixels> {
        let plain = preprocessing.prepare(photo);
        match self {
            Views::AsIs => vec![plain],
            Views::Mirrored => {
                let mirrored = mirrored(&plain);
                vec![plain, mirrored]
            }
            Views::Windows => {
                let side = preprocessing.size_px;
                let wide = Squares::wide(preprocessing).prepare(photo);
                let most = wide.width - side;
                let windows = [
                    (0, 0),
                    (most, 0),
                    (0, most),
                    (most, most),
                    (most / 2, most / 2),
                ]
                .map(|(left, top)| wide.part(left, top, side, side));
                std::iter::once(plain).chain(windows).collect()
            }
        }
    }
}

/// What a head learns from where several views of each photo are looked at, and what it is asked about later.
///
/// Source: recipe 1.1 in small-data.md, "Views": average and set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// The mean of the views; asked about the mean.
    #[default]
    Mean,
    /// Each view by itself; asked about their mean, which for an affine head is the mean of what it says of each.
    Set,
    /// Each view by itself; asked about the photo as it is, so that a prediction costs no more than without views.
    Training,
}

impl Over {
    /// Whether it is [`Over::Mean`], which also stands where there is one view.
    pub fn is_mean(&self) -> bool {
        *self == Over::Mean
    }
}

/// The mean over so many `views` of each image, `[n, d]`, of features `[n · views, d]`, the views of an image one after the other.
///
/// # Panics
/// When there are not so many views of each image.
pub fn mean_over(views: usize, features: &[f32], d: usize) -> Vec<f64> {
    assert_eq!(features.len() % (views * d), 0, "all views of each image");
    let mean = |of_image: &[f32], j: usize| {
        let values = of_image[j..].iter().step_by(d).map(|v| f64::from(*v));
        values.sum::<f64>() / views as f64
    };
    let of_images = features.chunks_exact(views * d);
    let means = of_images.flat_map(|of| (0..d).map(move |j| mean(of, j)));
    means.collect()
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

    /// An untrained network, what it is shown of photos of this side, and its last stage.
    fn network(side_px: usize) -> (Backbone, Preprocessing, Taps) {
        let backbone = Backbone::untrained("resnet14", 1).unwrap();
        let preprocessing = backbone.preprocessing(Geometry::CenterCrop, side_px);
        let last = backbone.stages.last().unwrap().name.clone();
        let taps = Taps::new(&backbone, &[last]).unwrap();
        (backbone, preprocessing, taps)
    }

    fn photo(side_px: usize) -> Pixels {
        Pixels {
            width: side_px,
            height: side_px,
            data: (0..3 * side_px * side_px)
                .map(|i| (i * i / 7 % 251) as u8)
                .collect(),
        }
    }

    #[test]
    fn a_photo_and_its_mirror_image_have_the_same_mirrored_features() {
        let (backbone, preprocessing, taps) = network(32);
        let both = [photo(32), mirrored(&photo(32))];
        assert_eq!(mirrored(&both[1]), both[0]);
        let of = |views: Views| {
            let prepared = both.iter().flat_map(|p| views.of(p, &preprocessing));
            let prepared: Vec<Pixels> = prepared.collect();
            let each = pooled(&backbone, &prepared, &preprocessing, &taps);
            mean_over(views.count(), &each, taps.len())
        };
        let as_is = of(Views::AsIs);
        let (one, other) = as_is.split_at(taps.len());
        assert_ne!(one, other);
        let mean: Vec<f64> = one.iter().zip(other).map(|(a, b)| 0.5 * (a + b)).collect();
        assert_eq!(of(Views::Mirrored), [mean.clone(), mean].concat());
    }

    #[test]
    fn windows_are_the_photo_and_five_parts_of_a_wider_square_and_their_features_a_mean() {
        let (backbone, preprocessing, taps) = network(32);
        // As wide as the wider square is: nothing is resized for windows.
        let photo = photo(36);
        let views = Views::Windows.of(&photo, &preprocessing);
        assert_eq!(views.len(), Views::Windows.count());
        assert_eq!(views[0], preprocessing.prepare(&photo));
        let corners = [(0, 0), (4, 0), (0, 4), (4, 4), (2, 2)];
        for (window, (left, top)) in views[1..].iter().zip(corners) {
            assert_eq!(*window, photo.part(left, top, 32, 32));
        }
        let each = pooled(&backbone, &views, &preprocessing, &taps);
        let mean = mean_over(6, &each, taps.len());
        assert_eq!(mean.len(), taps.len());
        for (at, mean) in mean.iter().enumerate() {
            let all: f64 = (0..6).map(|v| f64::from(each[v * taps.len() + at])).sum();
            assert!(
                (mean - all / 6.0).abs() < 1e-12 * (1.0 + all.abs()),
                "{at}: {mean}"
            );
        }
    }
}
