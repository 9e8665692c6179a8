//! What the guard sees of a picture: what is shown, where, and how edges run.

use handful_image::{HOG_LENGTH, Pixels, Preprocessing, hog};
use rayon::prelude::*;

use crate::Backbone;
use crate::backbone::Maps;

/// Parts of a side: a map is averaged in 3 × 3 of them, so that mirrored or turned things lie elsewhere.
const GRID: usize = 3;
/// Pictures that go through the network together.
const AT_ONCE: usize = 16;

/// A way to see: the means of the last stage, a middle stage on a grid, and histograms of edges.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    backbone: &'a Backbone,
    preprocessing: Preprocessing,
    middle: usize,
}

impl<'a> Sight<'a> {
    /// Through this network, at this preprocessing.
    pub fn new(backbone: &'a Backbone, preprocessing: Preprocessing) -> Sight<'a> {
        let sets = backbone.stage_sets();
        // The middle one where there is one, else the last.
        let name = &sets.get(1).unwrap_or(&sets[0])[0];
        let middle = backbone.stage_idx(name);
        Sight {
            backbone,
            preprocessing,
            middle: middle.expect("a backbone knows its own stages"),
        }
    }

    /// Numbers of each block; they are weighed alike.
    pub fn widths(&self) -> [usize; 3] {
        let stages = &self.backbone.stages;
        let last = stages.last().expect("a network has stages").channels;
        [last, GRID * GRID * stages[self.middle].channels, HOG_LENGTH]
    }

    /// What is seen of squares of the preprocessing's size, `[n, sum of widths]`, row-major.
    pub fn of(&self, squares: &[Pixels]) -> Vec<f32> {
        let width: usize = self.widths().iter().sum();
        let mut seen = vec![0.0f32; squares.len() * width];
        seen.par_chunks_mut(AT_ONCE * width)
            .zip(squares.par_chunks(AT_ONCE))
            .for_each(|(rows, squares)| self.some(squares, rows));
        seen
    }

    fn some(&self, squares: &[Pixels], rows: &mut [f32]) {
        let [last, grid, _] = self.widths();
        let width = rows.len() / squares.len();
        let n_stages = self.backbone.stages.len();
        let x = Maps::of(squares, &self.preprocessing);
        let mut place = |stage: usize, maps: &Maps| {
            if stage == self.middle {
                for (idx, row) in rows.chunks_exact_mut(width).enumerate() {
                    on_grid(maps, idx, &mut row[last..last + grid]);
                }
            }
            if stage + 1 == n_stages {
                let means = maps.spatial_mean();
                for (row, means) in rows.chunks_exact_mut(width).zip(means.chunks_exact(last)) {
                    row[..last].copy_from_slice(means);
                }
            }
        };
        self.backbone.forward_between(0..n_stages, x, &mut place);
        for (row, square) in rows.chunks_exact_mut(width).zip(squares) {
            row[last + grid..].copy_from_slice(&hog(square));
        }
    }
}

/// Means of the parts of one picture's map, `[GRID, GRID, channels]`.
fn on_grid(maps: &Maps, idx: usize, out: &mut [f32]) {
    let (h, w, channels) = (maps.size.height, maps.size.width, maps.channels);
    let map = &maps.values[idx * h * w * channels..][..h * w * channels];
    // A part has at least one pixel, and parts of an uneven map share what lies between them.
    let part = |side: usize, i: usize| {
        let start = i * side / GRID;
        start..((i + 1) * side).div_ceil(GRID).max(start + 1)
    };
    for (cell, out) in out.chunks_exact_mut(channels).enumerate() {
        let (rows, columns) = (part(h, cell / GRID), part(w, cell % GRID));
        let n = (rows.len() * columns.len()) as f32;
        for y in rows {
            for x in columns.clone() {
                let pixel = &map[(y * w + x) * channels..][..channels];
                out.iter_mut().zip(pixel).for_each(|(o, v)| *o += v);
            }
        }
        out.iter_mut().for_each(|o| *o /= n);
    }
}
