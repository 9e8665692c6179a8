//! Which camera took the picture?

use super::text;
use exif::{Exif, Tag};

/// Longer names are cut: what stands there comes from strangers and goes into tables.
const MOST_CHARACTERS: usize = 60;

/// Maker and model, the maker left out where the model begins with it ("Canon", "Canon EOS 5D").
pub(super) fn of(tags: &Exif) -> Option<String> {
    let maker = text(tags, Tag::Make).map(clean).unwrap_or_default();
    let model = text(tags, Tag::Model).map(clean).unwrap_or_default();
    let name = if model.to_lowercase().starts_with(&maker.to_lowercase()) {
        model
    } else {
        format!("{maker} {model}")
    };
    let name: String = name.trim().chars().take(MOST_CHARACTERS).collect();
    (!name.is_empty()).then_some(name)
}

/// Printable characters, with single spaces between words.
fn clean(bytes: &[u8]) -> String {
    let printable = |c: char| {
        if c.is_control() || c == char::REPLACEMENT_CHARACTER {
            ' '
        } else {
            c
        }
    };
    let text: String = String::from_utf8_lossy(bytes)
        .chars()
        .map(printable)
        .collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_printable_and_evenly_spaced() {
        assert_eq!(
            clean(b"  NIKON\x1b[31m  CORPORATION \xff\n"),
            "NIKON [31m CORPORATION"
        );
        assert_eq!(clean(b"\0\0"), "");
    }
}
