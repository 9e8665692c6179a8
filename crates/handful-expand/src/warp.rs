//! Where does each pixel of a view come from? Maps from the view back to the picture, composed, so that whatever turns, shifts and
//! bends a picture is one resample.

use crate::matrix::Matrix;
use crate::target::Rect;
use crate::wide::wide;

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
        let [right, down] = self.shift(point.map(|v| v as f32));
        [point[0] + f64::from(right), point[1] + f64::from(down)]
    }

    /// The cell of a place along a side, and the weights of its four nodes there.
    #[inline(always)]
    fn along(&self, place: f32, axis: usize) -> (usize, [f32; 4]) {
        let cells = self.cells as f32;
        let at = (place * (cells / self.sides[axis] as f32) + 0.5 * cells).clamp(0.0, cells);
        let cell = (at as usize).min(self.cells - 1);
        let t = at - cell as f32;
        let (t2, t3) = (t * t, t * t * t);
        let weights = [
            1.0 - 3.0 * t + 3.0 * t2 - t3,
            4.0 - 6.0 * t2 + 3.0 * t3,
            1.0 + 3.0 * t + 3.0 * t2 - 3.0 * t3,
            t3,
        ];
        (cell, weights.map(|w| w / 6.0))
    }

    /// The nodes of a row of cells, weighted down the grid: what is left is to weight four of them across.
    #[inline(always)]
    fn row_of_nodes(&self, place: f32, nodes: &mut [[f32; 2]]) {
        let (row, down) = self.along(place, 1);
        let n = self.cells + 3;
        nodes.fill([0.0; 2]);
        for (i, weight) in down.into_iter().enumerate() {
            let shifts = &self.shifts[(row + i) * n..(row + i + 1) * n];
            for (node, shift) in nodes.iter_mut().zip(shifts) {
                node[0] += weight * shift[0];
                node[1] += weight * shift[1];
            }
        }
    }

    fn shift(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let ((column, across), (row, down)) = (self.along(x, 0), self.along(y, 1));
        let n = self.cells + 3;
        let mut shift = [0.0f32; 2];
        for (i, down) in down.into_iter().enumerate() {
            let start = (row + i) * n + column;
            for (node, across) in self.shifts[start..start + 4].iter().zip(across) {
                let weight = down * across;
                shift[0] += weight * node[0];
                shift[1] += weight * node[1];
            }
        }
        shift
    }
}

/// Steps in which the way through a bend is turned round; each one is off by a fraction of the last one's error, about half for the wildest
/// bends of `elastic`.
const TURNED_ROUND_IN: usize = 16;
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

/// The ways back of whole rows of a view: the points of [`Warp::back`], a row at a time and in `f32`, which is 1/1000 of a pixel at the
/// sides of any photo.
pub(crate) struct Rows<'a> {
    /// From columns and rows of the view.
    first: Matrix,
    rest: Vec<Leg<'a>>,
}

enum Leg<'a> {
    Straight(Matrix),
    Bent(&'a Bend),
    /// A bend of a view that is neither turned nor slanted before: weights across are the same in all rows.
    Upright(&'a Bend, Columns),
}

/// Weights of the four nodes around each column.
struct Columns {
    weights: [Vec<f32>; 4],
    /// Columns in one cell: first, last (outside), cell.
    runs: Vec<[usize; 3]>,
}

impl Columns {
    fn new(bend: &Bend, [step, start]: [f64; 2], width: usize) -> Columns {
        let mut weights = [const { Vec::new() }; 4];
        let mut runs: Vec<[usize; 3]> = Vec::new();
        for x in 0..width {
            let (cell, four) = bend.along((step * x as f64 + start) as f32, 0);
            for (weights, weight) in weights.iter_mut().zip(four) {
                weights.push(weight);
            }
            match runs.last_mut() {
                Some(run) if run[2] == cell => run[1] = x + 1,
                _ => runs.push([x, x + 1, cell]),
            }
        }
        Columns { weights, runs }
    }
}

impl Warp {
    /// For views of this width whose columns and rows are `stretch`ed to what the warp starts from; `shift` is added to where they end.
    pub(crate) fn rows(&self, stretch: Matrix, shift: [f64; 2], width: usize) -> Rows<'_> {
        let shift = Matrix::affine([1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]);
        let mut rows = Rows {
            first: stretch,
            rest: Vec::new(),
        };
        for map in &self.maps {
            match map {
                Map::Straight(matrix) => rows.push(matrix),
                Map::Bent(bend) => {
                    let [[a, b, c], [d, ..], _] = rows.first.0;
                    let is_upright =
                        rows.rest.is_empty() && rows.first.is_affine() && b == 0.0 && d == 0.0;
                    rows.rest.push(match is_upright {
                        true => Leg::Upright(bend, Columns::new(bend, [a, c], width)),
                        false => Leg::Bent(bend),
                    });
                }
            }
        }
        rows.push(&shift);
        rows
    }
}

impl Rows<'_> {
    fn push(&mut self, matrix: &Matrix) {
        match self.rest.last_mut() {
            None => self.first = self.first.then(matrix),
            Some(Leg::Straight(last)) => *last = last.then(matrix),
            Some(_) => self.rest.push(Leg::Straight(*matrix)),
        }
    }

    /// Where the pixels of row `y` come from: across and down.
    pub(crate) fn row(&self, y: usize, across: &mut [f32], down: &mut [f32]) {
        wide!(|| {
            self.first_leg(y, across, down);
            for leg in &self.rest {
                match leg {
                    Leg::Straight(matrix) => straight(matrix, across, down),
                    Leg::Bent(bend) => {
                        for (x, y) in across.iter_mut().zip(down.iter_mut()) {
                            let shift = bend.shift([*x, *y]);
                            *x += shift[0];
                            *y += shift[1];
                        }
                    }
                    Leg::Upright(bend, columns) => upright(bend, columns, across, down),
                }
            }
        });
    }

    #[inline(always)]
    fn first_leg(&self, y: usize, across: &mut [f32], down: &mut [f32]) {
        let of_row = self.first.0.map(|[a, b, c]| [a, b * y as f64 + c]);
        let [[a, c], [d, f], [g, w]] = of_row.map(|row| row.map(|v| v as f32));
        let points = across.iter_mut().zip(down).enumerate();
        if self.first.is_affine() {
            for (i, (x, y)) in points {
                let i = i as i32 as f32;
                *x = a * i + c;
                *y = d * i + f;
            }
            return;
        }
        for (i, (x, y)) in points {
            let i = i as i32 as f32;
            let far = 1.0 / (g * i + w);
            *x = (a * i + c) * far;
            *y = (d * i + f) * far;
        }
    }
}

#[inline(always)]
fn straight(matrix: &Matrix, across: &mut [f32], down: &mut [f32]) {
    let [[a, b, c], [d, e, f], [g, h, w]] = matrix.0.map(|row| row.map(|v| v as f32));
    let points = across.iter_mut().zip(down);
    if matrix.is_affine() {
        for (x, y) in points {
            (*x, *y) = (a * *x + b * *y + c, d * *x + e * *y + f);
        }
        return;
    }
    for (x, y) in points {
        let far = 1.0 / (g * *x + h * *y + w);
        (*x, *y) = ((a * *x + b * *y + c) * far, (d * *x + e * *y + f) * far);
    }
}

#[inline(always)]
fn upright(bend: &Bend, columns: &Columns, across: &mut [f32], down: &mut [f32]) {
    let Some(&place) = down.first() else {
        return;
    };
    let mut nodes = vec![[0.0f32; 2]; bend.cells + 3];
    bend.row_of_nodes(place, &mut nodes);
    for &[start, end, cell] in &columns.runs {
        let n = [0, 1, 2, 3].map(|k| nodes[cell + k]);
        let [w0, w1, w2, w3] = [0, 1, 2, 3].map(|k| &columns.weights[k][start..end]);
        let (across, down) = (&mut across[start..end], &mut down[start..end]);
        for i in 0..end - start {
            across[i] += w0[i] * n[0][0] + w1[i] * n[1][0] + w2[i] * n[2][0] + w3[i] * n[3][0];
            down[i] += w0[i] * n[0][1] + w1[i] * n[1][1] + w2[i] * n[2][1] + w3[i] * n[3][1];
        }
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
    fn rows_are_the_points_one_by_one() {
        /// Pixels; rounding of `f32` at positions near 100.
        const CLOSE: f64 = 1e-3;
        let turn = Warp::straight(Matrix::affine([0.8, -0.6, 5.0], [0.6, 0.8, -2.0]));
        let lens = Warp::straight(Matrix([
            [1.0, 0.1, 0.5],
            [0.0, 0.9, 0.2],
            [0.002, -0.001, 1.0],
        ]));
        let bent = Warp::bent(bend());
        let stretch = Matrix::affine([0.5, 0.0, -50.0], [0.0, 0.8, -40.0]);
        for warp in [
            Warp::default(),
            turn.clone(),
            lens.clone(),
            bent.clone(),
            turn.then(&bent),
            bent.then(&turn),
            lens.then(&bent).then(&lens).then(&bent),
        ] {
            let rows = warp.rows(stretch, [50.0, 40.0], 200);
            let (mut across, mut down) = ([0.0; 200], [0.0; 200]);
            for y in 0..100 {
                rows.row(y, &mut across, &mut down);
                for x in 0..200 {
                    let [u, v] = warp.back(stretch.map([x as f64, y as f64]));
                    assert!((f64::from(across[x]) - u - 50.0).abs() < CLOSE);
                    assert!((f64::from(down[x]) - v - 40.0).abs() < CLOSE);
                }
            }
        }
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
