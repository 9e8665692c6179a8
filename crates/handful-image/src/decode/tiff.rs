//! What does the first page of a TIFF say about itself before it is decoded?
//!
//! Raw files of many cameras are TIFFs whose first page is a thumbnail: decoding them would silently train on stamps.
//!
//! Source: TIFF 6.0; BigTIFF; DNG 1.6 for the version tag; TIFF/EP for the thumbnail in the first page.

const NEW_SUBFILE_TYPE: u16 = 254;
const IMAGE_WIDTH: u16 = 256;
const IMAGE_LENGTH: u16 = 257;
const PHOTOMETRIC: u16 = 262;
const SUB_IFDS: u16 = 330;
const SAMPLE_FORMAT: u16 = 339;
const DNG_VERSION: u16 = 50706;

/// The tags of a page that decide how it is treated.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub width: u64,
    pub height: u64,
    /// Another page follows.
    pub has_next: bool,
    is_thumbnail: bool,
    has_sub_pages: bool,
    is_dng: bool,
    is_canon_raw: bool,
    has_palette: bool,
    /// 1 unsigned, 2 signed, 3 floating point.
    sample_format: u64,
}

impl Page {
    /// A raw file of a camera (DNG, NEF, ARW, CR2, PEF, …).
    pub fn is_camera_raw(&self) -> bool {
        self.is_dng || self.is_canon_raw || (self.is_thumbnail && self.has_sub_pages)
    }

    /// Why decoders refuse it, in words, if a tag tells.
    pub fn unusual(&self) -> Option<&'static str> {
        match self.sample_format {
            3 => Some("floating-point samples"),
            2 => Some("signed samples"),
            _ if self.has_palette => Some("a palette"),
            _ => None,
        }
    }
}

/// Reads the first page's tags; `None` when they can't be reached.
pub(super) fn first_page(bytes: &[u8]) -> Option<Page> {
    let reader = Reader {
        bytes,
        little: bytes.first() == Some(&b'I'),
    };
    let big = reader.number(2, 2)? == 43;
    // Sizes in bytes of an offset, of the entry count and of one entry.
    let (offset_size, count_size, entry_size) = if big { (8, 8, 20) } else { (4, 2, 12) };
    let start = usize::try_from(reader.number(if big { 8 } else { 4 }, offset_size)?).ok()?;
    let n_entries = usize::try_from(reader.number(start, count_size)?).ok()?;
    let first = start.checked_add(count_size)?;
    let mut page = Page {
        is_canon_raw: bytes.get(8..10) == Some(b"CR"),
        sample_format: 1,
        ..Page::default()
    };
    for entry_idx in 0..n_entries {
        let at = first.checked_add(entry_idx.checked_mul(entry_size)?)?;
        let Some(tag) = reader.number(at, 2) else {
            break;
        };
        let kind = reader.number(at + 2, 2)?;
        let count = reader.number(at + 4, offset_size)?;
        let value = reader.value(at + 4 + offset_size, kind, count, offset_size);
        match tag as u16 {
            NEW_SUBFILE_TYPE => page.is_thumbnail = value.is_some_and(|bits| bits & 1 == 1),
            IMAGE_WIDTH => page.width = value.unwrap_or(0),
            IMAGE_LENGTH => page.height = value.unwrap_or(0),
            PHOTOMETRIC => page.has_palette = value == Some(3),
            SUB_IFDS => page.has_sub_pages = true,
            SAMPLE_FORMAT => page.sample_format = value.unwrap_or(1),
            DNG_VERSION => page.is_dng = true,
            _ => {}
        }
    }
    let end = first.checked_add(n_entries.checked_mul(entry_size)?)?;
    page.has_next = reader
        .number(end, offset_size)
        .is_some_and(|next| next != 0);
    Some(page)
}

struct Reader<'a> {
    bytes: &'a [u8],
    little: bool,
}

impl Reader<'_> {
    /// An unsigned number of 1 to 8 bytes.
    fn number(&self, at: usize, size: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..at.checked_add(size)?)?;
        let push = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if self.little {
            bytes.iter().rev().fold(0, push)
        } else {
            bytes.iter().fold(0, push)
        })
    }

    /// The first value of an entry, wherever it is kept.
    fn value(&self, at: usize, kind: u64, count: u64, offset_size: usize) -> Option<u64> {
        let size = match kind {
            1 => 1,
            3 => 2,
            4 | 13 => 4,
            16 | 18 => 8,
            _ => return None,
        };
        let inline = count.checked_mul(size as u64)? <= offset_size as u64;
        let start = if inline {
            at
        } else {
            usize::try_from(self.number(at, offset_size)?).ok()?
        };
        self.number(start, size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A classic TIFF header with one page of SHORT tags.
    fn page_of(tags: &[(u16, u16)], next: u32, little: bool) -> Vec<u8> {
        let two = |v: u16| {
            if little {
                v.to_le_bytes()
            } else {
                v.to_be_bytes()
            }
        };
        let four = |v: u32| {
            if little {
                v.to_le_bytes()
            } else {
                v.to_be_bytes()
            }
        };
        let mut out = if little {
            b"II*\0".to_vec()
        } else {
            b"MM\0*".to_vec()
        };
        out.extend(four(8));
        out.extend(two(tags.len() as u16));
        for (tag, value) in tags {
            out.extend([two(*tag), two(3)].concat());
            out.extend(four(1));
            out.extend([two(*value), [0, 0]].concat());
        }
        out.extend(four(next));
        out
    }

    #[test]
    fn a_thumbnail_with_pages_below_it_is_a_camera_raw_file() {
        for little in [true, false] {
            let raw = page_of(
                &[(NEW_SUBFILE_TYPE, 1), (IMAGE_WIDTH, 160), (SUB_IFDS, 99)],
                0,
                little,
            );
            let page = first_page(&raw).expect("tags can be reached");
            assert!(page.is_camera_raw() && page.width == 160 && !page.has_next);
        }
        let dng = page_of(&[(DNG_VERSION, 1)], 0, true);
        assert!(
            first_page(&dng)
                .expect("tags can be reached")
                .is_camera_raw()
        );
    }

    #[test]
    fn an_ordinary_scan_with_pages_is_not() {
        let scan = page_of(&[(NEW_SUBFILE_TYPE, 0), (SAMPLE_FORMAT, 3)], 500, true);
        let page = first_page(&scan).expect("tags can be reached");
        assert!(!page.is_camera_raw() && page.has_next);
        assert_eq!(page.unusual(), Some("floating-point samples"));
    }

    #[test]
    fn tags_beyond_the_end_are_no_page() {
        assert_eq!(first_page(b"II*\0\xFF\xFF\xFF\xFF"), None);
        assert_eq!(
            first_page(b"II+\0\x08\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"),
            None
        );
    }
}
