//! How is DICOM read?
//!
//! One frame, grey of 8 and 16 bits or colour of 8, uncompressed or as JPEG or runs. [`dataset`] finds the elements that
//! describe the picture, [`meaning`] says what they mean, [`compressed`] unpacks.
//!
//! `dicom-object` 0.10.1 was tried first. It fills as much memory as an element's length claims before it reads (222 bytes
//! took 1.5 GB), and a nest of 200,000 sequences overflows its stack, which ends the program instead of being caught. A
//! walk that forestalls both is most of a reader.

mod compressed;
mod dataset;
mod meaning;

use super::Limits;
use super::raster::Raster;
use crate::error::ImageError;
use crate::foreign::MEDICAL as CONVERT;
use crate::format::Format;
use dataset::{DataSet, Stored};
use meaning::Layout;

/// How pixels are packed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Packing {
    Native,
    Runs,
    LossyJpeg,
    LosslessJpeg,
}

/// Transfer syntaxes that are read.
///
/// Source: DICOM PS3.6, table A-1.
const READ: &[(&str, Packing)] = &[
    (dataset::IMPLICIT, Packing::Native),
    ("1.2.840.10008.1.2.1", Packing::Native),
    ("1.2.840.10008.1.2.5", Packing::Runs),
    ("1.2.840.10008.1.2.4.50", Packing::LossyJpeg),
    ("1.2.840.10008.1.2.4.51", Packing::LossyJpeg),
    ("1.2.840.10008.1.2.4.57", Packing::LosslessJpeg),
    ("1.2.840.10008.1.2.4.70", Packing::LosslessJpeg),
];

/// Transfer syntaxes that aren't, by what their UID starts with; the first match counts.
const NOT_READ: &[(&str, &str)] = &[
    ("1.2.840.10008.1.2.1.99", "deflated"),
    ("1.2.840.10008.1.2.2", "big-endian"),
    ("1.2.840.10008.1.2.4.80", "JPEG-LS"),
    ("1.2.840.10008.1.2.4.81", "JPEG-LS"),
    ("1.2.840.10008.1.2.4.90", "JPEG 2000"),
    ("1.2.840.10008.1.2.4.91", "JPEG 2000"),
    ("1.2.840.10008.1.2.4.92", "JPEG 2000"),
    ("1.2.840.10008.1.2.4.93", "JPEG 2000"),
    ("1.2.840.10008.1.2.4.10", "video"),
    ("1.2.840.10008.1.2.4.110", "JPEG XL"),
    ("1.2.840.10008.1.2.4.111", "JPEG XL"),
    ("1.2.840.10008.1.2.4.112", "JPEG XL"),
    ("1.2.840.10008.1.2.4.20", "high-throughput JPEG 2000"),
];

fn packing(transfer_syntax: &str) -> Option<Packing> {
    let found = READ.iter().find(|(uid, _)| *uid == transfer_syntax);
    found.map(|(_, packing)| *packing)
}

/// The picture as it is stored; nothing in DICOM turns it.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Raster, ImageError> {
    let (set, packing) = opened(bytes)?;
    if let Some((width, height)) = meaning::size(&set) {
        limits.check(width, height)?;
    }
    let layout = described(&set, packing)?;
    match (&set.pixels, packing) {
        (Stored::Cut, _) => Err(truncated()),
        (Stored::Native(bytes), Packing::Native) => layout.raster(bytes),
        (Stored::Fragments(pieces), Packing::Runs) => {
            layout.raster(&compressed::runs(pieces, &layout)?)
        }
        (Stored::Fragments(pieces), Packing::LossyJpeg) => {
            layout.raster(&compressed::lossy(pieces, &layout, limits)?)
        }
        (Stored::Fragments(pieces), Packing::LosslessJpeg) => {
            layout.raster(&compressed::lossless(pieces, &layout)?)
        }
        _ => Err(corrupt("its pixels are packed otherwise than it says")),
    }
}

/// Does the picture need a range? `false` for what isn't read: that is said where it is decoded.
pub(super) fn is_deep(bytes: &[u8]) -> bool {
    let layout = opened(bytes).and_then(|(set, packing)| described(&set, packing));
    layout.is_ok_and(|layout| layout.is_deep())
}

/// Columns and rows, from the elements before the pixels.
pub(super) fn size(bytes: &[u8]) -> Option<(u64, u64)> {
    meaning::size(&opened(bytes).ok()?.0)
}

fn opened(bytes: &[u8]) -> Result<(DataSet<'_>, Packing), ImageError> {
    let set = dataset::walk(bytes, |uid| packing(uid).is_some())
        .ok_or_else(|| corrupt("its header doesn't say how it is written"))?;
    let Some(packing) = packing(set.transfer_syntax) else {
        let named = NOT_READ
            .iter()
            .find(|(uid, _)| set.transfer_syntax.starts_with(uid));
        let format = match named {
            Some((_, name)) => format!("DICOM of the kind {name}"),
            None => format!("DICOM of the kind {}", super::one_line(set.transfer_syntax)),
        };
        return Err(ImageError::Unsupported {
            format,
            advice: CONVERT,
        });
    };
    Ok((set, packing))
}

/// # Errors
/// `NotAnImage` for reports, plans and directories; `Truncated` when the file ends before the picture is described.
fn described(set: &DataSet, packing: Packing) -> Result<Layout, ImageError> {
    let has_size = meaning::size(set).is_some();
    match set.pixels {
        Stored::Absent if !has_size => Err(ImageError::NotAnImage {
            found: "a DICOM file without a picture (a report, a plan or a directory)",
            advice: "move it out of the folder of images",
        }),
        Stored::Cut if !has_size => Err(truncated()),
        _ => match Layout::of(set, packing) {
            Ok(_) if matches!(set.pixels, Stored::Absent) => Err(truncated()),
            // The attributes that are missing stand in the part that is.
            Err(ImageError::Corrupt { .. }) if matches!(set.pixels, Stored::Cut) => {
                Err(truncated())
            }
            outcome => outcome,
        },
    }
}

fn truncated() -> ImageError {
    ImageError::Truncated {
        format: Format::Dicom,
    }
}

fn corrupt(reason: &str) -> ImageError {
    ImageError::Corrupt {
        format: Format::Dicom,
        reason: reason.to_owned(),
    }
}
