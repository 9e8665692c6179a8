//! What does a file say about itself, besides its pixels?
//!
//! Size, format, compression, time and camera: everything that can tell one source of pictures from another, read from
//! headers without decoding anything.

mod camera;
mod quality;
mod taken;

use crate::decode::{caught, head, jpeg, known};
use crate::error::ImageError;
use crate::format::Format;
use exif::{Exif, In, Reader, Tag, Value};
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use taken::Taken;

/// Facts of a file that need no pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// Columns of the upright picture.
    pub width_px: usize,
    /// Rows of the upright picture.
    pub height_px: usize,
    /// What the bytes are, whatever the file is called.
    pub format: Format,
    /// Length of the file.
    pub bytes: usize,
    /// Of a JPEG, the quality 1 to 100 whose standard tables are nearest to its own; `None` for others.
    pub jpeg_quality: Option<u8>,
    /// When the picture was taken, by the camera's clock.
    pub taken: Option<Taken>,
    /// Maker and model of the camera.
    pub camera: Option<String>,
}

/// Reads what a file says about itself, from its header only: milliseconds at most, whatever the size of the picture.
///
/// Time and camera come from the EXIF block of JPEG, PNG and WebP and from the tags of TIFF; where the block is missing
/// or broken they are `None`.
///
/// # Errors
/// For bytes that are no picture, those of [`decode`](crate::decode); `Corrupt` when the header gives no size. Limits are
/// not compared and pixels not looked at: a file with facts need not decode. Never panics.
pub fn file_facts(bytes: &[u8]) -> Result<FileFacts, ImageError> {
    let format = known(bytes)?;
    let (head, jpeg_quality) = caught(format, || {
        let Some(head) = head(bytes, format) else {
            return Err(ImageError::Corrupt {
                format,
                reason: "its header gives no size".to_owned(),
            });
        };
        let quality = match format {
            Format::Jpeg => quality::estimate(&jpeg::walk(bytes).quantisation),
            _ => None,
        };
        Ok((head, quality))
    })?;
    // A parser that gives up on a broken block must not cost the size.
    let tags = head.exif.and_then(|block| {
        catch_unwind(AssertUnwindSafe(|| parse(block.into_owned())))
            .ok()
            .flatten()
    });
    Ok(FileFacts {
        width_px: head.width_px,
        height_px: head.height_px,
        format,
        bytes: bytes.len(),
        jpeg_quality,
        taken: tags.as_ref().and_then(taken::of),
        camera: tags.as_ref().and_then(camera::of),
    })
}

/// As much of an EXIF block as can be read.
fn parse(block: Vec<u8>) -> Option<Exif> {
    let block = match block.strip_prefix(b"Exif\0\0") {
        Some(rest) => rest.to_vec(),
        None => block,
    };
    let mut reader = Reader::new();
    reader
        .continue_on_error(true)
        .read_raw(block)
        .or_else(|error| error.distill_partial_result(|_| {}))
        .ok()
}

/// A text of the main picture, up to its first NUL.
fn text(tags: &Exif, tag: Tag) -> Option<&[u8]> {
    match &tags.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(parts) => parts.first().map(Vec::as_slice),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::{encode_jpeg, encode_png};
    use crate::pixels::Pixels;
    use exif::Field;
    use exif::experimental::Writer;
    use std::io::Cursor;

    /// An EXIF block with these texts and an orientation.
    fn block(texts: &[(Tag, &str)], orientation: u16) -> Vec<u8> {
        let mut fields: Vec<Field> = texts
            .iter()
            .map(|(tag, text)| Field {
                tag: *tag,
                ifd_num: In::PRIMARY,
                value: Value::Ascii(vec![text.as_bytes().to_vec()]),
            })
            .collect();
        fields.push(Field {
            tag: Tag::Orientation,
            ifd_num: In::PRIMARY,
            value: Value::Short(vec![orientation]),
        });
        let mut writer = Writer::new();
        fields.iter().for_each(|field| writer.push_field(field));
        let mut out = Cursor::new(Vec::new());
        writer.write(&mut out, true).expect("into memory");
        out.into_inner()
    }

    /// A 40 x 20 JPEG of quality 85 with an EXIF segment.
    fn photo(exif: &[u8]) -> Vec<u8> {
        let mut bytes = encode_jpeg(&Pixels::filled(40, 20, [9, 99, 199]), 85);
        let mut segment = vec![0xFF, 0xE1];
        segment.extend(((exif.len() + 8) as u16).to_be_bytes());
        segment.extend(b"Exif\0\0");
        segment.extend(exif);
        bytes.splice(2..2, segment);
        bytes
    }

    #[test]
    fn a_photo_tells_its_upright_size_camera_time_and_quality() {
        let exif = block(
            &[
                (Tag::Make, "Lumen"),
                (Tag::Model, "LX 3"),
                (Tag::DateTime, "2022:01:01 00:00:00"),
                (Tag::DateTimeOriginal, "2021:05:03 14:22:01"),
            ],
            6,
        );
        let bytes = photo(&exif);
        let facts = file_facts(&bytes).expect("a photo");
        assert_eq!((facts.width_px, facts.height_px), (20, 40));
        assert_eq!((facts.format, facts.bytes), (Format::Jpeg, bytes.len()));
        assert_eq!(facts.jpeg_quality, Some(85));
        assert_eq!(facts.camera.as_deref(), Some("Lumen LX 3"));
        let taken = facts.taken.expect("a time");
        assert_eq!(taken.to_string(), "2021-05-03 14:22:01");
    }

    #[test]
    fn a_broken_block_costs_only_itself() {
        for exif in [&b"II*\0\xFF\xFF\xFF\xFF"[..], b"", b"nonsense"] {
            let facts = file_facts(&photo(exif)).expect("the photo is whole");
            assert_eq!((facts.width_px, facts.height_px), (40, 20));
            assert_eq!((facts.taken, facts.camera), (None, None));
        }
        // Cut in the middle: what can be read is.
        let whole = block(&[(Tag::Make, "Lumen Optical Works")], 1);
        for length in 0..whole.len() {
            assert!(file_facts(&photo(&whole[..length])).is_ok());
        }
    }

    #[test]
    fn a_png_has_a_size_and_no_quality() {
        let bytes = encode_png(&Pixels::filled(7, 5, [1, 2, 3]));
        let facts = file_facts(&bytes).expect("a picture");
        assert_eq!((facts.width_px, facts.height_px), (7, 5));
        assert_eq!((facts.format, facts.jpeg_quality), (Format::Png, None));
    }

    #[test]
    fn what_is_no_picture_has_no_facts() {
        assert_eq!(
            file_facts(b"<html>").expect_err("a page").kind(),
            "not_an_image"
        );
        assert_eq!(
            file_facts(b"\xFF\xD8\xFF\xD9")
                .expect_err("no frame")
                .kind(),
            "corrupt"
        );
    }
}
