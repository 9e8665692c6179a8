//! What did the person give: a folder, archives, a list, a file of boxes? And which folder is its root?

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::archive::{self, Kind};
use crate::listing::{BYTES_TO_SNIFF, Listing, Store, common_top, ending, is_outside};
use crate::scan::yolo_label;
use crate::source::{Given, SAVE_AS_CSV, SOURCES, SPREADSHEETS};
use crate::{DataError, Issue, Remark, ScanOptions, Split, shown, walk};

/// First bytes of gzip, 7-Zip, RAR, Zstandard, bzip2 and xz.
const PACKED: &[&[u8]] = &[
    b"\x1F\x8B",
    b"7z\xBC\xAF",
    b"Rar!",
    b"\x28\xB5\x2F\xFD",
    b"BZh",
    b"\xFD7zXZ",
];

/// Looks at a path and lists what is there.
///
/// # Errors
/// [`DataError::Unreadable`]; [`DataError::Archive`] and [`DataError::List`] for a file of a kind that isn't read.
pub(crate) fn look(path: &Path, options: &ScanOptions) -> Result<(Given, Vec<Remark>), DataError> {
    let about = std::fs::metadata(path).map_err(|e| unreadable(path, &e))?;
    let mut remarks = Vec::new();
    let mut given = if about.is_dir() {
        let listing = walk::list(path)?;
        folder(path, listing, &mut remarks)?
    } else {
        file(path, about.is_file())?
    };
    if given.file.is_none() {
        strip_tops(&mut given, options, &mut remarks);
    }
    Ok((given, remarks))
}

fn unreadable(path: &Path, error: &std::io::Error) -> DataError {
    DataError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

/// A folder; if it holds nothing but archives, those are what was meant.
pub(crate) fn folder(
    root: &Path,
    listing: Listing,
    remarks: &mut Vec<Remark>,
) -> Result<Given, DataError> {
    let names = |archives: &[PathBuf]| archives.iter().map(|p| shown(p)).collect();
    let (known, unknown): (Vec<PathBuf>, Vec<PathBuf>) = listing
        .archives
        .iter()
        .cloned()
        .partition(|p| Kind::of(p).is_some());
    if !listing.images.is_empty() || known.is_empty() {
        if !listing.images.is_empty() && !listing.archives.is_empty() {
            remarks.push(Remark::ArchivesIgnored {
                names: names(&listing.archives),
            });
        }
        return Ok(Given {
            root: root.to_owned(),
            file: None,
            listing,
            lists_beside: Vec::new(),
        });
    }
    remarks.push(Remark::ArchivesRead {
        names: names(&known),
    });
    let archives: Vec<(PathBuf, Kind)> = known
        .iter()
        .filter_map(|p| Some((root.join(p), Kind::of(p)?)))
        .collect();
    let lists_beside = listing.tables().iter().map(|p| root.join(p)).collect();
    let mut inner = archive::list(root, &archives)?;
    inner.issues.extend(listing.issues);
    inner.issues.extend(unknown.iter().map(|path| {
        Issue::skipped(
            path,
            "unsupported",
            "an archive of a kind that isn't read",
            "unpack it, or pack it as zip or tar",
        )
    }));
    Ok(Given {
        root: match &archives[..] {
            [(only, _)] => only.clone(),
            _ => root.to_owned(),
        },
        file: None,
        listing: inner,
        lists_beside,
    })
}

/// A file, by its first bytes where they tell, else by its name.
fn file(path: &Path, is_file: bool) -> Result<Given, DataError> {
    let mut head = Vec::new();
    if is_file {
        File::open(path)
            .and_then(|file| file.take(BYTES_TO_SNIFF).read_to_end(&mut head))
            .map_err(|e| unreadable(path, &e))?;
    }
    // A spreadsheet is a zip archive, too.
    if SPREADSHEETS.contains(&ending(path).as_str()) {
        return Err(DataError::List {
            path: path.to_owned(),
            reason: "it is a spreadsheet".into(),
            advice: SAVE_AS_CSV.into(),
        });
    }
    if let Some(kind) = Kind::of_bytes(&head).or(Kind::of(path)) {
        return Ok(Given {
            root: path.to_owned(),
            file: None,
            listing: archive::list(path, &[(path.to_owned(), kind)])?,
            lists_beside: Vec::new(),
        });
    }
    if handful_image::sniff(&head).is_some() {
        return Err(DataError::List {
            path: path.to_owned(),
            reason: "it is an image".into(),
            advice: "give the folder that holds a folder of images for each class".into(),
        });
    }
    if PACKED.iter().any(|magic| head.starts_with(magic)) {
        return Err(DataError::Archive {
            path: path.to_owned(),
            reason: "it is compressed as a whole, or of a kind that isn't read".into(),
            advice: "unpack it and give the folder; of a `.tar.gz`, `gunzip` makes a `.tar` that can be given".into(),
        });
    }
    let parent = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    if ending(path) == "json" {
        // COCO's own layout: `annotations/` beside the folders of pictures.
        let root = match parent.file_name() {
            Some(name) if name == "annotations" => {
                parent.parent().map_or_else(PathBuf::new, Path::to_owned)
            }
            _ => parent,
        };
        let listing = walk::list(if root.as_os_str().is_empty() {
            Path::new(".")
        } else {
            &root
        })?;
        return Ok(Given {
            root,
            file: Some(path.to_owned()),
            listing,
            lists_beside: Vec::new(),
        });
    }
    Ok(Given {
        listing: Listing {
            store: Store::Folder(parent.clone()),
            ..Listing::default()
        },
        root: parent,
        file: Some(path.to_owned()),
        lists_beside: Vec::new(),
    })
}

/// Goes down while all photos lie in one folder that can't be the only class.
fn strip_tops(given: &mut Given, options: &ScanOptions, remarks: &mut Vec<Remark>) {
    let mut name = PathBuf::new();
    // Whoever says which level names the class has counted the folders.
    if options.class_level.is_none() {
        while let Some(top) = top_to_strip(given, options) {
            given.root.push(&top);
            given.listing.strip(&top);
            name.push(top);
        }
    }
    if !name.as_os_str().is_empty() {
        remarks.push(Remark::TopFolder { name: shown(&name) });
    }
}

fn top_to_strip(given: &Given, options: &ScanOptions) -> Option<PathBuf> {
    let listing = &given.listing;
    let top = common_top(listing.images.iter())?;
    if Split::named(&top.to_string_lossy()).is_some() {
        return None;
    }
    let is_telling = |p: &PathBuf| {
        p.starts_with(&top) && matches!(ending(p).as_str(), "csv" | "tsv" | "json" | "xml")
    };
    let has_lists = listing.beside.iter().any(is_telling);
    // Packing a folder of photos puts it into the archive; a folder that was given and holds one folder is one class.
    let is_archive = matches!(listing.store, Store::Archives(_));
    let is_flat = is_archive && listing.images.iter().all(|p| p.components().count() == 2);
    let is_wrapper = has_lists || is_flat || has_structure(&listing.images, 1);
    (is_wrapper && !is_told_beside(given, &top, options)).then_some(top)
}

/// Whether a list or boxes beside the folder of all photos tell what they are, in a form that is read or, for a helpful
/// refusal, in YOLO's. Other files there, such as a readme, do
/// not matter.
fn is_told_beside(given: &Given, top: &Path, options: &ScanOptions) -> bool {
    let is_beside = |path: &PathBuf| !path.starts_with(top) && !is_outside(path);
    let any = given.listing.beside.iter().any(is_beside) || !given.lists_beside.is_empty();
    let mut sources = SOURCES.iter().filter(|source| source.reads_beside());
    any && (sources.any(|source| source.recognises(given, options)) || yolo_label(given).is_some())
}

/// Whether folders below the first `depth` ones could name classes: several, or splits, or one that holds such.
fn has_structure(images: &[PathBuf], depth: usize) -> bool {
    let folders: BTreeSet<Option<&OsStr>> = images
        .iter()
        .map(|path| path.parent().and_then(|folder| folder.iter().nth(depth)))
        .collect();
    let named: Vec<&OsStr> = folders.iter().copied().flatten().collect();
    match named[..] {
        [] => false,
        [only] => {
            Split::named(&only.to_string_lossy()).is_some()
                || folders.len() == 1 && has_structure(images, depth + 1)
        }
        _ => true,
    }
}
