//! What does one image say: from the bytes of a file to upright pixels of a given size.
//!
//! Reading order: [`sniff`] says what the bytes are, [`decode`] makes upright RGB8 [`Pixels`] of them or an
//! [`ImageError`] that a person can act on, [`Preprocessing`] brings pixels to the size and the scale that a network
//! wants, [`controls`] describes them without a network.
//!
//! Nothing here knows of folders, labels or networks, opens a file or prints.

mod decode;
mod descriptor;
mod encode;
mod error;
mod facts;
mod foreign;
mod format;
mod pixels;
mod portrait;
mod preprocess;
mod resize;
mod sample_range;
mod signature;

pub use decode::{
    Decoded, Limits, Note, Reduction, decode, decode_reduced, decode_with, sample_extent,
};
pub use descriptor::{
    COLOUR_LENGTH, CONTROLS_LENGTH, DESCRIPTOR_SIDE_PX, HOG_LENGTH, colour_histogram, controls, hog,
};
pub use encode::{encode_jpeg, encode_png};
pub use error::ImageError;
pub use facts::{FileFacts, Taken, file_facts};
pub use format::{Format, sniff};
pub use pixels::Pixels;
pub use portrait::{Brightness, Colour, PORTRAIT_LENGTH, Portrait, Sharpness};
pub use preprocess::{Filter, Geometry, MAX_SIZE_PX, Preprocessing};
pub use resize::{resize, resize_part, thumbnail};
pub use sample_range::{SampleExtent, SampleRange};
pub use signature::{
    COLOURS_SIDE_PX, N_WINDOWS, PATCH_SIDE_PX, Patch, SIGNATURE_LENGTH, Signature,
    THUMBNAIL_SIDE_PX, aligned_patch, mirrored_spectrum,
};

/// The example of the README is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
