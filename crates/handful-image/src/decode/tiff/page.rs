//! What do the pages of a TIFF say about themselves before anything is decoded?
//!
//! Raw files of many cameras are TIFFs whose first page is a thumbnail: decoding them would silently train on stamps.
//! A stack of many pages has no one picture to train on.
//!
//! Source: TIFF 6.0; BigTIFF; DNG 1.6 for the version tag; TIFF/EP for the thumbnail in the first page.

use image::metadata::Orientation;
use std::collections::BTreeSet;

const NEW_SUBFILE_TYPE: u64 = 254;
const SUBFILE_TYPE: u64 = 255;
const IMAGE_WIDTH: u64 = 256;
const IMAGE_LENGTH: u64 = 257;
const BITS_PER_SAMPLE: u64 = 258;
const COMPRESSION: u64 = 259;
const PHOTOMETRIC: u64 = 262;
const STRIP_OFFSETS: u64 = 273;
const ORIENTATION: u64 = 274;
const SAMPLES_PER_PIXEL: u64 = 277;
const STRIP_BYTE_COUNTS: u64 = 279;
const COLOUR_MAP: u64 = 320;
const TILE_OFFSETS: u64 = 324;
const TILE_BYTE_COUNTS: u64 = 325;
const SUB_IFDS: u64 = 330;
const EXTRA_SAMPLES: u64 = 338;
const SAMPLE_FORMAT: u64 = 339;
const DNG_VERSION: u64 = 50706;

/// Values of `PhotometricInterpretation`.
pub(super) const WHITE_IS_ZERO: u64 = 0;
pub(super) const BLACK_IS_ZERO: u64 = 1;
pub(super) const RGB: u64 = 2;
pub(super) const PALETTE: u64 = 3;
pub(super) const CMYK: u64 = 5;
pub(super) const YCBCR: u64 = 6;
/// Mosaics and linear values of sensors, from DNG.
const SENSOR: [u64; 2] = [32_803, 34_892];

/// Values of `Compression`.
pub(super) const JPEG: u64 = 7;

/// Bits of `NewSubfileType`: a reduced version of another page; a mask.
const REDUCED_OR_MASK: u64 = 0b101;

/// The tags of a page that decide how it is treated.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub width: u64,
    pub height: u64,
    pub bits: u64,
    pub channels: u64,
    pub compression: u64,
    pub photometric: u64,
    /// 1 unsigned, 2 signed, 3 floating point.
    pub sample_format: u64,
    /// What each channel besides the colours is: 1 premultiplied alpha, 2 alpha.
    pub extra_samples: Vec<u64>,
    orientation: u64,
    /// Red, then green, then blue of all entries, 16 bits each.
    pub colour_map: Vec<u64>,
    /// (offset, length) of each strip or tile.
    pub chunks: Vec<(u64, u64)>,
    /// Where in the file the value of `PhotometricInterpretation` stands, two bytes.
    pub photometric_at: Option<usize>,
    is_thumbnail: bool,
    has_sub_pages: bool,
    is_dng: bool,
    is_canon_raw: bool,
}

impl Page {
    /// How the picture is to be turned.
    pub fn orientation(&self) -> Orientation {
        u8::try_from(self.orientation)
            .ok()
            .and_then(Orientation::from_exif)
            .unwrap_or(Orientation::NoTransforms)
    }

    /// A raw file of a camera (DNG, NEF, ARW, CR2, PEF, …).
    pub fn is_camera_raw(&self) -> bool {
        self.is_dng
            || self.is_canon_raw
            || SENSOR.contains(&self.photometric)
            || (self.is_thumbnail && self.has_sub_pages)
    }
}

/// The pages of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pages {
    /// Of the first page that is neither a thumbnail nor a mask, else of the first.
    pub main: Page,
    /// Its place among all pages.
    pub main_idx: usize,
    /// Pages that are neither thumbnails nor masks.
    pub n_full: usize,
}

/// Walks over the pages; `None` when one of them lies beyond the end of the file.
pub(super) fn pages(bytes: &[u8]) -> Option<Pages> {
    let reader = Reader::of(bytes)?;
    let mut at = reader.first_page()?;
    let first = reader.page(at)?;
    if first.is_camera_raw() {
        return Some(Pages {
            main: first,
            main_idx: 0,
            n_full: 1,
        });
    }
    let (mut n_pages, mut n_full, mut main) = (0, 0, None);
    // A page may name an earlier one as the next.
    let mut seen = BTreeSet::new();
    while seen.insert(at) {
        if at >= bytes.len() {
            return None;
        }
        let Some((is_full, next)) = reader.kind_and_next(at) else {
            break;
        };
        if is_full {
            n_full += 1;
            main = main.or(Some((n_pages, at)));
        }
        n_pages += 1;
        let Some(next) = next.filter(|next| *next != 0) else {
            break;
        };
        at = next;
    }
    let (main_idx, main) = match main {
        Some((0, _)) | None => (0, first),
        Some((idx, at)) => (idx, reader.page(at)?),
    };
    Some(Pages {
        main,
        main_idx,
        n_full: n_full.max(1),
    })
}

struct Reader<'a> {
    bytes: &'a [u8],
    little: bool,
    /// Bytes of an offset, of an entry count and of one entry.
    sizes: (usize, usize, usize),
}

/// One entry of a page: a tag and where its values are.
struct Entry {
    tag: u64,
    /// Where the first value stands.
    at: usize,
    /// Bytes of a value; `None` for types that are no unsigned integers.
    size: Option<usize>,
    count: u64,
}

impl<'a> Reader<'a> {
    fn of(bytes: &'a [u8]) -> Option<Reader<'a>> {
        let mut reader = Reader {
            bytes,
            little: bytes.first() == Some(&b'I'),
            sizes: (4, 2, 12),
        };
        if reader.number(2, 2)? == 43 {
            reader.sizes = (8, 8, 20);
        }
        Some(reader)
    }

    fn first_page(&self) -> Option<usize> {
        let offset = self.sizes.0;
        usize::try_from(self.number(if offset == 8 { 8 } else { 4 }, offset)?).ok()
    }

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

    /// How many entries the page at `at` has, and where they start.
    fn entries(&self, at: usize) -> Option<(usize, usize)> {
        let n = usize::try_from(self.number(at, self.sizes.1)?).ok()?;
        Some((n, at.checked_add(self.sizes.1)?))
    }

    fn entry(&self, start: usize, idx: usize) -> Option<Entry> {
        let (offset_size, _, entry_size) = self.sizes;
        let at = start.checked_add(idx.checked_mul(entry_size)?)?;
        let tag = self.number(at, 2)?;
        let size = match self.number(at + 2, 2)? {
            1 => Some(1),
            3 => Some(2),
            4 | 13 => Some(4),
            16 | 18 => Some(8),
            _ => None,
        };
        let count = self.number(at + 4, offset_size)?;
        let inline = at + 4 + offset_size;
        let fits = count
            .checked_mul(size.unwrap_or(1) as u64)
            .is_some_and(|bytes| bytes <= offset_size as u64);
        let at = if fits {
            inline
        } else {
            usize::try_from(self.number(inline, offset_size)?).ok()?
        };
        Some(Entry {
            tag,
            at,
            size,
            count,
        })
    }

    /// All values of an entry that are really there, so that a forged count takes no memory.
    fn values(&self, entry: &Entry) -> Vec<u64> {
        let Some(size) = entry.size else {
            return Vec::new();
        };
        (0..usize::try_from(entry.count).unwrap_or(usize::MAX))
            .map_while(|i| self.number(entry.at.checked_add(i.checked_mul(size)?)?, size))
            .collect()
    }

    fn page(&self, at: usize) -> Option<Page> {
        let (n_entries, start) = self.entries(at)?;
        let mut page = Page {
            is_canon_raw: self.bytes.get(8..10) == Some(b"CR"),
            bits: 1,
            channels: 1,
            compression: 1,
            photometric: u64::MAX,
            sample_format: 1,
            orientation: 1,
            ..Page::default()
        };
        let (mut offsets, mut lengths) = (Vec::new(), Vec::new());
        for idx in 0..n_entries {
            let Some(entry) = self.entry(start, idx) else {
                break;
            };
            let value = entry.size.and_then(|size| self.number(entry.at, size));
            match entry.tag {
                NEW_SUBFILE_TYPE => page.is_thumbnail = value.is_some_and(|bits| bits & 1 == 1),
                IMAGE_WIDTH => page.width = value.unwrap_or(0),
                IMAGE_LENGTH => page.height = value.unwrap_or(0),
                BITS_PER_SAMPLE => page.bits = value.unwrap_or(1),
                COMPRESSION => page.compression = value.unwrap_or(1),
                PHOTOMETRIC => {
                    page.photometric = value.unwrap_or(u64::MAX);
                    page.photometric_at = (entry.size == Some(2)).then_some(entry.at);
                }
                ORIENTATION => page.orientation = value.unwrap_or(1),
                SAMPLES_PER_PIXEL => page.channels = value.unwrap_or(1),
                COLOUR_MAP => page.colour_map = self.values(&entry),
                STRIP_OFFSETS | TILE_OFFSETS => offsets = self.values(&entry),
                STRIP_BYTE_COUNTS | TILE_BYTE_COUNTS => lengths = self.values(&entry),
                SUB_IFDS => page.has_sub_pages = true,
                EXTRA_SAMPLES => page.extra_samples = self.values(&entry),
                SAMPLE_FORMAT => page.sample_format = value.unwrap_or(1),
                DNG_VERSION => page.is_dng = true,
                _ => {}
            }
        }
        page.chunks = offsets.into_iter().zip(lengths).collect();
        Some(page)
    }

    /// Whether the page at `at` is neither thumbnail nor mask, and the offset of the next one.
    ///
    /// Entries are sorted by tag and these are the lowest, so this is cheap however many pages there are.
    fn kind_and_next(&self, at: usize) -> Option<(bool, Option<usize>)> {
        let (n_entries, start) = self.entries(at)?;
        let mut is_full = true;
        for entry in (0..n_entries).map_while(|idx| self.entry(start, idx)) {
            let value = entry.size.and_then(|size| self.number(entry.at, size));
            match (entry.tag, value) {
                (NEW_SUBFILE_TYPE, Some(bits)) => is_full &= bits & REDUCED_OR_MASK == 0,
                (SUBFILE_TYPE, Some(2)) => is_full = false,
                (0..=SUBFILE_TYPE, _) => {}
                _ => break,
            }
        }
        let end = n_entries
            .checked_mul(self.sizes.2)
            .and_then(|length| start.checked_add(length))?;
        let next = self.number(end, self.sizes.0);
        Some((is_full, next.and_then(|next| usize::try_from(next).ok())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Classic TIFF pages of SHORT tags, one behind the other.
    fn file(pages: &[&[(u64, u16)]], little: bool) -> Vec<u8> {
        let two = |v: u16| {
            if little {
                v.to_le_bytes()
            } else {
                v.to_be_bytes()
            }
        };
        let four = |v: usize| {
            let v = v as u32;
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
        for (idx, tags) in pages.iter().enumerate() {
            out.extend(two(tags.len() as u16));
            for (tag, value) in *tags {
                out.extend([two(*tag as u16), two(3)].concat());
                out.extend(four(1));
                out.extend([two(*value), [0, 0]].concat());
            }
            let next = if idx + 1 < pages.len() {
                out.len() + 4
            } else {
                0
            };
            out.extend(four(next));
        }
        out
    }

    #[test]
    fn a_thumbnail_with_pages_below_it_is_a_camera_raw_file() {
        for little in [true, false] {
            let tags = [(NEW_SUBFILE_TYPE, 1), (IMAGE_WIDTH, 160), (SUB_IFDS, 99)];
            let pages = pages(&file(&[&tags], little)).expect("tags can be reached");
            assert!(pages.main.is_camera_raw() && pages.main.width == 160);
        }
        let dng = pages(&file(&[&[(DNG_VERSION, 1)]], true)).expect("tags can be reached");
        assert!(dng.main.is_camera_raw());
    }

    #[test]
    fn thumbnails_and_masks_are_no_pages_of_a_stack() {
        let full: &[(u64, u16)] = &[(NEW_SUBFILE_TYPE, 0), (IMAGE_WIDTH, 9)];
        let thumbnail: &[(u64, u16)] = &[(NEW_SUBFILE_TYPE, 1), (IMAGE_WIDTH, 2)];
        let mask: &[(u64, u16)] = &[(NEW_SUBFILE_TYPE, 4), (IMAGE_WIDTH, 9)];
        for little in [true, false] {
            let scan = pages(&file(&[thumbnail, full, mask], little)).expect("pages");
            assert_eq!((scan.n_full, scan.main_idx, scan.main.width), (1, 1, 9));
            let stack = pages(&file(&[full, full, thumbnail, full], little)).expect("pages");
            assert_eq!((stack.n_full, stack.main_idx), (3, 0));
            let stamps = pages(&file(&[thumbnail, thumbnail], little)).expect("pages");
            assert_eq!((stamps.n_full, stamps.main_idx), (1, 0));
        }
    }

    #[test]
    fn pages_in_a_circle_end() {
        let full: &[(u64, u16)] = &[(NEW_SUBFILE_TYPE, 0)];
        let mut bytes = file(&[full, full], true);
        let end = bytes.len() - 4;
        bytes[end..].copy_from_slice(&8_u32.to_le_bytes());
        assert_eq!(pages(&bytes).expect("pages").n_full, 2);
    }

    #[test]
    fn a_stack_whose_end_is_missing_is_not_taken_for_one_page() {
        let full: &[(u64, u16)] = &[(NEW_SUBFILE_TYPE, 0), (IMAGE_WIDTH, 9)];
        let bytes = file(&[full, full], true);
        let one_page = 8 + 2 + 2 * 12 + 4;
        assert_eq!(pages(&bytes[..one_page]), None);
    }

    #[test]
    fn tags_beyond_the_end_are_no_page() {
        assert_eq!(pages(b"II*\0\xFF\xFF\xFF\xFF"), None);
        assert_eq!(
            pages(b"II+\0\x08\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"),
            None
        );
    }
}
