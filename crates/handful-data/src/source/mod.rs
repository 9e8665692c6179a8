//! Layouts that people keep their images in: one file each, tried in the order of [`SOURCES`].

mod boxes;
mod coco;
mod flat;
mod folders;
mod list;
mod lookup;
mod multi_label;
mod named;
mod search;
mod splits;
mod suggest;
mod table;
mod unused;
mod voc;
mod webdataset;

use std::path::{Component, Path, PathBuf};

pub(crate) use boxes::{in_coco, in_voc};
pub(crate) use lookup::assign;
use lookup::{Lookup, Wanted};
pub(crate) use multi_label::several_labels;
pub(crate) use table::Table;
pub(crate) use unused::{SAVE_AS_CSV, SPREADSHEETS};

use crate::listing::{Listing, Store};
use crate::read::read_file;
use crate::{CropBox, DataError, Issue, Place, Remark, ScanOptions, Split, archive, shown};

/// A path that a person gave, and what lies there.
#[derive(Debug)]
pub struct Given {
    /// Where paths start: a folder, or an archive as if it were one.
    pub root: PathBuf,
    /// The list or file of boxes that was given, if it was one.
    pub file: Option<PathBuf>,
    /// What lies below the root; empty beside a list, which is looked up file by file.
    pub listing: Listing,
    /// Lists beside archives, in the folder that holds both; from where the program runs.
    pub lists_beside: Vec<PathBuf>,
}

impl Given {
    /// Whether a path from the root is a file.
    pub(crate) fn holds(&self, path: &Path) -> bool {
        match &self.listing.store {
            Store::Folder(root) => root.join(path).is_file(),
            Store::Archives(members) => members.contains_key(path),
        }
    }

    /// The bytes of a list or the like, by its path from the root.
    ///
    /// # Errors
    /// An issue that says why there are none.
    pub(crate) fn read(&self, path: &Path) -> Result<Vec<u8>, Issue> {
        match self.listing.store.place(path) {
            Place::File => read_file(&self.on_disk(path), &shown(path)),
            Place::Member(member) => archive::read_member(&member, path),
        }
    }

    /// A path from the root as the system knows it. `..` is taken off the root by name: behind a link it would lead to
    /// another place than the one that was listed.
    fn on_disk(&self, path: &Path) -> PathBuf {
        let mut whole = self.root.clone();
        for part in path.components() {
            match part {
                Component::ParentDir => drop(whole.pop()),
                other => whole.push(other),
            }
        }
        whole
    }

    /// A list by its path from the root, or one of those beside archives.
    ///
    /// # Errors
    /// [`DataError::Unreadable`] and [`DataError::List`].
    pub(crate) fn table(&self, path: &Path) -> Result<Table, DataError> {
        if self.lists_beside.iter().any(|p| p == path) {
            return Table::read(path);
        }
        let whole = self.on_disk(path);
        let bytes = self.read(path).map_err(|issue| DataError::Unreadable {
            path: whole.clone(),
            reason: issue.detail,
        })?;
        Table::parse(bytes, &whole)
    }
}

/// An image before its class has an index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// Its picture, from the root.
    pub path: PathBuf,
    /// The part of the picture that is meant.
    pub crop: Option<CropBox>,
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

    /// Whether what was given is laid out like this. Opens no image.
    fn recognises(&self, given: &Given, options: &ScanOptions) -> bool;

    /// Whether images come with columns, one of which `--group-by` can name.
    fn has_columns(&self) -> bool {
        false
    }

    /// Whether labels come out of files that lie beside the images.
    fn reads_beside(&self) -> bool {
        false
    }

    /// Reads it. Opens no image.
    ///
    /// # Errors
    /// When the layout is recognised but can't be used.
    fn read(&self, given: &Given, options: &ScanOptions) -> Result<Found, DataError>;
}

/// Order here is the order in which layouts are tried; the last takes whatever is left.
pub static SOURCES: &[&dyn Source] = &[
    &named::Named,
    &coco::Coco,
    &list::List,
    &voc::Voc,
    &webdataset::WebDataset,
    &splits::Splits,
    &folders::ClassFolders,
    &flat::Flat,
];
