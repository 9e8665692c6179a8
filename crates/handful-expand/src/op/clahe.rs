//! Contrast by place: dark corners and bright skies each get their own.

use std::cell::RefCell;

use handful_image::Pixels;
use rand::rngs::ChaCha8Rng;

use super::tone::{APART, apart, greys, with_bytes};
use super::{Change, Kind, Op};
use crate::range::Range;
use crate::wide::wide;

/// Equalizes brightness tile by tile with a limit on how much any level may gain; colours move along. The amount is by how much the
/// limit lies above an even share: at 0 the histogram is flat and nothing changes, `clipLimit` of OpenCV is the amount plus 1.
///
/// Source: K. Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics Gems IV (1994), 474–485.
pub struct Clahe;

impl Op for Clahe {
    fn name(&self) -> &'static str {
        "clahe"
    }

    fn summary(&self) -> &'static str {
        "evens out contrast from place to place"
    }

    fn kind(&self) -> Kind {
        Kind::Colour
    }

    fn range(&self) -> Range {
        // Albumentations goes to 3 by default; at twice that, noise of flat places is what one sees.
        Range::up_to(7.0, "even shares")
    }

    fn change(&self, amount: f32, _: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        if amount == 0.0 {
            return Change::Nothing;
        }
        Change::values(move |image| equalize(image, 1.0 + amount))
    }
}

/// Tiles along each side, as OpenCV.
const TILES: usize = 8;
/// Below so many pixels a tile has no histogram to speak of.
const LEAST_TILE_PX: usize = 4;

thread_local! {
    static TABLES: RefCell<Vec<[u8; 256]>> = const { RefCell::new(Vec::new()) };
}

fn equalize(image: &mut Pixels, limit: f32) {
    let [w, h] = [image.width, image.height];
    let along = |side: usize| (side / LEAST_TILE_PX).clamp(1, TILES);
    let tiles = [along(w), along(h)];
    let n = (w * h).next_multiple_of(APART);
    with_bytes(2 * n, |buffer| {
        let (before, after) = buffer.split_at_mut(n);
        greys(&image.data, before);
        TABLES.with_borrow_mut(|tables| {
            tables.clear();
            for tile in 0..tiles[0] * tiles[1] {
                let (column, row) = (tile % tiles[0], tile / tiles[0]);
                let [left, right] = [column, column + 1].map(|i| i * w / tiles[0]);
                let [top, bottom] = [row, row + 1].map(|i| i * h / tiles[1]);
                let rows = before[top * w..bottom * w].chunks_exact(w);
                tables.push(table(rows.map(|row| &row[left..right]), limit));
            }
            between_tiles(&before[..w * h], &mut after[..w * h], [w, h], tables, tiles);
        });
        apart!(&mut image.data, |first, channels| {
            let (before, after) = (&before[first..][..APART], &after[first..][..APART]);
            for channel in channels {
                for i in 0..APART {
                    let more = i16::from(after[i]) - i16::from(before[i]);
                    channel[i] = (i16::from(channel[i]) + more).clamp(0, 255) as u8;
                }
            }
        });
    });
}

/// The new level of each level in a tile.
fn table<'a>(rows: impl Iterator<Item = &'a [u8]>, limit: f32) -> [u8; 256] {
    let mut counts = [[0u32; 256]; 2];
    let mut n = 0;
    for row in rows {
        n += row.len() as u32;
        let (pairs, last) = row.as_chunks::<2>();
        for pair in pairs {
            counts[0][usize::from(pair[0])] += 1;
            counts[1][usize::from(pair[1])] += 1;
        }
        for &value in last {
            counts[0][usize::from(value)] += 1;
        }
    }
    let most = ((limit * n as f32 / 256.0).round() as u32).max(1);
    let mut over = 0;
    let counts: [u32; 256] = std::array::from_fn(|v| {
        let count = counts[0][v] + counts[1][v];
        over += count.saturating_sub(most);
        count.min(most)
    });
    // What was cut off is given to all levels alike: an even share to each, and what is left of that to levels evenly apart.
    let mut up_to = 0;
    std::array::from_fn(|v| {
        let v = v as u32;
        let given = (v + 1) * over / 256 - v * over / 256;
        up_to += counts[v as usize] + given;
        ((up_to * 255 + n / 2) / n.max(1)).min(255) as u8
    })
}

/// The two tiles whose middles lie around a place, and the weight of the second one in 256ths.
fn around(place: usize, side: usize, tiles: usize) -> (usize, usize, u16) {
    let at = (place as f32 + 0.5) * tiles as f32 / side as f32 - 0.5;
    let at = at.clamp(0.0, (tiles - 1) as f32);
    let first = at as usize;
    let weight = ((at - first as f32) * 256.0).round() as u16;
    (first, (first + 1).min(tiles - 1), weight)
}

/// Levels by the tables of the four tiles around each pixel, weighted by its place between their middles.
fn between_tiles(
    before: &[u8],
    after: &mut [u8],
    [w, h]: [usize; 2],
    tables: &[[u8; 256]],
    tiles: [usize; 2],
) {
    let columns: Vec<(usize, usize, u16)> = (0..w).map(|x| around(x, w, tiles[0])).collect();
    let parts: Vec<&[(usize, usize, u16)]> =
        columns.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).collect();
    // Weights along a row are those of the row above: only tables differ, so a row first mixes those above and below it.
    let mut mixed = [[0u16; 256]; TILES];
    let rows = before.chunks_exact(w).zip(after.chunks_exact_mut(w));
    for (y, (before, after)) in rows.enumerate() {
        let (first, second, weight) = around(y, h, tiles[1]);
        wide!(|| {
            for (column, mixed) in mixed.iter_mut().enumerate().take(tiles[0]) {
                let [first, second] = [first, second].map(|row| &tables[row * tiles[0] + column]);
                for ((mixed, first), second) in mixed.iter_mut().zip(first).zip(second) {
                    *mixed = u16::from(*first) * (256 - weight) + u16::from(*second) * weight;
                }
            }
        });
        let mut x = 0;
        for part in &parts {
            let (first, second) = (&mixed[part[0].0], &mixed[part[0].1]);
            let pixels = before[x..].iter().zip(&mut after[x..]);
            for (&(_, _, weight), (&value, out)) in part.iter().zip(pixels) {
                let v = usize::from(value);
                let sum = u32::from(first[v]) * u32::from(256 - weight)
                    + u32::from(second[v]) * u32::from(weight);
                *out = ((sum + 0x8000) >> 16) as u8;
            }
            x += part.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_histogram_stays() {
        let all: Vec<u8> = (0..=255).collect();
        let table = table([&all[..]; 4].into_iter(), 2.0);
        for (v, level) in table.into_iter().enumerate() {
            assert!(level.abs_diff(v as u8) <= 1, "{v} {level}");
        }
    }

    #[test]
    fn a_dim_corner_gains_contrast_and_a_higher_limit_gives_more() {
        let mut dim = Pixels::filled(256, 256, [0; 3]);
        for (i, pixel) in dim.data.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            *pixel = [100 + (i * 7 % 10) as u8; 3];
        }
        let spread = |limit: f32| {
            let mut image = dim.clone();
            equalize(&mut image, limit);
            image.data.iter().max().unwrap() - image.data.iter().min().unwrap()
        };
        assert!(spread(2.0) > 15 && spread(8.0) > 2 * spread(2.0));
    }
}
