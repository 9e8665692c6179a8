//! Folders and archives as people have them, made in a temporary place.
// Each test crate uses a part of it.
#![allow(dead_code)]

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use handful_data::{Catalog, ScanOptions, scan, shown};
use handful_image::{Pixels, encode_jpeg, encode_png};
use tempfile::TempDir;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// Enough of a JPEG to be taken for one.
pub const JPEG_START: &[u8] = b"\xFF\xD8\xFF not really";

/// A folder with these files, whose bytes start like an image.
pub fn tree(files: &[&str]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in files {
        put(dir.path(), file, JPEG_START);
    }
    dir
}

/// Writes a file and the folders above it.
pub fn put(root: &Path, file: &str, bytes: impl AsRef<[u8]>) {
    let path = root.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A JPEG that can be decoded.
pub fn jpeg() -> Vec<u8> {
    encode_jpeg(&Pixels::filled(24, 16, [200, 40, 40]), 90)
}

/// A PNG that can be decoded.
pub fn png() -> Vec<u8> {
    encode_png(&Pixels::filled(24, 16, [40, 200, 40]))
}

/// A zip archive of deflated files.
pub fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    zip_by(CompressionMethod::Deflated, files)
}

/// A zip archive of files packed by a method.
pub fn zip_by(method: CompressionMethod, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A tar archive.
pub fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // Written by hand: the builder refuses names that lead out, which is what some tests are about.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

/// What a scan without options finds.
pub fn read(path: &Path) -> Catalog {
    scan(path, &ScanOptions::default()).unwrap()
}

/// Each sample as it is called, with its class.
pub fn labels(catalog: &Catalog) -> Vec<(String, &str)> {
    let class = |label: Option<usize>| catalog.classes[label.unwrap()].as_str();
    catalog
        .samples
        .iter()
        .map(|s| (s.name(), class(s.label)))
        .collect()
}

/// Path and kind of each issue.
pub fn kinds(catalog: &Catalog) -> Vec<(String, &str)> {
    catalog
        .issues
        .iter()
        .map(|i| (shown(&i.path), i.kind))
        .collect()
}
