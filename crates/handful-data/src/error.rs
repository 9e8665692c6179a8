//! Why a folder or list can't be read at all. A bad file in it is an [`crate::Issue`], not an error.

use std::path::PathBuf;

/// Errors of this crate, each with what is wrong, what was found and what to do.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The path does not exist or may not be read.
    #[error("`{}` can't be read: {reason}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// There is no image below the path.
    #[error("`{}` holds no images", path.display())]
    NoImages {
        /// The path.
        path: PathBuf,
        /// What is there instead.
        found: String,
    },
    /// Images without folders that would name their classes.
    #[error("`{}` has no class folders", path.display())]
    NoClasses {
        /// The path.
        path: PathBuf,
        /// Images directly in it.
        n_images: usize,
        /// The name of one of them.
        example: String,
        /// A pattern that reads labels out of the names, if one does.
        suggestion: Option<Suggestion>,
    },
    /// Nothing to tell apart.
    #[error("`{}` has only one class, \"{class}\"", path.display())]
    OneClass {
        /// The path.
        path: PathBuf,
        /// The class.
        class: String,
    },
    /// A list of images that can't be understood.
    #[error("`{}` can't be used as a list of images: {reason}", path.display())]
    List {
        /// The list.
        path: PathBuf,
        /// What is wrong, with its line where it has one.
        reason: String,
        /// How to mend it.
        advice: String,
    },
    /// Boxes in pictures that can't be understood.
    #[error("`{}` can't be used as boxes in pictures: {reason}", path.display())]
    Boxes {
        /// The file of annotations.
        path: PathBuf,
        /// What is wrong.
        reason: String,
        /// How to mend it.
        advice: String,
    },
    /// An archive that can't be read.
    #[error("`{}` can't be read as an archive: {reason}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        reason: String,
        /// How to mend it.
        advice: String,
    },
    /// A pattern that gives no labels.
    #[error("`--label-from {given}` can't be used: {reason}")]
    LabelFrom {
        /// As it was given.
        given: String,
        /// Why.
        reason: String,
    },
    /// A way of grouping that does not fit.
    #[error("`--group-by {given}` can't be used: {reason}")]
    GroupBy {
        /// As it was given.
        given: String,
        /// Why.
        reason: String,
    },
}

/// A pattern that would read labels out of the names of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The regular expression, for `--label-from`.
    pub pattern: String,
    /// Classes that it would give.
    pub n_classes: usize,
    /// Images that it would label.
    pub n_images: usize,
    /// A few of the classes.
    pub examples: Vec<String>,
}

/// Whose fault an error is: it decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// The command.
    Usage,
    /// The images or their layout.
    Data,
    /// Reading.
    Io,
}

impl DataError {
    /// What is wrong and where, one line.
    pub fn what(&self) -> String {
        self.to_string()
    }

    /// What was found.
    pub fn found(&self) -> String {
        match self {
            DataError::Unreadable { path, .. } if !path.exists() => {
                "there is nothing by that name".into()
            }
            DataError::Unreadable { .. } => "it is there, but may not be opened".into(),
            DataError::NoImages { found, .. } => found.clone(),
            DataError::NoClasses {
                n_images, example, ..
            } => {
                format!("{n_images} images directly in it, named like `{example}`")
            }
            DataError::OneClass { .. } => "a classifier needs two classes at least".into(),
            DataError::List { .. } => {
                "a list has a line of column names, then a line for each image".into()
            }
            DataError::Boxes { .. } => {
                "boxes are read as Pascal VOC (an XML file for each picture) or COCO (one JSON file)".into()
            }
            DataError::Archive { .. } => {
                "zip (stored or deflated) and tar (not compressed) are read in place".into()
            }
            DataError::LabelFrom { .. } => {
                "it is a regular expression on the path of a photo, whose first group is the label".into()
            }
            DataError::GroupBy { .. } => {
                "it is a column of the list, FILE.csv:COLUMN, or a regular expression".into()
            }
        }
    }

    /// What to do.
    pub fn advice(&self) -> String {
        match self {
            DataError::Unreadable { .. } => "check the path and its permissions".into(),
            DataError::NoImages { .. } => {
                "give a folder with a folder of images for each class, or a CSV with the columns image and label".into()
            }
            DataError::NoClasses { n_images, suggestion: Some(found), .. } => format!(
                "use `--label-from '{}'`, which gives {} classes ({}) and labels {} of {n_images} images; or put the \
                 images of each class into a folder of its own",
                found.pattern, found.n_classes, found.examples.join(", "), found.n_images
            ),
            DataError::NoClasses { .. } => {
                "put the images of each class into a folder of its own, or give a CSV with the columns image and label".into()
            }
            DataError::OneClass { .. } => "add a folder of photos of something else: \"other\" or \"none\" will do".into(),
            DataError::List { advice, .. }
            | DataError::Boxes { advice, .. }
            | DataError::Archive { advice, .. } => advice.clone(),
            DataError::LabelFrom { .. } => {
                "write one such as '^([a-z]+)_', which takes \"cat\" from `cat_001.jpg`".into()
            }
            DataError::GroupBy { .. } => "see `handful train --help`".into(),
        }
    }

    /// Whose fault it is.
    pub fn category(&self) -> Category {
        match self {
            DataError::Unreadable { .. } => Category::Io,
            DataError::GroupBy { .. } | DataError::LabelFrom { .. } => Category::Usage,
            _ => Category::Data,
        }
    }
}
