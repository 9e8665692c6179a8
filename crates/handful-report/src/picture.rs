//! How does a photo get into the page? As base64 in a `data:` address, so that the page stays one file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

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

/// A square field with the picture in it; `about` is read out in its place.
pub(crate) fn field(bytes: Option<&[u8]>, about: &str) -> Markup {
    html! {
        div.photo {
            @match bytes {
                Some(bytes) => { img src=(data_address(bytes)) alt=(about); }
                None => { span { "no picture" } }
            }
        }
    }
}

/// Bytes of pictures, before base64, that a page may still hold.
pub(crate) struct Budget {
    left: usize,
    n_refused: usize,
}

impl Budget {
    /// A budget of so many bytes.
    pub(crate) fn of(left: usize) -> Budget {
        Budget { left, n_refused: 0 }
    }

    /// The picture where it fits, and its bytes are gone; none where it doesn't.
    pub(crate) fn spend<'a>(&mut self, bytes: Option<&'a [u8]>) -> Option<&'a [u8]> {
        let fitting = bytes.filter(|bytes| bytes.len() <= self.left);
        self.left -= fitting.map_or(0, <[u8]>::len);
        self.n_refused += usize::from(fitting.is_none() && bytes.is_some());
        fitting
    }

    /// The part of it for one of `n` that still wait, which is taken off and given back by [`Budget::return_rest`].
    pub(crate) fn part(&mut self, n: usize) -> Budget {
        let part = self.left / n.max(1);
        self.left -= part;
        Budget::of(part)
    }

    /// What a part did not need is for those that come later.
    pub(crate) fn return_rest(&mut self, part: Budget) {
        self.left += part.left;
        self.n_refused += part.n_refused;
    }

    /// Pictures that did not fit.
    pub(crate) fn n_refused(&self) -> usize {
        self.n_refused
    }
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
    fn what_one_does_not_need_is_left_for_the_next() {
        let mut all = Budget::of(100);
        let mut first = all.part(2);
        assert_eq!(first.spend(Some(&[0; 51])), None, "more than its half");
        assert!(first.spend(Some(&[0; 10])).is_some());
        all.return_rest(first);
        let mut second = all.part(1);
        assert!(second.spend(Some(&[0; 90])).is_some());
        assert_eq!(second.spend(Some(&[0; 1])), None);
        assert_eq!(second.spend(None), None, "nothing was there to refuse");
        all.return_rest(second);
        assert_eq!(all.n_refused(), 2);
    }

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
