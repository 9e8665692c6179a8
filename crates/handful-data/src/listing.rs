//! What lies below a folder or in archives? The same list for both, so that every layout is read from either.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use handful_image::ImageError;

use crate::left_behind::{self, Tally};
use crate::{Issue, Member, Place};

/// Endings of formats that are read, and of those that people take for images: the decoder names the latter and says
/// how to convert them.
const ENDINGS: &[&str] = &[
    "jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "dib", "gif", "tif", "tiff", "heic",
    "heif", "avif", "jxl", "jp2", "cr2", "cr3", "nef", "dng", "arw", "raf", "orf", "rw2", "psd",
    "svg", "dcm", "exr", "hdr", "ppm", "pgm", "pbm", "ico",
];
/// Endings of files that may say something about images: lists, boxes, labels.
const TELLING: &[&str] = &["csv", "tsv", "xml", "json", "txt", "cls"];
/// Endings of files that lie beside images and are none; they are passed over without a word, unless they lie inside a
/// class ([`Listing::of_no_use`]).
const BESIDE: &[&str] = &[
    "md", "yaml", "yml", "html", "pdf", "py", "ipynb", "gz", "npy", "db", "ini", "url", "lnk",
    "handful", "toml", "log", "index", "idx", "xlsx", "xls", "ods",
];
/// Endings of archives, read or not.
const ARCHIVES: &[&str] = &[
    "zip", "tar", "tgz", "tar.gz", "tar.bz2", "tar.xz", "tar.zst", "7z", "rar",
];
/// The first bytes tell whether a file without a telling name is an image, or what it is instead.
pub(crate) const BYTES_TO_SNIFF: u64 = 1024;

/// What lies below a folder or in archives.
#[derive(Debug, Default)]
pub struct Listing {
    /// Images by their path from the root, sorted.
    pub images: Vec<PathBuf>,
    /// Lists, boxes and labels, sorted.
    pub beside: Vec<PathBuf>,
    /// Archives in a folder, sorted.
    pub archives: Vec<PathBuf>,
    /// Other files, sorted.
    pub others: Vec<PathBuf>,
    /// Folders, sorted, without those that systems leave behind; empty for archives, which need not name them.
    pub folders: Vec<PathBuf>,
    /// Folders and files that could not be looked at, and those that systems leave behind.
    pub issues: Vec<Issue>,
    /// Where the bytes are.
    pub store: Store,
}

/// Where the bytes of a listing are.
#[derive(Debug)]
pub enum Store {
    /// In files below this folder.
    Folder(PathBuf),
    /// In archives.
    Archives(BTreeMap<PathBuf, Member>),
}

impl Default for Store {
    fn default() -> Store {
        Store::Folder(PathBuf::new())
    }
}

impl Store {
    /// Where the bytes of a path are.
    pub(crate) fn place(&self, path: &Path) -> Place {
        match self {
            Store::Folder(_) => Place::File,
            Store::Archives(members) => members
                .get(path)
                .map_or(Place::File, |m| Place::Member(m.clone())),
        }
    }
}

impl Listing {
    /// CSV files directly in the root, or beside it in a folder that was passed over.
    pub(crate) fn tables(&self) -> Vec<&PathBuf> {
        let is_table = |p: &&PathBuf| {
            inner(p).components().count() == 1 && matches!(ending(p).as_str(), "csv" | "tsv")
        };
        self.beside.iter().filter(is_table).collect()
    }

    /// Files inside folders for which a layout of folders has no use, a row for each ending.
    pub(crate) fn of_no_use(&self) -> Vec<Issue> {
        let mut tally = Tally::default();
        // Those of an unknown kind have a row already.
        let others = self
            .others
            .iter()
            .filter(|p| BESIDE.contains(&ending(p).as_str()));
        for path in self.beside.iter().chain(others) {
            if !is_outside(path) && path.components().count() > 1 {
                tally.no_image(path, format!("a `.{}` file", ending(path)));
            }
        }
        tally.issues()
    }

    /// Folders below the first `depth - 1` ones that would be classes if a photo were in them.
    pub(crate) fn empty_folders(&self, depth: usize) -> Vec<Issue> {
        let top = |path: &PathBuf| path.iter().take(depth).collect::<PathBuf>();
        let filled: BTreeSet<PathBuf> = self.images.iter().map(top).collect();
        let at_depth = |p: &&PathBuf| p.components().count() == depth && !is_outside(p);
        let folders = self.folders.iter().filter(at_depth);
        folders
            .filter(|folder| !filled.contains(*folder))
            .map(|folder| {
                Issue::passed_over(
                    folder,
                    "empty_folder",
                    "no photo is in the folder, so that it is no class",
                    "put photos into it, or delete it",
                )
            })
            .collect()
    }

    /// What is there instead of images, for a message.
    pub(crate) fn instead_of_images(&self) -> String {
        let mut all = self.others.iter().chain(&self.beside).chain(&self.archives);
        let n_files = self.others.len() + self.beside.len() + self.archives.len();
        match (n_files, all.next().map(|p| crate::shown(p))) {
            (1, Some(only)) => format!("1 file that is no image, `{only}`"),
            (n, Some(first)) => format!("{n} files, none of them an image, such as `{first}`"),
            (_, None) if !self.issues.is_empty() => format!(
                "nothing that can be used; the first of {} remarks: `{}`, {}",
                self.issues.len(),
                crate::shown(&self.issues[0].path),
                self.issues[0].detail
            ),
            (_, None) => "an empty folder".to_owned(),
        }
    }

    /// Takes the only folder in which all images lie off all paths; what lies beside that folder gets `..` in front.
    pub(crate) fn strip(&mut self, top: &Path) {
        let below = |path: &PathBuf| match path.strip_prefix(top) {
            Ok(inside) => inside.to_owned(),
            Err(_) => Path::new("..").join(path),
        };
        for paths in [
            &mut self.images,
            &mut self.beside,
            &mut self.others,
            &mut self.folders,
        ] {
            *paths = paths.iter().map(below).collect();
            paths.sort();
        }
        for issue in &mut self.issues {
            if let Ok(inside) = issue.path.strip_prefix(top) {
                issue.path = inside.to_owned();
            }
        }
        match &mut self.store {
            Store::Folder(root) => root.push(top),
            Store::Archives(members) => {
                *members = std::mem::take(members)
                    .into_iter()
                    .map(|(path, member)| (below(&path), member))
                    .collect();
            }
        }
    }
}

/// Sorts files into a listing by their names, and by their first bytes where names say nothing.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    listing: Listing,
    tally: Tally,
    /// Folders whose names are no text.
    odd_folders: BTreeSet<PathBuf>,
}

impl Collector {
    /// Whether a folder is looked into: not one that a system or tool left behind.
    pub fn enters(&mut self, folder: &Path) -> bool {
        match folder.file_name().and_then(left_behind::of_name) {
            Some(what) => {
                self.tally.left_behind(folder, what);
                false
            }
            None => {
                self.listing.folders.push(folder.to_owned());
                true
            }
        }
    }

    /// What could not be looked at.
    pub fn issue(&mut self, issue: Issue) {
        self.listing.issues.push(issue);
    }

    /// Sorts a file in. `head` gives its first [`BYTES_TO_SNIFF`] bytes. Returns whether its bytes may be asked for.
    pub fn file(&mut self, path: &Path, head: &dyn Fn() -> Result<Vec<u8>, Issue>) -> bool {
        let name = path.file_name().unwrap_or_default();
        let ending = ending(path);
        let is_named_image = is_image_ending(&ending);
        if let Some(what) = left_behind::of_name(name) {
            let is_companion = name.as_encoded_bytes().starts_with(b"._");
            let shows = || head().is_ok_and(|b| handful_image::sniff(&b).is_some());
            if what.may_be_a_photo() && is_named_image && (!is_companion || shows()) {
                self.issue(Issue::skipped(
                    path,
                    "hidden_image",
                    "its name starts with a dot, so it counts as hidden and is not used",
                    "give it a name without the dot if it belongs to the photos",
                ));
            } else {
                self.tally.left_behind(path, what);
            }
            return false;
        }
        if is_named_image {
            self.image(path);
            return true;
        }
        if TELLING.contains(&ending.as_str()) {
            self.listing.beside.push(path.to_owned());
            return true;
        }
        if is_archive(name) {
            self.listing.archives.push(path.to_owned());
            return true;
        }
        if BESIDE.contains(&ending.as_str()) {
            self.other(path);
            return false;
        }
        let head = match head() {
            Ok(head) => head,
            Err(issue) => {
                self.issue(issue);
                return false;
            }
        };
        if handful_image::sniff(&head).is_some() {
            self.image(path);
            return true;
        }
        match handful_image::decode(&head, &handful_image::Limits::default()) {
            // A picture in a format that isn't read: the decoder says how to convert it.
            Err(ImageError::Unsupported { .. }) => {
                self.image(path);
                true
            }
            outcome => {
                let found = match outcome {
                    Err(ImageError::NotAnImage { found, .. }) => found.to_owned(),
                    Err(other) => other.detail(),
                    Ok(_) => "of an unknown kind".to_owned(),
                };
                let what = match ending.as_str() {
                    "" => format!("a file without an ending: {found}"),
                    ending => format!("a `.{ending}` file: {found}"),
                };
                self.tally.no_image(path, what);
                self.other(path);
                false
            }
        }
    }

    fn image(&mut self, path: &Path) {
        let is_odd = |part: &OsStr| part.to_str().is_none();
        if path.file_name().is_some_and(is_odd) {
            self.listing.issues.push(Issue::noted(
                path,
                "name_not_utf8",
                "its name is no UTF-8 text; it is read all the same",
                "rename it if other programs are to read it",
            ));
        }
        let odd_folders = path
            .ancestors()
            .skip(1)
            .filter(|folder| folder.file_name().is_some_and(is_odd));
        for folder in odd_folders {
            self.odd_folders.insert(folder.to_owned());
        }
        self.listing.images.push(path.to_owned());
    }

    fn other(&mut self, path: &Path) {
        self.listing.others.push(path.to_owned());
    }

    /// The listing, sorted.
    pub fn finish(self, store: Store) -> Listing {
        let mut listing = self.listing;
        for folder in &self.odd_folders {
            listing.issues.push(Issue::noted(
                folder,
                "name_not_utf8",
                "the folder's name is no UTF-8 text; what it holds is read all the same",
                "rename it: a class of this name can't be written as text",
            ));
        }
        listing.issues.extend(self.tally.issues());
        listing.images.sort();
        listing.beside.sort();
        listing.archives.sort();
        listing.others.sort();
        listing.folders.sort();
        listing.store = store;
        listing
    }
}

/// The last part of a name, in lower case.
pub(crate) fn ending(path: &Path) -> String {
    path.extension()
        .map_or_else(String::new, |e| e.to_string_lossy().to_lowercase())
}

/// Whether a path leads out of the root, into a folder that was passed over.
pub(crate) fn is_outside(path: &Path) -> bool {
    path.starts_with("..")
}

/// A path without the `..` that lead into folders that were passed over.
pub(crate) fn inner(path: &Path) -> &Path {
    let mut inner = path;
    while let Ok(below) = inner.strip_prefix("..") {
        inner = below;
    }
    inner
}

/// Whether files of this ending, in lower case, are taken for images.
pub(crate) fn is_image_ending(ending: &str) -> bool {
    ENDINGS.contains(&ending)
}

fn is_archive(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_lowercase();
    ARCHIVES.iter().any(|ending| {
        name.strip_suffix(ending)
            .is_some_and(|stem| stem.ends_with('.'))
    })
}

/// The folder in which all of these lie, if it is one.
pub(crate) fn common_top<'a>(mut paths: impl Iterator<Item = &'a PathBuf>) -> Option<PathBuf> {
    let top = |path: &'a Path| {
        let mut parts = path.iter();
        let first = parts.next()?;
        parts.next().map(|_| first)
    };
    let first = top(paths.next()?)?;
    paths
        .all(|path| top(path) == Some(first))
        .then(|| PathBuf::from(first))
}
