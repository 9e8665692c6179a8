//! Images that nothing gives a label: no source, but a message that helps.

use super::{Found, Given, Source, suggest};
use crate::{DataError, ScanOptions, shown};

/// Takes what no other source recognises, and refuses it.
pub struct Flat;

impl Source for Flat {
    fn name(&self) -> &'static str {
        "flat"
    }

    fn recognises(&self, _: &Given, _: &ScanOptions) -> bool {
        true
    }

    fn read(&self, given: &Given, _: &ScanOptions) -> Result<Found, DataError> {
        let images = &given.listing.images;
        Err(match images.first() {
            Some(first) => DataError::NoClasses {
                path: given.root.clone(),
                n_images: images.len(),
                example: shown(first),
                suggestion: suggest::label_pattern(images),
            },
            None => DataError::NoImages {
                path: given.root.clone(),
                found: given.listing.instead_of_images(),
            },
        })
    }
}
