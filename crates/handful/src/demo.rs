//! The photos that ship inside the program, for the demo and the tests.

use std::fs;
use std::path::Path;

use crate::exit::Failure;

include!("../demo/photos.rs");

/// Writes the photos below a folder: `train/<class>/` to learn from, `new/<class>/` held back.
///
/// # Errors
/// When the disk refuses.
pub fn write_photos(folder: &Path) -> Result<(), Failure> {
    for (name, bytes) in PHOTOS {
        let path = folder.join(name);
        let parent = path.parent().expect("names have folders");
        fs::create_dir_all(parent).map_err(|e| Failure::io("making the folder", parent, &e))?;
        fs::write(&path, bytes).map_err(|e| Failure::io("writing", &path, &e))?;
    }
    Ok(())
}
