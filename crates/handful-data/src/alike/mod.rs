//! Which photos are nearly the same photo: cropped, resized, recompressed, brightened, mirrored, or shot twice?
//!
//! Recipe A9 in four steps, each for what the one before lets through: [`candidates`] (hashes, thumbnails and features of
//! all pairs), placements (thumbnails laid over each other), [`overlay`] (small pictures laid over each other exactly) and
//! [`clusters`] (what belongs together). Files are read for the third step only, and only those that are needed.
//!
//! This crate decodes nothing: signatures come from whoever has the pixels, small pictures through a closure.

mod candidates;
mod clusters;
mod colour;
mod confirm;
mod hashes;
mod neighbours;
mod overlay;
mod placement;
mod square;
mod thumbnails;
mod turn;
mod warp;

use std::collections::BTreeMap;

use handful_image::{Patch, Signature};

pub use candidates::candidates;
pub use clusters::{Clusters, clusters};
pub use overlay::{Overlay, confirm, overlay};

/// What a search for near-duplicates is given. All lists have one entry an image.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    /// Signatures of the images.
    pub signatures: &'a [Signature],
    /// Features of a network, which find crops that hashes miss; `None` where there are none.
    pub features: Option<Features<'a>>,
    /// The small picture of an image: the caller decodes. `None` when it can't be read (any more). It is called from
    /// several threads, once an image as long as fewer than 2,048 images have near candidates, and seldom twice above.
    pub patch: &'a (dyn Fn(usize) -> Option<Patch> + Sync),
    /// Whether pictures that are turned by 90, 180 and 270 degrees count as the same: for what has no up and down. Four
    /// times the work.
    pub with_turns: bool,
}

/// Features of all images.
#[derive(Clone, Copy, Debug)]
pub struct Features<'a> {
    /// `[n, width]`, finite.
    pub values: &'a [f32],
    /// Numbers an image.
    pub width: usize,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alike {
    /// Pairs that show the same, ascending.
    pub pairs: Vec<Pair>,
    /// Images that belong together, two or more in each; ascending, ordered by their first image.
    pub sets: Vec<Vec<usize>>,
    /// Whether a set had grown beyond a tenth of all images and was taken apart: the photos are very uniform, and
    /// somebody should look at the sets.
    pub split_up: bool,
}

/// Two images that show the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The first image.
    pub a: usize,
    /// The second image, greater than `a`.
    pub b: usize,
    /// How alike they are.
    pub kind: Likeness,
    /// Normalised cross-correlation of their grey levels where they agree best, up to 1.
    pub correlation: f64,
    /// The same of their edges, which tells like from alike.
    pub edges: f64,
}

/// How alike two images are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// Different files with the same pixels (or the same file).
    SamePixels,
    /// One photo, edited: cropped, resized, recompressed, brightened, mirrored.
    Duplicate,
    /// One photo after heavy editing, or two shots of one scene from one place.
    Near,
}

/// Near-duplicates of a set of images; the same for any number of threads.
///
/// Flat pictures (next to no contrast) are only found by equal pixels.
pub fn find(search: &Search) -> Alike {
    let mut pairs = same_pixels(search.signatures);
    let candidates = candidates(search.signatures, search.features, search.with_turns);
    pairs.extend(confirm::confirmed(search, &candidates));
    pairs.sort_unstable_by_key(|pair| (pair.a, pair.b));
    let together = |a, b| confirm::together(search, a, b);
    let Clusters { sets, split_up } = clusters(search.signatures.len(), &pairs, &together);
    Alike {
        pairs,
        sets,
        split_up,
    }
}

/// Pairs of each picture's first image with its others.
fn same_pixels(signatures: &[Signature]) -> Vec<Pair> {
    let mut first: BTreeMap<u128, usize> = BTreeMap::new();
    let mut pairs = Vec::new();
    for (b, signature) in signatures.iter().enumerate() {
        let a = *first.entry(signature.pixels).or_insert(b);
        if a < b {
            pairs.push(Pair {
                a,
                b,
                kind: Likeness::SamePixels,
                correlation: 1.0,
                edges: 1.0,
            });
        }
    }
    pairs
}

impl<'a> Features<'a> {
    fn row(&self, image: usize) -> &'a [f32] {
        &self.values[image * self.width..][..self.width]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use handful_image::{Limits, Pixels, aligned_patch, decode, encode_jpeg, resize};
    use handful_stats::Seed;

    /// Twenty discs of different size and grey: a picture with large and small shapes, different for each `seed`.
    pub(super) fn blobs(width: usize, height: usize, seed: u64) -> Pixels {
        let draw = |disc: u64, what: u64| {
            let key = Seed(seed).key(disc * 4 + what);
            (key >> 40) as f64 / (1u64 << 24) as f64
        };
        let mut image = Pixels::filled(width, height, [120, 120, 120]);
        for y in 0..height {
            for x in 0..width {
                let (u, v) = (x as f64 / width as f64, y as f64 / height as f64);
                for disc in 0..20 {
                    let distance = (u - draw(disc, 0)).hypot(v - draw(disc, 1));
                    if distance < 0.05 + 0.12 * draw(disc, 2) {
                        let level = (20.0 + 215.0 * draw(disc, 3)) as u8;
                        image.data[(y * width + x) * 3..][..3].fill(level);
                    }
                }
            }
        }
        image
    }

    /// A quarter turn clockwise.
    pub(super) fn turned(image: &Pixels) -> Pixels {
        let mut out = Pixels::filled(image.height, image.width, [0; 3]);
        for y in 0..out.height {
            for x in 0..out.width {
                let pixel = image.pixel(y, image.height - 1 - x);
                out.data[(y * out.width + x) * 3..][..3].copy_from_slice(&pixel);
            }
        }
        out
    }

    pub(super) fn mirrored(image: &Pixels) -> Pixels {
        let mut out = image.clone();
        for y in 0..image.height {
            for x in 0..image.width {
                let pixel = image.pixel(image.width - 1 - x, y);
                out.data[(y * image.width + x) * 3..][..3].copy_from_slice(&pixel);
            }
        }
        out
    }

    /// The square of this side whose corner is at `(left, top)`.
    pub(super) fn crop(image: &Pixels, left: usize, top: usize, side: usize) -> Pixels {
        let mut out = Pixels::filled(side, side, [0; 3]);
        for y in 0..side {
            for x in 0..side {
                let pixel = image.pixel(left + x, top + y);
                out.data[(y * side + x) * 3..][..3].copy_from_slice(&pixel);
            }
        }
        out
    }

    fn found(pictures: &[Pixels], with_turns: bool) -> Alike {
        let signatures: Vec<Signature> = pictures.iter().map(Signature::of).collect();
        find(&Search {
            signatures: &signatures,
            features: None,
            patch: &|image| Some(aligned_patch(&pictures[image])),
            with_turns,
        })
    }

    #[test]
    fn copies_are_found_among_others_and_told_apart_from_equal_pixels() {
        let mut pictures: Vec<Pixels> = (0..30).map(|seed| blobs(120, 90, seed)).collect();
        pictures.push(pictures[4].clone());
        let rough = encode_jpeg(&resize(&pictures[9], 60, 45), 40);
        pictures.push(
            decode(&rough, &Limits::default())
                .expect("our own file")
                .pixels,
        );
        pictures.push(mirrored(&pictures[31]));
        let all = found(&pictures, false);
        assert_eq!(all.sets, [vec![4, 30], vec![9, 31, 32]]);
        let kinds: Vec<_> = all.pairs.iter().map(|p| (p.a, p.b, p.kind)).collect();
        assert_eq!(
            kinds,
            [
                (4, 30, Likeness::SamePixels),
                (9, 31, Likeness::Duplicate),
                (9, 32, Likeness::Duplicate),
                (31, 32, Likeness::Duplicate)
            ]
        );
        assert!(!all.split_up);
    }

    #[test]
    fn blank_pictures_and_few_pictures_are_no_trouble() {
        let blank = |level| Pixels::filled(30, 30, [level; 3]);
        assert_eq!(found(&[blank(7), blank(8)], false), Alike::default());
        assert_eq!(found(&[], true), Alike::default());
        let same = found(&[blank(7), blank(8), blank(7)], false);
        assert_eq!(same.sets, [vec![0, 2]]);
    }

    #[test]
    fn turned_pictures_are_the_same_only_where_asked_for() {
        let mut pictures: Vec<Pixels> = (0..10).map(|seed| blobs(90, 90, seed)).collect();
        pictures.push(turned(&pictures[3]));
        assert_eq!(found(&pictures, false).sets, Vec::<Vec<usize>>::new());
        assert_eq!(found(&pictures, true).sets, [vec![3, 10]]);
    }

    #[test]
    fn a_picture_that_cannot_be_read_any_more_is_in_no_pair() {
        let pictures = [blobs(90, 90, 1), resize(&blobs(90, 90, 1), 45, 45)];
        let signatures = pictures.each_ref().map(Signature::of);
        let all = find(&Search {
            signatures: &signatures,
            features: None,
            patch: &|image| (image == 0).then(|| aligned_patch(&pictures[0])),
            with_turns: false,
        });
        assert_eq!(all, Alike::default());
    }
}
