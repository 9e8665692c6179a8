//! Where could one picture lie on another? Asked of thumbnails, so that most pairs are dismissed without reading a file.

use std::ops::Range;

use super::square::{Rectangle, Square};
use super::turn::turned_levels;

/// Sides of the picture on top, in those of the one below. Recipe A9 has steps of 0.1 down to 0.6; on 16 pixels they are
/// half a pixel at each edge, and what lies between is found later.
const SCALES: [f64; 3] = [1.0, 0.85, 0.7];
/// Share of the picture on top that must lie on the other, in their own size. Recipe A9.
pub(super) const LEAST_OVERLAP: f64 = 0.6;
/// The same of a smaller one: it is a crop, and a crop lies inside. With 0.6 plain pictures are laid where they are
/// emptiest (7 of 15 false pairs among 5,000 photos).
pub(super) const LEAST_OF_CROP: f64 = 0.9;
/// Placements that are worth a closer look: the right one of a planted pair is seldom worse than third.
const KEPT: usize = 3;

/// One picture on another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Placement {
    /// How well they agree where they overlap, -1 to 1.
    pub correlation: f32,
    /// The second picture lies on the first.
    pub second_on_top: bool,
    /// Quarter turns of the second picture, clockwise.
    pub quarters: usize,
    /// The second picture is mirrored, after turning.
    pub mirrored: bool,
    /// Sides of the picture on top, in those of the one below.
    pub scale: f64,
    /// Middle of the picture on top, in sides of the one below.
    pub middle: [f64; 2],
}

impl Placement {
    /// The better of two; the first of equals.
    pub fn or(self, other: Placement) -> Placement {
        if other.correlation > self.correlation {
            other
        } else {
            self
        }
    }
}

/// The [`KEPT`] best placements of two thumbnails, best first: mirrored or not, at every scale, either on top, the second
/// one turned by these quarters.
///
/// Both are `[side, side]`.
pub(super) fn placements(a: &[f32], b: &[f32], quarters: Range<usize>) -> Vec<Placement> {
    let side = a.len().isqrt();
    let scaled = |levels: Vec<f32>| {
        let whole = Square::of(levels, side);
        SCALES.map(|scale| whole.scaled(side_of(side, scale)))
    };
    let first = scaled(a.to_vec());
    let mut found = Vec::new();
    for quarters in quarters {
        let plain = scaled(turned_levels(b, quarters));
        for mirrored in [false, true] {
            let second = if mirrored {
                plain.each_ref().map(Square::mirrored)
            } else {
                plain.clone()
            };
            for (idx, scale) in SCALES.into_iter().enumerate() {
                for second_on_top in [true, false] {
                    let (below, above) = match second_on_top {
                        true => (&first[0], &second[idx]),
                        // In equal sizes it doesn't matter who is on top.
                        false if idx == 0 => continue,
                        false => (&second[0], &first[idx]),
                    };
                    let (correlation, middle) = best_place(below, above);
                    found.push(Placement {
                        correlation,
                        second_on_top,
                        quarters,
                        mirrored,
                        scale,
                        middle,
                    });
                }
            }
        }
    }
    found.sort_by(|p, q| q.correlation.total_cmp(&p.correlation));
    found.truncate(KEPT);
    found
}

/// A scaled side in whole pixels.
pub(super) fn side_of(side: usize, scale: f64) -> usize {
    (side as f64 * scale).round() as usize
}

/// Middle of a square at `corner`, in sides of the one below.
pub(super) fn middle(below: &Square, above: &Square, corner: [i32; 2]) -> [f64; 2] {
    corner.map(|at| (f64::from(at) + above.side as f64 / 2.0) / below.side as f64)
}

/// The best correlation of all places with enough overlap, and the middle of the square on top there.
fn best_place(below: &Square, above: &Square) -> (f32, [f64; 2]) {
    let share = if above.side < below.side {
        LEAST_OF_CROP
    } else {
        LEAST_OVERLAP
    };
    let least = (share * (above.side * above.side) as f64) as usize;
    let beyond = ((1.0 - share) * above.side as f64) as i32;
    let places = -beyond..=below.side as i32 - above.side as i32 + beyond;
    let mut best = (f32::NEG_INFINITY, [0, 0]);
    for y in places.clone() {
        for x in places.clone() {
            if Rectangle::covered(below.side, above.side, [x, y]).area() >= least {
                let correlation = below.correlation(above, [x, y]);
                if correlation > best.0 {
                    best = (correlation, [x, y]);
                }
            }
        }
    }
    (best.0, middle(below, above, best.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alike::tests::{blobs, crop, mirrored, turned};
    use handful_image::{Pixels, Signature};

    fn best(a: &Pixels, b: &Pixels, quarters: Range<usize>) -> Placement {
        let [a, b] = [a, b].map(|p| Signature::of(p).thumbnail);
        placements(&a, &b, quarters)[0]
    }

    #[test]
    fn a_mirrored_crop_is_found_where_it_was_cut_out() {
        let whole = blobs(200, 200, 6);
        // Left 60 of 200, up 0: with a side of 140 its middle is at (130, 70).
        let part = crop(&whole, 60, 0, 140);
        let found = best(&whole, &mirrored(&part), 0..1);
        assert!(
            found.correlation > 0.9 && found.mirrored && found.second_on_top,
            "{found:?}"
        );
        assert_eq!(found.scale, 0.7);
        let found = best(&part, &whole, 0..1);
        assert!(!found.second_on_top && !found.mirrored, "{found:?}");
        assert!((found.middle[0] - 0.65).abs() < 0.05, "{found:?}");
        assert!((found.middle[1] - 0.35).abs() < 0.05, "{found:?}");
    }

    #[test]
    fn a_turned_picture_is_found_only_where_turns_are_asked_for() {
        let picture = blobs(64, 64, 6);
        let other = turned(&picture);
        assert!(best(&other, &picture, 0..1).correlation < 0.9);
        let found = best(&other, &picture, 0..4);
        assert_eq!((found.quarters, found.mirrored), (1, false));
        assert!(found.correlation > 0.99);
    }
}
