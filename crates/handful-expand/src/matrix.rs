//! Straight maps of the plane: shifts, turns, shears, perspective.

/// A projective map `(x, y) → (X/W, Y/W)` with `(X, Y, W) = m · (x, y, 1)`, row by row.
///
/// Source: R. Hartley, A. Zisserman, "Multiple View Geometry" (2004), section 2.3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Matrix(pub [[f64; 3]; 3]);

impl Matrix {
    /// Leaves all as it is.
    pub const IDENTITY: Matrix = Matrix([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);

    /// `(x, y) → (a·x + b·y + c, d·x + e·y + f)`.
    pub const fn affine([a, b, c]: [f64; 3], [d, e, f]: [f64; 3]) -> Matrix {
        Matrix([[a, b, c], [d, e, f], [0.0, 0.0, 1.0]])
    }

    /// First this map, then the other one.
    pub fn then(&self, other: &Matrix) -> Matrix {
        let mut product = [[0.0; 3]; 3];
        for (i, row) in product.iter_mut().enumerate() {
            for (j, cell) in row.iter_mut().enumerate() {
                *cell = (0..3).map(|k| other.0[i][k] * self.0[k][j]).sum();
            }
        }
        Matrix(product)
    }

    /// Where a point goes. Infinite where it goes to the horizon.
    #[inline]
    pub fn map(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [a, b, w] = self.0.map(|[a, b, c]| a * x + b * y + c);
        if self.is_affine() {
            return [a, b];
        }
        [a / w, b / w]
    }

    /// Whether parallels stay parallel.
    #[inline]
    pub fn is_affine(&self) -> bool {
        self.0[2] == [0.0, 0.0, 1.0]
    }

    /// The way back, where there is one.
    pub fn inverse(&self) -> Option<Matrix> {
        let m = &self.0;
        let minor = |r: [usize; 2], c: [usize; 2]| {
            m[r[0]][c[0]] * m[r[1]][c[1]] - m[r[0]][c[1]] * m[r[1]][c[0]]
        };
        const OTHERS: [[usize; 2]; 3] = [[1, 2], [0, 2], [0, 1]];
        let sign = |i: usize, j: usize| if (i + j).is_multiple_of(2) { 1.0 } else { -1.0 };
        let cofactor = |i: usize, j: usize| sign(i, j) * minor(OTHERS[i], OTHERS[j]);
        let determinant: f64 = (0..3).map(|j| m[0][j] * cofactor(0, j)).sum();
        if !determinant.is_normal() {
            return None;
        }
        let mut back = [[0.0; 3]; 3];
        for (i, row) in back.iter_mut().enumerate() {
            for (j, cell) in row.iter_mut().enumerate() {
                *cell = cofactor(j, i) / determinant;
            }
        }
        // A projective map is known up to a factor; an affine one keeps its last row exact.
        let last = back[2][2];
        let is_affine = self.is_affine();
        Some(match is_affine {
            true => Matrix([back[0], back[1], [0.0, 0.0, 1.0]]),
            false if last.abs() > 1e-12 => Matrix(back.map(|row| row.map(|v| v / last))),
            false => Matrix(back),
        })
    }

    /// The map that takes four points to four others, where there is one: 8 equations for 8 unknowns.
    pub fn of_points(from: [[f64; 2]; 4], to: [[f64; 2]; 4]) -> Option<Matrix> {
        let mut rows = [[0.0; 9]; 8];
        for (i, ([x, y], [u, v])) in from.into_iter().zip(to).enumerate() {
            rows[2 * i] = [x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y, u];
            rows[2 * i + 1] = [0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y, v];
        }
        // Gauss and Jordan, with the largest pivot.
        for column in 0..8 {
            let largest = (column..8)
                .max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()))?;
            rows.swap(column, largest);
            let pivot = rows[column][column];
            if pivot.abs() < 1e-12 {
                return None;
            }
            rows[column] = rows[column].map(|v| v / pivot);
            let of_pivot = rows[column];
            for (i, row) in rows.iter_mut().enumerate() {
                if i != column {
                    let factor = row[column];
                    for (cell, p) in row.iter_mut().zip(of_pivot) {
                        *cell -= factor * p;
                    }
                }
            }
        }
        let h = rows.map(|row| row[8]);
        Some(Matrix([
            [h[0], h[1], h[2]],
            [h[3], h[4], h[5]],
            [h[6], h[7], 1.0],
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSE: f64 = 1e-9;

    fn near([x, y]: [f64; 2], [u, v]: [f64; 2]) -> bool {
        (x - u).abs() < CLOSE && (y - v).abs() < CLOSE
    }

    #[test]
    fn a_map_and_its_inverse_are_nothing() {
        let map = Matrix([[1.1, 0.2, 3.0], [-0.3, 0.9, -7.0], [0.001, -0.002, 1.0]]);
        let back = map.inverse().unwrap();
        for point in [[0.0, 0.0], [10.0, -5.0], [-30.0, 44.0]] {
            assert!(near(back.map(map.map(point)), point));
            assert!(near(map.then(&back).map(point), point));
        }
        assert_eq!(
            Matrix::affine([1.0, 2.0, 0.0], [2.0, 4.0, 0.0]).inverse(),
            None
        );
    }

    #[test]
    fn four_points_go_where_they_were_sent() {
        let from = [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]];
        let to = [[-0.9, -1.0], [1.0, -0.8], [0.7, 0.9], [-1.0, 1.0]];
        let map = Matrix::of_points(from, to).unwrap();
        for (point, goal) in from.into_iter().zip(to) {
            assert!(near(map.map(point), goal));
        }
        assert_eq!(Matrix::of_points([[0.0, 0.0]; 4], to), None);
    }
}
