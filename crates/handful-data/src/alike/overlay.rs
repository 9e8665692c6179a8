//! Do two pictures show the same when one is laid over the other as fits best?
//!
//! Recipe A9 asks for a correlation of grey levels on 64 x 64 pixels. Alone it is not enough: two shirts on one carpet, two
//! hands before one wall reach 0.98 (of 5,000 photos with 500 planted copies it calls 1,344 pairs near, of which 485 are).
//! What is drawn on the shirt decides: edges must agree, too, and in nearly every part of the picture. Edges only agree
//! when the pictures lie exactly on each other, so the place is found to a quarter of a pixel first.

use std::ops::{Range, RangeInclusive};

use handful_image::{PATCH_SIDE_PX, Patch, THUMBNAIL_SIDE_PX};

use super::colour::colour_difference;
use super::placement::{LEAST_OVERLAP, Placement, middle, placements, side_of};
use super::square::Square;
use super::turn::turned_patch;
use super::warp::{Place, Warp};

/// Side at which the best placement of the thumbnails is chosen and moved by a pixel.
const MIDDLE_SIDE: usize = 32;
/// Smallest and largest scale: 0.6 by recipe A9; a little above 1, so that a shot from a step nearer is reached from
/// equal sizes.
const SCALES: RangeInclusive<f64> = 0.6..=1.05;
/// Scales around a placement that are tried there.
const SCALE_STEPS: [f64; 4] = [-0.1, -0.05, 0.05, 0.1];
/// Pairs that correlate less than this there are not looked at any further. Planted pairs have 0.94 and more.
const HOPELESS: f32 = 0.9;
/// Moves in pixels of 64, and changes of scale that move an edge by as much, from coarse to fine.
const MOVES_PX: [f64; 3] = [1.0, 0.5, 0.25];
/// A move counts if edges agree better by this much: far below what decides, far above rounding.
const LEAST_GAIN: f64 = 1e-4;
/// Pictures whose edges agree less than this after a step don't agree after a finer one.
const HOPELESS_EDGES: f64 = 0.7;

/// How well two pictures agree where they agree best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlay {
    /// Normalised cross-correlation of grey levels, -1 to 1.
    pub correlation: f64,
    /// The same of differences between neighbouring pixels.
    pub edges: f64,
    /// The least correlation of nine tenths of the parts in which there is something to see.
    pub parts: f64,
    /// How much of both pictures' edges is seen where they overlap, by area: 1 as much as elsewhere, less where they lie on
    /// each other with their emptier parts.
    pub seen: f64,
    /// Mean difference of colours, in shares of red and blue; 0 where one picture is grey.
    pub colours: f64,
    /// Quarter turns of the second picture, clockwise.
    pub quarters: usize,
    /// Whether the second picture is mirrored, after turning.
    pub mirrored: bool,
    /// Sides of the picture on top, in those of the one below.
    pub scale: f64,
    /// Share of the picture on top that lies on the other.
    pub overlap: f64,
}

/// Lays two pictures over each other: mirrored or not, one of them scaled down to 0.6, shifted; with `with_turns` also
/// turned by 90, 180 and 270 degrees.
pub fn overlay(a: &Patch, b: &Patch, with_turns: bool) -> Overlay {
    let small = |patch: &Patch| {
        let full = Square::of(patch.levels.clone(), PATCH_SIDE_PX);
        full.scaled(THUMBNAIL_SIDE_PX).levels
    };
    let placements = placements(&small(a), &small(b), turns(with_turns));
    refined(a, b, &placements)
}

/// The best normalised cross-correlation of two pictures over mirroring, scale and shift, -1 to 1.
///
/// Brightness and contrast don't matter. Whether two pictures show the same, [`Overlay`] says better.
pub fn confirm(a: &Patch, b: &Patch) -> f64 {
    overlay(a, b, false).correlation
}

/// The quarters that are tried.
pub(super) fn turns(with_turns: bool) -> Range<usize> {
    if with_turns { 0..4 } else { 0..1 }
}

/// The best overlay near these placements, of which there is at least one.
pub(super) fn refined(a: &Patch, b: &Patch, placements: &[Placement]) -> Overlay {
    let start = chosen(a, b, placements);
    let second = turned_patch(b, start.quarters, start.mirrored);
    let (below, above) = if start.second_on_top {
        (a, &second)
    } else {
        (&second, a)
    };
    let mut place = Place {
        scale: start.scale,
        middle: start.middle,
    };
    let warp = Warp::of(below, above);
    let mut best = warp.laid(&place);
    if start.correlation >= HOPELESS {
        for step in MOVES_PX.map(|pixels| pixels / PATCH_SIDE_PX as f64) {
            // Uphill until no move helps; each accepted move raises a number that can't exceed 1.
            while let Some((better, laid)) = place
                .moves(step)
                .filter(|place| SCALES.contains(&place.scale) && place.overlap() >= LEAST_OVERLAP)
                .map(|place| (place, warp.laid(&place)))
                .find(|(_, laid)| laid.edges() > best.edges() + LEAST_GAIN)
            {
                (place, best) = (better, laid);
            }
            if best.edges() < HOPELESS_EDGES {
                break;
            }
        }
    }
    Overlay {
        correlation: best.correlation(),
        edges: best.edges(),
        parts: best.parts(),
        seen: best.seen(),
        colours: colour_difference(below, above, &place),
        quarters: start.quarters,
        mirrored: start.mirrored,
        scale: place.scale,
        overlap: place.overlap(),
    }
}

/// The best of the placements and their neighbours in shift and scale, on [`MIDDLE_SIDE`].
fn chosen(a: &Patch, b: &Patch, placements: &[Placement]) -> Placement {
    let square = |levels: &[f32]| Square::of(levels.to_vec(), PATCH_SIDE_PX).scaled(MIDDLE_SIDE);
    let first = square(&a.levels);
    let nearby = |placement: Placement| {
        let turned = turned_patch(b, placement.quarters, placement.mirrored);
        let second = square(&turned.levels);
        let (below, whole) = if placement.second_on_top {
            (&first, &second)
        } else {
            (&second, &first)
        };
        let tried = |scale: f64, around: Placement| {
            let above = whole.scaled(side_of(MIDDLE_SIDE, scale));
            let corner = around
                .middle
                .map(|m| (m * MIDDLE_SIDE as f64 - above.side as f64 / 2.0).round() as i32);
            let mut best = Placement {
                correlation: f32::NEG_INFINITY,
                ..around
            };
            for (dy, dx) in (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dy, dx))) {
                let corner = [corner[0] + dx, corner[1] + dy];
                best = best.or(Placement {
                    correlation: below.correlation(&above, corner),
                    middle: middle(below, &above, corner),
                    scale,
                    ..around
                });
            }
            best
        };
        let start = tried(placement.scale, placement);
        SCALE_STEPS
            .into_iter()
            .map(|step| placement.scale + step)
            .filter(|scale| (*SCALES.start()..=1.0).contains(scale))
            .fold(start, |best, scale| best.or(tried(scale, start)))
    };
    placements
        .iter()
        .map(|&placement| nearby(placement))
        .reduce(Placement::or)
        .expect("every scale has a placement")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alike::tests::{blobs, crop, mirrored, turned};
    use handful_image::{Limits, Pixels, aligned_patch, decode, encode_jpeg, resize};

    fn of(a: &Pixels, b: &Pixels) -> Overlay {
        overlay(&aligned_patch(a), &aligned_patch(b), false)
    }

    #[test]
    fn a_copy_agrees_in_everything_whatever_was_done_to_it() {
        let photo = blobs(240, 180, 3);
        let rough = encode_jpeg(&photo, 30);
        let rough = decode(&rough, &Limits::default())
            .expect("our own file")
            .pixels;
        let mut dark = photo.clone();
        dark.data
            .iter_mut()
            .for_each(|v| *v = (f32::from(*v) * 0.8) as u8);
        let changed = [
            ("recompressed", rough),
            ("darker", dark),
            ("half the size", resize(&photo, 120, 90)),
            ("mirrored", mirrored(&photo)),
            ("cropped", crop(&resize(&photo, 200, 200), 13, 40, 160)),
        ];
        for (how, copy) in changed {
            let found = of(&photo, &copy);
            assert!(
                found.correlation > 0.98 && found.edges > 0.95,
                "{how}: {found:?}"
            );
            assert!(
                found.parts > 0.8 && found.colours < 0.01,
                "{how}: {found:?}"
            );
            let back = of(&copy, &photo);
            assert!((found.correlation - back.correlation).abs() < 0.01, "{how}");
        }
    }

    #[test]
    fn a_place_is_found_to_a_fraction_of_a_pixel() {
        let whole = blobs(320, 320, 3);
        // A side of 256 of 320, from (30, 11): scale 0.8, middle (158, 139).
        let found = of(&whole, &crop(&whole, 30, 11, 256));
        assert!((found.scale - 0.8).abs() < 0.01, "{found:?}");
        assert!(found.overlap > 0.99 && !found.mirrored, "{found:?}");
    }

    #[test]
    fn one_shape_with_another_print_correlates_but_its_parts_do_not() {
        let shirt = |upright: bool| {
            let mut image = Pixels::filled(64, 64, [20, 20, 20]);
            for y in 10..54 {
                for x in 10..54 {
                    let stripe = if upright { x / 6 } else { y / 6 } % 2 == 0;
                    let drawn = stripe && (16..48).contains(&x) && (16..48).contains(&y);
                    let level = if drawn { 190 } else { 230 };
                    image.data[(y * 64 + x) * 3..][..3].fill(level);
                }
            }
            image
        };
        let found = of(&shirt(true), &shirt(false));
        assert!(found.correlation > 0.95, "{found:?}");
        assert!(found.parts < 0.7, "{found:?}");
    }

    #[test]
    fn turns_are_tried_where_asked_for() {
        let photo = blobs(100, 100, 6);
        let half = turned(&turned(&photo));
        let [a, b] = [&photo, &half].map(aligned_patch);
        let found = overlay(&a, &b, true);
        assert_eq!((found.quarters, found.mirrored), (2, false));
        assert!(found.edges > 0.99);
        assert!(overlay(&a, &b, false).edges < 0.9);
    }

    #[test]
    fn nothing_agrees_with_one_colour() {
        let found = of(&Pixels::filled(30, 30, [9, 9, 9]), &blobs(30, 30, 1));
        assert_eq!(
            (found.correlation, found.edges, found.parts),
            (0.0, 0.0, 0.0)
        );
    }
}
