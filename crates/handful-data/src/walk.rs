//! Which files below a folder are images?

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::{DataError, Issue};

/// Endings of formats that are read, and of those that people take for images: the decoder names the latter and says
/// how to convert them.
const ENDINGS: &[&str] = &[
    "jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "dib", "gif", "tif", "tiff", "heic",
    "heif", "avif", "jxl", "jp2", "cr2", "cr3", "nef", "dng", "arw", "raf", "orf", "rw2", "psd",
    "svg", "dcm", "exr", "hdr", "ppm", "pgm", "pbm", "ico",
];
/// Endings of files that lie beside images and are none; they are passed over without a word.
const BESIDE: &[&str] = &[
    "csv", "tsv", "txt", "md", "json", "xml", "yaml", "yml", "html", "pdf", "py", "zip", "tar",
    "gz", "npy", "db", "ini", "url", "lnk", "handful", "toml", "log",
];
/// Folders and files that systems leave behind.
const LEFT_BEHIND: &[&str] = &[
    "__MACOSX",
    "Thumbs.db",
    "desktop.ini",
    "@eaDir",
    "$RECYCLE.BIN",
];
/// The first bytes tell whether a file without a telling name is an image.
const BYTES_TO_SNIFF: usize = 32;

/// What lies below a folder.
#[derive(Debug, Default)]
pub struct Listing {
    /// Images by their path from the root, sorted.
    pub images: Vec<PathBuf>,
    /// CSV files directly in the root, sorted.
    pub tables: Vec<PathBuf>,
    /// Other files.
    pub n_others: usize,
    /// Folders and files that could not be looked at.
    pub issues: Vec<Issue>,
}

/// Lists a folder with all below it; links are followed, loops named.
pub(crate) fn list(root: &Path) -> Result<Listing, DataError> {
    let mut out = Listing::default();
    let entries = WalkDir::new(root)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter();
    let wanted = |e: &walkdir::DirEntry| e.depth() == 0 || !is_left_behind(e.file_name());
    for entry in entries.filter_entry(wanted) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(e) if e.depth() == 0 => {
                return Err(DataError::Unreadable {
                    path: root.to_owned(),
                    reason: reason(&e),
                });
            }
            Err(e) => {
                let path = e.path().map_or(PathBuf::new(), |p| {
                    p.strip_prefix(root).unwrap_or(p).to_owned()
                });
                out.issues.push(if e.loop_ancestor().is_some() {
                    Issue::skipped(
                        &path,
                        "link_loop",
                        "the link leads back to a folder above it",
                        "remove the link",
                    )
                } else {
                    Issue::skipped(
                        &path,
                        "unreadable",
                        reason(&e),
                        "change its permissions, or remove it",
                    )
                });
                continue;
            }
        };
        if !entry.file_type().is_file() {
            continue;
        }
        let relative = entry
            .path()
            .strip_prefix(root)
            .expect("entries lie below the root")
            .to_owned();
        let ending = ending(&relative);
        if ENDINGS.contains(&ending.as_str())
            || (!BESIDE.contains(&ending.as_str()) && looks_like_an_image(entry.path()))
        {
            out.images.push(relative);
        } else {
            out.n_others += 1;
            if entry.depth() == 1 && matches!(ending.as_str(), "csv" | "tsv") {
                out.tables.push(relative);
            }
        }
    }
    out.images.sort();
    Ok(out)
}

fn is_left_behind(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".") || LEFT_BEHIND.iter().any(|known| name == *known)
}

pub(crate) fn ending(path: &Path) -> String {
    path.extension()
        .map_or_else(String::new, |e| e.to_string_lossy().to_lowercase())
}

fn looks_like_an_image(path: &Path) -> bool {
    let mut bytes = [0; BYTES_TO_SNIFF];
    let read = File::open(path).and_then(|mut f| f.read(&mut bytes));
    read.is_ok_and(|n| handful_image::sniff(&bytes[..n]).is_some())
}

fn reason(e: &walkdir::Error) -> String {
    e.io_error()
        .map_or_else(|| e.to_string(), ToString::to_string)
}
