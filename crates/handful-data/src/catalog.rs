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
    /// Paths of a list were completed by a folder or an ending.
    PathsCompleted {
        /// How many.
        n_images: usize,
        /// One of them as the list has it.
        given: String,
        /// The same as it was found.
        found: String,
    },
    /// Everything lies in one folder, which was taken for the root.
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
            Remark::PathsCompleted {
                n_images,
                given,
                found,
            } => write!(
                f,
                "{n_images} paths of the list were completed, such as `{given}` to `{found}`"
            ),
            Remark::TopFolder { name } => write!(
                f,
                "everything lies in `{name}`: what is in that folder names the classes"
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
                "{n_boxes} boxes in {n_pictures} pictures are the images; boxes of one picture stay in one fold"
            ),
        }
    }
}

/// Names that a line of a message can list.
const MOST_NAMES: usize = 3;

fn first_few(names: &[String]) -> String {
    let shown = names[..names.len().min(MOST_NAMES)].join(", ");
    match names.len().saturating_sub(MOST_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
