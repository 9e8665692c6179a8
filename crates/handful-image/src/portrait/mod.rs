//! Which few numbers of its pixels tell whether a picture is dark, blurred, grey or enlarged?
//!
//! A [`Portrait`] is computed once from upright pixels and is small enough to keep for every picture of a data set. One
//! file an idea; none of them judges: what is dark or blurred is decided where a whole set is seen.

mod brightness;
mod colour;
mod detail;
mod luma;
mod sharpness;
mod vector;

use crate::pixels::Pixels;
use crate::resize::resize;
use luma::Luma;

pub use brightness::Brightness;
pub use colour::Colour;
pub use sharpness::Sharpness;
pub use vector::PORTRAIT_LENGTH;

/// Side of [`Portrait::thumbnail`], in pixels. Recipe A10 (d): enough for the colours of a scene, too little for things.
const THUMBNAIL_SIDE_PX: usize = 8;

/// Values of [`Portrait::thumbnail`].
const THUMBNAIL_LENGTH: usize = THUMBNAIL_SIDE_PX * THUMBNAIL_SIDE_PX * 3;

/// What is kept of a picture's pixels for a diagnosis.
#[derive(Debug, Clone, PartialEq)]
pub struct Portrait {
    /// How light and dark it is.
    pub brightness: Brightness,
    /// How colourful it is.
    pub colour: Colour,
    /// How sharp it is at the size that a network sees.
    pub sharpness: Sharpness,
    /// Up to which share of the finest detail that its own pixels could hold there is detail, in 0..=1. A picture enlarged
    /// to twice its side has about 0.5.
    pub detail: f32,
    /// The picture at 8 x 8 pixels, `[8, 8, 3]`.
    pub thumbnail: [u8; THUMBNAIL_LENGTH],
}

impl Portrait {
    /// The portrait of an upright picture.
    pub fn of(image: &Pixels) -> Portrait {
        let luma = Luma::of(image);
        let small = resize(image, THUMBNAIL_SIDE_PX, THUMBNAIL_SIDE_PX);
        Portrait {
            brightness: Brightness::of(&luma),
            colour: Colour::of(image),
            sharpness: Sharpness::of(image),
            detail: detail::share(&luma),
            thumbnail: small
                .data
                .try_into()
                .expect("resizing gives the size that was asked for"),
        }
    }
}
