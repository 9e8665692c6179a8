//! Layouts that people keep their images in: one file each, tried in the order of [`SOURCES`].

mod flat;
mod folders;
mod list;
mod splits;
mod table;

use std::path::PathBuf;

pub(crate) use table::Table;

use crate::walk::Listing;
use crate::{DataError, Issue, Remark, ScanOptions, Split};

/// A path that a person gave, and what lies there.
#[derive(Debug)]
pub struct Place {
    /// Where paths start.
    pub root: PathBuf,
    /// The file that was given, if it was one.
    pub list: Option<PathBuf>,
    /// What lies below the folder that was given.
    pub listing: Listing,
}

/// An image before its class has an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Where its bytes are, from the root.
    pub path: PathBuf,
    /// Its class; `None` leaves it out.
    pub class: Option<String>,
    /// What it must stay together with.
    pub group: Option<String>,
    /// The split that the person gave.
    pub split: Split,
}

/// What a source has read, in any order.
#[derive(Debug, Default)]
pub struct Found {
    /// The images.
    pub drafts: Vec<Draft>,
    /// What was decided.
    pub remarks: Vec<Remark>,
    /// What can't be used.
    pub issues: Vec<Issue>,
}

/// A layout.
pub trait Source: Sync {
    /// Its name, in one or two words.
    fn name(&self) -> &'static str;

    /// Whether a place is laid out like this. Opens no image.
    fn recognises(&self, place: &Place) -> bool;

    /// Whether images come with columns, one of which `--group-by` can name.
    fn has_columns(&self) -> bool {
        false
    }

    /// Reads it. Opens no image.
    ///
    /// # Errors
    /// When the layout is recognised but can't be used.
    fn read(&self, place: &Place, options: &ScanOptions) -> Result<Found, DataError>;
}

/// Order here is the order in which layouts are tried; the last takes whatever is left.
pub static SOURCES: &[&dyn Source] = &[
    &list::List,
    &splits::Splits,
    &folders::ClassFolders,
    &flat::Flat,
];
