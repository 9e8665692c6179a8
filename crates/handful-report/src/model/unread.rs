//! Which files gave no photo, or gave one with a note?

use serde::{Deserialize, Serialize};

/// Files that gave no photo, or gave one with a note.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Unread {
    /// The first of them, in the order of `issues.csv`. At most [`UNREAD_SHOWN`](crate::UNREAD_SHOWN) are drawn.
    pub files: Vec<UnreadFile>,
    /// How many there are altogether, those in `files` included.
    pub n_files: usize,
}

/// One file that gave no photo, or gave one with a note: a row of `issues.csv`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnreadFile {
    /// Path relative to the folder of photos.
    pub path: String,
    /// Kind, in snake case: `truncated`.
    pub kind: String,
    /// What was found.
    pub detail: String,
    /// What to do.
    pub advice: String,
}
