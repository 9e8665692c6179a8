//! How large is a JPEG, without decoding it?
//!
//! Reads the frame header (ITU T.81, B.2.2). Only for choosing among photos that are known to be sound JPEGs; the
//! program's own reader is handful-image, which this crate leaves out so that `cargo xtask check` compiles fast.

/// Width and height in pixels as stored (before EXIF orientation), or `None` when no frame header is found.
pub fn jpeg_size(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut at = 2; // after SOI
    if bytes.get(..2)? != [0xFF, 0xD8] {
        return None;
    }
    loop {
        let [0xFF, marker, high, low] = *bytes.get(at..at + 4)? else {
            return None;
        };
        match marker {
            // SOF0 to SOF15 but DHT (C4), JPG (C8) and DAC (CC): length, precision, height, width.
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                let size = bytes.get(at + 5..at + 9)?;
                let pair = |i: usize| usize::from(u16::from_be_bytes([size[i], size[i + 1]]));
                return Some((pair(2), pair(0)));
            }
            // Entropy-coded data before any frame header: not a picture we could measure.
            0xDA | 0xD9 => return None,
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_and_height_are_read_behind_other_segments() {
        let bytes = [
            0xFF, 0xD8, // SOI
            0xFF, 0xE0, 0x00, 0x04, 0x00, 0x00, // APP0 of 4 bytes
            0xFF, 0xC4, 0x00, 0x02, // DHT, whose marker lies among the frame headers
            0xFF, 0xC0, 0x00, 0x0B, 0x08, 0x00, 0xCB, 0x00, 0x98, 0x01, // SOF0: 152 × 203
        ];
        assert_eq!(jpeg_size(&bytes), Some((152, 203)));
    }

    #[test]
    fn a_cut_or_foreign_file_has_no_size() {
        assert_eq!(jpeg_size(b"\x89PNG\r\n"), None);
        assert_eq!(jpeg_size(&[0xFF, 0xD8, 0xFF, 0xC0, 0x00]), None);
    }
}
