//! Which of all pairs are worth laying over each other?
//!
//! Recipe A9, by brute force in parallel and at flat memory, with two additions: a hash of windows, without which crops are
//! not seen, and a limit. Smooth sets (drawings, plain backgrounds, microscopy) have millions of pairs with near hashes, so
//! each image keeps the nearest few of the images before it, by each rule.

use handful_image::Signature;
use rayon::prelude::*;

use super::Features;
use super::hashes::Hashes;
use super::neighbours::mutual_neighbours;
use super::thumbnails::{CORRELATED, Query, Thumbnails};
use super::turn::turned;

/// Nearest earlier images that an image keeps by one rule. Measured on planted pairs in five sets: with 4, 8 and 16 the
/// recall is the same, and a true copy is nearly always the nearest of all.
const KEPT: usize = 6;
/// Images that are compared with one in a run: their columns stay in the nearest cache.
const RUN: usize = 512;

/// Pairs `(a, b)` with `a < b`, ascending, that may show the same: a hash within 10 bits (14 for a window of a
/// picture), thumbnails that correlate by 0.90, or a cosine of `features` of 0.92 among mutual 5 nearest. Mirrored
/// pictures count as the same; with `turned`, those turned by 90, 180 and 270 degrees do, too.
///
/// Flat pictures are in no pair, and of pictures with equal pixels only the first is.
pub fn candidates(
    signatures: &[Signature],
    features: Option<Features>,
    with_turns: bool,
) -> Vec<(usize, usize)> {
    let images = representatives(signatures);
    let signatures: Vec<Signature> = images.iter().map(|&i| signatures[i].clone()).collect();
    let hashes = Hashes::of(&signatures);
    let thumbnails = Thumbnails::of(&signatures);
    let turns = if with_turns { 0..4 } else { 0..1 };
    let mut pairs: Vec<(usize, usize)> = (0..signatures.len())
        .into_par_iter()
        .flat_map_iter(|b| {
            let mut nearest = Nearest::default();
            for quarter in turns.clone() {
                let query = turned(&signatures[b], quarter);
                nearest.look(&hashes, &thumbnails, &query, b);
            }
            nearest.images().map(move |a| (a, b))
        })
        .collect();
    if let Some(features) = features {
        pairs.extend(mutual_neighbours(features, &images));
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
        .into_iter()
        .map(|(a, b)| (images[a], images[b]))
        .collect()
}

/// The first image of each picture that is not flat.
fn representatives(signatures: &[Signature]) -> Vec<usize> {
    let mut seen = std::collections::HashSet::new();
    (0..signatures.len())
        .filter(|&i| !signatures[i].flat && seen.insert(signatures[i].pixels))
        .collect()
}

/// The nearest images so far, by rule; a smaller number is nearer.
#[derive(Default)]
struct Nearest {
    by_whole: Vec<(f32, usize)>,
    by_window: Vec<(f32, usize)>,
}

impl Nearest {
    /// Compares `query` with all images before `b`.
    fn look(&mut self, hashes: &Hashes, thumbnails: &Thumbnails, query: &Signature, b: usize) {
        let frequencies = Query::of(query);
        let (mut fewest, mut bounds) = ([0u32; RUN], [0.0f32; RUN]);
        for first in (0..b).step_by(RUN) {
            let n = RUN.min(b - first);
            hashes.fewest(query, first, &mut fewest[..n]);
            thumbnails.bounds(&frequencies, first, &mut bounds[..n]);
            for i in 0..n {
                let a = first + i;
                let near = hashes.near(query, a, fewest[i]);
                if bounds[i] >= CORRELATED || near.whole.is_some() {
                    let correlation = thumbnails.correlation(&frequencies, a);
                    if correlation >= CORRELATED || near.whole.is_some() {
                        keep(&mut self.by_whole, 1.0 - correlation, a);
                    }
                }
                if let Some(bits) = near.window {
                    keep(&mut self.by_window, bits as f32, a);
                }
            }
        }
    }

    fn images(self) -> impl Iterator<Item = usize> {
        self.by_whole
            .into_iter()
            .chain(self.by_window)
            .map(|(_, image)| image)
    }
}

/// Keeps the [`KEPT`] nearest; of equals the earlier ones.
fn keep(nearest: &mut Vec<(f32, usize)>, distance: f32, image: usize) {
    let place = nearest.partition_point(|(other, _)| *other <= distance);
    if place < KEPT {
        nearest.insert(place, (distance, image));
        nearest.truncate(KEPT);
    }
}
