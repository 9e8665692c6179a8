//! Which of the readable formats are these bytes? Names of files are never looked at.

use std::fmt;

/// A format that [`decode`](crate::decode) reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Baseline and progressive JPEG: grey, colour, CMYK.
    Jpeg,
    /// PNG of any depth; of an animated one, the default image.
    Png,
    /// Lossy and lossless WebP; of an animated one, the first frame.
    WebP,
    /// Windows bitmap.
    Bmp,
    /// GIF, first frame.
    Gif,
    /// TIFF and BigTIFF of one page: 1 to 16 bits or floating point.
    Tiff,
    /// DICOM of one frame, with its preamble. Only with the feature `dicom`.
    #[cfg(feature = "dicom")]
    Dicom,
}

impl Format {
    /// All of them, in the order of the enum.
    pub const ALL: &[Format] = &[
        Format::Jpeg,
        Format::Png,
        Format::WebP,
        Format::Bmp,
        Format::Gif,
        Format::Tiff,
        #[cfg(feature = "dicom")]
        Format::Dicom,
    ];

    /// The name as people write it.
    pub fn name(self) -> &'static str {
        match self {
            Format::Jpeg => "JPEG",
            Format::Png => "PNG",
            Format::WebP => "WebP",
            Format::Bmp => "BMP",
            Format::Gif => "GIF",
            Format::Tiff => "TIFF",
            #[cfg(feature = "dicom")]
            Format::Dicom => "DICOM",
        }
    }

    /// Endings that files of this format carry, in lower case, the usual one first.
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Format::Jpeg => &["jpg", "jpeg", "jpe", "jfif"],
            Format::Png => &["png"],
            Format::WebP => &["webp"],
            Format::Bmp => &["bmp", "dib"],
            Format::Gif => &["gif"],
            Format::Tiff => &["tif", "tiff"],
            #[cfg(feature = "dicom")]
            Format::Dicom => &["dcm", "dicom", "dic", "ima"],
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The format that the first bytes announce; `None` for everything that isn't read.
///
/// Sixteen bytes are enough, for DICOM 132. A camera's raw file built on TIFF counts as TIFF here; `decode` tells them apart.
pub fn sniff(bytes: &[u8]) -> Option<Format> {
    let at = |start: usize, magic: &[u8]| bytes.get(start..).is_some_and(|b| b.starts_with(magic));
    // First, because the 128 bytes before it may be those of another format: some slide scanners write files that are
    // TIFF as well, which readers of TIFF would take for something else.
    #[cfg(feature = "dicom")]
    if at(128, b"DICM") {
        return Some(Format::Dicom);
    }
    if at(0, b"\xFF\xD8\xFF") {
        Some(Format::Jpeg)
    } else if at(0, b"\x89PNG\r\n\x1A\n") {
        Some(Format::Png)
    } else if at(0, b"RIFF") && at(8, b"WEBP") {
        Some(Format::WebP)
    } else if at(0, b"GIF87a") || at(0, b"GIF89a") {
        Some(Format::Gif)
    } else if [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"]
        .iter()
        .any(|magic| at(0, *magic))
    {
        Some(Format::Tiff)
    } else if at(0, b"BM") && plausible_bitmap(bytes) {
        Some(Format::Bmp)
    } else {
        None
    }
}

/// "BM" alone also starts ordinary text: the size of the information header must be one of those in use.
fn plausible_bitmap(bytes: &[u8]) -> bool {
    let Some(size) = bytes.get(14..18) else {
        return false;
    };
    let size = u32::from_le_bytes([size[0], size[1], size[2], size[3]]);
    matches!(size, 12 | 16 | 40 | 52 | 56 | 64 | 108 | 124)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_starts_like_a_bitmap_is_no_bitmap() {
        assert_eq!(
            sniff(b"BMW and other cars, a list of things to photograph"),
            None
        );
    }

    #[test]
    fn every_prefix_of_a_magic_is_harmless() {
        let magics: [&[u8]; 4] = [
            b"\xFF\xD8\xFF",
            b"\x89PNG\r\n\x1A\n",
            b"RIFF____WEBP",
            b"BM",
        ];
        for magic in magics {
            for length in 0..magic.len() {
                assert_eq!(sniff(&magic[..length]), None);
            }
        }
    }
}
