//! The matrix product that every dense convolution is: rows of pixels against panels of weights.
//!
//! Rows may lie in a map, in a ring of lines, or in several places of a map: a convolution is an *implicit* product, nothing is
//! copied apart.
//!
//! Source of the form: K. Goto, R. van de Geijn, Anatomy of high-performance matrix multiplication (ACM TOMS 34, 2008),
//! without their copy of the left matrix, whose rows are contiguous here.

use std::ops::Range;

use crate::clamp::Clamp;
use crate::even::pieces;
use crate::panels::{Panel, Panels};
use crate::places::Places;
use crate::simd::Isa;
use crate::tile::{MOST_ROWS, MOST_WIDTH, Tile};

/// Rows of weights that are summed before sums go back to memory: what a panel has of them stays in the nearest cache.
const DEPTH: usize = 512;
/// Numbers that one panel after the other reads and writes: they stay in the second cache.
const BLOCK: usize = 65_536;
/// Rows of them at most.
const MOST_BLOCK_ROWS: usize = 256;
/// Lanes of the widest register.
const MOST_LANES: usize = 16;

/// Where the rows of a product lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    /// The numbers that are multiplied with the first piece of the weights.
    pub x: Places,
    /// Numbers from what one piece of the weights is multiplied with to what the next one is.
    pub tap_step: usize,
    /// The `n` numbers that are written.
    pub out: Places,
    /// The `n` numbers that are added, if any.
    pub added: Option<Places>,
}

/// One product, or a part of the sums of one.
#[derive(Clone, Debug)]
pub(crate) struct Product<'a> {
    pub isa: Isa,
    pub panels: &'a Panels,
    /// Pieces of equal length that k is made of, each with its own pointer.
    pub taps: usize,
    /// Rows of weights that are summed: all of them, or with one tap a part; x starts at the first.
    pub part: Range<usize>,
    /// Whether what comes before the part stands in the rows that are written.
    pub goes_on: bool,
    pub clamp: Clamp,
}

/// Some of the sums of a product.
struct SumPart {
    /// The first row of weights.
    from: usize,
    /// Where the numbers of x for it are.
    skipped: usize,
    taps: usize,
    /// Rows of weights of each tap.
    steps: usize,
    goes_on: bool,
    clamp: Clamp,
}

impl<'a> Product<'a> {
    /// All of the sums.
    pub fn whole(isa: Isa, panels: &'a Panels, taps: usize, clamp: Clamp) -> Product<'a> {
        Product {
            isa,
            panels,
            taps,
            part: 0..panels.k,
            goes_on: false,
            clamp,
        }
    }

    /// Computes rows `0..m`: out = clamp(x · weights + bias + added).
    ///
    /// # Safety
    /// All rows are in their memory, that of `out` may be written, and nobody else uses it meanwhile.
    pub unsafe fn run(&self, m: usize, rows: &Rows) {
        let parts = self.sum_parts(rows.tap_step);
        let of_a_row = self.part.len().min(DEPTH) + self.panels.n;
        let mut x = [std::ptr::null(); MOST_BLOCK_ROWS];
        let mut out = [std::ptr::null(); MOST_BLOCK_ROWS];
        let mut added = [std::ptr::null(); MOST_BLOCK_ROWS];
        for block in pieces(m, (BLOCK / of_a_row).clamp(MOST_ROWS, MOST_BLOCK_ROWS)) {
            let n_rows = block.len();
            // SAFETY: the caller's.
            unsafe {
                rows.x.fill(block.start, &mut x[..n_rows]);
                rows.out.fill(block.start, &mut out[..n_rows]);
                if let Some(places) = &rows.added {
                    places.fill(block.start, &mut added[..n_rows]);
                }
            }
            let block = RowBlock {
                x: &x[..n_rows],
                out: &out[..n_rows],
                added: rows.added.map(|_| &added[..n_rows]),
                tap_step: rows.tap_step,
            };
            for part in &parts {
                for panel in &self.panels.all {
                    // SAFETY: the caller's, of whom the pointers are.
                    unsafe { self.panel(panel, &block, part) };
                }
            }
        }
    }

    /// The whole part at once if it is short, else tap by tap and piece by piece.
    fn sum_parts(&self, tap_step: usize) -> Vec<SumPart> {
        let Range { start, end } = self.part;
        let sum_part = |from: usize, skipped: usize, taps: usize, steps: usize| {
            let is_last = from + taps * steps == end;
            SumPart {
                from,
                skipped,
                taps,
                steps,
                goes_on: self.goes_on || from > start,
                clamp: if is_last { self.clamp } else { Clamp::NONE },
            }
        };
        let piece = self.part.len() / self.taps;
        if self.part.len() <= DEPTH {
            return vec![sum_part(start, 0, self.taps, piece)];
        }
        let of_tap = |tap: usize| {
            pieces(piece, DEPTH).map(move |p| {
                (
                    start + tap * piece + p.start,
                    tap * tap_step + p.start,
                    p.len(),
                )
            })
        };
        (0..self.taps)
            .flat_map(of_tap)
            .map(|(from, skipped, steps)| sum_part(from, skipped, 1, steps))
            .collect()
    }

    /// # Safety
    /// The pointers of the block are good for what they say.
    unsafe fn panel(&self, panel: &Panel, block: &RowBlock, part: &SumPart) {
        let loops = self.isa.loops();
        let columns = panel.width * loops.lanes;
        let there = self.panels.n - panel.column;
        let mut tile = Tile {
            weights: self.panels.at(panel, part.from, loops.lanes).as_ptr(),
            bias: self.panels.bias[panel.column..panel.column + columns].as_ptr(),
            x: std::ptr::null(),
            skipped: part.skipped,
            tap_step: block.tap_step,
            taps: part.taps,
            steps: part.steps,
            x_step: 1,
            out: std::ptr::null(),
            added: std::ptr::null(),
            column: panel.column,
            goes_on: part.goes_on,
            clamp: part.clamp,
        };
        for piece in pieces(block.x.len(), loops.rows[panel.width - 1]) {
            let sum = loops.tile[panel.width - 1][piece.len() - 1];
            tile.x = block.x[piece.start..].as_ptr();
            tile.out = block.out[piece.start..].as_ptr();
            if let Some(added) = block.added {
                tile.added = added[piece.start..].as_ptr();
            }
            // SAFETY: the caller's, and the machine has the instructions, since there is an Isa of them.
            unsafe {
                if columns <= there {
                    sum(&tile);
                } else {
                    ragged(&tile, piece.len(), there, sum);
                }
            }
        }
    }
}

/// Where some rows of a product lie.
struct RowBlock<'a> {
    x: &'a [*const f32],
    out: &'a [*const f32],
    added: Option<&'a [*const f32]>,
    tap_step: usize,
}

/// A tile of which only the first `columns` columns are there: it is summed beside the rows and copied.
///
/// # Safety
/// That of [`Tile::sum`], for as many columns.
unsafe fn ragged(tile: &Tile, n_rows: usize, columns: usize, sum: unsafe fn(&Tile)) {
    let mut out = [[0.0f32; MOST_WIDTH * MOST_LANES]; MOST_ROWS];
    let mut added = [[0.0f32; MOST_WIDTH * MOST_LANES]; MOST_ROWS];
    let beside_out = out.each_mut().map(|row| row.as_mut_ptr());
    let read_out = beside_out.map(|row| row.cast_const());
    let beside_added = added.each_mut().map(|row| row.as_mut_ptr());
    let read_added = beside_added.map(|row| row.cast_const());
    let mut beside = *tile;
    beside.out = read_out.as_ptr();
    beside.column = 0;
    // SAFETY: the caller's; the arrays hold any tile.
    unsafe {
        if tile.goes_on {
            for row in 0..n_rows {
                let there = (*tile.out.add(row)).cast_mut().add(tile.column);
                std::ptr::copy_nonoverlapping(there, beside_out[row], columns);
            }
        }
        if !tile.added.is_null() {
            beside.added = read_added.as_ptr();
            for row in 0..n_rows {
                let there = (*tile.added.add(row)).add(tile.column);
                std::ptr::copy_nonoverlapping(there, beside_added[row], columns);
            }
        }
        sum(&beside);
        for row in 0..n_rows {
            let there = (*tile.out.add(row)).cast_mut().add(tile.column);
            std::ptr::copy_nonoverlapping(beside_out[row], there, columns);
        }
    }
}
