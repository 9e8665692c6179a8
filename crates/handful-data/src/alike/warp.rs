//! One picture laid on another at any place, not only at whole pixels, and how well they agree there.

use std::ops::Range;

use handful_image::{PATCH_SIDE_PX as SIDE, Patch};

use super::square::Square;

/// Side of the parts that are compared one by one, in pixels, and from one to the next.
const PART: usize = 8;
const PART_STEP: usize = 4;
/// A part shows something if the levels of either picture spread by this much, in standard deviations of the picture.
const SPREAD: f64 = 0.1;

/// Where the picture on top lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    /// Its sides, in those of the picture below.
    pub scale: f64,
    /// Its middle, in sides of the picture below.
    pub middle: [f64; 2],
}

impl Place {
    /// The places that are a step away: to either side, up, down, smaller and larger.
    pub fn moves(self, step: f64) -> impl Iterator<Item = Place> {
        // Both edges of the picture on top move by a step when its side changes by two.
        let sizes = [-2.0, 2.0].map(|sign| Place {
            scale: self.scale + sign * step,
            ..self
        });
        let shifts = [[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]].map(|[x, y]| Place {
            middle: [self.middle[0] + x * step, self.middle[1] + y * step],
            ..self
        });
        shifts.into_iter().chain(sizes)
    }

    /// Share of the picture on top that lies on the other.
    pub fn overlap(&self) -> f64 {
        let inside = |middle: f64| {
            let half = self.scale / 2.0;
            ((middle + half).min(1.0) - (middle - half).max(0.0)).max(0.0) / self.scale
        };
        inside(self.middle[0]) * inside(self.middle[1])
    }
}

/// Two pictures, brought to the same sharpness.
pub(super) struct Warp {
    below: Vec<f32>,
    above: Vec<f32>,
}

/// Two pictures where they overlap.
pub(super) struct Laid<'a> {
    below: &'a [f32],
    /// `[SIDE, SIDE]`; only `rows` and `columns` are filled.
    above: Vec<f32>,
    rows: Range<usize>,
    columns: Range<usize>,
    /// All of the picture on top, and its sides in those of the one below.
    whole: &'a [f32],
    scale: f64,
}

impl Warp {
    /// A picture of 16 pixels has no edges of 64: what both are compared at is the resolution of the coarser one.
    pub fn of(below: &Patch, above: &Patch) -> Warp {
        let side = below.short_side_px.min(above.short_side_px);
        let soft = |patch: &Patch| softened(&Square::of(patch.levels.clone(), SIDE), side);
        Warp {
            below: soft(below),
            above: soft(above),
        }
    }

    /// The picture on top at this place, by bilinear interpolation.
    pub fn laid(&self, place: &Place) -> Laid<'_> {
        let side = SIDE as f64;
        // Pixel `i` of the one below shows this coordinate of the one on top.
        let source = |middle: f64| {
            move |i: usize| (i as f64 + 0.5 - middle * side) / place.scale + side / 2.0 - 0.5
        };
        let covered = |source: &dyn Fn(usize) -> f64| {
            let inside = |i: &usize| (0.0..=side - 1.0).contains(&source(*i));
            let first = (0..SIDE).find(inside).unwrap_or(0);
            first..(first..SIDE).rfind(inside).map_or(first, |last| last + 1)
        };
        let (across, down) = (source(place.middle[0]), source(place.middle[1]));
        let (columns, rows) = (covered(&across), covered(&down));
        let split = |at: f64| {
            let pixel = at as usize;
            (pixel, (pixel + 1).min(SIDE - 1), (at - pixel as f64) as f32)
        };
        let taken: Vec<_> = columns.clone().map(|x| split(across(x))).collect();
        let mut above = vec![0.0; SIDE * SIDE];
        for y in rows.clone() {
            let (upper, lower, share) = split(down(y));
            let [upper, lower] = [upper, lower].map(|row| &self.above[row * SIDE..][..SIDE]);
            let row: [f32; SIDE] =
                std::array::from_fn(|x| upper[x] + (lower[x] - upper[x]) * share);
            let out = &mut above[y * SIDE..][columns.clone()];
            for (out, &(left, right, share)) in out.iter_mut().zip(&taken) {
                *out = row[left] + (row[right] - row[left]) * share;
            }
        }
        Laid {
            below: &self.below,
            above,
            rows,
            columns,
            whole: &self.above,
            scale: place.scale,
        }
    }
}

impl Laid<'_> {
    /// Normalised cross-correlation of grey levels.
    pub fn correlation(&self) -> f64 {
        self.moments(self.rows.clone(), self.columns.clone())
            .correlation()
    }

    /// The least of both pictures' edges that are seen here: their strength by area, in that of the whole picture.
    pub fn seen(&self) -> f64 {
        let share = |levels: &[f32], whole: &[f32], side: f64| {
            let here = edge_energy(levels, &self.rows, &self.columns);
            // A picture that is drawn smaller has its edges nearer to each other, and as much steeper.
            let here = here * side * side;
            let all = edge_energy(whole, &(0..SIDE), &(0..SIDE));
            if all > 0.0 { here / all } else { 0.0 }
        };
        share(self.below, self.below, 1.0).min(share(&self.above, self.whole, self.scale))
    }

    /// The same of differences between neighbours, across and down; they need no mean.
    pub fn edges(&self) -> f64 {
        let (mut products, mut of_below, mut of_above) = (0.0f64, 0.0f64, 0.0f64);
        let last = |range: &Range<usize>| range.start..range.end.saturating_sub(1);
        for y in last(&self.rows) {
            let (mut product, mut square_below, mut square_above) = (0.0f32, 0.0f32, 0.0f32);
            for x in last(&self.columns) {
                let here = y * SIDE + x;
                for other in [here + 1, here + SIDE] {
                    let b = self.below[other] - self.below[here];
                    let a = self.above[other] - self.above[here];
                    product += a * b;
                    square_below += b * b;
                    square_above += a * a;
                }
            }
            products += f64::from(product);
            of_below += f64::from(square_below);
            of_above += f64::from(square_above);
        }
        let norm = (of_below * of_above).sqrt();
        if norm > 0.0 { products / norm } else { 0.0 }
    }

    /// The correlation that nine tenths of the parts reach, among those in which there is something to see; 0 if none is.
    pub fn parts(&self) -> f64 {
        let starts = |range: &Range<usize>| {
            let end = (range.end + 1).saturating_sub(PART);
            (range.start..end).step_by(PART_STEP)
        };
        let mut correlations = Vec::new();
        for top in starts(&self.rows) {
            for left in starts(&self.columns) {
                let part = self.moments(top..top + PART, left..left + PART);
                if part.below.max(part.above) > SPREAD * SPREAD {
                    correlations.push(part.correlation());
                }
            }
        }
        correlations.sort_by(f64::total_cmp);
        correlations
            .get(correlations.len() / 10)
            .copied()
            .unwrap_or(0.0)
    }

    fn moments(&self, rows: Range<usize>, columns: Range<usize>) -> Moments {
        let n = (rows.len() * columns.len()).max(1) as f64;
        let (mut b, mut a, mut bb, mut aa, mut ab) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for y in rows {
            let row = y * SIDE;
            let below = &self.below[row..][columns.clone()];
            for (below, above) in below.iter().zip(&self.above[row..][columns.clone()]) {
                let (below, above) = (f64::from(*below), f64::from(*above));
                b += below;
                a += above;
                bb += below * below;
                aa += above * above;
                ab += below * above;
            }
        }
        Moments {
            below: bb / n - (b / n).powi(2),
            above: aa / n - (a / n).powi(2),
            both: ab / n - b / n * (a / n),
        }
    }
}

/// Mean square of differences between neighbours in a rectangle of `[SIDE, SIDE]`.
fn edge_energy(levels: &[f32], rows: &Range<usize>, columns: &Range<usize>) -> f64 {
    let last = |range: &Range<usize>| range.start..range.end.saturating_sub(1);
    let (mut energy, mut n) = (0.0, 0usize);
    for y in last(rows) {
        for x in last(columns) {
            let here = y * SIDE + x;
            let differences = [here + 1, here + SIDE].map(|other| levels[other] - levels[here]);
            energy += differences.iter().map(|d| f64::from(d * d)).sum::<f64>();
            n += 1;
        }
    }
    energy / n.max(1) as f64
}

/// Variances and covariance of a part.
struct Moments {
    below: f64,
    above: f64,
    both: f64,
}

impl Moments {
    fn correlation(&self) -> f64 {
        let variances = self.below * self.above;
        if variances > f64::EPSILON {
            self.both / variances.sqrt()
        } else {
            0.0
        }
    }
}

/// A patch at `side` pixels and back: without what only a larger picture shows.
fn softened(patch: &Square, side: usize) -> Vec<f32> {
    if side >= SIDE {
        return patch.levels.clone();
    }
    let small = patch.scaled(side);
    let split = |i: usize| {
        let at = ((i as f32 + 0.5) * side as f32 / SIDE as f32 - 0.5).clamp(0.0, side as f32 - 1.0);
        (at as usize, (at as usize + 1).min(side - 1), at.fract())
    };
    let mut soft = Vec::with_capacity(SIDE * SIDE);
    for y in 0..SIDE {
        let (upper, lower, down) = split(y);
        for x in 0..SIDE {
            let (left, right, across) = split(x);
            let row = |y: usize| {
                let [l, r] = [left, right].map(|x| small.levels[y * side + x]);
                l + (r - l) * across
            };
            soft.push(row(upper) + (row(lower) - row(upper)) * down);
        }
    }
    soft
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alike::tests::blobs;
    use handful_image::aligned_patch;

    const WHOLE: Place = Place {
        scale: 1.0,
        middle: [0.5, 0.5],
    };

    #[test]
    fn a_picture_on_itself_agrees_fully_and_a_shift_of_a_pixel_is_seen() {
        let patch = aligned_patch(&blobs(128, 128, 2));
        let warp = Warp::of(&patch, &patch);
        let there = warp.laid(&WHOLE);
        assert_eq!(
            (there.rows.clone(), there.columns.clone()),
            (0..SIDE, 0..SIDE)
        );
        for agreement in [there.correlation(), there.edges(), there.parts()] {
            assert!((agreement - 1.0).abs() < 1e-6, "{agreement}");
        }
        let beside = Place {
            middle: [0.5 + 1.0 / 64.0, 0.5],
            ..WHOLE
        };
        let beside = warp.laid(&beside);
        assert_eq!(beside.columns, 1..SIDE);
        assert!(beside.edges() < there.edges());
    }

    #[test]
    fn what_hangs_over_is_not_counted() {
        let place = Place {
            scale: 0.5,
            middle: [0.0, 0.75],
        };
        assert_eq!(place.overlap(), 0.5);
        let patch = aligned_patch(&blobs(64, 64, 2));
        let warp = Warp::of(&patch, &patch);
        let laid = warp.laid(&place);
        // The middle column of the upper picture lies on the left edge; half a pixel is lost to interpolation.
        assert_eq!(laid.columns, 0..16);
        assert_eq!(laid.rows, 32..SIDE);
        let outside = Place {
            middle: [3.0, 3.0],
            ..place
        };
        let laid = warp.laid(&outside);
        assert_eq!(
            (laid.correlation(), laid.edges(), laid.parts()),
            (0.0, 0.0, 0.0)
        );
    }

    #[test]
    fn where_nothing_is_drawn_little_is_seen() {
        let mut picture = handful_image::Pixels::filled(64, 64, [200; 3]);
        for y in 40..60 {
            picture.data[(y * 64 + 40) * 3..][..20 * 3].fill(10);
        }
        let patch = aligned_patch(&picture);
        let warp = Warp::of(&patch, &patch);
        assert_eq!(warp.laid(&WHOLE).seen(), 1.0);
        let empty = Place {
            middle: [0.0, 0.0],
            ..WHOLE
        };
        assert!(warp.laid(&empty).seen() < 0.1);
    }

    #[test]
    fn moves_go_both_ways_in_place_and_size() {
        let moves: Vec<Place> = WHOLE.moves(0.25).collect();
        assert_eq!(moves.len(), 6);
        assert_eq!(moves[0].middle, [0.25, 0.5]);
        assert_eq!(moves[5].scale, 1.5);
    }
}
