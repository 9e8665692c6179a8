//! The bytes of one file or archive member, within limits.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use crate::{Issue, Place, Sample, archive, shown};

/// Larger files are not read: no photo is, and memory must stay flat.
pub(crate) const MOST_BYTES: u64 = 512 << 20;

/// Reads the bytes of a sample of a catalogue: the whole picture, whatever part of it the sample is.
///
/// `root` is that of the catalogue. An archive is opened anew for each call, so that calls may run side by side.
///
/// # Errors
/// An [`Issue`] when they are gone, may not be read, are no file, are damaged, none at all, or more than 512 MiB.
pub fn read_sample(root: &Path, sample: &Sample) -> Result<Vec<u8>, Issue> {
    match &sample.place {
        Place::File => read_file(&root.join(&sample.path), &shown(&sample.path)),
        Place::Member(member) => archive::read_member(member, &sample.path),
    }
}

/// Reads a file; `name` is how the issue calls it.
///
/// # Errors
/// An [`Issue`] when it is gone, may not be read, is no file, is empty or larger than 512 MiB.
pub fn read_file(path: &Path, name: &str) -> Result<Vec<u8>, Issue> {
    let name = Path::new(name);
    // Looked at before it is opened: opening a pipe would wait for somebody to write into it.
    let about = std::fs::metadata(path).map_err(|e| of_system(name, &e))?;
    if !about.is_file() {
        return Err(Issue::skipped(
            name,
            "not_a_file",
            "it is not a file",
            "remove it, or point to a file",
        ));
    }
    if about.len() > MOST_BYTES {
        return Err(too_large(name, about.len()));
    }
    let mut file = File::open(path).map_err(|e| of_system(name, &e))?;
    let mut bytes = Vec::with_capacity(about.len() as usize);
    file.by_ref()
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| of_system(name, &e))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(too_large(name, bytes.len() as u64));
    }
    if bytes.is_empty() {
        return Err(empty(name));
    }
    Ok(bytes)
}

/// What the system said about a file.
pub(crate) fn of_system(name: &Path, error: &std::io::Error) -> Issue {
    match error.kind() {
        ErrorKind::NotFound => Issue::skipped(
            name,
            "missing",
            "the file is not there",
            "put it back, or remove it from the list",
        ),
        ErrorKind::PermissionDenied => Issue::skipped(
            name,
            "permission_denied",
            "the file may not be read",
            "change its permissions",
        ),
        _ => Issue::skipped(
            name,
            "unreadable",
            format!("reading failed: {error}"),
            "copy it again from its source",
        ),
    }
}

pub(crate) fn too_large(name: &Path, n_bytes: u64) -> Issue {
    let detail = format!(
        "the file has {} MiB; at most {} are read",
        n_bytes >> 20,
        MOST_BYTES >> 20
    );
    Issue::skipped(
        name,
        "too_large",
        detail,
        "scale the picture down, or cut it into tiles",
    )
}

pub(crate) fn empty(name: &Path) -> Issue {
    Issue::skipped(
        name,
        "empty",
        "the file is empty (0 bytes)",
        "copy or download the file again, or delete it",
    )
}
