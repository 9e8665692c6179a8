//! What does a zip archive hold? Its central directory says so, and where each member's bytes are.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use ::zip::{CompressionMethod, ZipArchive};

use super::name::{as_path, safe};
use super::{Entry, Fault, Index};
use crate::catalog::first_few;
use crate::{Member, Packing};

const AGAIN: &str = "copy or download the archive again";

/// The members of a zip archive, folders left out.
///
/// # Errors
/// When there is no central directory, or it is damaged.
pub(crate) fn index<R: Read + Seek>(mut reader: R, archive: &Arc<Path>) -> Result<Index, Fault> {
    let damaged = |e: &dyn std::fmt::Display| Fault {
        kind: "corrupt",
        detail: format!("it is no whole zip archive: {e}"),
        advice: AGAIN,
    };
    let length = reader.seek(SeekFrom::End(0)).map_err(|e| damaged(&e))?;
    let mut zip = ZipArchive::new(reader).map_err(|e| damaged(&e))?;
    let mut index = Index::default();
    for idx in 0..zip.len() {
        let mut note = None;
        let Ok(about) = zip.by_index_data(idx) else {
            continue;
        };
        if about.is_dir() {
            continue;
        }
        let mut name = about.name_raw().to_vec();
        if std::str::from_utf8(&name).is_err()
            && let Ok(decoded) = about.name()
        {
            // Packers of the time before UTF-8 used the alphabet of their console.
            name = decoded.as_bytes().to_vec();
            note = Some(Fault {
                kind: "name_not_utf8",
                detail: "its name in the archive is no UTF-8 text; it is read as code page 437"
                    .into(),
                advice: "pack the archive anew if the name looks wrong",
            });
        }
        let fault = if about.is_symlink() {
            Some((
                "not_a_file",
                "a link, not a file".to_owned(),
                "pack the file itself",
            ))
        } else if about.encrypted() {
            Some((
                "encrypted",
                "it is encrypted".to_owned(),
                "unpack the archive with its password, and give the folder",
            ))
        } else {
            None
        };
        let (packed_bytes, bytes, crc32) = (about.compressed_size(), about.size(), about.crc32());
        let packing = match about.compression() {
            CompressionMethod::Stored => Ok(Packing::Stored),
            CompressionMethod::Deflated => Ok(Packing::Deflated),
            other => Err((
                "unsupported",
                format!("it is packed by a method that isn't read ({other})"),
                "unpack the archive and give the folder, or pack it with the usual method (deflate)",
            )),
        };
        let start = zip.by_index_raw(idx).ok().and_then(|raw| raw.data_start());
        let path = safe(&name);
        let content = match (fault, packing, start, &path) {
            (_, _, _, None) => Err((
                "unsafe_path",
                "its name leads out of the archive".to_owned(),
                "pack it again under a name inside the archive",
            )),
            (Some(fault), ..) => Err(fault),
            (None, Err(fault), ..) => Err(fault),
            (None, Ok(packing), Some(start), Some(_))
                if start
                    .checked_add(packed_bytes)
                    .is_some_and(|end| end <= length) =>
            {
                Ok(Member {
                    archive: archive.clone(),
                    start,
                    packed_bytes,
                    bytes,
                    packing,
                    crc32: Some(crc32),
                })
            }
            _ => Err((
                "corrupt",
                "the archive has no bytes for it".to_owned(),
                AGAIN,
            )),
        };
        index.entries.push(Entry {
            path: path.unwrap_or_else(|| as_path(&name).into()),
            content: content.map_err(|(kind, detail, advice)| Fault {
                kind,
                detail,
                advice,
            }),
            note,
        });
    }
    if zip.has_duplicate_names() {
        let start = zip.central_directory_start();
        let names = twice(zip.into_inner(), start);
        index.damage = Some(Fault {
            kind: "listed_twice",
            detail: format!(
                "it holds several files of one name, of which only one is seen: {}",
                first_few(&names)
            ),
            advice: "pack it again",
        });
    }
    Ok(index)
}

/// Signature, length and the offsets of three lengths in an entry of the central directory: APPNOTE.TXT 4.3.12.
const ENTRY: &[u8] = b"PK\x01\x02";
const ENTRY_BYTES: usize = 46;
const LENGTHS_AT: usize = 28;
/// A directory of more bytes is not searched for names: that of a million files has fewer.
const MOST_DIRECTORY_BYTES: u64 = 256 << 20;

/// Names that several entries of the central directory have, sorted; the library keeps the last entry of each only.
fn twice(mut reader: impl Read + Seek, start: u64) -> Vec<String> {
    let mut directory = Vec::new();
    // Where the directory can't be read again, nothing is named.
    if reader.seek(SeekFrom::Start(start)).is_ok() {
        let _ = reader
            .take(MOST_DIRECTORY_BYTES)
            .read_to_end(&mut directory);
    }
    let mut seen: BTreeMap<&[u8], usize> = BTreeMap::new();
    let mut rest = &directory[..];
    while rest.starts_with(ENTRY) && rest.len() >= ENTRY_BYTES {
        let length = |idx: usize| {
            let at = LENGTHS_AT + 2 * idx;
            usize::from(u16::from_le_bytes([rest[at], rest[at + 1]]))
        };
        let (name, others) = (length(0), length(1) + length(2));
        let Some(name) = rest.get(ENTRY_BYTES..ENTRY_BYTES + name) else {
            break;
        };
        *seen.entry(name).or_default() += 1;
        rest = rest
            .get(ENTRY_BYTES + name.len() + others..)
            .unwrap_or_default();
    }
    let several = seen.into_iter().filter(|(_, n)| *n > 1);
    several
        .map(|(name, _)| format!("`{}`", String::from_utf8_lossy(name)))
        .collect()
}
