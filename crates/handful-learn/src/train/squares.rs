//! The photos that a training sees: squares as a prediction sees them, and windows of a slightly wider view.

use handful_expand::Policy;
use handful_image::{Pixels, Preprocessing, resize};
use handful_stats::Seed;
use rand::RngExt;

/// How much wider the view is that windows are cut from: an eighth, as the field's 256 px for windows of 224.
const WIDER: f64 = 1.125;

/// Prepared photos of one training, all of them.
#[derive(Clone, Debug)]
pub struct Squares {
    /// How a prediction prepares a photo.
    pub preprocessing: Preprocessing,
    /// Each photo as a prediction sees it.
    plain: Vec<Pixels>,
    /// Each photo with more pixels, from which windows are cut.
    wide: Vec<Pixels>,
}

impl Squares {
    /// How photos are prepared that windows are cut from.
    pub fn wide(preprocessing: &Preprocessing) -> Preprocessing {
        Preprocessing {
            size_px: (preprocessing.size_px as f64 * WIDER).round() as usize,
            ..*preprocessing
        }
    }

    /// Bytes that a photo takes.
    pub fn bytes(size_px: usize) -> usize {
        let wide = (size_px as f64 * WIDER).round() as usize;
        3 * (size_px * size_px + wide * wide)
    }

    /// Photos prepared by `preprocessing`, and the same ones prepared by [`Squares::wide`] of it.
    ///
    /// # Panics
    /// When they don't have these sizes.
    pub fn new(preprocessing: Preprocessing, plain: Vec<Pixels>, wide: Vec<Pixels>) -> Squares {
        let is = |pixels: &Pixels, px: usize| (pixels.width, pixels.height) == (px, px);
        let wide_px = Squares::wide(&preprocessing).size_px;
        assert_eq!(plain.len(), wide.len(), "each photo twice");
        assert!(plain.iter().all(|p| is(p, preprocessing.size_px)));
        assert!(wide.iter().all(|p| is(p, wide_px)));
        Squares {
            preprocessing,
            plain,
            wide,
        }
    }

    /// Photos.
    pub fn len(&self) -> usize {
        self.plain.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.plain.is_empty()
    }

    /// A photo as a prediction sees it.
    pub fn plain(&self, photo: usize) -> &Pixels {
        &self.plain[photo]
    }

    /// All photos as a prediction sees them.
    pub fn all_plain(&self) -> &[Pixels] {
        &self.plain
    }

    /// What a training sees of a photo: a view by the policy, or without one a [`Squares::window`]. The same one for the same seed, photo
    /// and view.
    pub fn view(
        &self,
        photo: usize,
        view: u64,
        seed: Seed,
        side_px: usize,
        policy: Option<&Policy>,
    ) -> Pixels {
        let Some(policy) = policy else {
            return self.window(photo, view, seed, side_px);
        };
        let wide = &self.wide[photo];
        let view = policy.view(seed, view, photo as u64, [wide.width, wide.height]);
        view.sized(wide, [side_px, side_px])
    }

    /// A random window of a photo, brought to a side of `side_px`: at least as many pixels as a prediction sees, at most the whole
    /// wider view. The same one for the same seed, photo and view.
    pub fn window(&self, photo: usize, view: u64, seed: Seed, side_px: usize) -> Pixels {
        let (size, wide) = (self.preprocessing.size_px, &self.wide[photo]);
        let mut random = seed.derive("photo", photo as u64).stream("view", view);
        let side = random.random_range(size..=wide.width);
        let left = random.random_range(0..=wide.width - side);
        let top = random.random_range(0..=wide.height - side);
        resize(&wide.part(left, top, side, side), side_px, side_px)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Backbone;
    use handful_image::Geometry;

    #[test]
    fn windows_are_parts_of_the_photo_and_the_same_for_the_same_seed() {
        let backbone = Backbone::untrained("efficientnet_lite0", 1).unwrap();
        let preprocessing = backbone.preprocessing(Geometry::CenterCrop, 32);
        let slope = |side: usize| Pixels {
            width: side,
            height: side,
            data: (0..side * side)
                .flat_map(|i| [(i % side * 255 / (side - 1)) as u8, 0, 255])
                .collect(),
        };
        let squares = Squares::new(preprocessing, vec![slope(32)], vec![slope(36)]);
        let windows: Vec<Pixels> = (0..50).map(|v| squares.window(0, v, Seed(1), 32)).collect();
        assert_eq!(windows[7], squares.window(0, 7, Seed(1), 32));
        assert_ne!(windows[7], squares.window(0, 7, Seed(2), 32));
        for window in &windows {
            assert_eq!((window.width, window.height), (32, 32));
            // The slope goes on rising, over at least 31 of 35 pixels.
            let ends = [window.pixel(0, 5)[0], window.pixel(31, 5)[0]];
            assert!(ends[1] - ends[0] >= 215, "{ends:?}");
            assert!(window.data.chunks_exact(3).all(|p| p[1..] == [0, 255]));
        }
        let first: std::collections::BTreeSet<u8> =
            windows.iter().map(|w| w.pixel(0, 0)[0]).collect();
        assert!(first.len() > 2, "{first:?}");
    }
}
