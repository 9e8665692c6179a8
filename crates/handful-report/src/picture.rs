//! How does a photo get into the page? As base64 in a `data:` address, so that the page stays one file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The first bytes of every PNG.
const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A `data:` address of a JPEG or, where the first bytes say so, a PNG.
pub(crate) fn data_address(bytes: &[u8]) -> String {
    let kind = if bytes.starts_with(PNG_SIGNATURE) {
        "image/png"
    } else {
        "image/jpeg"
    };
    format!("data:{kind};base64,{}", STANDARD.encode(bytes))
}

/// Optional bytes as an optional base64 string: a JSON array of numbers would be four times as long.
pub(crate) mod as_base64 {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        bytes
            .as_ref()
            .map(|bytes| STANDARD.encode(bytes))
            .serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        let text: Option<String> = Option::deserialize(from)?;
        text.map(|text| STANDARD.decode(text).map_err(D::Error::custom))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_png_is_named_a_png_and_all_else_a_jpeg() {
        assert!(
            data_address(b"\x89PNG\r\n\x1a\n....").starts_with("data:image/png;base64,iVBORw0KGgo")
        );
        assert_eq!(
            data_address(&[0xff, 0xd8, 0xff]),
            "data:image/jpeg;base64,/9j/"
        );
    }
}
