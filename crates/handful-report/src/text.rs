//! How does a text get into the page? Escaped by the markup, with what a typesetter would add.

use maud::{Markup, html};

use crate::words::{shortened, visible};

/// Longest name or path that is shown whole, in columns of text: about two lines of a table.
const LONGEST: usize = 96;

/// A sentence of ours: backticks become code, and no line ends between a number and its per cent sign.
pub(crate) fn prose(text: &str) -> Markup {
    let text = plain(text);
    let text = glued(&text);
    let pieces: Vec<&str> = text.split('`').collect();
    // An odd number of backticks is not ours to interpret.
    let paired = pieces.len() % 2 == 1;
    html! {
        @if paired {
            @for (idx, piece) in pieces.iter().enumerate() {
                @if idx % 2 == 1 { code { (piece) } } @else { (piece) }
            }
        } @else {
            (text)
        }
    }
}

/// A name from the data: isolated, so that its direction stays its own; very long ones are cut and shown whole on hover.
pub(crate) fn name(text: &str) -> Markup {
    let whole = visible(text);
    let shown = shortened(&whole, LONGEST);
    html! { bdi title=[(shown != whole).then_some(&whole)] { (shown) } }
}

/// A path from the data: a line may end after a slash.
pub(crate) fn path(text: &str) -> Markup {
    let whole = visible(text);
    let shown = shortened(&whole, LONGEST);
    html! {
        bdi title=[(shown != whole).then_some(&whole)] {
            @for piece in shown.split_inclusive('/') { (piece) @if piece.ends_with('/') { wbr; } }
        }
    }
}

/// Keeps "83 %" on one line.
pub(crate) fn glued(text: &str) -> String {
    text.replace(" %", "\u{a0}%")
        .replace(" ± ", "\u{a0}±\u{a0}")
}

/// A sentence of ours as bare text. Like [`visible`], but sentences from [`crate::words`] keep the isolates that they put
/// around a name.
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut open = 0usize;
    for c in text.chars() {
        match c {
            '\u{2068}' => {
                open += 1;
                shown.push(c);
            }
            '\u{2069}' if open > 0 => {
                open -= 1;
                shown.push(c);
            }
            c => shown.push_str(&visible(c.encode_utf8(&mut [0; 4]))),
        }
    }
    shown.extend(std::iter::repeat_n('\u{2069}', open));
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_become_code_and_the_rest_is_escaped() {
        assert_eq!(
            prose("use `--a <b>` & go").into_string(),
            "use <code>--a &lt;b&gt;</code> &amp; go"
        );
        assert_eq!(prose("one ` alone").into_string(), "one ` alone");
    }

    #[test]
    fn isolates_are_always_closed() {
        assert_eq!(
            prose("\u{2069}a \u{2068}b").into_string(),
            "\u{fffd}a \u{2068}b\u{2069}"
        );
    }
}
