//! What is there: from a folder or a list to a catalogue of images with labels, groups and splits.
//!
//! Nothing is decoded here and nothing written into the folder of images. What can't be used is named in an [`Issue`],
//! what was decided is said in a [`Remark`]; whatever comes out of a directory listing is sorted first.
//!
//! Reading order: [`Catalog`], [`scan`], `listing` (what is there, in a folder or in archives), then one file a layout in
//! `source/` (`docs/adding-a-source.md` says how to add one) and one file a kind of fault in [`finding`]. [`read_sample`]
//! gives the bytes of what was found.

pub mod alike;
mod archive;
mod catalog;
mod clue;
mod crop;
mod error;
pub mod finding;
mod given;
mod group;
mod issue;
mod label_from;
mod left_behind;
mod listing;
#[doc(hidden)]
pub mod parse;
mod path;
mod place;
mod read;
mod scan;
mod source;
mod walk;

pub use catalog::{Catalog, Remark, Sample, Split};
pub use clue::Clue;
pub use crop::CropBox;
pub use error::{Category, DataError, Suggestion};
pub use group::GroupBy;
pub use issue::{
    Fate, Issue, issue_of, issue_of_empty_box, issue_of_note, issue_of_other_samples, note_range,
    note_wrong_extension, write_issues_csv,
};
pub use label_from::LabelFrom;
pub use path::{is_inside, shown};
pub use place::{Member, Packing, Place};
pub use read::{read_file, read_sample};
pub use scan::{ClassLevel, ScanOptions, scan, scan_unlabelled};
pub use source::{SOURCES, Source};
