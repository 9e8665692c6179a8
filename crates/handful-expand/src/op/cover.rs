//! A rectangle in the mean colour of its picture.

use std::ops::Range;

use handful_image::Pixels;

use crate::border::mean_colour;

/// Covers rectangles: columns and rows of each.
pub(super) fn cover(image: &mut Pixels, rectangles: &[(Range<usize>, Range<usize>)]) {
    let colour = mean_colour(image);
    for (columns, rows) in rectangles {
        for y in rows.clone() {
            let line = &mut image.data[3 * y * image.width..][..3 * image.width];
            let covered = &mut line[3 * columns.start..3 * columns.end];
            covered.as_chunks_mut::<3>().0.fill(colour);
        }
    }
}
