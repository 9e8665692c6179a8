//! A folder for each class.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{Draft, Found, Given, Source, splits, unused};
use crate::{ClassLevel, DataError, Issue, Remark, ScanOptions, Split, shown};

/// `root/<class>/…`: folders inside a class are groups, unless the last folder is to name the class.
pub struct ClassFolders;

impl Source for ClassFolders {
    fn name(&self) -> &'static str {
        "class folders"
    }

    fn recognises(&self, given: &Given, options: &ScanOptions) -> bool {
        let images = &given.listing.images;
        let are_classes = options.class_level.is_some() || !splits::hold_photos_only(given);
        has_class_folders(images, 0) && are_classes
    }

    fn read(&self, given: &Given, options: &ScanOptions) -> Result<Found, DataError> {
        if options.class_level.is_none() {
            splits::refuse_unknown(given)?;
        }
        let images = given
            .listing
            .images
            .iter()
            .map(|path| (path, Split::Train))
            .collect();
        let mut found = by_folder(images, 0, options);
        found.remarks.extend(unused::remarks(given, options));
        found.issues.extend(given.listing.empty_folders(1));
        found.issues.extend(given.listing.of_no_use());
        Ok(found)
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
    let levels = Levels::new(&folders);
    let level = options.class_level.unwrap_or(ClassLevel::First);
    let has_groups = level == ClassLevel::First && options.group_by.is_none();
    let mut found = Found::default();
    found.remarks.extend(levels.remark(options.class_level));
    let mut groups = BTreeSet::new();
    for ((path, split), folder) in images.iter().zip(&folders) {
        let class = levels.class(folder, level);
        if class.is_none() {
            found.issues.push(beside_classes(path));
        }
        let group = (has_groups && folder.iter().count() > 1).then(|| shown(folder));
        groups.extend(group.clone());
        found.drafts.push(Draft {
            path: (*path).clone(),
            class,
            group,
            split: *split,
            crop: None,
        });
    }
    if !groups.is_empty() {
        found.remarks.push(Remark::FolderGroups {
            n_groups: groups.len(),
        });
    }
    found
}

fn beside_classes(path: &Path) -> Issue {
    Issue::skipped(
        path,
        "no_label",
        "it lies beside the folders that name the classes, not in one of them",
        "move it into the folder of its class",
    )
}

/// Which names the folders have that hold images, on which level.
struct Levels<'a> {
    /// Names of the first level.
    firsts: BTreeSet<&'a OsStr>,
    /// Folders that hold images themselves.
    holding: BTreeSet<&'a PathBuf>,
    /// How many of those have a name.
    of_name: BTreeMap<&'a OsStr, usize>,
    /// The names inside the first folders, where there are several and all hold the same.
    same_inside: Option<BTreeSet<&'a OsStr>>,
}

impl<'a> Levels<'a> {
    fn new(folders: &'a [PathBuf]) -> Levels<'a> {
        let is_named = |f: &&PathBuf| f.iter().next().is_some();
        let holding: BTreeSet<&PathBuf> = folders.iter().filter(is_named).collect();
        let mut of_name: BTreeMap<&OsStr, usize> = BTreeMap::new();
        for name in holding.iter().filter_map(|f| f.file_name()) {
            *of_name.entry(name).or_default() += 1;
        }
        Levels {
            firsts: folders.iter().filter_map(|f| f.iter().next()).collect(),
            same_inside: same_inside(&holding),
            holding,
            of_name,
        }
    }

    /// The class that a folder names; `None` where there is no folder.
    fn class(&self, folder: &Path, level: ClassLevel) -> Option<String> {
        let (first, last) = (folder.iter().next()?, folder.file_name()?);
        // Two folders of one name in different places are two classes, called by their whole paths.
        let is_alone = self.of_name[last] == 1 || self.same_inside.is_some();
        Some(match level {
            ClassLevel::First => shown(Path::new(first)),
            ClassLevel::Last if is_alone => shown(Path::new(last)),
            ClassLevel::Last => shown(folder),
        })
    }

    /// That folders are nested, and what the other level would give.
    fn remark(&self, given: Option<ClassLevel>) -> Option<Remark> {
        let level = given.unwrap_or(ClassLevel::First);
        if let Some(inside) = &self.same_inside {
            let names =
                |names: &BTreeSet<&OsStr>| names.iter().map(|n| shown(Path::new(n))).collect();
            return given.is_none().then(|| Remark::SameInside {
                tops: names(&self.firsts),
                inside: names(inside),
            });
        }
        if !could_be_classes(&self.holding) {
            return None;
        }
        let (n_classes, n_others) = match level {
            ClassLevel::First => (self.firsts.len(), self.holding.len()),
            ClassLevel::Last => (self.holding.len(), self.firsts.len()),
        };
        Some(Remark::ClassLevel {
            n_classes,
            n_others,
            first: level == ClassLevel::First,
        })
    }
}

/// The names of the folders inside the first ones, if there are several of either and all first ones hold the same.
fn same_inside<'a>(holding: &BTreeSet<&'a PathBuf>) -> Option<BTreeSet<&'a OsStr>> {
    let mut inside: BTreeMap<&OsStr, BTreeSet<&OsStr>> = BTreeMap::new();
    for folder in holding {
        let parts: Vec<&OsStr> = folder.iter().collect();
        let [first, inner] = parts[..] else {
            return None;
        };
        inside.entry(first).or_default().insert(inner);
    }
    let n_tops = inside.len();
    let mut all = inside.into_values();
    let first = all.next()?;
    (n_tops > 1 && first.len() > 1 && all.all(|other| other == first)).then_some(first)
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
