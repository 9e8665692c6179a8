//! Why could a file not be read, and what can be done about it?

use crate::format::Format;
use thiserror::Error;

/// Why bytes did not become pixels, or a setting can't be used.
///
/// [`kind`](ImageError::kind) is for machines, the text of the error ([`detail`](ImageError::detail)) says what was
/// found, [`advice`](ImageError::advice) what to do. None of them names the file: the caller knows it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ImageError {
    /// No bytes at all.
    #[error("the file is empty (0 bytes)")]
    Empty,
    /// Bytes of something that holds no picture.
    #[error("not an image: {found}")]
    NotAnImage {
        /// What it is instead, with its article: "an HTML page".
        found: &'static str,
        /// What to do with such a thing.
        advice: &'static str,
    },
    /// A picture in a format, or a variant of one, that isn't read.
    #[error("{format} is not read")]
    Unsupported {
        /// The format or variant by its name: "HEIC", "TIFF with 32-bit float samples".
        format: String,
        /// How to get something readable.
        advice: &'static str,
    },
    /// The end of the file is missing.
    #[error("the {format} file is cut off: its last part is missing")]
    Truncated {
        /// What the beginning is.
        format: Format,
    },
    /// More pixels than the limits allow. Found in the header, before any memory is taken.
    #[error(
        "the header claims {width} x {height} pixels; at most {max_side_px} a side and {max_pixels} in all are read"
    )]
    TooLarge {
        /// Columns that the header claims.
        width: u64,
        /// Rows that the header claims.
        height: u64,
        /// The limit for a side.
        max_side_px: usize,
        /// The limit for the area.
        max_pixels: u64,
    },
    /// The bytes contradict the format.
    #[error("the {format} file is damaged: {reason}")]
    Corrupt {
        /// What the beginning is.
        format: Format,
        /// What the decoder met.
        reason: String,
    },
    /// A preprocessing record that can't be used.
    #[error("the preprocessing setting `{name}` is {found}")]
    Setting {
        /// The field.
        name: &'static str,
        /// Its value as text.
        found: String,
        /// The values that can be used.
        advice: &'static str,
    },
}

impl ImageError {
    /// A stable snake_case name, one a variant.
    pub fn kind(&self) -> &'static str {
        match self {
            ImageError::Empty => "empty",
            ImageError::NotAnImage { .. } => "not_an_image",
            ImageError::Unsupported { .. } => "unsupported",
            ImageError::Truncated { .. } => "truncated",
            ImageError::TooLarge { .. } => "too_large",
            ImageError::Corrupt { .. } => "corrupt",
            ImageError::Setting { .. } => "setting",
        }
    }

    /// What was found, in one sentence without a full stop.
    pub fn detail(&self) -> String {
        self.to_string()
    }

    /// What to do, as a command without a full stop.
    pub fn advice(&self) -> &'static str {
        match self {
            ImageError::Empty => "copy or download the file again, or delete it",
            ImageError::NotAnImage { advice, .. }
            | ImageError::Unsupported { advice, .. }
            | ImageError::Setting { advice, .. } => advice,
            ImageError::Truncated { .. } => "copy or download the file again from its source",
            ImageError::TooLarge { .. } => {
                "scale the picture down, or cut it into tiles; if it is small in fact, its header is forged"
            }
            ImageError::Corrupt { .. } => {
                "copy or download the file again; if it opens in a viewer, save it anew as PNG or JPEG"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_says_what_and_what_to_do() {
        let errors = [
            ImageError::Empty,
            ImageError::NotAnImage {
                found: "an HTML page",
                advice: "download it again",
            },
            ImageError::Unsupported {
                format: "HEIC".into(),
                advice: "convert it",
            },
            ImageError::Truncated {
                format: Format::Jpeg,
            },
            ImageError::TooLarge {
                width: 60_000,
                height: 60_000,
                max_side_px: 16_384,
                max_pixels: 178_956_970,
            },
            ImageError::Corrupt {
                format: Format::Png,
                reason: "a checksum differs".into(),
            },
            ImageError::Setting {
                name: "size_px",
                found: "0".into(),
                advice: "write 1 or more",
            },
        ];
        let mut kinds: Vec<_> = errors.iter().map(ImageError::kind).collect();
        for error in &errors {
            assert!(!error.detail().is_empty() && !error.advice().is_empty());
            assert!(!error.detail().ends_with('.') && !error.advice().ends_with('.'));
        }
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), errors.len());
    }
}
