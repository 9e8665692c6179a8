//! Do these photos have an up? Where nothing tells a quarter turn, all eight poses are as good as the photo's own.

use handful_expand::{View, named};
use handful_image::Pixels;
use handful_stats::{Folds, Seed};
use serde::{Deserialize, Serialize};

use super::Sight;
use super::evidence::Estimate;
use super::fit::{Sums, read};
use super::space::Space;
use crate::LearnError;

/// Below this upper bound, where chance is ¼, there is no up. Recipe 1.4.
const NO_UP: f64 = 0.35;
/// Above this lower bound there is one.
const UP: f64 = 0.5;
const TURNS: usize = 4;

/// How often a quarter turn of a photo is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Orientation {
    /// Share of turned photos of which the turn is read rightly; ¼ by chance.
    pub accuracy: f64,
    /// Bounds of its 95 % interval.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

impl Orientation {
    /// Whether turned photos look like others: the photos have no up.
    pub fn is_absent(&self) -> bool {
        self.high < NO_UP
    }

    /// Whether the photos have an up.
    pub fn is_present(&self) -> bool {
        self.low > UP
    }

    /// A ridge regression on what is seen, which of four turns it is; the four of a photo are in one fold.
    pub(super) fn of(
        sight: &Sight,
        squares: &[Pixels],
        groups: &[usize],
        folds: &Folds,
    ) -> Result<Orientation, LearnError> {
        let m = squares.len();
        let mut seen = Vec::new();
        let mut turned: Vec<Pixels> = squares.to_vec();
        for turn in 0..TURNS {
            if turn > 0 {
                turned
                    .iter_mut()
                    .for_each(|square| *square = quarter(square));
            }
            seen.extend(sight.of(&turned));
        }
        // Photo i turned t times is row t·m + i.
        let space = Space::new(&seen, &sight.widths())?;
        let turns: Vec<usize> = (0..TURNS * m).map(|row| row / m).collect();
        let all = |rows: Vec<usize>| -> Vec<usize> {
            let of_turn = |turn: usize| rows.iter().map(move |row| turn * m + row);
            (0..TURNS).flat_map(of_turn).collect()
        };
        let mut of_photo = vec![0.0; m];
        for (repeat, fold) in folds.splits() {
            let train = all(folds.train_rows(repeat, fold));
            let test = all(folds.test_rows(repeat, fold));
            let head = Sums::of(&space.projected, &train, &turns, TURNS).regression();
            let head = head.ok_or(LearnError::Algebra {
                what: "the head that reads turns",
            })?;
            let read = read(&head.scores(&space.projected, &test));
            for (row, read) in test.into_iter().zip(read) {
                of_photo[row % m] += f64::from(read == turns[row]) / TURNS as f64;
            }
        }
        let Estimate { value, low, high } = Estimate::of(&of_photo, groups);
        Ok(Orientation {
            accuracy: value,
            low,
            high,
        })
    }
}

/// A square turned by a quarter, clockwise.
fn quarter(square: &Pixels) -> Pixels {
    let op = named("quarter_turns").expect("a built-in operation");
    let size = [square.width, square.height];
    // Nothing is drawn for it.
    View::by(op, 1.0, size, &mut Seed(0).stream("turn", 0)).of(square)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_turn_takes_the_left_edge_to_the_top() {
        let mut square = Pixels::filled(3, 3, [0; 3]);
        // The lower left corner.
        square.data[6 * 3..][..3].copy_from_slice(&[9, 8, 7]);
        let turned = quarter(&square);
        assert_eq!(turned.pixel(0, 0), [9, 8, 7]);
        assert_eq!(turned.pixel(0, 2), [0; 3]);
    }
}
