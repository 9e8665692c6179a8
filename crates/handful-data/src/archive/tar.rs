//! What does a tar archive hold? It is walked from header to header, and no member is read.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use ::tar::Archive;

use super::name::{as_path, safe};
use super::{Entry, Fault, Index};
use crate::{Member, Packing};

const AGAIN: &str = "copy or download the archive again";

/// The members of a tar archive, folders left out.
///
/// What a header breaks off ends the list, with the damage told: members before it are whole.
///
/// # Errors
/// When not even the first header can be read.
pub(crate) fn index<R: Read + Seek>(mut reader: R, archive: &Arc<Path>) -> Result<Index, Fault> {
    let damaged = |e: &dyn std::fmt::Display| Fault {
        kind: "corrupt",
        detail: format!("it is no whole tar archive: {e}"),
        advice: AGAIN,
    };
    let length = reader
        .seek(SeekFrom::End(0))
        .and_then(|length| reader.seek(SeekFrom::Start(0)).map(|_| length))
        .map_err(|e| damaged(&e))?;
    let mut index = Index::default();
    let mut tar = Archive::new(reader);
    for entry in tar.entries_with_seek().map_err(|e| damaged(&e))? {
        let entry = match entry {
            Ok(entry) => entry,
            Err(e) if index.entries.is_empty() => return Err(damaged(&e)),
            Err(e) => {
                index.damage = Some(Fault {
                    kind: "corrupt",
                    detail: format!(
                        "the archive is damaged after {} files, and what follows can't be read: {e}",
                        index.entries.len()
                    ),
                    advice: AGAIN,
                });
                break;
            }
        };
        let kind = entry.header().entry_type();
        if kind.is_dir() || kind.is_pax_global_extensions() {
            continue;
        }
        let name = entry.path_bytes().into_owned();
        let (start, bytes) = (entry.raw_file_position(), entry.size());
        let path = safe(&name);
        let content = if path.is_none() {
            Err((
                "unsafe_path",
                "its name leads out of the archive",
                "pack it again under a name inside the archive",
            ))
        } else if kind.is_symlink() || kind.is_hard_link() {
            Err((
                "not_a_file",
                "a link, not a file",
                "pack the file itself (`tar --dereference --hard-dereference`)",
            ))
        } else if kind.is_gnu_sparse() {
            Err((
                "unsupported",
                "it is packed as a file with holes, which isn't read",
                "pack it again without `--sparse`",
            ))
        } else if !kind.is_file() && !kind.is_contiguous() {
            Err(("not_a_file", "a pipe or device, not a file", "leave it out"))
        } else if start.checked_add(bytes).is_none_or(|end| end > length) {
            Err(("truncated", "the archive is cut off inside it", AGAIN))
        } else {
            Ok(Member {
                archive: archive.clone(),
                start,
                packed_bytes: bytes,
                bytes,
                packing: Packing::Stored,
                crc32: None,
            })
        };
        index.entries.push(Entry {
            path: path.unwrap_or_else(|| as_path(&name).into()),
            content: content.map_err(|(kind, detail, advice)| Fault {
                kind,
                detail: detail.to_owned(),
                advice,
            }),
            note: None,
        });
    }
    Ok(index)
}
