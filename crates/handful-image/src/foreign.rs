//! What are bytes that no decoder here reads, by the name that their owner knows them by?

use crate::error::ImageError;

const HEIC: &str =
    "convert it to JPEG (`heif-convert`, or the phone's \"most compatible\" camera setting)";
const AVIF: &str = "convert it to PNG or JPEG (`avifdec`, `magick in.avif out.png`)";
const JPEG_XL: &str = "convert it to PNG or JPEG (`djxl in.jxl out.png`)";
const ANY_IMAGE: &str = "convert it to PNG or JPEG (`magick in out.png`)";
const VECTOR: &str = "draw it at a fixed size as PNG (`rsvg-convert -w 512 -o out.png in.svg`)";
pub(crate) const RAW: &str =
    "develop it to JPEG or 16-bit TIFF (`darktable-cli in.nef out.jpg`, `dcraw -6 -T in.nef`)";
pub(crate) const MEDICAL: &str = "export its slices as PNG and keep those of one patient in one group (`dcm2img --write-png in.dcm out.png`)";
const ARRAY: &str = "write its pictures as PNG files, one an image";
const PDF: &str = "extract its pictures (`pdfimages -png in.pdf out`)";
const ARCHIVE: &str = "unpack it and give the folder";
const VIDEO: &str = "cut it into pictures (`ffmpeg -i in -r 1 out-%04d.png`); frames of one scene belong in one group";
const LFS: &str = "fetch the real file with `git lfs pull`";
const DOWNLOAD: &str = "download the picture again: an error page was saved in its place";
const REMOVE: &str = "move it out of the folder of images";
const COPY: &str = "copy or download the file again from its source";

/// What a signature stands for: a picture that isn't read, or no picture.
enum Foreign {
    Picture(&'static str, &'static str),
    Other(&'static str, &'static str),
}
use Foreign::{Other, Picture};

/// (offset, bytes there, meaning); the first match counts.
#[rustfmt::skip]
const SIGNATURES: &[(usize, &[u8], Foreign)] = &[
    (4, b"ftypavif", Picture("AVIF", AVIF)),
    (4, b"ftypavis", Picture("animated AVIF", AVIF)),
    (4, b"ftyphei", Picture("HEIC", HEIC)),
    (4, b"ftyphev", Picture("HEIC", HEIC)),
    (4, b"ftypmif1", Picture("HEIF", HEIC)),
    (4, b"ftypmsf1", Picture("HEIF", HEIC)),
    (4, b"ftypcrx", Picture("Canon raw (CR3)", RAW)),
    (4, b"ftyp", Other("a video", VIDEO)),
    (0, b"\xFF\x0A", Picture("JPEG XL", JPEG_XL)),
    (0, b"\x00\x00\x00\x0CJXL \r\n\x87\n", Picture("JPEG XL", JPEG_XL)),
    (0, b"\x00\x00\x00\x0CjP  \r\n\x87\n", Picture("JPEG 2000", ANY_IMAGE)),
    (0, b"\xFFO\xFFQ", Picture("JPEG 2000", ANY_IMAGE)),
    (0, b"FUJIFILMCCD-RAW", Picture("Fujifilm raw (RAF)", RAW)),
    (0, b"IIU\0", Picture("Panasonic raw (RW2)", RAW)),
    (0, b"IIRO", Picture("Olympus raw (ORF)", RAW)),
    (0, b"IIRS", Picture("Olympus raw (ORF)", RAW)),
    (0, b"FOVb", Picture("Sigma raw (X3F)", RAW)),
    (6, b"HEAPCCDR", Picture("Canon raw (CRW)", RAW)),
    (0, b"\0MRM", Picture("Minolta raw (MRW)", RAW)),
    (128, b"DICM", Picture("DICOM", MEDICAL)),
    (0, b"8BPS", Picture("Photoshop (PSD)", ANY_IMAGE)),
    (0, b"\x00\x00\x01\x00", Picture("Windows icon (ICO)", ANY_IMAGE)),
    (0, b"v/1\x01", Picture("OpenEXR", ANY_IMAGE)),
    (0, b"#?RADIANCE", Picture("Radiance HDR", ANY_IMAGE)),
    (0, b"qoif", Picture("QOI", ANY_IMAGE)),
    (0, b"P1\n", Picture("PBM", ANY_IMAGE)),
    (0, b"P2\n", Picture("PGM", ANY_IMAGE)),
    (0, b"P3\n", Picture("PPM", ANY_IMAGE)),
    (0, b"P4\n", Picture("PBM", ANY_IMAGE)),
    (0, b"P5\n", Picture("PGM", ANY_IMAGE)),
    (0, b"P6\n", Picture("PPM", ANY_IMAGE)),
    (0, b"SIMPLE  =", Picture("FITS", ANY_IMAGE)),
    (0, b"\x93NUMPY", Other("a NumPy array", ARRAY)),
    (0, b"\x89HDF\r\n\x1A\n", Other("an HDF5 file", ARRAY)),
    (0, b"%PDF", Other("a PDF document", PDF)),
    (0, b"PK\x03\x04", Other("a ZIP archive", ARCHIVE)),
    (0, b"PK\x05\x06", Other("an empty ZIP archive", REMOVE)),
    (0, b"\x1F\x8B", Other("a gzip archive", ARCHIVE)),
    (0, b"7z\xBC\xAF\x27\x1C", Other("a 7-Zip archive", ARCHIVE)),
    (0, b"Rar!", Other("a RAR archive", ARCHIVE)),
    (257, b"ustar", Other("a tar archive", ARCHIVE)),
    (8, b"AVI ", Other("a video", VIDEO)),
    (0, b"\x1A\x45\xDF\xA3", Other("a video", VIDEO)),
    (0, b"\x00\x05\x16\x07", Other("a macOS companion file (`._name`)", REMOVE)),
    (0, b"\x00\x00\x00\x01Bud1", Other("a macOS folder file (`.DS_Store`)", REMOVE)),
    (0, b"\xD0\xCF\x11\xE0", Other("a Microsoft Office or `Thumbs.db` file", REMOVE)),
    (0, b"SQLite format 3", Other("an SQLite database", REMOVE)),
    (0, b"\x7FELF", Other("a program", REMOVE)),
    (0, b"version https://git-lfs.github.com/", Other("a git-LFS pointer, not the picture itself", LFS)),
];

/// How far into a text its kind is looked for.
const TEXT_WINDOW: usize = 1024;

/// Names bytes that [`sniff`](crate::sniff) did not recognise.
pub(crate) fn name(bytes: &[u8]) -> ImageError {
    if bytes.is_empty() {
        return ImageError::Empty;
    }
    for (offset, magic, meaning) in SIGNATURES {
        if bytes
            .get(*offset..)
            .is_some_and(|rest| rest.starts_with(magic))
        {
            return match *meaning {
                Picture(format, advice) => ImageError::Unsupported {
                    format: format.to_owned(),
                    advice,
                },
                Other(found, advice) => ImageError::NotAnImage { found, advice },
            };
        }
    }
    if bytes.iter().all(|byte| *byte == 0) {
        return ImageError::NotAnImage {
            found: "only zero bytes (an interrupted copy)",
            advice: COPY,
        };
    }
    match text_of(bytes) {
        Some(text) => name_text(&text),
        None => ImageError::NotAnImage {
            found: "bytes of no known format",
            advice: REMOVE,
        },
    }
}

fn name_text(text: &str) -> ImageError {
    let text = text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .to_ascii_lowercase();
    if text.contains("<svg") {
        return ImageError::Unsupported {
            format: "SVG".to_owned(),
            advice: VECTOR,
        };
    }
    let (found, advice) = if ["<!doctype html", "<html", "<head", "<body"]
        .iter()
        .any(|tag| text.starts_with(tag))
        || text.starts_with('<') && text.contains("<html")
    {
        ("an HTML page", DOWNLOAD)
    } else if text.starts_with("<?xml") {
        ("an XML document", DOWNLOAD)
    } else {
        ("a text file", REMOVE)
    };
    ImageError::NotAnImage { found, advice }
}

/// The beginning as text, if nothing in it is a control character.
fn text_of(bytes: &[u8]) -> Option<String> {
    let window = &bytes[..bytes.len().min(TEXT_WINDOW)];
    let text = match std::str::from_utf8(window) {
        Ok(text) => text,
        // The window may end inside a character.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&window[..error.valid_up_to()]).expect("valid up to here")
        }
        Err(_) => return None,
    };
    text.chars()
        .all(|c| !c.is_control() || c.is_ascii_whitespace())
        .then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(bytes: &[u8]) -> String {
        name(bytes).detail()
    }

    #[test]
    fn things_that_lie_in_folders_of_photos_are_called_by_their_names() {
        assert_eq!(name(b"").kind(), "empty");
        assert!(found(b"  <!DOCTYPE html><p>Not found").contains("HTML"));
        assert!(found(b"<?xml version=\"1.0\"?>\n<svg width=\"3\">").contains("SVG"));
        assert!(
            found(b"version https://git-lfs.github.com/spec/v1\noid sha256:0").contains("git-LFS")
        );
        assert!(found(b"\0\0\0\x18ftypheic\0\0\0\0").contains("HEIC"));
        assert!(found(b"\0\0\0\x1cftypavif\0\0\0\0").contains("AVIF"));
        assert!(found(b"\xFF\x0A\xFA\x1F").contains("JPEG XL"));
        assert!(found(b"%PDF-1.7").contains("PDF"));
        assert!(found(b"PK\x03\x04\x14\0").contains("ZIP"));
        let mut dicom = vec![0; 128];
        dicom.extend(b"DICM\x02\0");
        assert!(found(&dicom).contains("DICOM"));
        assert!(found(&[0; 500]).contains("zero bytes"));
        assert!(found("Früchte, 苹果\n".as_bytes()).contains("text"));
        assert!(found(&[7, 200, 3, 255, 0, 1]).contains("no known format"));
    }

    #[test]
    fn a_window_that_ends_inside_a_character_is_still_text() {
        let text = "苹".repeat(TEXT_WINDOW);
        assert!(found(text.as_bytes()).contains("text"));
    }
}
