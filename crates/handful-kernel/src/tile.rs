//! The innermost loop of a matrix product: some rows of pixels by 1 to 3 registers of columns, summed in registers.
//!
//! A row of weights is loaded once for all rows of the tile; pixels are broadcast.

use crate::clamp::Clamp;
use crate::simd::Simd;

/// Rows that a tile has at most.
pub(crate) const MOST_ROWS: usize = 8;
/// Registers that a tile is wide at most.
pub(crate) const MOST_WIDTH: usize = 3;

/// One tile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tile {
    /// `[taps · steps, columns]`
    pub weights: *const f32,
    /// `[columns]`
    pub bias: *const f32,
    /// The pixels of each row: `steps` numbers for each tap, from `skipped` on.
    pub x: *const *const f32,
    pub skipped: usize,
    /// Numbers from the pixels of one tap to those of the next.
    pub tap_step: usize,
    pub taps: usize,
    pub steps: usize,
    /// Numbers of x from one step to the next: 1 where rows of pixels are multiplied, a whole row where columns are.
    pub x_step: usize,
    /// Each row that is written; the pointers come from ones that may.
    pub out: *const *const f32,
    /// What is added to each row; null for none.
    pub added: *const *const f32,
    /// Which columns of out and added are meant.
    pub column: usize,
    /// Whether the sums so far stand where they are written.
    pub goes_on: bool,
    pub clamp: Clamp,
}

impl Tile {
    /// out = clamp(x · weights + bias + added), for M rows and N registers of columns.
    ///
    /// # Safety
    /// The machine has S; M pointers of each kind are there and good for what they say.
    #[inline(always)]
    pub unsafe fn sum<S: Simd, const M: usize, const N: usize>(&self) {
        // SAFETY: the caller's.
        unsafe {
            let mut sums = [[S::splat(0.0); N]; M];
            let mut out = [std::ptr::null_mut(); M];
            for m in 0..M {
                out[m] = (*self.out.add(m)).cast_mut().add(self.column);
            }
            if self.goes_on {
                for m in 0..M {
                    for v in 0..N {
                        sums[m][v] = S::load(out[m].add(v * S::LANES));
                    }
                }
            } else {
                for v in 0..N {
                    let bias = S::load(self.bias.add(v * S::LANES));
                    for m in 0..M {
                        sums[m][v] = bias;
                    }
                }
                if !self.added.is_null() {
                    for m in 0..M {
                        let added = (*self.added.add(m)).add(self.column);
                        for v in 0..N {
                            let more = S::load(added.add(v * S::LANES));
                            sums[m][v] = S::add(sums[m][v], more);
                        }
                    }
                }
            }
            let mut weights = self.weights;
            let mut x = [std::ptr::null(); M];
            for m in 0..M {
                x[m] = (*self.x.add(m)).add(self.skipped);
            }
            let x_step = self.x_step;
            for tap in 0..self.taps {
                let mut i = 0;
                for _ in 0..self.steps {
                    let mut w = [S::splat(0.0); N];
                    for v in 0..N {
                        w[v] = S::load(weights.add(v * S::LANES));
                    }
                    weights = weights.add(N * S::LANES);
                    for m in 0..M {
                        let pixel = S::splat(*x[m].add(i));
                        for v in 0..N {
                            sums[m][v] = S::fma(pixel, w[v], sums[m][v]);
                        }
                    }
                    i += x_step;
                }
                if tap + 1 < self.taps {
                    for m in 0..M {
                        x[m] = x[m].add(self.tap_step);
                    }
                }
            }
            let (low, high) = self.clamp.registers::<S>();
            for m in 0..M {
                for v in 0..N {
                    let kept = S::min(high, S::max(low, sums[m][v]));
                    S::store(out[m].add(v * S::LANES), kept);
                }
            }
        }
    }
}
