//! Images that nothing gives a label: no source, but a message that helps.

use super::{Found, Given, Source, suggest, unused};
use crate::clue::clues;
use crate::{DataError, Issue, ScanOptions, shown};

/// Takes what no other source recognises, and refuses it.
pub struct Flat;

impl Source for Flat {
    fn name(&self) -> &'static str {
        "flat"
    }

    fn recognises(&self, _: &Given, _: &ScanOptions) -> bool {
        true
    }

    fn read(&self, given: &Given, options: &ScanOptions) -> Result<Found, DataError> {
        let images = &given.listing.images;
        let issues: Vec<&Issue> = given.listing.issues.iter().collect();
        let clues = clues(&unused::remarks(given, options), &issues);
        Err(match images.first() {
            Some(first) => DataError::NoClasses {
                path: given.root.clone(),
                n_images: images.len(),
                example: shown(first),
                suggestion: suggest::label_pattern(images).map(Box::new),
                clues,
            },
            None => DataError::NoImages {
                path: given.root.clone(),
                found: if clues.is_empty() {
                    given.listing.instead_of_images()
                } else {
                    String::new()
                },
                clues,
            },
        })
    }
}
