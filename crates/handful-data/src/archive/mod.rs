//! What lies in archives, and the bytes of their members: read in place, never unpacked.
//!
//! Reading order: [`list`], then one file a format ([`zip`], [`tar`]) and `name` (which names are safe to use).

mod name;
pub(crate) mod tar;
pub(crate) mod zip;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::listing::{
    BYTES_TO_SNIFF, Collector, Listing, Store, common_top, ending, is_image_ending,
};
use crate::read::{MOST_BYTES, empty, of_system, too_large};
use crate::{DataError, Issue, Member, Packing, Split, left_behind};

/// Memory taken before anything is read: what an archive says of a member's size is not believed.
const MOST_BYTES_AHEAD: u64 = 1 << 20;

/// A member as the archive's index tells it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its name; safe to use if the content is there.
    pub path: PathBuf,
    /// Where its bytes are, or why they can't be had.
    pub content: Result<Member, Fault>,
    /// Something to know about a member that can be read.
    pub note: Option<Fault>,
}

/// What is wrong with a member.
#[derive(Debug)]
pub(crate) struct Fault {
    pub kind: &'static str,
    pub detail: String,
    pub advice: &'static str,
}

/// What an archive holds.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub entries: Vec<Entry>,
    /// Why the rest of it can't be read.
    pub damage: Option<Fault>,
}

/// The kinds of archive that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Zip,
    Tar,
}

impl Kind {
    /// The kind of a file, by its name.
    pub fn of(path: &Path) -> Option<Kind> {
        match ending(path).as_str() {
            "zip" => Some(Kind::Zip),
            "tar" => Some(Kind::Tar),
            _ => None,
        }
    }

    /// The kind of a file, by its first bytes.
    pub fn of_bytes(head: &[u8]) -> Option<Kind> {
        if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
            Some(Kind::Zip)
        } else if head.get(257..262) == Some(b"ustar") {
            Some(Kind::Tar)
        } else {
            None
        }
    }
}

/// Lists archives as if each were a folder.
///
/// One archive is a folder itself. Of several, those whose names differ only in a number at the end (`shard-000`,
/// `shard-001`) are parts of one folder, called by what their names share; if all are, that folder is left away.
///
/// # Errors
/// [`DataError::Archive`] when not a single one can be read. Otherwise a bad archive is an issue.
pub(crate) fn list(root: &Path, archives: &[(PathBuf, Kind)]) -> Result<Listing, DataError> {
    let mut files = Collector::default();
    let mut read = Vec::new();
    let mut first_error = None;
    for (path, kind) in archives {
        match index(path, *kind) {
            Ok(index) => read.push((path, index)),
            Err(fault) => {
                let name = path.strip_prefix(root).unwrap_or(path);
                files.issue(Issue::skipped(
                    name,
                    fault.kind,
                    fault.detail.clone(),
                    fault.advice,
                ));
                first_error.get_or_insert(DataError::Archive {
                    path: path.clone(),
                    reason: fault.detail,
                    advice: fault.advice.into(),
                });
            }
        }
    }
    if read.is_empty()
        && let Some(error) = first_error
    {
        return Err(error);
    }
    for (path, index) in &mut read {
        if let Some(fault) = index.damage.take() {
            let name = path.strip_prefix(root).unwrap_or(path);
            let name = if name.as_os_str().is_empty() {
                Path::new(path.file_name().unwrap_or_default())
            } else {
                name
            };
            files.issue(Issue::skipped(name, fault.kind, fault.detail, fault.advice));
        }
    }
    let folders = folders(read.iter().map(|(path, _)| path.as_path()));
    let named = names(read, &folders);
    let mut passed = BTreeSet::new();
    let mut members = BTreeMap::new();
    for Entry {
        path,
        content,
        note,
    } in named
    {
        if let Some(folder) = left_behind_folder(&path) {
            if passed.insert(folder.to_owned()) {
                files.enters(folder);
            }
            continue;
        }
        let member = match content {
            Ok(member) => member,
            Err(fault) => {
                files.issue(Issue::skipped(
                    &path,
                    fault.kind,
                    fault.detail,
                    fault.advice,
                ));
                continue;
            }
        };
        if let Some(known) = members.get_mut(&path) {
            *known = member;
            files.issue(Issue::noted(
                &path,
                "listed_twice",
                "the archive holds two files of this name; the later one is used",
                "pack the archive again",
            ));
            continue;
        }
        if files.file(&path, &|| read_head(&member, &path)) {
            if let Some(fault) = note {
                files.issue(Issue::noted(&path, fault.kind, fault.detail, fault.advice));
            }
            members.insert(path, member);
        }
    }
    Ok(files.finish(Store::Archives(members)))
}

fn index(path: &Path, kind: Kind) -> Result<Index, Fault> {
    let unreadable = |e: std::io::Error| Fault {
        kind: "unreadable",
        detail: format!("the archive can't be opened: {e}"),
        advice: "change its permissions, or copy it again",
    };
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(unreadable(std::io::Error::other("it is not a file")));
    }
    let mut file = File::open(path).map_err(unreadable)?;
    let archive: Arc<Path> = Arc::from(path);
    match kind {
        Kind::Zip => zip::index(std::io::BufReader::new(&mut file), &archive),
        Kind::Tar => tar::index(&mut file, &archive),
    }
}

/// The folder that each archive stands for; all empty where they are parts of one.
fn folders<'a>(archives: impl Iterator<Item = &'a Path>) -> Vec<PathBuf> {
    let shared = |path: &Path| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let is_number = |c: char| c.is_ascii_digit() || "-_. ".contains(c);
        PathBuf::from(stem.trim_end_matches(is_number))
    };
    let folders: Vec<PathBuf> = archives.map(shared).collect();
    if folders.windows(2).all(|pair| pair[0] == pair[1]) {
        vec![PathBuf::new(); folders.len()]
    } else {
        folders
    }
}

/// All members with their names from the root. Where two archives hold the same name, all are called by their archive,
/// too, so that nothing hides anything.
fn names(mut read: Vec<(&PathBuf, Index)>, folders: &[PathBuf]) -> Vec<Entry> {
    for ((_, index), folder) in read.iter_mut().zip(folders) {
        let mine = || {
            let paths = index.entries.iter().map(|e| &e.path);
            paths.filter(|p| left_behind_folder(p).is_none())
        };
        // A readme beside the folder of photos does not matter.
        let named_images = mine().filter(|p| is_image_ending(&ending(p)));
        let top = common_top(named_images).or_else(|| common_top(mine()));
        // `cat.zip` that holds the folder `cat`, or any other: that folder says nothing that the name does not say.
        let strip = top.filter(|top| {
            !folder.as_os_str().is_empty() && Split::named(&top.to_string_lossy()).is_none()
        });
        for entry in &mut index.entries {
            // An unsafe name is only shown, never used; joining an absolute one would lose the folder.
            if entry.path.is_relative() {
                let inner = strip
                    .as_ref()
                    .and_then(|top| entry.path.strip_prefix(top).ok())
                    .unwrap_or(&entry.path);
                entry.path = folder.join(inner);
            }
        }
    }
    let mut seen: BTreeMap<&Path, usize> = BTreeMap::new();
    let collide = read.iter().enumerate().any(|(archive, (_, index))| {
        index
            .entries
            .iter()
            .any(|e| *seen.entry(&e.path).or_insert(archive) != archive)
    });
    let called = |archive: &Path, entry: Entry| {
        let stem = archive.file_stem().unwrap_or_default().to_string_lossy();
        let mut name = std::ffi::OsString::from(format!("{}:", stem.replace('.', "-")));
        name.push(entry.path.file_name().unwrap_or_default());
        Entry {
            path: entry.path.with_file_name(name),
            ..entry
        }
    };
    let mut all = Vec::new();
    for (archive, index) in read {
        all.extend(
            index
                .entries
                .into_iter()
                .map(|e| if collide { called(archive, e) } else { e }),
        );
    }
    all
}

/// The outermost folder of a path that a system or tool left behind.
fn left_behind_folder(path: &Path) -> Option<&Path> {
    let above: Vec<&Path> = path.ancestors().skip(1).collect();
    above
        .into_iter()
        .rev()
        .find(|folder| folder.file_name().and_then(left_behind::of_name).is_some())
}

/// The bytes of a member; `name` is how the issue calls it.
pub(crate) fn read_member(member: &Member, name: &Path) -> Result<Vec<u8>, Issue> {
    let file = File::open(&member.archive).map_err(|e| of_system(name, &e))?;
    read_span(file, member, name)
}

/// The bytes of a member, its size and checksum compared with what the archive says.
pub(crate) fn read_span(
    archive: impl Read + Seek,
    member: &Member,
    name: &Path,
) -> Result<Vec<u8>, Issue> {
    if member.bytes.max(member.packed_bytes) > MOST_BYTES {
        return Err(too_large(name, member.bytes.max(member.packed_bytes)));
    }
    let bytes = inflated(archive, member, member.bytes + 1, name)?;
    if bytes.len() as u64 != member.bytes {
        return Err(Issue::skipped(
            name,
            "corrupt",
            format!(
                "the archive says {} bytes, but {} came out of it",
                member.bytes,
                if bytes.len() as u64 > member.bytes {
                    "more".to_owned()
                } else {
                    bytes.len().to_string()
                }
            ),
            "copy or download the archive again",
        ));
    }
    if bytes.is_empty() {
        return Err(empty(name));
    }
    if let Some(said) = member.crc32 {
        let mut crc = flate2::Crc::new();
        crc.update(&bytes);
        if crc.sum() != said {
            return Err(Issue::skipped(
                name,
                "corrupt",
                "its checksum in the archive differs: the archive is damaged",
                "copy or download the archive again",
            ));
        }
    }
    Ok(bytes)
}

fn read_head(member: &Member, name: &Path) -> Result<Vec<u8>, Issue> {
    let file = File::open(&member.archive).map_err(|e| of_system(name, &e))?;
    inflated(file, member, BYTES_TO_SNIFF, name)
}

/// At most `most` bytes from the beginning of a member.
fn inflated(
    mut archive: impl Read + Seek,
    member: &Member,
    most: u64,
    name: &Path,
) -> Result<Vec<u8>, Issue> {
    archive
        .seek(SeekFrom::Start(member.start))
        .map_err(|e| of_system(name, &e))?;
    let packed = archive.take(member.packed_bytes);
    let mut bytes = Vec::with_capacity(most.min(MOST_BYTES_AHEAD) as usize);
    let read = match member.packing {
        Packing::Stored => packed.take(most).read_to_end(&mut bytes),
        Packing::Deflated => flate2::read::DeflateDecoder::new(packed)
            .take(most)
            .read_to_end(&mut bytes),
    };
    read.map_err(|e| {
        Issue::skipped(
            name,
            "corrupt",
            format!("it can't be taken out of the archive: {e}"),
            "copy or download the archive again",
        )
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders_of(names: &[&str]) -> Vec<PathBuf> {
        folders(names.iter().map(Path::new))
    }

    #[test]
    fn archives_that_differ_in_a_number_are_one_folder() {
        let none = vec![PathBuf::new(); 2];
        assert_eq!(folders_of(&["shard-000.tar", "shard-001.tar"]), none);
        assert_eq!(folders_of(&["000.tar", "001.tar"]), none);
        assert_eq!(folders_of(&["photos.zip"]), [PathBuf::new()]);
        let names = folders_of(&["a/train-0.tar", "a/train-1.tar", "a/val-0.tar"]);
        assert_eq!(names, ["train", "train", "val"].map(PathBuf::from));
        assert_eq!(
            folders_of(&["cat.zip", "dog.zip"]),
            ["cat", "dog"].map(PathBuf::from)
        );
    }

    #[test]
    fn a_member_that_inflates_to_more_than_it_says_is_refused() {
        use std::io::Write;
        let mut packer =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&vec![0; 10 << 20]).unwrap();
        let packed = packer.finish().unwrap();
        let member = Member {
            archive: Arc::from(Path::new("x.zip")),
            start: 0,
            packed_bytes: packed.len() as u64,
            bytes: 100,
            packing: Packing::Deflated,
            crc32: None,
        };
        let read = |member: &Member| {
            read_span(std::io::Cursor::new(&packed), member, Path::new("x"))
                .unwrap_err()
                .kind
        };
        assert_eq!(read(&member), "corrupt");
        let huge = Member {
            bytes: 1 << 40,
            ..member
        };
        assert_eq!(read(&huge), "too_large");
    }
}
