//! What the learning part of a network sees: pixels, or what a frozen prefix made of them, which is computed once and kept in half
//! precision.

use half::f16;
use half::slice::HalfFloatSliceExt;
use handful_image::Pixels;
use handful_kernel::{Buffer, Size};
use handful_stats::Seed;
use rand::RngExt;
use rayon::prelude::*;

use super::Squares;
use crate::Backbone;
use crate::backbone::Maps;

/// Photos that go through the prefix together.
const AT_ONCE: usize = 8;

/// Inputs of the stages from a cut on, for all photos of a training.
#[derive(Debug)]
pub enum Inputs<'a> {
    /// New windows each time.
    Fresh {
        /// The photos.
        squares: &'a Squares,
        /// The network whose first stages they go through.
        backbone: &'a Backbone,
        /// The first stage that learns.
        cut: usize,
        /// Seed of the windows.
        seed: Seed,
    },
    /// So many views of each photo, the first of them as a prediction sees it.
    Kept(Kept),
}

/// Outputs of a frozen prefix.
#[derive(Debug)]
pub struct Kept {
    cut: usize,
    views: usize,
    size: Size,
    channels: usize,
    /// `[photos, views, h, w, channels]`
    values: Vec<f16>,
    seed: Seed,
}

impl<'a> Inputs<'a> {
    /// Windows are made whenever they are asked for, and go through the stages before `cut` each time.
    pub fn fresh(
        squares: &'a Squares,
        backbone: &'a Backbone,
        cut: usize,
        seed: Seed,
    ) -> Inputs<'a> {
        Inputs::Fresh {
            squares,
            backbone,
            cut,
            seed,
        }
    }

    /// Runs `views` of each photo through the stages before `cut`; `done` is told of every photo.
    ///
    /// # Panics
    /// When there is no photo or no view.
    pub fn kept(
        squares: &Squares,
        backbone: &Backbone,
        cut: usize,
        views: usize,
        seed: Seed,
        done: &(dyn Fn(usize) + Sync),
    ) -> Inputs<'a> {
        assert!(views > 0 && !squares.is_empty(), "something is looked at");
        let (size, channels) = shape(backbone, cut, squares.preprocessing.size_px);
        let of_photo = views * size.pixels() * channels;
        let mut values = vec![f16::ZERO; squares.len() * of_photo];
        values
            .par_chunks_mut(of_photo)
            .enumerate()
            .for_each(|(photo, out)| {
                let seen: Vec<Pixels> = (0..views)
                    .map(|view| match view {
                        0 => squares.plain(photo).clone(),
                        _ => squares.window(photo, view as u64, seed),
                    })
                    .collect();
                for (seen, out) in seen
                    .chunks(AT_ONCE)
                    .zip(out.chunks_mut(AT_ONCE * size.pixels() * channels))
                {
                    let x = Maps::of(seen, &squares.preprocessing);
                    let x = backbone.forward_between(0..cut, x, &mut |_, _| {});
                    out.convert_from_f32_slice(&x.values);
                }
                done(1);
            });
        Inputs::Kept(Kept {
            cut,
            views,
            size,
            channels,
            values,
            seed,
        })
    }

    /// Bytes that the kept outputs of a prefix take.
    pub fn bytes(
        backbone: &Backbone,
        cut: usize,
        size_px: usize,
        photos: usize,
        views: usize,
    ) -> usize {
        let (size, channels) = shape(backbone, cut, size_px);
        photos * views * size.pixels() * channels * size_of::<f16>()
    }

    /// The first stage that learns.
    pub fn cut(&self) -> usize {
        match self {
            Inputs::Fresh { cut, .. } | Inputs::Kept(Kept { cut, .. }) => *cut,
        }
    }

    /// A random view of each photo; `turn` counts how often photos have been looked at.
    pub fn views(&self, photos: &[usize], turn: u64) -> Maps {
        match self {
            Inputs::Fresh {
                squares,
                backbone,
                cut,
                seed,
            } => {
                let windows: Vec<Pixels> = photos
                    .par_iter()
                    .map(|&photo| squares.window(photo, turn, *seed))
                    .collect();
                through(backbone, *cut, &windows, squares)
            }
            Inputs::Kept(kept) => {
                let view = |&photo: &usize| {
                    let drawn = kept.seed.derive("view of", photo as u64);
                    let view = drawn.stream("turn", turn).random_range(0..kept.views);
                    (photo, view)
                };
                kept.maps(&photos.iter().map(view).collect::<Vec<_>>())
            }
        }
    }

    /// Each photo as a prediction sees it.
    pub fn plain(&self, photos: &[usize]) -> Maps {
        match self {
            Inputs::Fresh {
                squares,
                backbone,
                cut,
                ..
            } => {
                let pixels: Vec<Pixels> =
                    photos.iter().map(|&p| squares.plain(p).clone()).collect();
                through(backbone, *cut, &pixels, squares)
            }
            Inputs::Kept(kept) => {
                kept.maps(&photos.iter().map(|&photo| (photo, 0)).collect::<Vec<_>>())
            }
        }
    }
}

fn through(backbone: &Backbone, cut: usize, pixels: &[Pixels], squares: &Squares) -> Maps {
    let x = Maps::of(pixels, &squares.preprocessing);
    backbone.forward_between(0..cut, x, &mut |_, _| {})
}

/// Pixels and channels of what comes into the stage `cut`.
fn shape(backbone: &Backbone, cut: usize, size_px: usize) -> (Size, usize) {
    match cut.checked_sub(1) {
        None => (Size::square(size_px), 3),
        Some(last) => {
            let stage = &backbone.stages[last];
            (Size::square(size_px.div_ceil(stage.stride)), stage.channels)
        }
    }
}

impl Kept {
    fn maps(&self, wanted: &[(usize, usize)]) -> Maps {
        let length = self.size.pixels() * self.channels;
        let mut values = Buffer::new(wanted.len() * length);
        for ((photo, view), out) in wanted.iter().zip(values.chunks_exact_mut(length)) {
            let start = (photo * self.views + view) * length;
            self.values[start..start + length].convert_to_f32_slice(out);
        }
        Maps {
            n: wanted.len(),
            size: self.size,
            channels: self.channels,
            values,
        }
    }
}
