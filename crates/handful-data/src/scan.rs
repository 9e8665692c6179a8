//! From a path that a person gives to a catalogue.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::source::{Found, Place, SOURCES};
use crate::walk::{self, Listing};
use crate::{Catalog, DataError, GroupBy, Remark, Sample, Split, shown};

/// How a folder or list is to be read.
#[derive(Clone, Debug, Default)]
pub struct ScanOptions {
    /// What belongs together, instead of folders inside a class.
    pub group_by: Option<GroupBy>,
    /// Column of a list that holds the label.
    pub label_column: Option<String>,
    /// Column of a list that holds the path.
    pub image_column: Option<String>,
    /// Which folder names the class, where folders are nested.
    pub class_level: Option<ClassLevel>,
}

/// Which folder names the class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassLevel {
    /// The first below the root or the split; folders inside it are groups.
    First,
    /// The one that holds the image.
    Last,
}

/// Reads a folder of labelled images, or a CSV file that lists them, by the first of [`SOURCES`] that recognises it.
///
/// # Errors
/// [`DataError`], when there is nothing to learn from: no image, no labels, only one class, a list that can't be read.
pub fn scan(path: &Path, options: &ScanOptions) -> Result<Catalog, DataError> {
    let about = std::fs::metadata(path).map_err(|e| DataError::Unreadable {
        path: path.to_owned(),
        reason: e.to_string(),
    })?;
    let place = if about.is_dir() {
        Place {
            root: path.to_owned(),
            list: None,
            listing: walk::list(path)?,
        }
    } else {
        let root = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        Place {
            root,
            list: Some(path.to_owned()),
            listing: Listing::default(),
        }
    };
    let source = SOURCES
        .iter()
        .find(|s| s.recognises(&place))
        .expect("the last source takes whatever is left");
    let Found {
        mut drafts,
        mut remarks,
        issues,
    } = source.read(&place, options)?;
    drafts.sort_by(|a, b| a.path.cmp(&b.path));
    let unlabelled = drafts.iter().filter(|d| d.class.is_none()).count();
    drafts.retain(|d| d.class.is_some());
    if unlabelled > 0 {
        remarks.push(Remark::Unlabelled {
            n_images: unlabelled,
        });
    }
    let by_list = matches!(options.group_by, Some(GroupBy::Column(_))) && source.has_columns();
    if let Some(by) = &options.group_by
        && !by_list
    {
        let paths: Vec<&Path> = drafts.iter().map(|d| d.path.as_path()).collect();
        let groups = by.groups(&place.root, &paths, options.image_column.as_deref())?;
        drafts
            .iter_mut()
            .zip(groups)
            .for_each(|(draft, group)| draft.group = group);
    }
    if let Some(by) = &options.group_by {
        let n_images = drafts.iter().filter(|d| d.group.is_none()).count();
        if n_images > 0 {
            remarks.push(Remark::Ungrouped {
                n_images,
                by: by.as_given(),
            });
        }
    }
    let names: BTreeSet<&String> = drafts.iter().filter_map(|d| d.class.as_ref()).collect();
    let classes: Vec<String> = names.into_iter().cloned().collect();
    let labels: BTreeMap<&String, usize> = classes.iter().zip(0..).collect();
    let samples: Vec<Sample> = drafts
        .iter()
        .map(|d| Sample {
            path: d.path.clone(),
            label: d.class.as_ref().map(|c| labels[c]),
            group: d.group.clone(),
            split: d.split,
        })
        .collect();
    check(path, &place, &classes, &samples)?;
    let trained: BTreeSet<usize> = samples
        .iter()
        .filter(|s| s.split != Split::Test)
        .filter_map(|s| s.label)
        .collect();
    let missing: Vec<String> = (0..classes.len())
        .filter(|c| !trained.contains(c))
        .map(|c| classes[c].clone())
        .collect();
    if !missing.is_empty() {
        remarks.push(Remark::NotTrained { classes: missing });
    }
    let mut issues: Vec<_> = place.listing.issues.iter().cloned().chain(issues).collect();
    issues.sort();
    Ok(Catalog {
        root: place.root,
        classes,
        samples,
        issues,
        remarks,
        layout: source.name(),
    })
}

fn check(
    path: &Path,
    place: &Place,
    classes: &[String],
    samples: &[Sample],
) -> Result<(), DataError> {
    if samples.is_empty() {
        let found = match place.listing.n_others {
            0 => "nothing that is an image".to_owned(),
            n => format!("{n} other files"),
        };
        return Err(DataError::NoImages {
            path: path.to_owned(),
            found,
        });
    }
    if let [only] = classes {
        return Err(DataError::OneClass {
            path: path.to_owned(),
            class: only.clone(),
        });
    }
    Ok(())
}

/// Reads images without labels: any mix of files and folders, in the order in which they are given.
///
/// # Errors
/// [`DataError::Unreadable`] for a path that is not there; [`DataError::NoImages`] when there is none at all.
pub fn scan_unlabelled(paths: &[PathBuf]) -> Result<Catalog, DataError> {
    let (mut samples, mut issues) = (Vec::new(), Vec::new());
    let mut add = |path: PathBuf| {
        samples.push(Sample {
            path,
            label: None,
            group: None,
            split: Split::Test,
        })
    };
    for given in paths {
        let about = std::fs::metadata(given).map_err(|e| DataError::Unreadable {
            path: given.clone(),
            reason: e.to_string(),
        })?;
        if about.is_dir() {
            let listing = walk::list(given)?;
            listing
                .images
                .into_iter()
                .for_each(|image| add(given.join(image)));
            issues.extend(listing.issues);
        } else {
            add(given.clone());
        }
    }
    if samples.is_empty() {
        let given: Vec<String> = paths.iter().map(|p| shown(p)).collect();
        return Err(DataError::NoImages {
            path: given.join(", ").into(),
            found: "nothing that is an image".into(),
        });
    }
    Ok(Catalog {
        root: PathBuf::new(),
        classes: Vec::new(),
        samples,
        issues,
        remarks: Vec::new(),
        layout: "unlabelled",
    })
}
