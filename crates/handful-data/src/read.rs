//! The bytes of one file, within limits.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use crate::Issue;

/// Larger files are not read: no photo is, and memory must stay flat.
const MOST_BYTES: u64 = 512 << 20;

/// Reads a file; `name` is how the issue calls it.
///
/// # Errors
/// An [`Issue`] when it is gone, may not be read, is no file, is empty or larger than 512 MiB.
pub fn read_file(path: &Path, name: &str) -> Result<Vec<u8>, Issue> {
    let name = Path::new(name);
    let of_system = |e: std::io::Error| match e.kind() {
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
            format!("reading failed: {e}"),
            "copy it again from its source",
        ),
    };
    let mut file = File::open(path).map_err(of_system)?;
    let about = file.metadata().map_err(of_system)?;
    if !about.is_file() {
        return Err(Issue::skipped(
            name,
            "not_a_file",
            "it is not a file",
            "remove it, or point to a file",
        ));
    }
    if about.len() > MOST_BYTES {
        let detail = format!(
            "the file has {} MiB; at most {} are read",
            about.len() >> 20,
            MOST_BYTES >> 20
        );
        return Err(Issue::skipped(
            name,
            "too_large",
            detail,
            "scale the picture down, or cut it into tiles",
        ));
    }
    let mut bytes = Vec::with_capacity(about.len() as usize);
    file.by_ref()
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(of_system)?;
    if bytes.is_empty() {
        let advice = "copy or download the file again, or delete it";
        return Err(Issue::skipped(
            name,
            "empty",
            "the file is empty (0 bytes)",
            advice,
        ));
    }
    Ok(bytes)
}
