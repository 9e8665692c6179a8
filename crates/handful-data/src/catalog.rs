//! What a scan comes to.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{CropBox, Issue, Place, shown};

/// All images that were found, with their class names.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalog {
    /// Where the paths of the samples start.
    pub root: PathBuf,
    /// Class names, sorted; labels index into it.
    pub classes: Vec<String>,
    /// The images, sorted by path, then by box.
    pub samples: Vec<Sample>,
    /// What was not used, and why.
    pub issues: Vec<Issue>,
    /// What was decided on the way, for the person to see.
    pub remarks: Vec<Remark>,
    /// Name of the source that read it.
    pub layout: &'static str,
}

/// One image: a picture, or a box in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Its picture, from the root. Inside an archive: as if the archive were a folder.
    pub path: PathBuf,
    /// Where the bytes of the picture are; [`crate::read_sample`] reads them.
    pub place: Place,
    /// The part of the picture that is meant; `None` for all of it.
    pub crop: Option<CropBox>,
    /// Index of its class; `None` when it has no label.
    pub label: Option<usize>,
    /// What it must stay together with; `None` when it stands alone.
    pub group: Option<String>,
    /// The split that the person gave.
    pub split: Split,
}

impl Sample {
    /// How it is called in outputs, different for each sample: its path, and for a part of a picture also where it is.
    ///
    /// The part is written as a media fragment (W3C, Media Fragments URI 1.0, 4.2.2): `a.jpg#xywh=left,top,width,height`.
    pub fn name(&self) -> String {
        let path = shown(&self.path);
        match self.crop {
            None => path,
            Some(CropBox {
                left,
                top,
                width,
                height,
            }) => format!("{path}#xywh={left},{top},{width},{height}"),
        }
    }
}

/// A part of the images that a person set apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// To learn from; whatever was set apart by nobody.
    #[default]
    Train,
    /// Set aside while choosing; joins training here, where folds do that work.
    Validation,
    /// Held back for one look at the end.
    Test,
}

impl Split {
    /// The split that a folder or a cell of a list names, in any case.
    pub(crate) fn named(name: &str) -> Option<Split> {
        match name.trim().to_lowercase().as_str() {
            "train" | "training" => Some(Split::Train),
            "val" | "valid" | "validation" => Some(Split::Validation),
            "test" | "testing" => Some(Split::Test),
            _ => None,
        }
    }
}

/// Something that was decided while reading and that the person may want otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// Folders are nested: which level names the classes.
    ClassLevel {
        /// Classes by the level that was taken.
        n_classes: usize,
        /// Classes by the other level.
        n_others: usize,
        /// Whether the first level was taken.
        first: bool,
    },
    /// All first folders hold folders of the same names: which level names the classes.
    SameInside {
        /// The first folders, which were taken.
        tops: Vec<String>,
        /// The folders that each of them holds.
        inside: Vec<String>,
    },
    /// Classes whose names differ in nothing but capitals and spaces.
    AlikeNames {
        /// Names of one class, or of several by mistake.
        names: Vec<String>,
    },
    /// Folders inside a class are groups.
    FolderGroups {
        /// How many.
        n_groups: usize,
    },
    /// Images that lie beside the class folders.
    Unlabelled {
        /// How many.
        n_images: usize,
    },
    /// Folders that are neither a split nor used.
    FoldersIgnored {
        /// Their names.
        names: Vec<String>,
    },
    /// Images that the grouping does not name.
    Ungrouped {
        /// How many.
        n_images: usize,
        /// What was to group them.
        by: String,
    },
    /// Classes without a training image.
    NotTrained {
        /// Their names.
        classes: Vec<String>,
    },
    /// A list inside the folder was read.
    ListFound {
        /// Its name.
        name: String,
    },
    /// A list or file of boxes inside the folder was not used.
    ListUnused {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
        /// What to do.
        advice: String,
    },
    /// Labels of a list may hold two answers each; every different cell was taken as a class.
    LabelsWithCommas {
        /// The column.
        column: String,
        /// One of its cells.
        example: String,
    },
    /// Paths of a list were completed by a folder or an ending, or lead to names with other capitals.
    PathsCompleted {
        /// How many.
        n_images: usize,
        /// One of them as the list has it.
        given: String,
        /// The same as it was found.
        found: String,
    },
    /// All photos lie in one folder, which was taken for the root.
    TopFolder {
        /// The folder.
        name: String,
    },
    /// Archives were read as folders.
    ArchivesRead {
        /// Their names.
        names: Vec<String>,
    },
    /// Archives that lie beside images.
    ArchivesIgnored {
        /// Their names.
        names: Vec<String>,
    },
    /// Boxes in pictures are the images.
    Boxes {
        /// How many.
        n_boxes: usize,
        /// Pictures that they are in.
        n_pictures: usize,
    },
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remark::ClassLevel {
                n_classes,
                n_others,
                first: true,
            } => write!(
                f,
                "folders are nested: the first level names the {n_classes} classes; for the {n_others} folders that hold \
                 the photos use `--class-level last`"
            ),
            Remark::ClassLevel {
                n_classes,
                n_others,
                first: false,
            } => write!(
                f,
                "the {n_classes} folders that hold the photos name the classes; for the {n_others} of the first level use \
                 `--class-level first`"
            ),
            Remark::SameInside { tops, inside } => write!(
                f,
                "each of {} holds the folders {}: the classes are {}; for {} use `--class-level last`",
                first_few(tops),
                first_few(inside),
                first_few(tops),
                first_few(inside)
            ),
            Remark::AlikeNames { names } => write!(
                f,
                "classes that differ only in capitals or spaces: {}; rename one if they are the same",
                quoted(names)
            ),
            Remark::FolderGroups { n_groups } => write!(
                f,
                "{}: photos of one folder stay in one fold",
                counted(
                    *n_groups,
                    "folder inside a class is a group",
                    "folders inside classes are groups"
                )
            ),
            Remark::Unlabelled { n_images } => write!(
                f,
                "{}",
                counted(
                    *n_images,
                    "photo has no label and is left out",
                    "photos have no label and are left out"
                )
            ),
            Remark::FoldersIgnored { names } => write!(
                f,
                "folders beside the splits are left out: {}",
                names.join(", ")
            ),
            Remark::Ungrouped { n_images, by } => write!(
                f,
                "{} by `{by}`",
                counted(
                    *n_images,
                    "photo stands alone, in no group",
                    "photos stand alone, in no group"
                )
            ),
            Remark::NotTrained { classes } => {
                write!(f, "no photo to learn from in: {}", classes.join(", "))
            }
            Remark::ListFound { name } => write!(f, "labels are read from `{name}`"),
            Remark::ListUnused {
                name,
                reason,
                advice,
            } => write!(f, "`{name}` is there but not used: {reason}; {advice}"),
            Remark::LabelsWithCommas { column, example } => write!(
                f,
                "cells of `{column}` such as \"{example}\" may hold two answers: each different cell is taken as one class"
            ),
            Remark::PathsCompleted {
                n_images,
                given,
                found,
            } => write!(
                f,
                "{}, such as `{given}` to `{found}`",
                counted(
                    *n_images,
                    "path of the list was completed",
                    "paths of the list were completed"
                )
            ),
            Remark::TopFolder { name } => write!(
                f,
                "all photos lie in `{name}`: paths start inside it, and its name is no class"
            ),
            Remark::ArchivesRead { names } => {
                write!(f, "archives are read as folders: {}", first_few(names))
            }
            Remark::ArchivesIgnored { names } => write!(
                f,
                "archives beside the photos are left out: {}",
                first_few(names)
            ),
            Remark::Boxes {
                n_boxes,
                n_pictures,
            } => write!(
                f,
                "{} in {}: each box is an image, and boxes of one picture stay in one fold",
                counted(*n_boxes, "box", "boxes"),
                counted(*n_pictures, "picture", "pictures")
            ),
        }
    }
}

/// A number with what it counts.
fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn quoted(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    quoted.join(", ")
}

/// Names that a line of a message can list.
const MOST_NAMES: usize = 3;

/// Names in a line; those that are too many are counted.
pub(crate) fn first_few(names: &[String]) -> String {
    let shown = names[..names.len().min(MOST_NAMES)].join(", ");
    match names.len().saturating_sub(MOST_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
