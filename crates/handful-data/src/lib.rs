//! What is there: from a folder or a list to a catalogue of images with labels, groups and splits.
//!
//! Nothing is decoded here and nothing written into the folder of images. What can't be used is named in an [`Issue`],
//! what was decided is said in a [`Remark`]; whatever comes out of a directory listing is sorted first.
//!
//! Reading order: [`Catalog`], [`scan`], then one file a layout in `source/` (`docs/adding-a-source.md` says how to add
//! one) and one file a kind of fault in [`finding`].

mod catalog;
mod error;
pub mod finding;
mod group;
mod issue;
mod path;
mod read;
mod scan;
mod source;
mod walk;

pub use catalog::{Catalog, Remark, Sample, Split};
pub use error::{Category, DataError};
pub use group::GroupBy;
pub use issue::{Issue, issue_of, issue_of_note, write_issues_csv};
pub use path::{is_inside, shown};
pub use read::read_file;
pub use scan::{ClassLevel, ScanOptions, scan, scan_unlabelled};
pub use source::{SOURCES, Source};
