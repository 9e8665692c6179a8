//! Why a folder or list can't be read at all. A bad file in it is an [`crate::Issue`], not an error.

use std::path::PathBuf;

use crate::Clue;
use crate::catalog::first_few;

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
        /// What was there and not used.
        clues: Vec<Clue>,
    },
    /// Images without folders that would name their classes.
    #[error("`{}` has no class folders", path.display())]
    NoClasses {
        /// The path.
        path: PathBuf,
        /// Images directly in it, or in folders of splits.
        n_images: usize,
        /// The path of one of them, which has a folder if they lie in folders of splits.
        example: String,
        /// A pattern that reads labels out of the names, if one does.
        suggestion: Option<Box<Suggestion>>,
        /// What was there and not used.
        clues: Vec<Clue>,
    },
    /// Nothing to tell apart.
    #[error("`{}` has only one class, \"{class}\"", path.display())]
    OneClass {
        /// The path.
        path: PathBuf,
        /// The class.
        class: String,
        /// What was there and not used.
        clues: Vec<Clue>,
    },
    /// A folder that looks like a split, under a name that is none.
    #[error("`{}` has folders that may be splits or classes: {}", path.display(), quoted(others))]
    UnknownSplits {
        /// The path.
        path: PathBuf,
        /// The folders with the names of splits.
        known: Vec<String>,
        /// Those beside them that hold folders of the same names.
        others: Vec<String>,
        /// The names of the folders that they hold.
        classes: Vec<String>,
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
        /// How to mend it.
        advice: String,
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
            DataError::NoImages { found, clues, .. } => with_clues(found, clues),
            DataError::NoClasses {
                n_images,
                example,
                clues,
                ..
            } => {
                let place = if example.contains('/') {
                    "in folders of splits"
                } else {
                    "directly in it"
                };
                with_clues(
                    &format!("{n_images} images {place}, named like `{example}`"),
                    clues,
                )
            }
            DataError::OneClass { clues, .. } => {
                with_clues("a classifier needs two classes at least", clues)
            }
            DataError::UnknownSplits { known, classes, .. } => format!(
                "they hold the same folders ({}) as {}; names of splits are train, val and test",
                first_few(classes),
                quoted(known)
            ),
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
            DataError::NoImages { clues, .. } => or_mend(
                clues,
                "give a folder with a folder of images for each class, or a CSV with the columns image and label",
            ),
            DataError::NoClasses {
                n_images,
                suggestion: Some(found),
                clues,
                ..
            } => or_mend(
                clues,
                &format!(
                    "use `--label-from '{}'`, which gives {} classes ({}) and labels {} of {n_images} images; or put the \
                 images of each class into a folder of its own",
                    found.pattern,
                    found.n_classes,
                    found.examples.join(", "),
                    found.n_images
                ),
            ),
            DataError::NoClasses { clues, .. } => or_mend(
                clues,
                "put the images of each class into a folder of its own, or give a CSV with the columns image and label",
            ),
            DataError::OneClass { clues, .. } => or_mend(
                clues,
                "add a folder of photos of something else: \"other\" or \"none\" will do",
            ),
            DataError::UnknownSplits { others, .. } => format!(
                "rename {} to `test` or `val`, or say which folders are the classes: `--class-level first` for the outer \
                 ones, `last` for the inner ones",
                quoted(others)
            ),
            DataError::List { advice, .. }
            | DataError::Boxes { advice, .. }
            | DataError::Archive { advice, .. }
            | DataError::GroupBy { advice, .. } => advice.clone(),
            DataError::LabelFrom { .. } => {
                "write one such as '^([a-z]+)_', which takes \"cat\" from `cat_001.jpg`".into()
            }
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

/// Clues that one message can hold.
const MOST_CLUES: usize = 3;

/// What was found, with what was there and not used.
fn with_clues(found: &str, clues: &[Clue]) -> String {
    let mut parts = vec![found.to_owned()];
    parts.extend(clues.iter().take(MOST_CLUES).map(|clue| clue.found.clone()));
    if clues.len() > MOST_CLUES {
        parts.push(format!("and {} more", clues.len() - MOST_CLUES));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

/// What to do about the likeliest clue, or else.
fn or_mend(clues: &[Clue], otherwise: &str) -> String {
    match clues.first() {
        Some(clue) => format!("{}; otherwise {otherwise}", clue.advice),
        None => otherwise.into(),
    }
}

fn quoted(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    first_few(&quoted)
}
