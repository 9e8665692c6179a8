//! Which files below a folder are images? Names decide where they can; nothing but a plain file is ever opened.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::listing::{BYTES_TO_SNIFF, Collector, Listing, Store};
use crate::read::of_system;
use crate::{DataError, Issue};

/// Lists a folder with all below it; links are followed, loops named.
///
/// # Errors
/// [`DataError::Unreadable`] when the folder itself may not be read. What is wrong below it is an issue.
pub(crate) fn list(root: &Path) -> Result<Listing, DataError> {
    let mut files = Collector::default();
    let mut entries = WalkDir::new(root)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(e) if e.depth() == 0 => {
                return Err(DataError::Unreadable {
                    path: root.to_owned(),
                    reason: e
                        .io_error()
                        .map_or_else(|| e.to_string(), ToString::to_string),
                });
            }
            Err(e) => {
                files.issue(issue_of(root, &e));
                continue;
            }
        };
        if entry.depth() == 0 {
            continue;
        }
        let relative = below(root, entry.path());
        if entry.file_type().is_dir() {
            if !files.enters(&relative) {
                entries.skip_current_dir();
            }
        } else if entry.file_type().is_file() {
            files.file(&relative, &|| head(entry.path(), &relative));
        } else {
            // Opening a pipe would wait for somebody to write into it.
            files.issue(Issue::skipped(
                &relative,
                "not_a_file",
                "a pipe, socket or device, not a file; it is not opened",
                "remove it",
            ));
        }
    }
    Ok(files.finish(Store::Folder(root.to_owned())))
}

fn below(root: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(root).unwrap_or(path).to_owned()
}

/// Why the walk could not go on at a place.
fn issue_of(root: &Path, error: &walkdir::Error) -> Issue {
    let whole = error.path().unwrap_or(root);
    let path = below(root, whole);
    let is_link = std::fs::symlink_metadata(whole).is_ok_and(|about| about.is_symlink());
    let kind = error.io_error().map(std::io::Error::kind);
    if error.loop_ancestor().is_some() {
        return Issue::skipped(
            &path,
            "link_loop",
            "the link leads back to a folder above it",
            "remove the link",
        );
    }
    match kind {
        Some(ErrorKind::NotFound) if is_link => Issue::skipped(
            &path,
            "broken_link",
            "the link leads to nothing",
            "put back what it leads to, or remove the link",
        ),
        Some(ErrorKind::PermissionDenied) => Issue::skipped(
            &path,
            "permission_denied",
            "the folder may not be looked into; whatever it holds is missing",
            "change its permissions",
        ),
        _ if is_link => Issue::skipped(
            &path,
            "link_loop",
            "the link can't be followed: it leads to itself, or through too many links",
            "remove the link",
        ),
        _ => Issue::skipped(
            &path,
            "unreadable",
            format!("looking at it failed: {error}"),
            "copy it again from its source",
        ),
    }
}

fn head(path: &Path, name: &Path) -> Result<Vec<u8>, Issue> {
    let mut bytes = Vec::with_capacity(BYTES_TO_SNIFF as usize);
    File::open(path)
        .and_then(|file| file.take(BYTES_TO_SNIFF).read_to_end(&mut bytes))
        .map_err(|e| of_system(name, &e))?;
    Ok(bytes)
}
