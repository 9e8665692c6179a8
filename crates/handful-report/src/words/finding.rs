//! How is a finding said, on the terminal and on a page?

use crate::Severity;

/// A severity as one word: "wrong", "warning", "remark".
pub fn severity(of: Severity) -> &'static str {
    match of {
        Severity::Error => "wrong",
        Severity::Warning => "warning",
        Severity::Remark => "remark",
    }
}

/// A text of the terminal (lower case, no full stop) as a sentence of a page: "Two files are one." A sentence stays
/// as it is.
pub fn sentence(text: &str) -> String {
    let text = text.trim();
    let end = match text.is_empty() || text.ends_with(['.', '!', '?', '…', ':']) {
        true => "",
        false => ".",
    };
    format!("{}{end}", capitalised(text))
}

/// With a capital: "Warning".
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    format!(
        "{}{}",
        first.into_iter().flatten().collect::<String>(),
        letters.as_str()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_the_terminal_becomes_a_sentence_once() {
        assert_eq!(sentence("two files are one"), "Two files are one.");
        assert_eq!(sentence(" Two files are one. "), "Two files are one.");
        assert_eq!(sentence("`a.csv` is empty"), "`a.csv` is empty.");
        assert_eq!(sentence(""), "");
    }
}
