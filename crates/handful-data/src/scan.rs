//! From a path that a person gives to a catalogue.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::archive::{self, Kind};
use crate::clue::{Clue, clues};
use crate::listing::ending;
use crate::source::{Draft, Found, Given, SOURCES};
use crate::{
    Catalog, DataError, GroupBy, Issue, LabelFrom, Place, Remark, Sample, Split, given, shown, walk,
};

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
    /// Where in the name of a file its label stands; folders and lists are then not asked.
    pub label_from: Option<LabelFrom>,
}

/// Which folder names the class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassLevel {
    /// The first below the root or the split; folders inside it are groups.
    First,
    /// The one that holds the image. Folders of one name in two places are two classes, unless all first folders hold
    /// folders of the same names: then those are the classes.
    Last,
}

/// Reads labelled images by the first of [`SOURCES`] that recognises what was given: a folder, a zip or tar archive, a
/// folder of such, a CSV file that lists images, a COCO file.
///
/// # Errors
/// [`DataError`], when there is nothing to learn from: no image, no labels, only one class, a list that can't be read.
pub fn scan(path: &Path, options: &ScanOptions) -> Result<Catalog, DataError> {
    let (given, mut remarks) = given::look(path, options)?;
    let source = SOURCES
        .iter()
        .find(|s| s.recognises(&given, options))
        .expect("the last source takes whatever is left");
    let found = source.read(&given, options)?;
    let Found {
        mut drafts, issues, ..
    } = found;
    remarks.extend(found.remarks);
    drafts.sort_by(|a, b| (&a.path, a.crop).cmp(&(&b.path, b.crop)));
    let unlabelled = drafts.iter().filter(|d| d.class.is_none()).count();
    drafts.retain(|d| d.class.is_some());
    if unlabelled > 0 {
        remarks.push(Remark::Unlabelled {
            n_images: unlabelled,
        });
    }
    if let Some(by) = &options.group_by {
        let by_list = matches!(by, GroupBy::Column(_)) && source.has_columns();
        remarks.extend(regroup(&mut drafts, by, by_list, &given, options)?);
    }
    let (classes, samples) = samples(drafts, &given);
    check(path, &given, (&remarks, &issues), &classes, &samples)?;
    remarks.extend(alike_names(&classes));
    remarks.extend(not_trained(&classes, &samples));
    let mut issues: Vec<_> = given.listing.issues.into_iter().chain(issues).collect();
    issues.sort();
    Ok(Catalog {
        root: given.root,
        classes,
        samples,
        issues,
        remarks,
        layout: source.name(),
    })
}

/// The names of the classes, sorted, and the images with indices into them.
fn samples(drafts: Vec<Draft>, given: &Given) -> (Vec<String>, Vec<Sample>) {
    let names: BTreeSet<&String> = drafts.iter().filter_map(|d| d.class.as_ref()).collect();
    let classes: Vec<String> = names.into_iter().cloned().collect();
    let labels: BTreeMap<&String, usize> = classes.iter().zip(0..).collect();
    let sample = |d: Draft| Sample {
        place: given.listing.store.place(&d.path),
        path: d.path,
        crop: d.crop,
        label: d.class.as_ref().map(|c| labels[c]),
        group: d.group,
        split: d.split,
    };
    let samples = drafts.into_iter().map(sample).collect();
    (classes, samples)
}

/// Classes that are one, if only capitals and spaces tell them apart by mistake.
fn alike_names(classes: &[String]) -> Vec<Remark> {
    let mut alike: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for class in classes {
        let plain = class.split_whitespace().collect::<String>().to_lowercase();
        alike.entry(plain).or_default().push(class.clone());
    }
    let several = alike.into_values().filter(|names| names.len() > 1);
    several.map(|names| Remark::AlikeNames { names }).collect()
}

fn not_trained(classes: &[String], samples: &[Sample]) -> Option<Remark> {
    let trained: BTreeSet<usize> = samples
        .iter()
        .filter(|s| s.split != Split::Test)
        .filter_map(|s| s.label)
        .collect();
    let missing: Vec<String> = (0..classes.len())
        .filter(|c| !trained.contains(c))
        .map(|c| classes[c].clone())
        .collect();
    (!missing.is_empty()).then_some(Remark::NotTrained { classes: missing })
}

/// Folders of a detection set for YOLO: `train/images/1.jpg` with `train/labels/1.txt`.
const YOLO_IMAGES: &str = "images";
const YOLO_LABELS: &str = "labels";

/// A label of such a set, if it is one: the pictures' own folder then names no class.
pub(crate) fn yolo_label(given: &Given) -> Option<&PathBuf> {
    let is_label =
        |path: &&PathBuf| ending(path) == "txt" && path.iter().any(|folder| folder == YOLO_LABELS);
    given.listing.beside.iter().find(is_label)
}

/// Groups images as the person says; `by_list` if the list that they come from has done so.
fn regroup(
    drafts: &mut [Draft],
    by: &GroupBy,
    by_list: bool,
    given: &Given,
    options: &ScanOptions,
) -> Result<Option<Remark>, DataError> {
    let groups: Vec<Option<String>> = if by_list {
        drafts.iter_mut().map(|d| d.group.take()).collect()
    } else {
        let paths: Vec<&Path> = drafts.iter().map(|d| d.path.as_path()).collect();
        by.groups(given, &paths, options.image_column.as_deref())?
    };
    let n_images = groups.iter().filter(|g| g.is_none()).count();
    for (draft, group) in drafts.iter_mut().zip(groups) {
        // Boxes of one picture belong together whatever else does.
        let of_picture = draft.crop.map(|_| shown(&draft.path));
        draft.group = group.or(of_picture);
    }
    Ok((n_images > 0).then(|| Remark::Ungrouped {
        n_images,
        by: by.as_given(),
    }))
}

/// Refuses what there is nothing to learn from, and says what was there and not used.
fn check(
    path: &Path,
    given: &Given,
    (remarks, issues): (&[Remark], &[Issue]),
    classes: &[String],
    samples: &[Sample],
) -> Result<(), DataError> {
    let all: Vec<&Issue> = given.listing.issues.iter().chain(issues).collect();
    let clues = || clues(remarks, &all);
    if samples.is_empty() {
        return Err(no_images(path, given.listing.instead_of_images(), clues()));
    }
    if let [only] = classes
        && only == YOLO_IMAGES
        && let Some(labels) = yolo_label(given)
    {
        return Err(DataError::Boxes {
            path: path.to_owned(),
            reason: format!(
                "`{}` and its like are boxes in the form of YOLO",
                shown(labels)
            ),
            advice: "export the boxes as VOC or COCO, which every annotation tool can".into(),
        });
    }
    if let [only] = classes {
        return Err(DataError::OneClass {
            path: path.to_owned(),
            class: only.clone(),
            clues: clues(),
        });
    }
    Ok(())
}

/// Nothing but clues says what is there, if there are any.
fn no_images(path: &Path, found: String, clues: Vec<Clue>) -> DataError {
    DataError::NoImages {
        path: path.to_owned(),
        found: if clues.is_empty() {
            found
        } else {
            String::new()
        },
        clues,
    }
}

/// Reads images without labels: any mix of files, folders and archives, in the order in which they are given.
///
/// # Errors
/// [`DataError::Unreadable`] for a path that is not there; [`DataError::Archive`] for an archive that can't be read;
/// [`DataError::NoImages`] when there is no image at all.
pub fn scan_unlabelled(paths: &[PathBuf]) -> Result<Catalog, DataError> {
    let (mut samples, mut issues, mut remarks) = (Vec::new(), Vec::new(), Vec::new());
    let mut add = |path: PathBuf, place: Place| {
        samples.push(Sample {
            path,
            place,
            crop: None,
            label: None,
            group: None,
            split: Split::Test,
        })
    };
    for path in paths {
        let about = std::fs::metadata(path).map_err(|e| DataError::Unreadable {
            path: path.clone(),
            reason: e.to_string(),
        })?;
        let (root, listing) = if about.is_dir() {
            let given = given::folder(path, walk::list(path)?, &mut remarks)?;
            (given.root, given.listing)
        } else if let Some(kind) = Kind::of(path) {
            (path.clone(), archive::list(path, &[(path.clone(), kind)])?)
        } else {
            add(path.clone(), Place::File);
            continue;
        };
        for image in &listing.images {
            add(root.join(image), listing.store.place(image));
        }
        issues.extend(listing.issues);
    }
    if samples.is_empty() {
        let given: Vec<String> = paths.iter().map(|p| shown(p)).collect();
        let all: Vec<&Issue> = issues.iter().collect();
        return Err(no_images(
            Path::new(&given.join(", ")),
            "nothing that is an image".into(),
            clues(&remarks, &all),
        ));
    }
    Ok(Catalog {
        root: PathBuf::new(),
        classes: Vec::new(),
        samples,
        issues,
        remarks,
        layout: "unlabelled",
    })
}
