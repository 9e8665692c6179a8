//! Images that nothing gives a label: no source, but a message that helps.

use super::{Found, Place, Source};
use crate::{DataError, ScanOptions, shown};

/// Takes what no other source recognises, and refuses it.
pub struct Flat;

impl Source for Flat {
    fn name(&self) -> &'static str {
        "flat"
    }

    fn recognises(&self, _: &Place) -> bool {
        true
    }

    fn read(&self, place: &Place, _: &ScanOptions) -> Result<Found, DataError> {
        let images = &place.listing.images;
        Err(match images.first() {
            Some(first) => DataError::NoClasses {
                path: place.root.clone(),
                n_images: images.len(),
                example: shown(first),
            },
            None => DataError::NoImages {
                path: place.root.clone(),
                found: match place.listing.n_others {
                    0 => "an empty folder".to_owned(),
                    n => format!("{n} files, none of them an image"),
                },
            },
        })
    }
}
