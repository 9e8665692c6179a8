//! The innermost loop of a matrix product: some rows of pixels by 1 to 3 registers of columns, summed in registers.
//!
//! A row of weights is loaded once for all rows of the tile; pixels are broadcast.

use crate::clamp::Clamp;
use crate::element::Element;
use crate::simd::Simd;

/// Rows that a tile has at most.
pub(crate) const MOST_ROWS: usize = 8;
/// Registers that a tile is wide at most.
pub(crate) const MOST_WIDTH: usize = 3;

/// One tile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tile<E> {
    /// `[taps · steps, columns]`; where a step of the product takes several numbers, `[taps, steps / n, columns, n]` with zeros
    /// behind the last number of a tap.
    pub weights: *const E,
    /// `[columns]`
    pub bias: *const f32,
    /// The pixels of each row: `steps` numbers for each tap, from `skipped` on.
    pub x: *const *const E,
    pub skipped: usize,
    /// Numbers from the pixels of one tap to those of the next.
    pub tap_step: usize,
    pub taps: usize,
    pub steps: usize,
    /// Numbers of x from one step to the next: those of a step where rows of pixels are multiplied, a whole row where columns are.
    pub x_step: usize,
    /// Each row that is written; the pointers come from ones that may.
    pub out: *const *const E,
    /// What is added to each row; null for none.
    pub added: *const *const E,
    /// Where sums stand that are not the last ones; maybe the same as out.
    pub sums: *const *const f32,
    /// Which columns of out, added and sums are meant.
    pub column: usize,
    /// Whether there are sums so far.
    pub goes_on: bool,
    /// Whether the sums are done and go out.
    pub is_last: bool,
    pub clamp: Clamp,
}

impl<E: Element> Tile<E> {
    /// out = clamp(x · weights + bias + added), rounded once, for M rows and N registers of columns.
    ///
    /// # Safety
    /// The machine has S; M pointers of each kind are there and good for what they say.
    #[inline(always)]
    pub unsafe fn sum<S: Simd, const M: usize, const N: usize>(&self) {
        // SAFETY: the caller's.
        unsafe {
            let mut sums = [[S::splat(0.0); N]; M];
            if self.goes_on {
                for m in 0..M {
                    let so_far = (*self.sums.add(m)).add(self.column);
                    for v in 0..N {
                        sums[m][v] = S::load(so_far.add(v * S::LANES));
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
                            let more = E::load::<S>(added.add(v * S::LANES));
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
                for _ in 0..self.steps / E::STEP {
                    let mut w = [S::splat(0.0); N];
                    for v in 0..N {
                        w[v] = E::load_step::<S>(weights.add(v * S::LANES * E::STEP));
                    }
                    weights = weights.add(N * S::LANES * E::STEP);
                    for m in 0..M {
                        let pixel = E::splat_step::<S>(x[m].add(i));
                        for v in 0..N {
                            sums[m][v] = E::multiply::<S>(pixel, w[v], sums[m][v]);
                        }
                    }
                    i += x_step;
                }
                // What stands behind the last number belongs to another pixel, or to nobody.
                if !self.steps.is_multiple_of(E::STEP) {
                    for v in 0..N {
                        let w = E::load_step::<S>(weights.add(v * S::LANES * E::STEP));
                        for m in 0..M {
                            let pixel = E::splat_first::<S>(x[m].add(i));
                            sums[m][v] = E::multiply::<S>(pixel, w, sums[m][v]);
                        }
                    }
                    weights = weights.add(N * S::LANES * E::STEP);
                }
                if tap + 1 < self.taps {
                    for m in 0..M {
                        x[m] = x[m].add(self.tap_step);
                    }
                }
            }
            if !self.is_last {
                for m in 0..M {
                    let so_far = (*self.sums.add(m)).cast_mut().add(self.column);
                    for v in 0..N {
                        S::store(so_far.add(v * S::LANES), sums[m][v]);
                    }
                }
                return;
            }
            let (low, high) = self.clamp.registers::<S>();
            for m in 0..M {
                let out = (*self.out.add(m)).cast_mut().add(self.column);
                for v in 0..N {
                    let kept = S::min(high, S::max(low, sums[m][v]));
                    E::store::<S>(out.add(v * S::LANES), kept);
                }
            }
        }
    }
}
