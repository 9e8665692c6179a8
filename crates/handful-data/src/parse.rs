//! The parsers by themselves, for whoever feeds them bytes that nobody wrote: the fuzz targets. Not part of the API.
//!
//! Each function must come back, whatever the bytes are, in time and memory that the length of the bytes bounds.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::archive::{self, Index};
use crate::source::{Found, Table, in_coco, in_voc, several_labels};

/// Reads a list and looks at every column.
pub fn table(bytes: &[u8]) {
    if let Ok(table) = Table::parse(bytes.to_vec(), Path::new("list.csv")) {
        let _ = table.columns(None, None);
        let all: Vec<usize> = (0..table.header.len()).collect();
        let _ = table.refuse_line_breaks(&all);
        for column in 0..table.header.len() {
            let _ = several_labels(table.rows.iter().map(|row| row[column].as_str()));
        }
    }
}

/// Reads a VOC annotation and takes its boxes.
pub fn voc(bytes: &[u8]) {
    if let Some(found) = in_voc(bytes, Path::new("1.jpg")) {
        boxes(&found);
    }
}

/// Reads a COCO file and takes its boxes.
pub fn coco(bytes: &[u8]) {
    let pictures = ["train/1.jpg", "val/1.jpg", "val/2.png"].map(PathBuf::from);
    if let Some(found) = in_coco(bytes, &pictures) {
        boxes(&found);
    }
}

/// A box that was taken has an area, and lies in a picture that was listed.
fn boxes(found: &Found) {
    for crop in found.drafts.iter().filter_map(|d| d.crop) {
        assert!(crop.width > 0 && crop.height > 0);
        let far = usize::try_from(u32::MAX).unwrap_or(usize::MAX);
        assert!(crop.within(far, far).is_some(), "{crop:?}");
    }
}

/// Lists a zip archive and reads every member.
pub fn zip(bytes: &[u8]) {
    let archive: Arc<Path> = Arc::from(Path::new("archive.zip"));
    if let Ok(index) = archive::zip::index(Cursor::new(bytes), &archive) {
        members(bytes, index);
    }
}

/// Lists a tar archive and reads every member.
pub fn tar(bytes: &[u8]) {
    let archive: Arc<Path> = Arc::from(Path::new("archive.tar"));
    if let Ok(index) = archive::tar::index(Cursor::new(bytes), &archive) {
        members(bytes, index);
    }
}

/// What leads out of the archive must have been refused, and what is read must have the size that was said.
fn members(bytes: &[u8], index: Index) {
    for entry in index.entries {
        let Ok(member) = entry.content else { continue };
        let leads_out =
            |part: std::path::Component| !matches!(part, std::path::Component::Normal(_));
        assert!(!entry.path.components().any(leads_out), "{:?}", entry.path);
        if let Ok(read) = archive::read_span(Cursor::new(bytes), &member, &entry.path) {
            assert_eq!(read.len() as u64, member.bytes);
        }
    }
}
