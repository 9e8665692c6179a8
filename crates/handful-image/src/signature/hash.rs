//! Bits that survive what is done to photos: which parts are brighter than others, which frequencies are positive.
//!
//! The difference hash compares neighbours (N. Krawetz, "Kind of Like That", 2013). The other takes signs of low DCT
//! frequencies as pHash does (C. Zauner, thesis, 2010), with two departures: signs are taken against 0 instead of the
//! median, so that mirroring flips exactly the bits of odd columns and costs no second hash; and nine windows have a
//! hash of their own, because the whole picture's is lost by a crop (measured: of random crops with 0.8 of each side, 3 %
//! are found by whole hashes and thumbnails, 80 to 90 % by windows).

use super::plane::{Plane, SIDE};
use crate::pixels::Pixels;
use std::f64::consts::PI;

/// Windows that have a spectrum: three rows of three.
pub const N_WINDOWS: usize = 9;

/// Frequencies a side.
const FREQUENCIES: usize = 8;
/// Side of a window in pixels of the plane: 0.81 of the picture's, as after a crop to 80 %.
const WINDOW_SIDE: usize = 52;
/// Where windows start.
const STARTS: [usize; 3] = [0, (SIDE - WINDOW_SIDE) / 2, SIDE - WINDOW_SIDE];
/// Bits of the frequencies that change their sign when the picture is mirrored: odd columns.
const ODD_COLUMNS: u64 = 0xAAAA_AAAA_AAAA_AAAA;

/// The spectrum hash of the mirrored picture, from that of the picture.
pub fn mirrored_spectrum(spectrum: u64) -> u64 {
    spectrum ^ ODD_COLUMNS
}

/// 128 bits of BLAKE3 over size and pixels: two different photos never meet in them.
pub(super) fn of_pixels(image: &Pixels) -> u128 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(image.width as u64).to_le_bytes());
    hasher.update(&image.data);
    let digest = hasher.finalize();
    let (half, _) = digest.as_bytes().split_at(16);
    u128::from_le_bytes(half.try_into().expect("half a digest has 16 bytes"))
}

/// Bit `8 y + x`: of 9 x 8 means, is `x + 1` brighter than `x`?
pub(super) fn differences(plane: &Plane) -> u64 {
    let means = plane.means(8, 9);
    let brighter = means
        .chunks_exact(9)
        .flat_map(|row| row.windows(2).map(|pair| pair[1] > pair[0]));
    bits(brighter)
}

/// Signs of the whole picture's low frequencies.
pub(super) fn spectrum(plane: &Plane) -> u64 {
    signs(plane, 0, 0, &cosines(SIDE))
}

/// Signs of the windows' low frequencies.
pub(super) fn windows(plane: &Plane) -> [u64; N_WINDOWS] {
    let cosines = cosines(WINDOW_SIDE);
    std::array::from_fn(|i| signs(plane, STARTS[i % 3], STARTS[i / 3], &cosines))
}

/// Bit `8 v + u`: is the frequency of `u` half waves across and `v` down positive? The mean has no sign; its bit is 0.
fn signs(plane: &Plane, left: usize, top: usize, cosines: &[[f32; FREQUENCIES]]) -> u64 {
    let side = cosines.len();
    let mut sums = [[0.0f32; FREQUENCIES]; FREQUENCIES];
    for (y, down) in cosines.iter().enumerate() {
        let row = &plane.levels[(top + y) * SIDE + left..][..side];
        let mut across = [0.0f32; FREQUENCIES];
        for (level, wave) in row.iter().zip(cosines) {
            for u in 0..FREQUENCIES {
                across[u] += level * wave[u];
            }
        }
        for v in 0..FREQUENCIES {
            for u in 0..FREQUENCIES {
                sums[v][u] += across[u] * down[v];
            }
        }
    }
    sums[0][0] = 0.0;
    bits(sums.iter().flatten().map(|sum| *sum > 0.0))
}

/// `[side, FREQUENCIES]`: the waves of the DCT-II. Those with `u > 0` sum to 0, so brightness drops out.
fn cosines(side: usize) -> Vec<[f32; FREQUENCIES]> {
    let wave = |x: usize, u: usize| (PI * (x as f64 + 0.5) * u as f64 / side as f64).cos() as f32;
    (0..side)
        .map(|x| std::array::from_fn(|u| wave(x, u)))
        .collect()
}

fn bits(values: impl Iterator<Item = bool>) -> u64 {
    values
        .enumerate()
        .fold(0, |word, (i, bit)| word | u64::from(bit) << i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_sets_its_own_bit_and_its_negative_clears_it() {
        let wave = |sign: f32| Plane {
            levels: (0..SIDE * SIDE)
                .map(|i| {
                    let (x, y) = ((i % SIDE) as f32 + 0.5, (i / SIDE) as f32 + 0.5);
                    let angle = std::f32::consts::PI / SIDE as f32;
                    128.0 + sign * 100.0 * (3.0 * x * angle).cos() * (2.0 * y * angle).cos()
                })
                .collect(),
        };
        let bit = 1 << (8 * 2 + 3);
        assert_ne!(spectrum(&wave(1.0)) & bit, 0);
        assert_eq!(spectrum(&wave(-1.0)) & bit, 0);
    }

    #[test]
    fn windows_touch_all_edges() {
        assert_eq!(STARTS, [0, 6, 12]);
        assert_eq!(STARTS[2] + WINDOW_SIDE, SIDE);
    }
}
