//! Where does each pixel of a view come from? Maps from the view back to the picture, composed, so that whatever turns, shifts and
//! bends a picture is one resample.

use crate::matrix::Matrix;
use crate::target::Rect;

/// The way from a view back to its picture.
///
/// Coordinates are pixels of the picture, from its middle: x to the right, y down. A view of another size is stretched to the
/// picture's size first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Warp {
    /// First to last on the way back.
    maps: Vec<Map>,
}

#[derive(Clone, Debug, PartialEq)]
enum Map {
    Straight(Matrix),
    Bent(Bend),
}

/// Shifts at the nodes of a grid over the picture, smooth in between: a uniform cubic B-spline, as in free-form deformation.
///
/// Source: D. Rueckert et al., "Nonrigid registration using free-form deformations", IEEE TMI 18 (1999), equation 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Bend {
    /// Cells along each side of the picture; the grid has one node more before and two more behind.
    pub cells: usize,
    /// Sides of the picture in pixels: width, height.
    pub sides: [f64; 2],
    /// Shifts in pixels, row by row: `(cells + 3)²` of them.
    pub shifts: Vec<[f32; 2]>,
}

impl Bend {
    fn map(&self, point: [f64; 2]) -> [f64; 2] {
        let nodes = self.cells + 3;
        // The cell, and four weights at the place within it, along each side.
        let along = |axis: usize| {
            let share = point[axis] / self.sides[axis] + 0.5;
            let at = (share * self.cells as f64).clamp(0.0, self.cells as f64 - 1e-9);
            let t = at.fract() as f32;
            let (t2, t3) = (t * t, t * t * t);
            let weights = [
                1.0 - 3.0 * t + 3.0 * t2 - t3,
                4.0 - 6.0 * t2 + 3.0 * t3,
                1.0 + 3.0 * t + 3.0 * t2 - 3.0 * t3,
                t3,
            ];
            (at as usize, weights.map(|w| w / 6.0))
        };
        let ((column, across), (row, down)) = (along(0), along(1));
        let mut shift = [0.0f32; 2];
        for (i, down) in down.into_iter().enumerate() {
            let start = (row + i) * nodes + column;
            for (node, across) in self.shifts[start..start + 4].iter().zip(across) {
                let weight = down * across;
                shift[0] += weight * node[0];
                shift[1] += weight * node[1];
            }
        }
        [
            point[0] + f64::from(shift[0]),
            point[1] + f64::from(shift[1]),
        ]
    }
}

/// Steps in which the way through a bend is turned round; each one is off by a fraction of the last one's error.
const TURNED_ROUND_IN: usize = 8;
/// Points on each side of a rectangle whose ways are followed.
const POINTS_A_SIDE: usize = 8;

impl Warp {
    /// Where a point of the view comes from, by a straight map.
    pub fn straight(back: Matrix) -> Warp {
        Warp {
            maps: vec![Map::Straight(back)],
        }
    }

    /// Where a point of the view comes from, by shifts that vary over it.
    ///
    /// # Panics
    /// When there aren't as many shifts as the grid has nodes.
    pub fn bent(back: Bend) -> Warp {
        assert!(back.cells > 0 && back.shifts.len() == (back.cells + 3).pow(2));
        Warp {
            maps: vec![Map::Bent(back)],
        }
    }

    /// A part of the picture, brought to the size of the whole: `middle` and `sides` as shares of the picture's sides, the middle
    /// from its middle.
    pub fn window(middle: [f64; 2], sides: [f64; 2], [width, height]: [usize; 2]) -> Warp {
        Warp::straight(Matrix::affine(
            [sides[0], 0.0, middle[0] * width as f64],
            [0.0, sides[1], middle[1] * height as f64],
        ))
    }

    /// This view, and another one of it.
    pub fn then(&self, next: &Warp) -> Warp {
        let mut maps = next.maps.clone();
        for map in &self.maps {
            match (maps.last_mut(), map) {
                (Some(Map::Straight(before)), Map::Straight(after)) => *before = before.then(after),
                _ => maps.push(map.clone()),
            }
        }
        Warp { maps }
    }

    /// Whether the view is the picture.
    pub fn is_identity(&self) -> bool {
        let is_nothing = |map: &Map| matches!(map, Map::Straight(m) if *m == Matrix::IDENTITY);
        self.maps.iter().all(is_nothing)
    }

    /// The one straight map that it is, if it is one.
    pub fn as_matrix(&self) -> Option<Matrix> {
        match self.maps.as_slice() {
            [] => Some(Matrix::IDENTITY),
            [Map::Straight(matrix)] => Some(*matrix),
            _ => None,
        }
    }

    /// Where a point of the view comes from.
    #[inline]
    pub fn back(&self, point: [f64; 2]) -> [f64; 2] {
        self.maps.iter().fold(point, |point, map| match map {
            Map::Straight(matrix) => matrix.map(point),
            Map::Bent(bend) => bend.map(point),
        })
    }

    /// Where a point of the picture goes in the view; none where the way can't be turned round.
    pub fn forth(&self, point: [f64; 2]) -> Option<[f64; 2]> {
        self.maps
            .iter()
            .rev()
            .try_fold(point, |point, map| match map {
                Map::Straight(matrix) => Some(matrix.inverse()?.map(point)),
                Map::Bent(bend) => {
                    // x + shift(x) = point, by repeating x = point - shift(x): shifts change slowly.
                    let mut x = point;
                    for _ in 0..TURNED_ROUND_IN {
                        let there = bend.map(x);
                        x = [x[0] + point[0] - there[0], x[1] + point[1] - there[1]];
                    }
                    Some(x)
                }
            })
    }

    /// The upright rectangle in the view around what a rectangle of the picture holds, cut at the view's edge; none when less than
    /// `least_seen` of its area (0..=1) is inside.
    pub fn rect(&self, rect: Rect, [width, height]: [usize; 2], least_seen: f64) -> Option<Rect> {
        let middle = [width as f64 / 2.0, height as f64 / 2.0];
        let at = |share_x: f64, share_y: f64| {
            [
                rect.left + share_x * (rect.right - rect.left) - middle[0],
                rect.top + share_y * (rect.bottom - rect.top) - middle[1],
            ]
        };
        let mut bounds = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
        for i in 0..=POINTS_A_SIDE {
            let share = i as f64 / POINTS_A_SIDE as f64;
            for point in [
                at(share, 0.0),
                at(share, 1.0),
                at(0.0, share),
                at(1.0, share),
            ] {
                let [x, y] = self.forth(point)?;
                let (x, y) = (x + middle[0], y + middle[1]);
                bounds = [
                    bounds[0].min(x),
                    bounds[1].min(y),
                    bounds[2].max(x),
                    bounds[3].max(y),
                ];
            }
        }
        let whole = Rect {
            left: bounds[0],
            top: bounds[1],
            right: bounds[2],
            bottom: bounds[3],
        };
        let seen = Rect {
            left: whole.left.max(0.0),
            top: whole.top.max(0.0),
            right: whole.right.min(width as f64),
            bottom: whole.bottom.min(height as f64),
        };
        let is_seen = seen.area() > 0.0 && seen.area() >= least_seen * whole.area();
        is_seen.then_some(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bend() -> Bend {
        let shifts = (0..36)
            .map(|i| [(i * 7 % 5) as f32 - 2.0, (i * 3 % 7) as f32 - 3.0])
            .collect();
        Bend {
            cells: 3,
            sides: [100.0, 80.0],
            shifts,
        }
    }

    #[test]
    fn the_way_back_and_forth_ends_where_it_began() {
        let turn = Matrix::affine([0.8, -0.6, 5.0], [0.6, 0.8, -2.0]);
        let warp = Warp::straight(turn)
            .then(&Warp::bent(bend()))
            .then(&Warp::straight(turn));
        for point in [[0.0, 0.0], [20.0, -11.0], [-30.0, 25.0]] {
            let [x, y] = warp.back(warp.forth(point).unwrap());
            assert!((x - point[0]).abs() < 0.01 && (y - point[1]).abs() < 0.01);
        }
    }

    #[test]
    fn straight_maps_become_one() {
        let shift = Warp::straight(Matrix::affine([1.0, 0.0, 3.0], [0.0, 1.0, 0.0]));
        let stretch = Warp::straight(Matrix::affine([0.5, 0.0, 0.0], [0.0, 0.5, 0.0]));
        // The picture is shifted, then that view is enlarged: a point of the last view is first shrunk, then shifted.
        let both = shift.then(&stretch);
        assert!(both.as_matrix().is_some());
        assert_eq!(both.back([10.0, 0.0]), [8.0, 0.0]);
    }

    #[test]
    fn shifts_of_one_size_shift_by_it() {
        let bend = Bend {
            shifts: vec![[2.0, -1.0]; 36],
            ..bend()
        };
        let [x, y] = Warp::bent(bend).back([13.0, 7.5]);
        assert!((x - 15.0).abs() < 1e-5 && (y - 6.5).abs() < 1e-5);
    }
}
