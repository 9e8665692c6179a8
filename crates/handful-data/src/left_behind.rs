//! Which files do systems and tools leave among photos, and how are they told? One line a kind, not one a file.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::Issue;

/// A kind of file or folder that is no photo of anybody's.
#[derive(Debug)]
pub(crate) struct LeftBehind {
    /// Name of the issue.
    kind: &'static str,
    /// The exact name, or `None` where [`of_name`] decides.
    name: Option<&'static str>,
    /// What one of them is.
    what: &'static str,
}

/// Exact names.
const NAMED: &[LeftBehind] = &[
    named(
        "macosx_folder",
        "__MACOSX",
        "a folder that macOS adds to archives",
    ),
    named(
        "ds_store",
        ".DS_Store",
        "macOS's record of how a folder looks",
    ),
    named(
        "thumbs_db",
        "Thumbs.db",
        "Windows's store of small previews",
    ),
    named(
        "desktop_ini",
        "desktop.ini",
        "Windows's record of how a folder looks",
    ),
    named(
        "synology_folder",
        "@eaDir",
        "a folder of previews that Synology stations add",
    ),
    named("recycle_bin", "$RECYCLE.BIN", "Windows's recycle bin"),
];
const COMPANION: LeftBehind = LeftBehind {
    kind: "macos_companion",
    name: None,
    what: "what macOS keeps beside a file on a foreign disk",
};
const HIDDEN: LeftBehind = LeftBehind {
    kind: "hidden",
    name: None,
    what: "hidden, as its name starts with a dot",
};

const fn named(kind: &'static str, name: &'static str, what: &'static str) -> LeftBehind {
    LeftBehind {
        kind,
        name: Some(name),
        what,
    }
}

/// What a file or folder of this name is, if systems and tools leave such; the case does not matter.
pub(crate) fn of_name(name: &OsStr) -> Option<&'static LeftBehind> {
    let bytes = name.as_encoded_bytes();
    let is = |known: &&LeftBehind| {
        known
            .name
            .is_some_and(|known| bytes.eq_ignore_ascii_case(known.as_bytes()))
    };
    if let Some(known) = NAMED.iter().find(is) {
        Some(known)
    } else if bytes.starts_with(b"._") {
        Some(&COMPANION)
    } else if bytes.starts_with(b".") {
        Some(&HIDDEN)
    } else {
        None
    }
}

impl LeftBehind {
    /// Whether a file of this kind may be somebody's photo all the same: only its name speaks against it.
    pub fn may_be_a_photo(&self) -> bool {
        self.name.is_none()
    }
}

/// Counts what is passed over.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// By kind and what it is: the first path, and how many there are.
    seen: BTreeMap<(&'static str, String), (PathBuf, usize)>,
}

impl Tally {
    /// Counts something that a system left.
    pub fn left_behind(&mut self, path: &Path, what: &LeftBehind) {
        self.add(what.kind, what.what.to_owned(), path);
    }

    /// Counts a file that holds no picture, by what it is.
    pub fn no_image(&mut self, path: &Path, what: String) {
        self.add("not_an_image", what, path);
    }

    fn add(&mut self, kind: &'static str, what: String, path: &Path) {
        let (first, n) = self
            .seen
            .entry((kind, what))
            .or_insert_with(|| (path.to_owned(), 0));
        if path < first.as_path() {
            *first = path.to_owned();
        }
        *n += 1;
    }

    /// An issue a kind, at the first path of it.
    pub fn issues(self) -> Vec<Issue> {
        let row = |((kind, what), (first, n)): ((&'static str, String), (PathBuf, usize))| {
            let more = match n {
                1 => String::new(),
                n => format!(", like {} more", n - 1),
            };
            Issue::passed_over(
                &first,
                kind,
                format!("{what}; passed over{more}"),
                "nothing; delete such files if they are in your way",
            )
        };
        self.seen.into_iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_of_a_kind_are_one_row() {
        let mut tally = Tally::default();
        for idx in (0..1000).rev() {
            let path = PathBuf::from(format!("{idx:03}/.DS_Store"));
            let what = of_name(path.file_name().unwrap()).unwrap();
            tally.left_behind(&path, what);
        }
        let issues = tally.issues();
        assert_eq!(issues.len(), 1);
        assert_eq!(issues[0].path, Path::new("000/.DS_Store"));
        assert!(issues[0].detail.ends_with("like 999 more"));
        assert!(issues[0].is_passed_over() && !issues[0].is_skipped());
    }

    #[test]
    fn names_are_known_in_any_case() {
        let kind = |name: &str| of_name(OsStr::new(name)).map(|l| l.kind);
        assert_eq!(kind("thumbs.DB"), Some("thumbs_db"));
        assert_eq!(kind("._cat.jpg"), Some("macos_companion"));
        assert_eq!(kind(".cat.jpg"), Some("hidden"));
        assert_eq!(kind("cat.jpg"), None);
    }
}
