//! Where are edges, and how do they run?
//!
//! Dalal and Triggs, CVPR 2005, in scikit-image's convention (see [`hog`](super::hog) for the differences).

use super::DESCRIPTOR_SIDE_PX as SIDE;
use crate::pixels::Pixels;

const CELL_PX: usize = 8;
const CELLS: usize = SIDE / CELL_PX;
const BLOCK_CELLS: usize = 2;
const BLOCKS: usize = CELLS - BLOCK_CELLS + 1;
const ORIENTATIONS: usize = 9;
const BLOCK_LENGTH: usize = BLOCK_CELLS * BLOCK_CELLS * ORIENTATIONS;
pub(super) const LENGTH: usize = BLOCKS * BLOCKS * BLOCK_LENGTH;

/// No orientation may hold more than this share of a block's length: the "Hys" of L2-Hys (Dalal and Triggs, 6.4).
const CLIP: f64 = 0.2;

/// Keeps a block without edges at zero. scikit-image's value, for 8-bit levels.
const EPSILON: f64 = 1e-5;

/// Sines and cosines of 20, 40, … 160 degrees: the borders between orientations. Literals, because a computed sine
/// may differ between platforms in its last bit.
#[rustfmt::skip]
const BORDERS: [(f64, f64); ORIENTATIONS - 1] = [
    (0.342_020_143_325_668_7, 0.939_692_620_785_908_4),
    (0.642_787_609_686_539_3, 0.766_044_443_118_978),
    (0.866_025_403_784_438_6, 0.5),
    (0.984_807_753_012_208, 0.173_648_177_666_930_35),
    (0.984_807_753_012_208, -0.173_648_177_666_930_35),
    (0.866_025_403_784_438_6, -0.5),
    (0.642_787_609_686_539_3, -0.766_044_443_118_978),
    (0.342_020_143_325_668_7, -0.939_692_620_785_908_4),
];

/// `square` is `SIDE x SIDE`.
pub(super) fn describe(square: &Pixels) -> Vec<f32> {
    let cells = cell_histograms(square);
    let mut features = Vec::with_capacity(LENGTH);
    for block_y in 0..BLOCKS {
        for block_x in 0..BLOCKS {
            let mut block = [0.0; BLOCK_LENGTH];
            for (cell_idx, part) in block.chunks_exact_mut(ORIENTATIONS).enumerate() {
                let (y, x) = (
                    block_y + cell_idx / BLOCK_CELLS,
                    block_x + cell_idx % BLOCK_CELLS,
                );
                part.copy_from_slice(&cells[y * CELLS + x]);
            }
            normalise(&mut block);
            features.extend(block.map(|value| value as f32));
        }
    }
    features
}

/// Mean gradient length a pixel, by cell and orientation.
fn cell_histograms(square: &Pixels) -> Vec<[f64; ORIENTATIONS]> {
    let mut cells = vec![[0.0; ORIENTATIONS]; CELLS * CELLS];
    for y in 0..SIDE {
        for x in 0..SIDE {
            let (right, down) = steepest(square, x, y);
            let length = f64::from(right * right + down * down).sqrt();
            if length > 0.0 {
                cells[y / CELL_PX * CELLS + x / CELL_PX][orientation(right, down)] += length;
            }
        }
    }
    let pixels = (CELL_PX * CELL_PX) as f64;
    for cell in &mut cells {
        for value in cell {
            *value /= pixels;
        }
    }
    cells
}

/// Central differences of the channel in which they are largest, the first of equals; none across the border.
fn steepest(square: &Pixels, x: usize, y: usize) -> (i32, i32) {
    let level =
        |x: usize, y: usize, channel: usize| i32::from(square.data[(y * SIDE + x) * 3 + channel]);
    let inside = 1..SIDE - 1;
    let gradient = |channel: usize| {
        let right = if inside.contains(&x) {
            level(x + 1, y, channel) - level(x - 1, y, channel)
        } else {
            0
        };
        let down = if inside.contains(&y) {
            level(x, y + 1, channel) - level(x, y - 1, channel)
        } else {
            0
        };
        (right, down)
    };
    let mut best = gradient(0);
    for other in [gradient(1), gradient(2)] {
        if other.0 * other.0 + other.1 * other.1 > best.0 * best.0 + best.1 * best.1 {
            best = other;
        }
    }
    best
}

/// Which ninth of the half circle a gradient points to. Opposite directions are one orientation.
fn orientation(right: i32, down: i32) -> usize {
    let lower_half = down < 0 || (down == 0 && right < 0);
    let (right, down) = if lower_half {
        (-right, -down)
    } else {
        (right, down)
    };
    let (right, down) = (f64::from(right), f64::from(down));
    BORDERS
        .iter()
        .take_while(|(sine, cosine)| cosine * down - sine * right >= 0.0)
        .count()
}

fn normalise(block: &mut [f64; BLOCK_LENGTH]) {
    let length =
        |values: &[f64]| (values.iter().map(|v| v * v).sum::<f64>() + EPSILON * EPSILON).sqrt();
    let before = length(block);
    for value in block.iter_mut() {
        *value = (*value / before).min(CLIP);
    }
    let after = length(block);
    for value in block.iter_mut() {
        *value /= after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(level: impl Fn(usize, usize) -> u8) -> Pixels {
        let data = (0..SIDE * SIDE)
            .flat_map(|i| [level(i % SIDE, i / SIDE); 3])
            .collect();
        Pixels {
            width: SIDE,
            height: SIDE,
            data,
        }
    }

    #[test]
    fn a_picture_without_edges_has_no_features() {
        assert_eq!(describe(&ramp(|_, _| 90)), vec![0.0; LENGTH]);
    }

    #[test]
    fn a_ramp_votes_for_its_own_orientation_alone() {
        let middle_block = |square: &Pixels| {
            let start = (3 * BLOCKS + 3) * BLOCK_LENGTH;
            describe(square)[start..start + ORIENTATIONS].to_vec()
        };
        let along = middle_block(&ramp(|x, _| 4 * x as u8 / 2));
        let down = middle_block(&ramp(|_, y| 2 * y as u8));
        let falling = middle_block(&ramp(|_, y| 200 - 2 * y as u8));
        assert!(along[0] > 0.0 && along[1..].iter().all(|v| *v == 0.0));
        assert!(down[4] > 0.0 && down.iter().filter(|v| **v > 0.0).count() == 1);
        assert_eq!(
            down, falling,
            "dark to light or light to dark is the same edge"
        );
    }

    #[test]
    fn orientations_are_ninths_of_the_half_circle() {
        for angle_deg in 0..360 {
            let angle = (f64::from(angle_deg) + 0.5).to_radians();
            let (right, down) = ((1e6 * angle.cos()) as i32, (1e6 * angle.sin()) as i32);
            assert_eq!(
                orientation(right, down),
                angle_deg as usize % 180 / 20,
                "{angle_deg} degrees"
            );
        }
    }

    #[test]
    fn contrast_does_not_change_the_features() {
        // The epsilon and the rounding to f32 leave far less than this.
        const TOLERANCE: f32 = 1e-6;
        let soft = describe(&ramp(|x, y| (x * y / 64) as u8));
        let mut strong = ramp(|x, y| (x * y / 64) as u8);
        strong.data.iter_mut().for_each(|v| *v *= 4);
        let strong = describe(&strong);
        assert!(
            soft.iter()
                .zip(&strong)
                .all(|(a, b)| (a - b).abs() < TOLERANCE)
        );
    }
}
