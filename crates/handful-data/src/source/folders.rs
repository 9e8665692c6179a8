//! A folder for each class.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{Draft, Found, Given, Source};
use crate::{ClassLevel, DataError, Remark, ScanOptions, Split, shown};

/// `root/<class>/…`: folders inside a class are groups, unless the last folder is to name the class.
pub struct ClassFolders;

impl Source for ClassFolders {
    fn name(&self) -> &'static str {
        "class folders"
    }

    fn recognises(&self, given: &Given, _: &ScanOptions) -> bool {
        has_class_folders(&given.listing.images, 0)
    }

    fn read(&self, given: &Given, options: &ScanOptions) -> Result<Found, DataError> {
        let images = given
            .listing
            .images
            .iter()
            .map(|path| (path, Split::Train))
            .collect();
        Ok(by_folder(images, 0, options))
    }
}

/// Whether any image lies in a folder below the first `depth` ones.
pub(super) fn has_class_folders(images: &[PathBuf], depth: usize) -> bool {
    images
        .iter()
        .any(|path| path.components().count() > depth + 1)
}

/// Whether folders tell at least two classes, below splits or without: then a list beside them is not needed.
pub(super) fn name_classes(images: &[PathBuf]) -> bool {
    let distinct = |depth: usize| -> BTreeSet<&OsStr> {
        images
            .iter()
            .filter_map(|path| path.parent()?.iter().nth(depth))
            .collect()
    };
    let tops = distinct(0);
    let are_splits = tops
        .iter()
        .all(|top| Split::named(&top.to_string_lossy()).is_some());
    if are_splits {
        distinct(1).len() > 1
    } else {
        tops.len() > 1
    }
}

/// Classes and groups from the folders below the first `depth` ones.
pub(super) fn by_folder(
    images: Vec<(&PathBuf, Split)>,
    depth: usize,
    options: &ScanOptions,
) -> Found {
    let folders: Vec<PathBuf> = images.iter().map(|(path, _)| below(path, depth)).collect();
    let firsts: BTreeSet<&OsStr> = folders.iter().filter_map(|f| f.iter().next()).collect();
    let holding: BTreeSet<&PathBuf> = folders
        .iter()
        .filter(|f| f.iter().next().is_some())
        .collect();
    let is_nested = holding.iter().any(|f| f.iter().count() > 1);
    let level = options.class_level.unwrap_or(ClassLevel::First);
    let mut remarks = Vec::new();
    if is_nested && could_be_classes(&holding) {
        let (n_classes, n_others) = match level {
            ClassLevel::First => (firsts.len(), holding.len()),
            ClassLevel::Last => (holding.len(), firsts.len()),
        };
        remarks.push(Remark::ClassLevel {
            n_classes,
            n_others,
            first: level == ClassLevel::First,
        });
    }
    // Two folders of one name in different places are two classes, called by their whole paths.
    let mut of_name: BTreeMap<&OsStr, usize> = BTreeMap::new();
    holding
        .iter()
        .filter_map(|f| f.file_name())
        .for_each(|name| *of_name.entry(name).or_default() += 1);
    let mut groups = BTreeSet::new();
    let drafts = images
        .iter()
        .zip(&folders)
        .map(|((path, split), folder)| {
            let (mut class, mut group) = (None, None);
            if let (Some(first), Some(last)) = (folder.iter().next(), folder.file_name()) {
                class = Some(match level {
                    ClassLevel::First => shown(Path::new(first)),
                    ClassLevel::Last if of_name[last] > 1 => shown(folder),
                    ClassLevel::Last => shown(Path::new(last)),
                });
                if level == ClassLevel::First
                    && folder.iter().count() > 1
                    && options.group_by.is_none()
                {
                    group = Some(shown(folder));
                    groups.insert(shown(folder));
                }
            }
            Draft {
                path: (*path).clone(),
                class,
                group,
                split: *split,
                crop: None,
            }
        })
        .collect();
    if !groups.is_empty() {
        remarks.push(Remark::FolderGroups {
            n_groups: groups.len(),
        });
    }
    Found {
        drafts,
        remarks,
        issues: Vec::new(),
    }
}

/// The folders of an image below the first `depth` ones.
fn below(path: &Path, depth: usize) -> PathBuf {
    path.parent()
        .map_or_else(PathBuf::new, |folder| folder.iter().skip(depth).collect())
}

/// Whether inner folders could be finer classes: some class has two of them. Which they are, only the person knows.
fn could_be_classes(holding: &BTreeSet<&PathBuf>) -> bool {
    let mut inner: BTreeMap<&OsStr, usize> = BTreeMap::new();
    for folder in holding.iter().filter(|f| f.iter().count() > 1) {
        *inner
            .entry(folder.iter().next().expect("it has two parts"))
            .or_default() += 1;
    }
    inner.values().any(|n| *n > 1)
}
