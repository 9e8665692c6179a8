//! Dense linear algebra in f64: the only file that talks to faer.
//!
//! Everything here runs on the calling thread, so that sums have one order and results the same bytes for any number
//! of threads; callers run folds side by side instead.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::matmul::triangular::{BlockStructure, matmul as triangular_matmul};
use faer::linalg::{cholesky, evd, matmul::matmul};
use faer::{Accum, Mat, MatMut, MatRef, Par, Spec};

/// A dense matrix, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// Number of rows.
    pub n_rows: usize,
    /// Number of columns.
    pub n_cols: usize,
    /// `[n_rows, n_cols]`, row-major.
    pub values: Vec<f64>,
}

impl Matrix {
    /// All zeros.
    pub fn zeros(n_rows: usize, n_cols: usize) -> Matrix {
        Matrix {
            n_rows,
            n_cols,
            values: vec![0.0; n_rows * n_cols],
        }
    }

    /// From row-major values.
    ///
    /// # Panics
    /// When there are not `n_rows · n_cols` values.
    pub fn new(n_rows: usize, n_cols: usize, values: Vec<f64>) -> Matrix {
        assert_eq!(
            values.len(),
            n_rows * n_cols,
            "a matrix has rows times columns values"
        );
        Matrix {
            n_rows,
            n_cols,
            values,
        }
    }

    /// One row.
    pub fn row(&self, idx: usize) -> &[f64] {
        &self.values[idx * self.n_cols..][..self.n_cols]
    }

    /// One row, to change.
    pub fn row_mut(&mut self, idx: usize) -> &mut [f64] {
        &mut self.values[idx * self.n_cols..][..self.n_cols]
    }

    /// Some of the rows, in this order.
    pub fn pick(&self, rows: &[usize]) -> Matrix {
        // By slices: collecting value by value takes several times as long.
        let mut values = Vec::with_capacity(rows.len() * self.n_cols);
        rows.iter()
            .for_each(|&r| values.extend_from_slice(self.row(r)));
        Matrix {
            n_rows: rows.len(),
            n_cols: self.n_cols,
            values,
        }
    }

    /// The same with rows and columns exchanged.
    pub fn transposed(&self) -> Matrix {
        let mut out = Matrix::zeros(self.n_cols, self.n_rows);
        for i in 0..self.n_rows {
            for (j, value) in self.row(i).iter().enumerate() {
                out.row_mut(j)[i] = *value;
            }
        }
        out
    }

    fn view(&self) -> MatRef<'_, f64> {
        MatRef::from_row_major_slice(&self.values, self.n_rows, self.n_cols)
    }

    fn view_mut(&mut self) -> MatMut<'_, f64> {
        MatMut::from_row_major_slice_mut(&mut self.values, self.n_rows, self.n_cols)
    }
}

/// The scalar product of two vectors, in eight sums: one alone would wait for each addition.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += x * y;
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f64>() + rest
}

/// a·b
pub fn product(a: &Matrix, b: &Matrix) -> Matrix {
    multiply(a.view(), b.view())
}

/// aᵀ·b
pub fn transposed_product(a: &Matrix, b: &Matrix) -> Matrix {
    multiply(a.view().transpose(), b.view())
}

fn multiply(a: MatRef<f64>, b: MatRef<f64>) -> Matrix {
    let mut out = Matrix::zeros(a.nrows(), b.ncols());
    matmul(out.view_mut(), Accum::Replace, a, b, 1.0, Par::Seq);
    out
}

/// aᵀ·a, `[n_cols, n_cols]`
pub fn gram(a: &Matrix) -> Matrix {
    symmetric_product(a.view().transpose(), a.view())
}

/// a·aᵀ, `[n_rows, n_rows]`
pub fn outer_gram(a: &Matrix) -> Matrix {
    symmetric_product(a.view(), a.view().transpose())
}

/// Half the work of a product that is known to be symmetric.
fn symmetric_product(a: MatRef<f64>, b: MatRef<f64>) -> Matrix {
    let mut out = Matrix::zeros(a.nrows(), a.nrows());
    let (lower, all) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
    triangular_matmul(
        out.view_mut(),
        lower,
        Accum::Replace,
        a,
        all,
        b,
        all,
        1.0,
        Par::Seq,
    );
    let n = out.n_rows;
    for i in 0..n {
        for j in 0..i {
            out.values[j * n + i] = out.values[i * n + j];
        }
    }
    out
}

/// Eigenvalues of a symmetric matrix, largest first, and its eigenvectors as columns in that order. `None` when the
/// iteration does not converge, which finite matrices do not show.
pub fn eigen(symmetric: &Matrix) -> Option<(Vec<f64>, Matrix)> {
    let n = symmetric.n_rows;
    let (mut values, mut vectors) = (Diag::<f64>::zeros(n), Mat::<f64>::zeros(n, n));
    let params: Spec<evd::SelfAdjointEvdParams, f64> = Spec::default();
    let scratch =
        evd::self_adjoint_evd_scratch::<f64>(n, evd::ComputeEigenvectors::Yes, Par::Seq, params);
    let mut memory = MemBuffer::new(scratch);
    evd::self_adjoint_evd(
        symmetric.view(),
        values.as_mut(),
        Some(vectors.as_mut()),
        Par::Seq,
        MemStack::new(&mut memory),
        params,
    )
    .ok()?;
    // faer gives the smallest first.
    let ordered = (0..n).rev().map(|i| values.column_vector()[i]).collect();
    let mut columns = Matrix::zeros(n, n);
    for i in 0..n {
        for (j, value) in columns.row_mut(i).iter_mut().enumerate() {
            *value = vectors[(i, n - 1 - j)];
        }
    }
    Some((ordered, columns))
}

/// a⁻¹·b for a symmetric positive definite `a`; `None` when it is not, to working precision.
pub fn solve(a: &Matrix, b: &Matrix) -> Option<Matrix> {
    let n = a.n_rows;
    let mut factor = a.view().to_owned();
    let params = Default::default();
    let scratch = cholesky::llt::factor::cholesky_in_place_scratch::<f64>(n, Par::Seq, params);
    let mut memory = MemBuffer::new(scratch);
    let stack = MemStack::new(&mut memory);
    cholesky::llt::factor::cholesky_in_place(
        factor.as_mut(),
        Default::default(),
        Par::Seq,
        stack,
        params,
    )
    .ok()?;
    let mut memory = MemBuffer::new(cholesky::llt::solve::solve_in_place_scratch::<f64>(
        n,
        b.n_cols,
        Par::Seq,
    ));
    let mut out = b.clone();
    cholesky::llt::solve::solve_in_place(
        factor.as_ref(),
        out.view_mut(),
        Par::Seq,
        MemStack::new(&mut memory),
    );
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(n_rows: usize, n_cols: usize) -> Matrix {
        let values = (0..n_rows * n_cols)
            .map(|i| ((i * 37 % 101) as f64 - 50.0) / 50.0 + 0.01 * i as f64 % 0.7)
            .collect();
        Matrix::new(n_rows, n_cols, values)
    }

    fn naive(a: &Matrix, b: &Matrix) -> Matrix {
        let mut out = Matrix::zeros(a.n_rows, b.n_cols);
        for i in 0..a.n_rows {
            for j in 0..b.n_cols {
                out.values[i * b.n_cols + j] =
                    (0..a.n_cols).map(|k| a.row(i)[k] * b.row(k)[j]).sum();
            }
        }
        out
    }

    fn transposed(a: &Matrix) -> Matrix {
        let values = (0..a.n_cols)
            .flat_map(|j| (0..a.n_rows).map(move |i| a.row(i)[j]))
            .collect();
        Matrix::new(a.n_cols, a.n_rows, values)
    }

    fn assert_close(a: &Matrix, b: &Matrix) {
        assert_eq!((a.n_rows, a.n_cols), (b.n_rows, b.n_cols));
        for (x, y) in a.values.iter().zip(&b.values) {
            assert!((x - y).abs() < 1e-10, "{x} {y}");
        }
    }

    #[test]
    fn products_are_those_of_the_schoolbook() {
        for (n, d, k) in [(1, 1, 1), (7, 3, 5), (33, 64, 17)] {
            let (a, b) = (sample(n, d), sample(d, k));
            assert_close(&product(&a, &b), &naive(&a, &b));
            assert_close(&transposed_product(&transposed(&a), &b), &naive(&a, &b));
            assert_close(&gram(&a), &naive(&transposed(&a), &a));
            assert_close(&outer_gram(&a), &naive(&a, &transposed(&a)));
        }
    }

    #[test]
    fn a_scalar_product_takes_all_of_both_vectors() {
        for n in [0, 1, 7, 8, 19] {
            let (a, b) = (sample(1, n), sample(n, 1));
            let expected: f64 = a.values.iter().zip(&b.values).map(|(x, y)| x * y).sum();
            assert!((dot(&a.values, &b.values) - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn eigenvectors_rebuild_the_matrix() {
        let a = gram(&sample(40, 12));
        let (values, vectors) = eigen(&a).unwrap();
        assert!(values.windows(2).all(|w| w[0] >= w[1]));
        let mut scaled = vectors.clone();
        (0..12).for_each(|i| {
            scaled
                .row_mut(i)
                .iter_mut()
                .zip(&values)
                .for_each(|(v, s)| *v *= s)
        });
        assert_close(&naive(&scaled, &transposed(&vectors)), &a);
    }

    #[test]
    fn solving_undoes_the_product() {
        let mut a = gram(&sample(40, 12));
        (0..12).for_each(|i| a.row_mut(i)[i] += 1.0);
        let x = sample(12, 4);
        assert_close(&solve(&a, &naive(&a, &x)).unwrap(), &x);
        let mut indefinite = Matrix::zeros(2, 2);
        indefinite.values = vec![1.0, 2.0, 2.0, 1.0];
        assert!(solve(&indefinite, &Matrix::zeros(2, 1)).is_none());
    }
}
