//! Which elements of a DICOM file describe its picture, and where are their bytes?
//!
//! Only headers are walked over: every length is compared with the bytes that are there, so a forged one takes no
//! memory, and nested sequences are passed without recursion, so a deep nest takes no stack. What says who the patient
//! is is never looked at.
//!
//! Source: DICOM PS3.5, chapter 7 and annex A; PS3.10, chapter 7 for the file's own header.

use std::ops::Range;

/// A tag: the group in the upper 16 bits, the element in the lower ones.
pub(super) type Tag = u32;
const GROUP_LENGTH: Tag = 0x0002_0000;
const TRANSFER_SYNTAX: Tag = 0x0002_0010;
pub(super) const SAMPLES_PER_PIXEL: Tag = 0x0028_0002;
pub(super) const PHOTOMETRIC: Tag = 0x0028_0004;
pub(super) const PLANAR: Tag = 0x0028_0006;
pub(super) const N_FRAMES: Tag = 0x0028_0008;
pub(super) const ROWS: Tag = 0x0028_0010;
pub(super) const COLUMNS: Tag = 0x0028_0011;
pub(super) const BITS_ALLOCATED: Tag = 0x0028_0100;
pub(super) const BITS_STORED: Tag = 0x0028_0101;
pub(super) const HIGH_BIT: Tag = 0x0028_0102;
pub(super) const IS_SIGNED: Tag = 0x0028_0103;
pub(super) const RESCALE_INTERCEPT: Tag = 0x0028_1052;
pub(super) const RESCALE_SLOPE: Tag = 0x0028_1053;
/// A table instead of slope and intercept.
pub(super) const MODALITY_TABLE: Tag = 0x0028_3000;
/// Attributes frame by frame, as in enhanced CT and MR.
pub(super) const SHARED_GROUPS: Tag = 0x5200_9229;
pub(super) const FLOAT_PIXELS: Tag = 0x7FE0_0008;
pub(super) const DOUBLE_PIXELS: Tag = 0x7FE0_0009;
const PIXELS: Tag = 0x7FE0_0010;
const ITEM: Tag = 0xFFFE_E000;
const ITEM_END: Tag = 0xFFFE_E00D;
const SEQUENCE_END: Tag = 0xFFFE_E0DD;

/// A length that says "up to the delimiter".
const UNDEFINED: u32 = u32::MAX;

/// The preamble and `DICM`.
const META_START: usize = 132;

/// The transfer syntax without value representations; all others that are read have them.
pub(super) const IMPLICIT: &str = "1.2.840.10008.1.2";

/// Value representations whose length has 32 bits, behind two bytes of nothing.
const LONG: [&[u8; 2]; 13] = [
    b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV",
];

/// The elements of the outermost level up to the pixels.
pub(super) struct DataSet<'a> {
    /// The UID of the way in which the data set and its pixels are written.
    pub transfer_syntax: &'a str,
    elements: Vec<(Tag, &'a [u8])>,
    pub pixels: Stored<'a>,
}

/// The pixels as they are in the file.
pub(super) enum Stored<'a> {
    /// The data set ends without any.
    Absent,
    /// The file ends inside them, or before.
    Cut,
    /// Samples one behind the other.
    Native(&'a [u8]),
    /// Compressed, in pieces; the first one, a table of offsets, left out.
    Fragments(Vec<&'a [u8]>),
}

impl<'a> DataSet<'a> {
    /// The value of an element, if it is there.
    pub fn value(&self, tag: Tag) -> Option<&'a [u8]> {
        let found = self.elements.iter().find(|(other, _)| *other == tag);
        found.map(|(_, value)| *value)
    }

    /// An unsigned number of 16 bits.
    pub fn number(&self, tag: Tag) -> Option<u16> {
        let bytes = self.value(tag)?.first_chunk::<2>()?;
        Some(u16::from_le_bytes(*bytes))
    }

    /// A text without the spaces and the NUL that fill it up; `None` also for an empty one.
    pub fn text(&self, tag: Tag) -> Option<&'a str> {
        text(self.value(tag)?)
    }
}

fn text(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(value).ok()?;
    let text = text.trim_matches([' ', '\0']);
    (!text.is_empty()).then_some(text)
}

/// Walks over a file that begins with a preamble and `DICM`; `None` when its own header can't be followed to a transfer
/// syntax. `is_read` says for which of these the data set is walked over, too; others have no elements.
pub(super) fn walk<'a>(bytes: &'a [u8], is_read: fn(&str) -> bool) -> Option<DataSet<'a>> {
    let reader = Reader { bytes };
    let (transfer_syntax, start) = reader.file_header()?;
    let mut set = DataSet {
        transfer_syntax,
        elements: Vec::new(),
        pixels: Stored::Absent,
    };
    if is_read(transfer_syntax) {
        let end = reader.fill(&mut set, start, transfer_syntax != IMPLICIT);
        if end.is_none() {
            set.pixels = Stored::Cut;
        }
    }
    Some(set)
}

struct Reader<'a> {
    bytes: &'a [u8],
}

/// The header of an element.
struct Element {
    tag: Tag,
    /// `UN` hides a value without representations.
    is_unknown: bool,
    length: u32,
    /// Where the value begins.
    at: usize,
}

impl<'a> Reader<'a> {
    fn slice(&self, range: Range<usize>) -> Option<&'a [u8]> {
        self.bytes.get(range)
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let bytes = self.bytes.get(at..)?.first_chunk()?;
        Some(u16::from_le_bytes(*bytes))
    }

    fn u32(&self, at: usize) -> Option<u32> {
        let bytes = self.bytes.get(at..)?.first_chunk()?;
        Some(u32::from_le_bytes(*bytes))
    }

    fn tag(&self, at: usize) -> Option<Tag> {
        Some(u32::from(self.u16(at)?) << 16 | u32::from(self.u16(at + 2)?))
    }

    fn element(&self, at: usize, is_explicit: bool) -> Option<Element> {
        let tag = self.tag(at)?;
        if !is_explicit {
            return Some(Element {
                tag,
                is_unknown: false,
                length: self.u32(at + 4)?,
                at: at + 8,
            });
        }
        let kind = self.slice(at + 4..at + 6)?;
        let is_long = LONG.iter().any(|long| *long == kind);
        let (length, value) = if is_long {
            (self.u32(at + 8)?, at + 12)
        } else {
            (u32::from(self.u16(at + 6)?), at + 8)
        };
        Some(Element {
            tag,
            is_unknown: kind == b"UN",
            length,
            at: value,
        })
    }

    /// The value of an element of a defined length.
    fn value(&self, element: &Element) -> Option<&'a [u8]> {
        let length = usize::try_from(element.length).ok()?;
        self.slice(element.at..element.at.checked_add(length)?)
    }

    /// The transfer syntax and where the data set begins. The file's own header is explicit, whatever follows.
    fn file_header(&self) -> Option<(&'a str, usize)> {
        let mut at = META_START;
        let mut transfer_syntax = None;
        // By their group instead of by the length that the first one states: some writers state a wrong one.
        while self.u16(at) == Some(2) {
            let element = self.element(at, true)?;
            let value = self.value(&element)?;
            if at == META_START && element.tag != GROUP_LENGTH {
                return None;
            }
            if element.tag == TRANSFER_SYNTAX {
                transfer_syntax = text(value);
            }
            at = element.at + value.len();
        }
        Some((transfer_syntax?, at))
    }

    /// Collects elements from `at` up to the pixels; `None` when the file ends in the middle of something.
    fn fill(&self, set: &mut DataSet<'a>, mut at: usize, is_explicit: bool) -> Option<()> {
        while at < self.bytes.len() {
            let element = self.element(at, is_explicit)?;
            if element.tag == PIXELS {
                set.pixels = if element.length == UNDEFINED {
                    Stored::Fragments(self.fragments(element.at)?)
                } else {
                    Stored::Native(self.value(&element)?)
                };
                return Some(());
            }
            // Elements are sorted by tag; what follows the pixels is padding and signatures.
            if element.tag > PIXELS {
                break;
            }
            let value = if element.length == UNDEFINED {
                let end = self.end_of_open(element.at, is_explicit && !element.is_unknown)?;
                self.slice(element.at..end)?
            } else {
                self.value(&element)?
            };
            if matches!(element.tag >> 16, 0x0028 | 0x5200 | 0x7FE0) {
                set.elements.push((element.tag, value));
            }
            at = element.at + value.len();
        }
        Some(())
    }

    /// The end of a sequence of undefined length whose inside begins at `at`.
    fn end_of_open(&self, mut at: usize, is_explicit: bool) -> Option<usize> {
        // Of every sequence and item that is open, whether elements inside are explicit.
        let mut open = vec![is_explicit];
        while let Some(is_explicit) = open.last().copied() {
            match self.tag(at)? {
                ITEM_END | SEQUENCE_END => {
                    open.pop();
                    at += 8;
                }
                ITEM => {
                    let length = self.u32(at + 4)?;
                    at += 8;
                    if length == UNDEFINED {
                        open.push(is_explicit);
                    } else {
                        at = at.checked_add(usize::try_from(length).ok()?)?;
                    }
                }
                _ => {
                    let element = self.element(at, is_explicit)?;
                    at = element.at;
                    if element.length == UNDEFINED {
                        open.push(is_explicit && !element.is_unknown);
                    } else {
                        at += self.value(&element)?.len();
                    }
                }
            }
        }
        Some(at)
    }

    /// The pieces of compressed pixels behind the table of offsets; `None` when their delimiter is missing.
    fn fragments(&self, mut at: usize) -> Option<Vec<&'a [u8]>> {
        let mut pieces = Vec::new();
        while self.tag(at)? == ITEM {
            let length = usize::try_from(self.u32(at + 4)?).ok()?;
            let piece = self.slice(at + 8..at.checked_add(8)?.checked_add(length)?)?;
            pieces.push(piece);
            at += 8 + length;
        }
        if self.tag(at)? != SEQUENCE_END || pieces.is_empty() {
            return None;
        }
        pieces.remove(0);
        Some(pieces)
    }
}
