//! At which quality was a JPEG saved?
//!
//! No file says so. Nearly all programs (libjpeg, Pillow, most web services) scale two standard tables by the quality, so
//! it is looked for: of the qualities 1 to 100, the one whose tables differ least from those in the file, by the sum of
//! absolute differences over the 64 steps of each table. Cameras and Photoshop have tables of their own; for them it is
//! the quality that loses about as much.
//!
//! Source: ITU-T T.81, annex K, tables K.1 and K.2; the scaling of libjpeg's `jpeg_quality_scaling`.

/// Steps for brightness, row by row.
#[rustfmt::skip]
const LUMA: [u16; 64] = [
    16, 11, 10, 16,  24,  40,  51,  61,
    12, 12, 14, 19,  26,  58,  60,  55,
    14, 13, 16, 24,  40,  57,  69,  56,
    14, 17, 22, 29,  51,  87,  80,  62,
    18, 22, 37, 56,  68, 109, 103,  77,
    24, 35, 55, 64,  81, 104, 113,  92,
    49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103,  99,
];

/// Steps for colour, row by row.
#[rustfmt::skip]
const CHROMA: [u16; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99,
    18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
];

/// Quality from the bodies of a file's quantisation segments; `None` when there is no whole table.
///
/// Tables 0 and 1 are taken for brightness and colour, as all encoders number them; others don't count.
pub(super) fn estimate(segments: &[&[u8]]) -> Option<u8> {
    let mut tables: [Option<[u16; 64]>; 2] = [None, None];
    for segment in segments {
        read(segment, &mut tables);
    }
    let distance = |quality: u8| -> u32 {
        let standards = [&LUMA, &CHROMA];
        let pairs = tables.iter().zip(standards);
        pairs
            .filter_map(|(table, standard)| Some((table.as_ref()?, standard)))
            .flat_map(|(table, standard)| table.iter().zip(standard))
            .map(|(is, base)| u32::from(is.abs_diff(scaled(*base, quality))))
            .sum()
    };
    if tables == [None, None] {
        return None;
    }
    // Of equals the best: from 100 on, all steps are 1.
    (1..=100).rev().min_by_key(|quality| distance(*quality))
}

/// Puts the tables of a segment in their places, in the order of rows.
fn read(mut segment: &[u8], tables: &mut [Option<[u16; 64]>; 2]) {
    while let Some((head, rest)) = segment.split_first() {
        let (is_wide, number) = (head >> 4 != 0, usize::from(head & 15));
        let length = if is_wide { 128 } else { 64 };
        let Some(steps) = rest.get(..length) else {
            break;
        };
        let mut table = [0; 64];
        for (i, (x, y)) in zigzag().enumerate() {
            table[y * 8 + x] = if is_wide {
                u16::from_be_bytes([steps[2 * i], steps[2 * i + 1]])
            } else {
                u16::from(steps[i])
            };
        }
        if let Some(place) = tables.get_mut(number) {
            *place = Some(table);
        }
        segment = &rest[length..];
    }
}

/// Columns and rows of an 8 x 8 block in the order in which files keep them: along diagonals, to and fro.
fn zigzag() -> impl Iterator<Item = (usize, usize)> {
    (0..15_usize).flat_map(|diagonal| {
        let steps = diagonal.saturating_sub(7)..=diagonal.min(7);
        let (forth, back) = (steps.clone(), steps.rev());
        // Even diagonals run up to the right, odd ones down to the left.
        let columns: Vec<usize> = if diagonal % 2 == 0 {
            forth.collect()
        } else {
            back.collect()
        };
        columns.into_iter().map(move |x| (x, diagonal - x))
    })
}

/// A standard step at a quality, as libjpeg has it for baseline files.
fn scaled(base: u16, quality: u8) -> u16 {
    let quality = u32::from(quality);
    let percent = if quality < 50 {
        5000 / quality
    } else {
        200 - 2 * quality
    };
    ((u32::from(base) * percent + 50) / 100).clamp(1, 255) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::jpeg;
    use crate::encode::encode_jpeg;
    use crate::pixels::Pixels;

    #[test]
    fn the_order_in_files_begins_and_ends_as_the_standard_draws_it() {
        let order: Vec<usize> = zigzag().map(|(x, y)| y * 8 + x).collect();
        assert_eq!(order[..10], [0, 1, 8, 16, 9, 2, 3, 10, 17, 24]);
        assert_eq!(order[60..], [47, 55, 62, 63]);
        let mut all = order.clone();
        all.sort_unstable();
        assert_eq!(all, (0..64).collect::<Vec<_>>());
    }

    #[test]
    fn every_quality_that_we_save_at_is_found() {
        for quality in 1..=100 {
            let bytes = encode_jpeg(&Pixels::filled(8, 8, [9, 9, 9]), quality);
            assert_eq!(estimate(&jpeg::walk(&bytes).quantisation), Some(quality));
        }
    }

    #[test]
    fn tables_that_are_not_there_have_no_quality() {
        assert_eq!(estimate(&[]), None);
        assert_eq!(estimate(&[&[0, 1, 2, 3]]), None);
    }
}
