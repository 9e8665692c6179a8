//! Weights of a matrix product, laid out as its inner loop reads them.

use crate::simd::Isa;

/// Registers of a panel where it can be chosen.
const USUAL_WIDTH: usize = 2;

/// The weights `[n, k]` of a product `[m, k] · [k, n]`, cut along n into panels of 1 to 3 registers: `[panel][k][width]`, zeros
/// behind n. A panel is read from one end to the other, once for each tile of rows.
#[derive(Clone, Debug)]
pub(crate) struct Panels {
    data: Vec<f32>,
    /// Added to every row of the product, `[n]` and zeros up to whole registers.
    pub bias: Vec<f32>,
    pub all: Vec<Panel>,
    pub k: usize,
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

impl Panels {
    /// `weight(column, i)` for columns `0..n` and `i` in `0..k`.
    pub fn new(
        isa: Isa,
        n: usize,
        k: usize,
        bias: &[f32],
        weight: impl Fn(usize, usize) -> f32,
    ) -> Panels {
        let lanes = isa.loops().lanes;
        let registers = n.div_ceil(lanes);
        let mut padded = bias.to_vec();
        padded.resize(registers * lanes, 0.0);
        let mut panels = Panels {
            data: Vec::with_capacity(registers * lanes * k),
            bias: padded,
            all: Vec::new(),
            k,
            n,
        };
        let mut done = 0;
        for width in widths(registers) {
            let column = done * lanes;
            panels.all.push(Panel {
                column,
                width,
                start: panels.data.len(),
            });
            for i in 0..k {
                for c in column..column + width * lanes {
                    panels.data.push(if c < n { weight(c, i) } else { 0.0 });
                }
            }
            done += width;
        }
        panels
    }

    /// The weights of a panel from row `from` of its k on, with `lanes` numbers a register.
    pub fn at(&self, panel: &Panel, from: usize, lanes: usize) -> &[f32] {
        let row = panel.width * lanes;
        &self.data[panel.start + from * row..panel.start + self.k * row]
    }
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
        let panels = Panels::new(portable(), 5, 2, &[1.0; 5], |c, i| (10 * c + i) as f32);
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
