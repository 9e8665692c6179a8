//! Do these photos have an up? Where nothing tells a quarter turn, all eight poses are as good as the photo's own.

use handful_image::Pixels;
use handful_stats::Folds;
use serde::{Deserialize, Serialize};

use super::Sight;
use super::fit::{Sums, read};
use super::space::Space;
use crate::LearnError;

/// Below this upper bound, where chance is ¼, there is no up. Recipe 1.4.
const NO_UP: f64 = 0.35;
/// Above this lower bound there is one.
const UP: f64 = 0.5;
const TURNS: usize = 4;
const Z95: f64 = 1.959_963_984_540_054;

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
        let (mut hits, mut of_photo) = (0.0, vec![0.0; m]);
        for (repeat, fold) in folds.splits() {
            let train = all(folds.train_rows(repeat, fold));
            let test = all(folds.test_rows(repeat, fold));
            let head = Sums::of(&space.projected, &train, &turns, TURNS).regression();
            let head = head.ok_or(LearnError::Algebra {
                what: "the head that reads turns",
            })?;
            let read = read(&head.scores(&space.projected, &test));
            for (row, read) in test.into_iter().zip(read) {
                let hit = f64::from(read == turns[row]);
                hits += hit;
                of_photo[row % m] += hit / TURNS as f64;
            }
        }
        let accuracy = hits / (TURNS * m) as f64;
        let mut sums = std::collections::BTreeMap::<usize, f64>::new();
        for (value, group) in of_photo.iter().zip(groups) {
            *sums.entry(*group).or_default() += value - accuracy;
        }
        let squares: f64 = sums.values().map(|s| s * s).sum();
        let half = Z95 * squares.sqrt() / m as f64;
        Ok(Orientation {
            accuracy,
            low: accuracy - half,
            high: accuracy + half,
        })
    }
}

/// A square turned by a quarter, clockwise.
fn quarter(square: &Pixels) -> Pixels {
    let side = square.width;
    let pixels = square.data.as_chunks::<3>().0;
    let data = (0..side * side).flat_map(|i| {
        let (y, x) = (i / side, i % side);
        pixels[(side - 1 - x) * side + y]
    });
    Pixels {
        data: data.collect(),
        ..*square
    }
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
