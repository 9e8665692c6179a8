//! What does a zip archive hold? Its central directory says so, and where each member's bytes are.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use ::zip::{CompressionMethod, ZipArchive};

use super::name::{as_path, safe};
use super::{Entry, Fault, Index};
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
    if zip.has_duplicate_names() {
        index.damage = Some(Fault {
            kind: "listed_twice",
            detail: "it holds several files of one name, of which only one is seen".into(),
            advice: "pack it again",
        });
    }
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
    Ok(index)
}
