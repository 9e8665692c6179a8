//! Which part of a picture is the image? Boxes of annotation tools, in pixels of the upright picture.
//!
//! Annotation tools (and the programs that export from them) draw on the picture as it is displayed, so a box refers to
//! the picture *after* its EXIF orientation is applied. A set whose boxes were made on the stored pixels of turned
//! photos is rare and can't be told apart from the numbers; its crops would show the wrong place.

/// A part of a picture. Columns count from the left, rows from the top, both from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CropBox {
    /// First column.
    pub left: u32,
    /// First row.
    pub top: u32,
    /// Columns; at least 1.
    pub width: u32,
    /// Rows; at least 1.
    pub height: u32,
}

impl CropBox {
    /// The box between two corners in pixels, the second of them excluded; rounded, and cut where it begins before 0.
    ///
    /// `None` when nothing is left of it, or when a number isn't finite.
    pub(crate) fn between(left: f64, top: f64, right: f64, bottom: f64) -> Option<CropBox> {
        let span = |low: f64, high: f64| {
            // A cast saturates: what lies beyond u32 is cut by `within`, and NaN is refused here.
            let first = low.round().max(0.0) as u32;
            let end = high.round().max(0.0) as u32;
            (low.is_finite() && high.is_finite() && end > first).then(|| (first, end - first))
        };
        let ((left, width), (top, height)) = (span(left, right)?, span(top, bottom)?);
        Some(CropBox {
            left,
            top,
            width,
            height,
        })
    }

    /// The part of the box that lies inside a picture of this size; `None` when there is none.
    pub fn within(&self, width_px: usize, height_px: usize) -> Option<CropBox> {
        let span = |first: u32, length: u32, side: usize| {
            let side = u32::try_from(side).unwrap_or(u32::MAX);
            let end = first.saturating_add(length).min(side);
            (end > first).then(|| end - first)
        };
        Some(CropBox {
            width: span(self.left, self.width, width_px)?,
            height: span(self.top, self.height, height_px)?,
            ..*self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cropped(left: u32, top: u32, width: u32, height: u32) -> CropBox {
        CropBox {
            left,
            top,
            width,
            height,
        }
    }

    #[test]
    fn corners_are_rounded_and_cut_at_the_first_pixel() {
        assert_eq!(
            CropBox::between(-3.0, 1.6, 4.4, 9.5),
            Some(cropped(0, 2, 4, 8))
        );
        for (left, right) in [(5.0, 5.0), (5.0, 4.0), (-9.0, -1.0), (f64::NAN, 4.0)] {
            assert_eq!(CropBox::between(left, 0.0, right, 9.0), None);
        }
        assert_eq!(CropBox::between(0.0, 0.0, f64::INFINITY, 1.0), None);
    }

    #[test]
    fn a_box_is_cut_at_the_edges_of_its_picture() {
        assert_eq!(
            cropped(2, 3, 10, 10).within(8, 5),
            Some(cropped(2, 3, 6, 2))
        );
        assert_eq!(cropped(2, 3, 4, 1).within(8, 5), Some(cropped(2, 3, 4, 1)));
        assert_eq!(cropped(8, 0, 4, 4).within(8, 5), None);
        assert_eq!(
            cropped(1, 1, u32::MAX, u32::MAX).within(2, 2),
            Some(cropped(1, 1, 1, 1))
        );
    }
}
