//! A folder for each split, with a folder for each class in it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Found, Given, Source, folders};
use crate::{DataError, Remark, ScanOptions, Split};

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
        Ok(found)
    }
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
