//! Weights of a matrix product, laid out as its inner loop reads them.

use rayon::prelude::*;

use crate::buffer::Buffer;
use crate::element::{Element, padded_bias};
use crate::simd::Isa;

/// Rows of weights that are laid out at a time.
const ROWS: usize = 16;
/// Weights that are worth a thread.
const PIECE: usize = 1 << 15;

/// Registers of a panel where it can be chosen.
const USUAL_WIDTH: usize = 2;

/// A place where no weight stands, only a zero: see [`in_steps`].
const NOTHING: usize = usize::MAX;

/// The weights `[n, k]` of a product `[m, k] · [k, n]`, cut along n into panels of 1 to 3 registers: `[panel][k][width]`, zeros
/// behind n. A panel is read from one end to the other, once for each tile of rows.
///
/// Where a step of the product takes several numbers of k, they lie side by side: `[panel][k / step][width][step]`.
#[derive(Clone, Debug)]
pub(crate) struct Panels<E: Element = f32> {
    data: Buffer<E>,
    /// Added to every row of the product, `[n]` and zeros up to whole registers.
    pub bias: Vec<f32>,
    pub all: Vec<Panel>,
    /// Whole steps.
    pub k: usize,
    /// Zeros at the end of k, or of each piece of it.
    pub zeros: usize,
    pub n: usize,
}

/// One panel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panel {
    /// First column.
    pub column: usize,
    /// Columns, in registers: 1 to 3.
    pub width: usize,
    /// Where it starts in the data.
    start: usize,
}

/// Weights as a product takes them, one column after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns<'a, E> {
    pub values: &'a [E],
    /// How many there are; those of the product behind them weigh nothing.
    pub n: usize,
    /// Numbers from one to the next.
    pub step: usize,
}

impl<E: Element> Panels<E> {
    /// `bias` may be shorter than n; `places`: where the weight of each row of k stands in a column, [`in_steps`].
    pub fn new(
        isa: Isa,
        n: usize,
        bias: &[f32],
        columns: Columns<E>,
        places: impl Iterator<Item = usize>,
    ) -> Panels<E> {
        let lanes = isa.loops().lanes;
        let registers = n.div_ceil(lanes);
        let places: Vec<usize> = places.collect();
        let k = places.len();
        assert!(k.is_multiple_of(E::STEP), "k is whole steps");
        let zeros = places.iter().rev().take_while(|p| **p == NOTHING).count();
        let mut data = Buffer::new(registers * lanes * k);
        let (mut all, mut parts) = (Vec::new(), Vec::new());
        let (mut column, mut start, mut rest) = (0, 0, &mut data[..]);
        for width in widths(registers) {
            all.push(Panel {
                column,
                width,
                start,
            });
            let (part, behind) = rest.split_at_mut(width * lanes * k);
            parts.push((column, width * lanes, part));
            (column, start, rest) = (column + width * lanes, start + width * lanes * k, behind);
        }
        // Pieces that are worth a thread.
        let together = (PIECE / (USUAL_WIDTH * lanes * k).max(1)).max(1);
        (parts.into_par_iter().with_min_len(together)).for_each(|(column, width, part)| {
            columns.fill(column, width, &places, part);
        });
        Panels {
            data,
            bias: padded_bias::<E>(bias, registers * lanes),
            all,
            k,
            zeros,
            n,
        }
    }

    /// The weights of a panel from row `from` of its k on, with `lanes` numbers a register.
    pub fn at(&self, panel: &Panel, from: usize, lanes: usize) -> &[E] {
        let row = panel.width * lanes;
        &self.data[panel.start + from * row..panel.start + self.k * row]
    }
}

impl<E: Element> Columns<'_, E> {
    /// Writes columns `first..first + width` side by side, row by row.
    fn fill(&self, first: usize, width: usize, places: &[usize], to: &mut [E]) {
        let there = width.min(self.n.saturating_sub(first));
        if self.step == 1 {
            self.fill_rows(first, there, width, places, to);
            return;
        }
        let of = |column: usize| &self.values[(first + column) * self.step..];
        // Some rows at a time, so that a column is read in pieces of a cache line.
        for (places, to) in places.chunks(ROWS).zip(to.chunks_mut(ROWS * width)) {
            for step in to.chunks_exact_mut(width * E::STEP) {
                step[there * E::STEP..].fill(E::default());
            }
            let is_one_piece = places[0] != NOTHING
                && places
                    .windows(2)
                    .all(|pair| pair[1] == pair[0].wrapping_add(1));
            for column in 0..there {
                let from = of(column);
                if is_one_piece {
                    let steps = from[places[0]..][..places.len()].chunks_exact(E::STEP);
                    for (step, from) in to.chunks_exact_mut(width * E::STEP).zip(steps) {
                        step[column * E::STEP..][..E::STEP].copy_from_slice(from);
                    }
                    continue;
                }
                let steps = to.chunks_exact_mut(width * E::STEP);
                for (places, step) in places.chunks_exact(E::STEP).zip(steps) {
                    for (place, to) in places.iter().zip(&mut step[column * E::STEP..]) {
                        *to = match *place {
                            NOTHING => E::default(),
                            place => from[place],
                        };
                    }
                }
            }
        }
    }

    /// The same where a row lies in one piece.
    fn fill_rows(&self, first: usize, there: usize, width: usize, places: &[usize], to: &mut [E]) {
        let row = |place: usize| match place {
            NOTHING => None,
            place => Some(&self.values[place + first..][..there]),
        };
        let steps = to.chunks_exact_mut(width * E::STEP);
        for (places, step) in places.chunks_exact(E::STEP).zip(steps) {
            let (step, behind) = step.split_at_mut(there * E::STEP);
            behind.fill(E::default());
            let first = row(places[0]).expect("zeros stand behind");
            E::interleave(first, places.get(1).and_then(|place| row(*place)), step);
        }
    }
}

/// A convolution's weights `[channels out, channels in, area]` as `[channels out, area, channels in]`, of numbers of E.
pub(crate) fn channels_last<E: Element>(
    weight: &[f32],
    channels_in: usize,
    area: usize,
) -> Buffer<E> {
    let own = channels_in * area;
    let mut all = Buffer::new(weight.len());
    let channels = all
        .par_chunks_exact_mut(own)
        .zip(weight.par_chunks_exact(own));
    let together = channels.with_min_len(PIECE.div_ceil(own));
    together.for_each_init(
        || Buffer::new(own),
        |rounded, (to, from)| {
            if area == 1 {
                E::weights(from, to);
                return;
            }
            E::weights(from, rounded);
            match area {
                9 => turn::<E, 9>(rounded, to),
                25 => turn::<E, 25>(rounded, to),
                49 => turn::<E, 49>(rounded, to),
                _ => {
                    for (tap, to) in to.chunks_exact_mut(channels_in).enumerate() {
                        for (to, from) in to.iter_mut().zip(rounded[tap..].chunks(area)) {
                            *to = from[0];
                        }
                    }
                }
            }
        },
    );
    all
}

/// `[channels, AREA]` as `[AREA, channels]`: kernels of the field, whose taps are written side by side.
fn turn<E: Element, const AREA: usize>(from: &[E], to: &mut [E]) {
    let (from, _) = from.as_chunks::<AREA>();
    let n = from.len();
    let to = &mut to[..AREA * n];
    for (channel, taps) in from.iter().enumerate() {
        for tap in 0..AREA {
            to[tap * n + channel] = taps[tap];
        }
    }
}

/// Places in whole steps of a product: zeros stand behind what is left over.
pub(crate) fn in_steps<E: Element>(
    places: impl Iterator<Item = usize> + Clone,
) -> impl Iterator<Item = usize> {
    let n = places.clone().count();
    places.chain(std::iter::repeat_n(
        NOTHING,
        n.next_multiple_of(E::STEP) - n,
    ))
}

/// Panels of two registers; one of three where one would be left over.
pub(crate) fn widths(registers: usize) -> Vec<usize> {
    let mut widths = vec![USUAL_WIDTH; registers / USUAL_WIDTH];
    if !registers.is_multiple_of(USUAL_WIDTH) {
        match widths.last_mut() {
            Some(last) => *last += 1,
            None => widths.push(1),
        }
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portable() -> Isa {
        Isa::all()[0]
    }

    #[test]
    fn panels_cover_every_register_once() {
        for (registers, expected) in [
            (1, vec![1]),
            (2, vec![2]),
            (3, vec![3]),
            (5, vec![2, 3]),
            (6, vec![2; 3]),
        ] {
            assert_eq!(widths(registers), expected);
        }
    }

    #[test]
    fn columns_that_are_not_there_weigh_nothing() {
        let values: Vec<f32> = (0..50).map(|i| i as f32).collect();
        let columns = Columns {
            values: &values,
            n: 5,
            step: 10,
        };
        let panels = Panels::<f32>::new(portable(), 5, &[1.0; 5], columns, 0..2);
        assert_eq!(panels.all.len(), 1);
        assert_eq!(panels.bias, [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
        let expected = [0.0, 10.0, 20.0, 30.0, 40.0, 0.0, 0.0, 0.0];
        let second: Vec<f32> = expected
            .iter()
            .map(|w| if *w > 0.0 { w + 1.0 } else { 0.0 })
            .collect();
        assert_eq!(panels.at(&panels.all[0], 0, 4)[..8], expected);
        assert_eq!(panels.at(&panels.all[0], 1, 4)[1..5], second[1..5]);
    }
}
