//! Which of all pairs are worth laying over each other?
//!
//! Recipe A9, by brute force in parallel and at flat memory, with two additions: a hash of windows, without which crops are
//! not seen, and a limit. Smooth sets (drawings, plain backgrounds, microscopy) have millions of pairs with near hashes, so
//! each image keeps the nearest few of the images before it, by each rule.

use handful_image::Signature;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::Features;
use super::hashes::{Fewest, Hashes, Key};
use super::neighbours::mutual_neighbours;
use super::overlay::turns;
use super::thumbnails::{CORRELATED, Query, Thumbnails};
use super::turn::turned;

/// Nearest earlier images that an image keeps by one rule. Of 500 copies planted among 5,000 photos 3, 6 and 12 find 478,
/// 485 and 489; each further one costs as much as the first.
const KEPT: usize = 6;
/// Images that are compared with a run of others at once, and the length of a run: its columns stay in the nearest caches
/// while all of them are compared. Of 100,000 images all columns have 11 MB.
const QUERIES: usize = 16;
pub(super) const RUN: usize = 512;

/// Pairs `(a, b)` with `a < b`, ascending, that may show the same: a hash within 10 bits (18 for a window of a picture),
/// thumbnails that correlate by 0.90, or a cosine of `features` of 0.92 among mutual 5 nearest. Mirrored pictures count as
/// the same; with `with_turns`, those turned by 90, 180 and 270 degrees do, too.
///
/// Flat pictures are in no pair, and of pictures with equal pixels only the first is. 20,000 images take 3 s of one core
/// without features, 100,000 as many as pairs: 25 times as long.
pub fn candidates(
    signatures: &[Signature],
    features: Option<Features>,
    with_turns: bool,
) -> Vec<(usize, usize)> {
    let images = representatives(signatures);
    let signatures: Vec<&Signature> = images.iter().map(|&i| &signatures[i]).collect();
    let hashes = Hashes::of(&signatures);
    let thumbnails = Thumbnails::of(&signatures);
    let arch = Arch::new();
    let places: Vec<usize> = (0..signatures.len()).collect();
    let mut pairs: Vec<(usize, usize)> = places
        .par_chunks(QUERIES)
        .flat_map_iter(|chunk| {
            let turned_ones = |&b: &usize| {
                let signature = signatures[b];
                turns(with_turns).map(move |quarter| (b, turned(signature, quarter)))
            };
            let queries: Vec<(usize, Signature)> = chunk.iter().flat_map(turned_ones).collect();
            let nearest = arch.dispatch(Look {
                hashes: &hashes,
                thumbnails: &thumbnails,
                queries: &queries,
            });
            let pairs = queries.iter().zip(nearest);
            pairs
                .flat_map(|((b, _), nearest)| nearest.images().map(|a| (a, *b)))
                .collect::<Vec<_>>()
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
    fn images(self) -> impl Iterator<Item = usize> {
        self.by_whole
            .into_iter()
            .chain(self.by_window)
            .map(|(_, image)| image)
    }
}

/// The comparison of pictures with all images before them: what is done for every pair. The widest registers of the machine
/// make it four times as fast; whatever is inlined here is compiled for them.
struct Look<'a> {
    hashes: &'a Hashes<'a>,
    thumbnails: &'a Thumbnails<'a>,
    /// Images, and their signatures as they are or turned.
    queries: &'a [(usize, Signature)],
}

impl WithSimd for Look<'_> {
    /// What is nearest to each query.
    type Output = Vec<Nearest>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _registers: S) -> Vec<Nearest> {
        let keys: Vec<(usize, Key, Query)> = self
            .queries
            .iter()
            .map(|(b, signature)| (*b, Key::of(signature), Query::of(signature)))
            .collect();
        let mut all: Vec<Nearest> = keys.iter().map(|_| Nearest::default()).collect();
        let (mut fewest, mut bounds) = (Fewest::default(), [0.0; RUN]);
        let end = keys.iter().map(|(b, ..)| *b).max().unwrap_or(0);
        for first in (0..end).step_by(RUN) {
            for ((b, key, frequencies), nearest) in keys.iter().zip(&mut all) {
                let n = RUN.min(b.saturating_sub(first));
                self.hashes.compare(key, first, n, &mut fewest);
                self.thumbnails.bounds(frequencies, first, &mut bounds[..n]);
                for i in 0..n {
                    let near = self.hashes.near(key, first, i, &fewest);
                    let a = first + i;
                    if bounds[i] >= CORRELATED || near.whole.is_some() {
                        let correlation = self.thumbnails.correlation(frequencies, a);
                        if correlation >= CORRELATED || near.whole.is_some() {
                            keep(&mut nearest.by_whole, 1.0 - correlation, a);
                        }
                    }
                    if let Some(bits) = near.window {
                        keep(&mut nearest.by_window, bits as f32, a);
                    }
                }
            }
        }
        all
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
