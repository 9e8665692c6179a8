//! A folder for each split, with a folder for each class in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::{Found, Given, Source, folders, unused};
use crate::{DataError, Issue, Remark, ScanOptions, Split};

/// `root/{train,val|valid|validation,test}/<class>/…`; `train` must be there.
pub struct Splits;

impl Source for Splits {
    fn name(&self) -> &'static str {
        "split folders"
    }

    fn recognises(&self, given: &Given, _: &ScanOptions) -> bool {
        let tops = tops(given);
        let splits: Vec<Split> = tops.keys().filter_map(|name| Split::named(name)).collect();
        // "train" beside "bus" and "car" is a class; beside "test", or alone with class folders in it, a split.
        let is_alone = tops.len() == 1 && splits.len() == 1;
        let others = splits.iter().any(|s| *s != Split::Train);
        splits.contains(&Split::Train)
            && (others || is_alone)
            && folders::has_class_folders(&given.listing.images, 1)
    }

    fn read(&self, given: &Given, options: &ScanOptions) -> Result<Found, DataError> {
        let tops = tops(given);
        let ignored: Vec<String> = tops
            .keys()
            .filter(|name| Split::named(name).is_none())
            .cloned()
            .collect();
        let images = tops
            .iter()
            .filter_map(|(name, paths)| Some((Split::named(name)?, paths)))
            .flat_map(|(split, paths)| paths.iter().map(move |path| (*path, split)))
            .collect();
        let mut found = folders::by_folder(images, 1, options);
        if !ignored.is_empty() {
            found
                .remarks
                .push(Remark::FoldersIgnored { names: ignored });
        }
        found.remarks.extend(unused::remarks(given, options));
        found.issues.extend(empty_folders(given));
        found.issues.extend(given.listing.of_no_use());
        Ok(found)
    }
}

/// Whether the photos lie in folders of splits, at least two, without folders for classes: `train/1.jpg`, `test/2.jpg`.
/// To tell train from test is nobody's question.
pub(super) fn hold_photos_only(given: &Given) -> bool {
    let images = &given.listing.images;
    let in_split = |path: &PathBuf| {
        let parts: Vec<_> = path.iter().collect();
        match parts[..] {
            [_] => true,
            [top, _] => Split::named(&top.to_string_lossy()).is_some(),
            _ => false,
        }
    };
    images.iter().all(in_split) && tops(given).len() > 1
}

/// Folders of splits, and of classes in them, that hold no photo.
fn empty_folders(given: &Given) -> Vec<Issue> {
    let is_split = |issue: &Issue| {
        let top = issue.path.iter().next();
        top.is_some_and(|top| Split::named(&top.to_string_lossy()).is_some())
    };
    let both = [1, 2].map(|depth| given.listing.empty_folders(depth));
    both.into_iter().flatten().filter(is_split).collect()
}

/// Refuses folders that hold the same folders as one with a split's name, and have none themselves: `holdout` beside
/// `train`. Taken for classes, they would be told apart by nothing.
///
/// # Errors
/// [`DataError::UnknownSplits`].
pub(super) fn refuse_unknown(given: &Given) -> Result<(), DataError> {
    let tops = tops(given);
    let inside = |paths: &Vec<&PathBuf>| -> BTreeSet<String> {
        let inner = paths.iter().filter_map(|path| path.parent()?.iter().nth(1));
        inner
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    };
    let (known, others): (Vec<_>, Vec<_>) = tops
        .iter()
        .map(|(name, paths)| (name.clone(), inside(paths)))
        .partition(|(name, _)| Split::named(name).is_some());
    let classes: BTreeSet<String> = known
        .iter()
        .flat_map(|(_, inside)| inside.clone())
        .collect();
    let is_alike = |inside: &BTreeSet<String>| !inside.is_empty() && inside.is_subset(&classes);
    if known.is_empty() || others.is_empty() || !others.iter().all(|(_, inside)| is_alike(inside)) {
        return Ok(());
    }
    let names = |tops: Vec<(String, BTreeSet<String>)>| tops.into_iter().map(|(n, _)| n).collect();
    Err(DataError::UnknownSplits {
        path: given.root.clone(),
        known: names(known),
        others: names(others),
        classes: classes.into_iter().collect(),
    })
}

/// Images by the first folder of their path; those directly in the root are in none.
fn tops(given: &Given) -> BTreeMap<String, Vec<&PathBuf>> {
    let mut tops: BTreeMap<String, Vec<&PathBuf>> = BTreeMap::new();
    for path in given
        .listing
        .images
        .iter()
        .filter(|p| p.components().count() > 1)
    {
        let first = path
            .iter()
            .next()
            .expect("it has two parts")
            .to_string_lossy()
            .into_owned();
        tops.entry(first).or_default().push(path);
    }
    tops
}
