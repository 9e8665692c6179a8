//! Would a change of labels have been noticed? One is planted: two classes that a mark tells, and its mirror image.

use handful_image::Pixels;
use handful_stats::Seed;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Side of the mark as a share of the picture's: a thing that is told by its handedness fills its photo about so.
const MARK: f64 = 0.5;
/// How far from the middle it may lie, as a share of the side.
const OFF: f64 = 0.1;

/// What came of a planted change of labels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Power {
    /// Resamples in which the planted change was refused as harmful.
    pub alarms: usize,
    /// Resamples.
    pub of: usize,
    /// Side of the mark as a share of the picture's.
    pub mark: f64,
}

impl Power {
    pub(super) fn new(alarms: usize, of: usize) -> Power {
        Power {
            alarms,
            of,
            mark: MARK,
        }
    }
}

/// The photos with a mark each, somewhere; a mirrored one in every second photo, which is its class.
pub(super) fn planted(squares: &[Pixels], seed: Seed) -> (Vec<Pixels>, Vec<usize>) {
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
        draw(&mut marked, [left, top], side, label == 1);
        marked
    });
    (marked.collect(), labels)
}

/// A black flag on a white ground: a pole with a bar to the right of its top, or to the left.
fn draw(square: &mut Pixels, [left, top]: [usize; 2], side: usize, is_mirrored: bool) {
    let width = square.width;
    for y in 0..side {
        for x in 0..side {
            let (u, v) = (x * 8 / side, y * 8 / side);
            let u = if is_mirrored { 7 - u } else { u };
            let is_pole = (1..3).contains(&u) && (1..7).contains(&v);
            let is_flag = (1..7).contains(&u) && (1..4).contains(&v);
            let value = if is_pole || is_flag { 0 } else { 255 };
            let start = 3 * ((top + y) * width + left + x);
            square.data[start..start + 3].fill(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_image_of_one_mark_is_the_other() {
        let mut marks = [false, true].map(|is_mirrored| {
            let mut square = Pixels::filled(16, 16, [90; 3]);
            draw(&mut square, [0, 0], 16, is_mirrored);
            square
        });
        assert_ne!(marks[0], marks[1]);
        for row in marks[0].data.chunks_exact_mut(16 * 3) {
            row.as_chunks_mut::<3>().0.reverse();
        }
        assert_eq!(marks[0], marks[1]);
    }
}
