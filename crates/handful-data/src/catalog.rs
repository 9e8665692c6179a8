//! What a scan comes to.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Issue;

/// All images that were found, with their class names.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalog {
    /// Where the paths of the samples start.
    pub root: PathBuf,
    /// Class names, sorted; labels index into it.
    pub classes: Vec<String>,
    /// The images, sorted by path.
    pub samples: Vec<Sample>,
    /// What was not used, and why.
    pub issues: Vec<Issue>,
    /// What was decided on the way, for the person to see.
    pub remarks: Vec<Remark>,
    /// Name of the source that read it.
    pub layout: &'static str,
}

/// One image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Where its bytes are, from the root.
    pub path: PathBuf,
    /// Index of its class; `None` when it has no label.
    pub label: Option<usize>,
    /// What it must stay together with; `None` when it stands alone.
    pub group: Option<String>,
    /// The split that the person gave.
    pub split: Split,
}

/// A part of the images that a person set apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// To learn from.
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
            Remark::FolderGroups { n_groups } => {
                write!(
                    f,
                    "{n_groups} folders inside classes are groups: photos of one folder stay in one fold"
                )
            }
            Remark::Unlabelled { n_images } => {
                write!(f, "{n_images} photos have no label and are left out")
            }
            Remark::FoldersIgnored { names } => write!(
                f,
                "folders beside the splits are left out: {}",
                names.join(", ")
            ),
            Remark::Ungrouped { n_images, by } => write!(
                f,
                "{n_images} photos are in no group by `{by}` and stand alone"
            ),
            Remark::NotTrained { classes } => {
                write!(f, "no photo to learn from in: {}", classes.join(", "))
            }
            Remark::ListFound { name } => write!(f, "labels are read from `{name}`"),
        }
    }
}
