//! What was typed, said again with a change: commands that a person can copy.

use std::ffi::OsString;

/// Behind this, everything is a path.
const ENDS_FLAGS: &str = "--";

/// The same command line, for a shell, with `new` in place of the flag `old`, and without the `dropped` ones, each of which has a
/// value.
pub fn again(typed: &[OsString], old: &str, new: &[&str], dropped: &[&str]) -> String {
    let mut words = vec!["handful".to_owned()];
    let mut rest = typed.iter().skip(1).map(|word| word.to_string_lossy());
    while let Some(word) = rest.next() {
        if word == ENDS_FLAGS {
            words.push(ENDS_FLAGS.to_owned());
            break;
        }
        let (flag, has_value) = match word.split_once('=') {
            Some((flag, _)) => (flag, true),
            None => (&*word, false),
        };
        if dropped.contains(&flag) {
            if !has_value {
                rest.next();
            }
        } else if word == old {
            words.extend(new.iter().map(|word| quoted(word)));
        } else {
            words.push(quoted(&word));
        }
    }
    words.extend(rest.map(|word| quoted(&word)));
    words.join(" ")
}

/// A word as a shell takes it for one.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./,:=@%+".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_cut_them() {
        for plain in ["photos/", "0.001", "--folds=3", "größer", "a.csv:nest"] {
            assert_eq!(quoted(plain), plain);
        }
        assert_eq!(quoted("my photos"), "'my photos'");
        assert_eq!(quoted("$HOME"), "'$HOME'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn flags_are_dropped_with_their_values() {
        let typed = [
            "bin/handful",
            "train",
            "--out",
            "x",
            "p",
            "--test",
            "--out=y",
        ];
        let typed: Vec<OsString> = typed.map(Into::into).to_vec();
        assert_eq!(
            again(&typed, "--test", &["--new", "a b"], &["--out"]),
            "handful train p --new 'a b'"
        );
    }
}
