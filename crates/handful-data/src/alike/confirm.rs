//! Which candidates show the same? At bounded memory, and with as few files read as possible.

use std::collections::{BTreeMap, BTreeSet};

use handful_image::Patch;
use rayon::prelude::*;

use super::overlay::{Overlay, refined, turns};
use super::placement::{LEAST_OF_CROP, Placement, placements};
use super::{Likeness, Pair, Search};

/// Pairs whose thumbnails correlate less than this in their best placement are dismissed unread. Planted pairs have 0.76
/// and more; of the candidates of five sets 15 to 90 % are dismissed.
const WORTH_READING: f32 = 0.75;
/// Small pictures that are kept at once: 40 MB.
const MOST_PATCHES: usize = 2_048;

/// What all pairs that show the same have. Chosen on 500 pairs planted in clothing, waste, grocery, hands and cifar10, of
/// which the worst has a correlation of 0.984, edges of 0.925, parts of 0.75 and colours of 0.025; of 14,000 other
/// candidates two are above all of it, and both show the same.
const NEAR_CORRELATION: f64 = 0.95;
const NEAR_EDGES: f64 = 0.92;
const NEAR_PARTS: f64 = 0.7;
const NEAR_SEEN: f64 = 0.5;
const NEAR_COLOURS: f64 = 0.03;
/// What is more likely one photo than two shots of a scene: 97 % of planted pairs are above, and half of the pairs that the
/// sets have themselves. Colours may differ more where edges agree so well: brightening cuts off light colours.
const DUPLICATE_CORRELATION: f64 = 0.97;
const DUPLICATE_EDGES: f64 = 0.95;
const DUPLICATE_COLOURS: f64 = 0.06;
/// Below this scale a picture on top is a crop, and must lie inside.
const CROPPED: f64 = 0.9;
/// Two images of a set are at least this alike, whatever lies between them: what copies of copies have in common.
const TOGETHER_CORRELATION: f64 = 0.85;
const TOGETHER_EDGES: f64 = 0.75;

/// The candidates that show the same, in their order.
pub(super) fn confirmed(search: &Search, candidates: &[(usize, usize)]) -> Vec<Pair> {
    let placed: Vec<Option<Vec<Placement>>> = candidates
        .par_iter()
        .map(|&(a, b)| {
            let found = placed(search, a, b);
            (found[0].correlation >= WORTH_READING).then_some(found)
        })
        .collect();
    let worth: Vec<(usize, usize, Vec<Placement>)> = candidates
        .iter()
        .zip(placed)
        .filter_map(|(&(a, b), placed)| Some((a, b, placed?)))
        .collect();
    let mut pairs = Vec::new();
    let mut patches = Patches::default();
    let mut rest = &worth[..];
    while !rest.is_empty() {
        let (now, later) = rest.split_at(fitting(rest));
        patches.keep(search, now.iter().flat_map(|(a, b, _)| [*a, *b]).collect());
        let found: Vec<Option<Pair>> = now
            .par_iter()
            .map(|(a, b, placed)| {
                let overlay = refined(patches.of(*a)?, patches.of(*b)?, placed);
                let kind = likeness(&overlay)?;
                Some(Pair {
                    a: *a,
                    b: *b,
                    kind,
                    correlation: overlay.correlation,
                    edges: overlay.edges,
                })
            })
            .collect();
        pairs.extend(found.into_iter().flatten());
        rest = later;
    }
    pairs
}

/// Whether two images of one set, which need not be a pair, are alike enough to stay in it.
pub(super) fn together(search: &Search, a: usize, b: usize) -> bool {
    let same = search.signatures[a].pixels == search.signatures[b].pixels;
    same || match ((search.patch)(a), (search.patch)(b)) {
        (Some(first), Some(second)) => {
            let overlay = refined(&first, &second, &placed(search, a, b));
            overlay.correlation >= TOGETHER_CORRELATION && overlay.edges >= TOGETHER_EDGES
        }
        _ => false,
    }
}

fn placed(search: &Search, a: usize, b: usize) -> Vec<Placement> {
    let [a, b] = [a, b].map(|image| &search.signatures[image].thumbnail);
    placements(a, b, turns(search.with_turns))
}

fn likeness(overlay: &Overlay) -> Option<Likeness> {
    let is_whole = overlay.parts >= NEAR_PARTS
        && overlay.seen >= NEAR_SEEN
        && (overlay.scale >= CROPPED || overlay.overlap >= LEAST_OF_CROP);
    let agrees = |correlation: f64, edges: f64, colours: f64| {
        is_whole
            && overlay.correlation >= correlation
            && overlay.edges >= edges
            && overlay.colours <= colours
    };
    if agrees(DUPLICATE_CORRELATION, DUPLICATE_EDGES, DUPLICATE_COLOURS) {
        Some(Likeness::Duplicate)
    } else if agrees(NEAR_CORRELATION, NEAR_EDGES, NEAR_COLOURS) {
        Some(Likeness::Near)
    } else {
        None
    }
}

/// How many of the first pairs need no more than [`MOST_PATCHES`] images; at least one.
fn fitting(pairs: &[(usize, usize, Vec<Placement>)]) -> usize {
    let mut images = BTreeSet::new();
    let too_many = pairs.iter().position(|(a, b, _)| {
        images.extend([*a, *b]);
        images.len() > MOST_PATCHES
    });
    too_many.unwrap_or(pairs.len()).max(1)
}

/// The small pictures that are needed now.
#[derive(Default)]
struct Patches(BTreeMap<usize, Option<Patch>>);

impl Patches {
    /// Reads those that are missing, and forgets the others.
    fn keep(&mut self, search: &Search, images: BTreeSet<usize>) {
        self.0.retain(|image, _| images.contains(image));
        let missing: Vec<usize> = images
            .into_iter()
            .filter(|image| !self.0.contains_key(image))
            .collect();
        let read: Vec<_> = missing
            .into_par_iter()
            .map(|image| (image, (search.patch)(image)))
            .collect();
        self.0.extend(read);
    }

    fn of(&self, image: usize) -> Option<&Patch> {
        self.0.get(&image)?.as_ref()
    }
}
