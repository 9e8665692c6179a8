//! What the learning part of a network sees: pixels, or what a frozen prefix made of them, which is computed once and kept in half
//! precision.
//!
//! How much is kept changes no number of a training: views that there is no room for are computed again whenever they are looked at,
//! and rounded as the kept ones are.

use half::f16;
use half::slice::HalfFloatSliceExt;
use handful_expand::Policy;
use handful_image::Pixels;
use handful_kernel::{Buffer, Size};
use handful_stats::Seed;
use rand::RngExt;
use rayon::prelude::*;

use super::Squares;
use super::halves::{Halves, Place};
use super::mixing::Mixed;
use crate::backbone::Maps;
use crate::{Backbone, LearnError};

/// Photos that go through the prefix together.
const AT_ONCE: usize = 8;

/// Inputs of the stages from a cut on, for all photos of a training.
#[derive(Debug)]
pub struct Inputs<'a> {
    squares: &'a Squares,
    backbone: &'a Backbone,
    /// The first stage that learns.
    cut: usize,
    seed: Seed,
    /// What makes views; none: windows.
    policy: Option<Policy>,
    /// So many views of each photo, the first of them as a prediction sees it; none: new windows each time.
    kept: Option<Kept>,
}

/// Outputs of a frozen prefix.
#[derive(Debug)]
struct Kept {
    views: usize,
    /// Of the first photos, as many as there was room for: `[photos, views, h, w, channels]`.
    outputs: Halves,
    n_photos: usize,
}

/// Where outputs of a frozen prefix are kept, and how many.
#[derive(Debug)]
pub struct Shelf {
    /// Where.
    pub place: Place,
    /// Room, in bytes; what is over is computed again in every step.
    pub most_bytes: u64,
}

impl Shelf {
    /// In memory, all of them.
    pub fn memory() -> Shelf {
        Shelf {
            place: Place::Memory,
            most_bytes: u64::MAX,
        }
    }
}

impl<'a> Inputs<'a> {
    /// Windows are made whenever they are asked for, and go through the stages before `cut` each time.
    pub fn fresh(
        squares: &'a Squares,
        backbone: &'a Backbone,
        cut: usize,
        seed: Seed,
    ) -> Inputs<'a> {
        Inputs {
            squares,
            backbone,
            cut,
            seed,
            policy: None,
            kept: None,
        }
    }

    /// The same with views made by a policy.
    pub fn by_policy(self, policy: Option<&Policy>) -> Inputs<'a> {
        Inputs {
            policy: policy.cloned(),
            ..self
        }
    }

    /// So many views of each photo instead of new windows: they go through the stages before the cut once. `done` is told of every
    /// photo.
    ///
    /// # Errors
    /// [`LearnError::Disk`] when the disk refuses.
    ///
    /// # Panics
    /// When there is no photo or no view.
    pub fn kept(
        self,
        views: usize,
        shelf: Shelf,
        done: &(dyn Fn(usize) + Sync),
    ) -> Result<Inputs<'a>, LearnError> {
        let n = self.squares.len();
        assert!(views > 0 && n > 0, "something is looked at");
        let of_photo = views * self.length();
        let has_room = shelf.most_bytes / (of_photo * size_of::<f16>()) as u64;
        let n_photos = usize::try_from(has_room).map_or(n, |has_room| has_room.min(n));
        let write = |photo: usize, out: &mut [f16]| {
            let seen: Vec<(usize, usize)> = (0..views).map(|view| (photo, view)).collect();
            let parts = seen.chunks(AT_ONCE);
            for (seen, out) in parts.zip(out.chunks_mut(AT_ONCE * self.length())) {
                out.convert_from_f32_slice(&self.computed(seen).values);
            }
            done(1);
        };
        let outputs = Halves::written(shelf.place, n_photos, of_photo, &write)?;
        done(n - n_photos);
        Ok(Inputs {
            kept: Some(Kept {
                views,
                outputs,
                n_photos,
            }),
            ..self
        })
    }

    /// Bytes that so many views of each photo take behind the prefix.
    pub fn bytes(&self, views: usize) -> u64 {
        (self.squares.len() * views * self.length() * size_of::<f16>()) as u64
    }

    /// Side of the images as a prediction sees them, in pixels.
    pub fn size_px(&self) -> usize {
        self.squares.preprocessing.size_px
    }

    /// The first stage that learns.
    pub fn cut(&self) -> usize {
        self.cut
    }

    /// Photos whose views lie on the shelf.
    pub fn n_kept(&self) -> usize {
        self.kept.as_ref().map_or(0, |kept| kept.n_photos)
    }

    /// A random view of each photo, of images with a side of `side_px`; `turn` counts how often photos have been looked at.
    ///
    /// # Errors
    /// [`LearnError::Disk`] when the disk fails.
    ///
    /// # Panics
    /// When views are kept and the side is not that of a prediction.
    pub fn views(&self, photos: &[usize], turn: u64, side_px: usize) -> Result<Maps, LearnError> {
        let Some(kept) = &self.kept else {
            let views: Vec<Pixels> = photos
                .par_iter()
                .map(|&photo| self.view(photo, turn, side_px))
                .collect();
            return Ok(self.through(&views));
        };
        assert_eq!(side_px, self.size_px(), "views that are kept have one size");
        let view = |&photo: &usize| {
            let drawn = self.seed.derive("view of", photo as u64);
            let view = drawn.stream("turn", turn).random_range(0..kept.views);
            (photo, view)
        };
        self.known(kept, &photos.iter().map(view).collect::<Vec<_>>())
    }

    /// The same, each mixed with its partner's view.
    ///
    /// # Panics
    /// When views are kept: there are no pixels to mix.
    pub(super) fn mixed(&self, photos: &[usize], mixed: &Mixed, turn: u64, side_px: usize) -> Maps {
        assert!(self.kept.is_none(), "a recipe that mixes keeps no views");
        let pair = |(&photo, &partner): (&usize, &usize)| {
            let view = |photo| self.view(photo, turn, side_px);
            mixed.mix.apply(&view(photo), &view(partner))
        };
        let pairs = photos.par_iter().zip(&mixed.partners);
        self.through(&pairs.map(pair).collect::<Vec<Pixels>>())
    }

    /// Each photo as a prediction sees it.
    ///
    /// # Errors
    /// As [`Inputs::views`].
    pub fn plain(&self, photos: &[usize]) -> Result<Maps, LearnError> {
        let first: Vec<(usize, usize)> = photos.iter().map(|&photo| (photo, 0)).collect();
        match &self.kept {
            None => Ok(self.computed(&first)),
            Some(kept) => self.known(kept, &first),
        }
    }

    /// Views that are kept, or would be if there were room: `(photo, view)`.
    fn known(&self, kept: &Kept, wanted: &[(usize, usize)]) -> Result<Maps, LearnError> {
        let length = self.length();
        let (size, channels) = self.shape();
        let mut values = Buffer::new(wanted.len() * length);
        let is_missing = |(photo, _): &&(usize, usize)| *photo >= kept.n_photos;
        let missing: Vec<(usize, usize)> = wanted.iter().filter(is_missing).copied().collect();
        let computed = match missing.is_empty() {
            true => Vec::new(),
            false => {
                let mut halves = vec![f16::ZERO; missing.len() * length];
                halves.convert_from_f32_slice(&self.computed(&missing).values);
                halves
            }
        };
        let mut computed = computed.chunks_exact(length);
        for ((photo, view), out) in wanted.iter().zip(values.chunks_exact_mut(length)) {
            match *photo < kept.n_photos {
                true => {
                    let start = (photo * kept.views + view) * length;
                    kept.outputs.read(start, out)?;
                }
                false => {
                    let halves = computed.next().expect("all that is missing");
                    halves.convert_to_f32_slice(out);
                }
            }
        }
        Ok(Maps {
            n: wanted.len(),
            size,
            channels,
            values,
        })
    }

    /// Views of photos, the first of each as a prediction sees it, behind the prefix.
    fn computed(&self, wanted: &[(usize, usize)]) -> Maps {
        let pixels: Vec<Pixels> = wanted
            .par_iter()
            .map(|&(photo, view)| match view {
                0 => self.squares.plain(photo).clone(),
                _ => self.view(photo, view as u64, self.size_px()),
            })
            .collect();
        self.through(&pixels)
    }

    fn view(&self, photo: usize, view: u64, side_px: usize) -> Pixels {
        let policy = self.policy.as_ref();
        self.squares.view(photo, view, self.seed, side_px, policy)
    }

    fn through(&self, pixels: &[Pixels]) -> Maps {
        let x = Maps::of(pixels, &self.squares.preprocessing);
        self.backbone
            .forward_between(0..self.cut, x, &mut |_, _| {})
    }

    /// Pixels and channels of what comes into the first stage that learns.
    fn shape(&self) -> (Size, usize) {
        let size_px = self.size_px();
        match self.cut.checked_sub(1) {
            None => (Size::square(size_px), 3),
            Some(last) => {
                let stage = &self.backbone.stages[last];
                (Size::square(size_px.div_ceil(stage.stride)), stage.channels)
            }
        }
    }

    /// Numbers of that, for one view.
    fn length(&self) -> usize {
        let (size, channels) = self.shape();
        size.pixels() * channels
    }
}
