//! How is a stored raster turned upright?
//!
//! Source: the orientation tag (274) of TIFF 6.0, which EXIF takes over.

use crate::pixels::Pixels;
use image::metadata::Orientation;

/// Tiles of this side keep both rasters in the cache when rows become columns.
const TILE_PX: usize = 32;

/// Reads the orientation from a TIFF-shaped EXIF block, with or without `Exif` before it; a missing or broken one leaves
/// the picture as it is stored.
pub(super) fn from_exif(block: &[u8]) -> Orientation {
    let block = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
    Orientation::from_exif_chunk(block).unwrap_or(Orientation::NoTransforms)
}

/// Do rows become columns?
pub(super) fn is_turned(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90FlipH
            | Orientation::Rotate90
            | Orientation::Rotate270FlipH
            | Orientation::Rotate270
    )
}

/// The picture as it should be looked at.
pub(super) fn upright(stored: Pixels, orientation: Orientation) -> Pixels {
    let (w, h) = (stored.width, stored.height);
    // Where the upright picture starts in the stored one, and what a step to the right and one down are there.
    let (row, last_x, last_y) = (w as isize, w as isize - 1, h as isize - 1);
    let (start, right, down) = match orientation {
        Orientation::NoTransforms => return stored,
        Orientation::FlipHorizontal => (last_x, -1, row),
        Orientation::Rotate180 => (last_y * row + last_x, -1, -row),
        Orientation::FlipVertical => (last_y * row, 1, -row),
        Orientation::Rotate90FlipH => (0, row, 1),
        Orientation::Rotate90 => (last_y * row, -row, 1),
        Orientation::Rotate270FlipH => (last_y * row + last_x, -row, -1),
        Orientation::Rotate270 => (last_x, row, -1),
    };
    let (width, height) = if is_turned(orientation) {
        (h, w)
    } else {
        (w, h)
    };
    let mut data = vec![0; w * h * 3];
    for tile_y in (0..height).step_by(TILE_PX) {
        for tile_x in (0..width).step_by(TILE_PX) {
            for y in tile_y..height.min(tile_y + TILE_PX) {
                let end_x = width.min(tile_x + TILE_PX);
                let out = &mut data[(y * width + tile_x) * 3..(y * width + end_x) * 3];
                let mut from = start + y as isize * down + tile_x as isize * right;
                for pixel in out.chunks_exact_mut(3) {
                    let at = from as usize * 3;
                    pixel.copy_from_slice(&stored.data[at..at + 3]);
                    from += right;
                }
            }
        }
    }
    Pixels {
        width,
        height,
        data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns x rows whose pixel is its own number.
    fn numbered(width: usize, height: usize) -> Pixels {
        let data = (0..width * height)
            .flat_map(|i| [i as u8, (i >> 8) as u8, 7])
            .collect();
        Pixels {
            width,
            height,
            data,
        }
    }

    #[test]
    fn every_orientation_puts_the_named_corner_first() {
        // Of the stored 3 x 2 picture [0 1 2 / 3 4 5]: first row of the upright one, by the table of TIFF 6.0.
        let expected: [(u8, &[u8]); 8] = [
            (1, &[0, 1, 2]),
            (2, &[2, 1, 0]),
            (3, &[5, 4, 3]),
            (4, &[3, 4, 5]),
            (5, &[0, 3]),
            (6, &[3, 0]),
            (7, &[5, 2]),
            (8, &[2, 5]),
        ];
        for (tag, row) in expected {
            let out = upright(numbered(3, 2), Orientation::from_exif(tag).expect("1 to 8"));
            let first: Vec<u8> = (0..out.width).map(|x| out.pixel(x, 0)[0]).collect();
            assert_eq!(first, row, "orientation {tag}");
        }
    }

    #[test]
    fn turning_there_and_back_changes_nothing_at_any_tile_border() {
        for (width, height) in [(1, 1), (1, 70), (70, 1), (32, 33), (65, 31)] {
            let image = numbered(width, height);
            let turned = upright(image.clone(), Orientation::Rotate90);
            assert_eq!((turned.width, turned.height), (height, width));
            assert_eq!(upright(turned, Orientation::Rotate270), image);
        }
    }

    #[test]
    fn a_broken_exif_block_leaves_the_picture_alone() {
        assert_eq!(
            from_exif(b"II*\0\xff\xff\xff\xff"),
            Orientation::NoTransforms
        );
    }
}
