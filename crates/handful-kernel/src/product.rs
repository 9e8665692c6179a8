//! The matrix product that every dense convolution is: rows of pixels against panels of weights.
//!
//! Rows may lie in a map, in a ring of lines, or in several places of a map: a convolution is an *implicit* product, nothing is
//! copied apart.
//!
//! Source of the form: K. Goto, R. van de Geijn, Anatomy of high-performance matrix multiplication (ACM TOMS 34, 2008),
//! without their copy of the left matrix, whose rows are contiguous here.

use std::mem::MaybeUninit;
use std::ops::Range;

use crate::clamp::Clamp;
use crate::element::Element;
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
pub(crate) struct Rows<E> {
    /// The numbers that are multiplied with the first piece of the weights.
    pub x: Places<E>,
    /// Numbers from what one piece of the weights is multiplied with to what the next one is.
    pub tap_step: usize,
    /// The `n` numbers that are written.
    pub out: Places<E>,
    /// The `n` numbers that are added, if any.
    pub added: Option<Places<E>>,
    /// Where the `n` sums of a row stand before they are the last ones; none where `out` holds them, or no sum is cut.
    pub sums: Option<Places<f32>>,
}

/// One product, or a part of the sums of one.
#[derive(Clone, Debug)]
pub(crate) struct Product<'a, E: Element> {
    pub isa: Isa,
    pub panels: &'a Panels<E>,
    /// Pieces of equal length that k is made of, each with its own pointer.
    pub taps: usize,
    /// Rows of weights that are summed: all of them, or with one tap a part; x starts at the first.
    pub part: Range<usize>,
    /// Whether there are sums of what comes before the part.
    pub goes_on: bool,
    /// Whether nothing comes behind it.
    pub is_last: bool,
    pub clamp: Clamp,
}

/// Some of the sums of a product.
struct SumPart {
    /// The first row of weights.
    from: usize,
    /// Where the numbers of x for it are.
    skipped: usize,
    taps: usize,
    /// Numbers of x of each tap.
    steps: usize,
    goes_on: bool,
    is_last: bool,
}

impl<'a, E: Element> Product<'a, E> {
    /// All of the sums.
    pub fn whole(isa: Isa, panels: &'a Panels<E>, taps: usize, clamp: Clamp) -> Product<'a, E> {
        Product {
            isa,
            panels,
            taps,
            part: 0..panels.k,
            goes_on: false,
            is_last: true,
            clamp,
        }
    }

    /// Whether sums go to memory before they are the last ones.
    pub fn is_cut(&self) -> bool {
        self.goes_on || !self.is_last || self.part.len() > depth::<E>()
    }

    /// Computes rows `0..m`: out = clamp(x · weights + bias + added).
    ///
    /// # Safety
    /// All rows are in their memory, those of `out` and `sums` may be written, and nobody else uses them meanwhile.
    pub unsafe fn run(&self, m: usize, rows: &Rows<E>) {
        assert!(
            rows.sums.is_some() || !E::SUMS_BESIDE || !self.is_cut(),
            "sums that are cut need a place"
        );
        let parts = self.sum_parts(rows.tap_step);
        let of_a_row = self.part.len().min(depth::<E>()) + self.panels.n;
        let mut x = [std::ptr::null(); MOST_BLOCK_ROWS];
        let mut out = [std::ptr::null(); MOST_BLOCK_ROWS];
        let mut added = [std::ptr::null(); MOST_BLOCK_ROWS];
        let mut sums = [std::ptr::null(); MOST_BLOCK_ROWS];
        for block in pieces(m, (BLOCK / of_a_row).clamp(MOST_ROWS, MOST_BLOCK_ROWS)) {
            let n_rows = block.len();
            // SAFETY: the caller's.
            unsafe {
                rows.x.fill(block.start, &mut x[..n_rows]);
                rows.out.fill(block.start, &mut out[..n_rows]);
                if let Some(places) = &rows.added {
                    places.fill(block.start, &mut added[..n_rows]);
                }
                match &rows.sums {
                    Some(places) => places.fill(block.start, &mut sums[..n_rows]),
                    None => {
                        for row in 0..n_rows {
                            sums[row] = out[row].cast();
                        }
                    }
                }
            }
            let block = RowBlock {
                x: &x[..n_rows],
                out: &out[..n_rows],
                added: rows.added.map(|_| &added[..n_rows]),
                sums: &sums[..n_rows],
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
        let sum_part = |rows: Range<usize>, skipped: usize, taps: usize, steps: usize| SumPart {
            from: rows.start,
            skipped,
            taps,
            steps,
            goes_on: self.goes_on || rows.start > start,
            is_last: self.is_last && rows.end == end,
        };
        let piece = self.part.len() / self.taps;
        // Numbers of x in a piece: zeros at its end weigh nothing and meet nothing.
        let there = match end == self.panels.k {
            true => piece - self.panels.zeros,
            false => piece,
        };
        if self.part.len() <= depth::<E>() {
            return vec![sum_part(start..end, 0, self.taps, there)];
        }
        let of_tap = |tap: usize| {
            let row = start + tap * piece;
            pieces(piece / E::STEP, DEPTH).map(move |p| {
                let (first, behind) = (p.start * E::STEP, p.end * E::STEP);
                let steps = behind.min(there) - first;
                (row + first..row + behind, tap * tap_step + first, steps)
            })
        };
        (0..self.taps)
            .flat_map(of_tap)
            .map(|(rows, skipped, steps)| sum_part(rows, skipped, 1, steps))
            .collect()
    }

    /// # Safety
    /// The pointers of the block are good for what they say.
    unsafe fn panel(&self, panel: &Panel, block: &RowBlock<E>, part: &SumPart) {
        let (loops, lanes) = (E::loops(self.isa), self.isa.loops().lanes);
        let columns = panel.width * lanes;
        let there = self.panels.n - panel.column;
        let mut tile = Tile {
            weights: self.panels.at(panel, part.from, lanes).as_ptr(),
            bias: self.panels.bias[panel.column..panel.column + columns].as_ptr(),
            x: std::ptr::null(),
            skipped: part.skipped,
            tap_step: block.tap_step,
            taps: part.taps,
            steps: part.steps,
            x_step: E::STEP,
            out: std::ptr::null(),
            added: std::ptr::null(),
            sums: std::ptr::null(),
            column: panel.column,
            goes_on: part.goes_on,
            is_last: part.is_last,
            clamp: self.clamp,
        };
        for piece in pieces(block.x.len(), loops.rows[panel.width - 1]) {
            let sum = loops.tile[panel.width - 1][piece.len() - 1];
            tile.x = block.x[piece.start..].as_ptr();
            tile.out = block.out[piece.start..].as_ptr();
            tile.sums = block.sums[piece.start..].as_ptr();
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
struct RowBlock<'a, E> {
    x: &'a [*const E],
    out: &'a [*const E],
    added: Option<&'a [*const E]>,
    sums: &'a [*const f32],
    tap_step: usize,
}

/// Numbers of k that are summed before sums go back to memory.
fn depth<E: Element>() -> usize {
    DEPTH * E::STEP
}

/// A tile of which only the first `columns` columns are there: it is summed beside the rows and copied.
///
/// # Safety
/// That of [`Tile::sum`], for as many columns.
unsafe fn ragged<E: Element>(
    tile: &Tile<E>,
    n_rows: usize,
    columns: usize,
    sum: unsafe fn(&Tile<E>),
) {
    let (mut out, mut added, mut sums) = (beside::<E>(), beside::<E>(), beside::<f32>());
    // Only what is read needs numbers.
    if !tile.added.is_null() {
        added.write([[E::default(); MOST_WIDTH * MOST_LANES]; MOST_ROWS]);
    }
    if tile.goes_on {
        sums.write([[0.0; MOST_WIDTH * MOST_LANES]; MOST_ROWS]);
    }
    let (out_rows, added_rows) = (beside_rows(&mut out), beside_rows(&mut added));
    let sum_rows = beside_rows(&mut sums);
    let beside = Tile {
        out: out_rows.as_ptr(),
        added: match tile.added.is_null() {
            true => tile.added,
            false => added_rows.as_ptr(),
        },
        sums: sum_rows.as_ptr(),
        column: 0,
        ..*tile
    };
    // SAFETY: the caller's; the arrays hold any tile.
    unsafe {
        for row in 0..n_rows {
            if tile.goes_on {
                let there = (*tile.sums.add(row)).add(tile.column);
                std::ptr::copy_nonoverlapping(there, sum_rows[row].cast_mut(), columns);
            }
            if !tile.added.is_null() {
                let there = (*tile.added.add(row)).add(tile.column);
                std::ptr::copy_nonoverlapping(there, added_rows[row].cast_mut(), columns);
            }
        }
        sum(&beside);
        for row in 0..n_rows {
            if tile.is_last {
                let there = (*tile.out.add(row)).cast_mut().add(tile.column);
                std::ptr::copy_nonoverlapping(out_rows[row], there, columns);
            } else {
                let there = (*tile.sums.add(row)).cast_mut().add(tile.column);
                std::ptr::copy_nonoverlapping(sum_rows[row], there, columns);
            }
        }
    }
}

/// Rows beside those of a product, whole registers wide.
type BesideRows<E> = MaybeUninit<[[E; MOST_WIDTH * MOST_LANES]; MOST_ROWS]>;

fn beside<E: Element>() -> BesideRows<E> {
    MaybeUninit::uninit()
}

/// Pointers that may be written through.
fn beside_rows<E: Element>(rows: &mut BesideRows<E>) -> [*const E; MOST_ROWS] {
    let start = rows.as_mut_ptr().cast::<E>();
    std::array::from_fn(|row| {
        start
            .wrapping_add(row * MOST_WIDTH * MOST_LANES)
            .cast_const()
    })
}
