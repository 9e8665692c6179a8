//! Would changes of labels have been noticed? Some are planted: two classes that a mark tells, and a change that makes one mark the other.

use handful_expand::{Op, named};
use handful_image::Pixels;
use handful_stats::Seed;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Side of the mark as a share of the picture's: a thing that is told by its handedness fills its photo about so.
const MARK: f64 = 0.5;
/// How far from the middle it may lie, as a share of the side.
const OFF: f64 = 0.1;
/// Cells along a side of the mark, and the last of them.
const CELLS: usize = 8;
const LAST: usize = CELLS - 1;
const GROUND: [u8; 3] = [255; 3];
const BLACK: [u8; 3] = [0; 3];
/// Colours half a circle of hue apart.
const RED: [u8; 3] = [200, 40, 40];
const CYAN: [u8; 3] = [40, 200, 200];

/// How often a planted change of labels is noticed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Power {
    /// The operation that changes these labels.
    pub operation: String,
    /// By how much.
    pub amount: f32,
    /// Resamples in which it was refused as harmful.
    pub alarms: usize,
    /// Resamples.
    pub of: usize,
    /// Side of the mark as a share of the picture's.
    pub mark: f64,
}

/// A change of labels that is planted.
pub(super) struct Plant {
    operation: &'static str,
    /// By so much it makes the mark of each class that of the other one.
    pub amount: f32,
    /// The colour of a cell of the mark, in column and row, of the first class or the second.
    mark: fn(usize, usize, bool) -> [u8; 3],
}

/// One each for what photos are most often changed by: their poses and their colours.
pub(super) const PLANTS: [Plant; 4] = [
    Plant {
        operation: "horizontal_flip",
        amount: 1.0,
        mark: |u, v, is_second| flag(if is_second { LAST - u } else { u }, v, BLACK),
    },
    Plant {
        operation: "vertical_flip",
        amount: 1.0,
        mark: |u, v, is_second| flag(u, if is_second { LAST - v } else { v }, BLACK),
    },
    Plant {
        operation: "quarter_turns",
        amount: 2.0,
        mark: |u, v, is_second| match is_second {
            true => flag(LAST - u, LAST - v, BLACK),
            false => flag(u, v, BLACK),
        },
    },
    Plant {
        operation: "hue",
        amount: 0.5,
        mark: |u, v, is_second| flag(u, v, if is_second { CYAN } else { RED }),
    },
];

/// A flag on a white ground: a pole with a bar to the right of its top.
fn flag(u: usize, v: usize, colour: [u8; 3]) -> [u8; 3] {
    let is_pole = (1..3).contains(&u) && (1..7).contains(&v);
    let is_bar = (1..7).contains(&u) && (1..4).contains(&v);
    if is_pole || is_bar { colour } else { GROUND }
}

impl Plant {
    /// What changes these labels.
    pub fn op(&self) -> &'static dyn Op {
        named(self.operation).expect("a built-in operation")
    }

    /// What came of it.
    pub fn power(&self, alarms: usize, of: usize) -> Power {
        Power {
            operation: self.operation.into(),
            amount: self.amount,
            alarms,
            of,
            mark: MARK,
        }
    }

    /// The photos with a mark each, somewhere near the middle; the second one in every second photo, which is its class.
    pub fn planted(&self, squares: &[Pixels], seed: Seed) -> (Vec<Pixels>, Vec<usize>) {
        let labels: Vec<usize> = (0..squares.len()).map(|i| i % 2).collect();
        let marked = squares.iter().zip(&labels).enumerate();
        let marked = marked.map(|(idx, (square, &label))| {
            let mut random = seed.stream("mark", idx as u64);
            let side = ((square.width.min(square.height) as f64 * MARK) as usize).max(4);
            let mut place = |of: usize| {
                let off = random.random_range(-OFF..=OFF);
                let free = (of - side.min(of)) as f64;
                (free / 2.0 + off * of as f64).round().clamp(0.0, free) as usize
            };
            let (left, top) = (place(square.width), place(square.height));
            let mut marked = square.clone();
            self.draw(&mut marked, [left, top], side, label == 1);
            marked
        });
        (marked.collect(), labels)
    }

    fn draw(&self, square: &mut Pixels, [left, top]: [usize; 2], side: usize, is_second: bool) {
        let width = square.width;
        for y in 0..side {
            for x in 0..side {
                let (u, v) = (x * CELLS / side, y * CELLS / side);
                let start = 3 * ((top + y) * width + left + x);
                square.data[start..start + 3].copy_from_slice(&(self.mark)(u, v, is_second));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use handful_expand::View;

    #[test]
    fn each_change_makes_the_mark_of_one_class_that_of_the_other() {
        for plant in PLANTS {
            let [first, second] = [false, true].map(|is_second| {
                let mut square = Pixels::filled(16, 16, GROUND);
                plant.draw(&mut square, [0, 0], 16, is_second);
                square
            });
            assert_ne!(first, second, "{}", plant.operation);
            let mut random = Seed(0).stream("nothing is drawn", 0);
            let view = View::by(plant.op(), plant.amount, [16, 16], &mut random);
            let close = |a: &Pixels, b: &Pixels| {
                let mut pairs = a.data.iter().zip(&b.data);
                pairs.all(|(a, b)| a.abs_diff(*b) <= 1)
            };
            assert!(close(&view.of(&first), &second), "{}", plant.operation);
            assert!(close(&view.of(&second), &first), "{}", plant.operation);
        }
    }
}
