//! What moves along with a picture: boxes and masks.

use crate::border::Border;
use crate::resample::nearest;
use crate::warp::Warp;

/// An upright rectangle in pixels of a picture, from its top left corner; edges may lie between pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Right edge.
    pub right: f64,
    /// Lower edge.
    pub bottom: f64,
}

impl Rect {
    /// Its area, 0 where it is turned inside out.
    pub fn area(&self) -> f64 {
        (self.right - self.left).max(0.0) * (self.bottom - self.top).max(0.0)
    }
}

/// What each pixel of a picture belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// A class a pixel, `[height, width]`.
    pub data: Vec<u8>,
}

impl Mask {
    /// The mask of a view of the picture. Classes are taken from the nearest pixel, never blended; `outside` is the class beyond the
    /// edge where the border is a colour.
    pub fn warped(&self, warp: &Warp, border: Border, outside: u8) -> Mask {
        let size = [self.width, self.height];
        Mask {
            data: nearest(warp, size, size, border, &self.data, outside),
            ..*self
        }
    }
}
