//! Paths as people and files see them.

use std::path::{Component, Path, PathBuf};

/// A path with `/` between its parts. Bytes that are no text and control characters, which could steer a terminal, become
/// `\xNN`, so that two paths never look the same.
pub fn shown(path: &Path) -> String {
    let part = |c: Component| match c {
        Component::RootDir => String::new(),
        other => text(other.as_os_str()),
    };
    let parts: Vec<String> = path.components().map(part).collect();
    // The root alone is one empty part.
    if parts.len() == 1 && parts[0].is_empty() {
        "/".into()
    } else {
        parts.join("/")
    }
}

fn text(part: &std::ffi::OsStr) -> String {
    part.as_encoded_bytes()
        .utf8_chunks()
        .map(|chunk| {
            let escaped: String = chunk
                .invalid()
                .iter()
                .map(|b| format!("\\x{b:02X}"))
                .collect();
            let visible = chunk.valid().chars().map(|c| match c {
                c if c.is_control() => format!("\\x{:02X}", u32::from(c)),
                c => c.to_string(),
            });
            format!("{}{escaped}", visible.collect::<String>())
        })
        .collect()
}

/// Whether `out`, which need not exist yet, is `root` or lies inside it; links are followed.
pub fn is_inside(out: &Path, root: &Path) -> bool {
    let Ok(root) = root.canonicalize() else {
        return false;
    };
    let absolute = std::path::absolute(out).unwrap_or_else(|_| out.to_owned());
    // The part that exists can be resolved; `..` in the rest is resolved by hand.
    let mut known = absolute.as_path();
    let mut rest: Vec<Component> = Vec::new();
    let resolved = loop {
        if let Ok(real) = known.canonicalize() {
            break real;
        }
        let (Some(parent), Some(last)) = (known.parent(), known.components().next_back()) else {
            return false;
        };
        rest.push(last);
        known = parent;
    };
    let mut full: PathBuf = resolved;
    for component in rest.into_iter().rev() {
        match component {
            Component::ParentDir => drop(full.pop()),
            Component::CurDir => {}
            other => full.push(other),
        }
    }
    full.starts_with(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_no_text_stay_distinct() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        assert_eq!(shown(Path::new("a/b.jpg")), "a/b.jpg");
        assert_eq!(shown(Path::new("/a/b.jpg")), "/a/b.jpg");
        assert_eq!(
            shown(Path::new(OsStr::from_bytes(b"a/\xFFb\xFE.jpg"))),
            "a/\\xFFb\\xFE.jpg"
        );
        assert_eq!(shown(Path::new("a\u{1b}[31m.jpg")), "a\\x1B[31m.jpg");
    }

    #[test]
    fn a_folder_to_be_made_is_seen_inside_its_root() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("photos");
        std::fs::create_dir_all(root.join("cat")).unwrap();
        assert!(is_inside(&root, &root));
        assert!(is_inside(&root.join("runs/x"), &root));
        assert!(is_inside(&root.join("cat/../runs"), &root));
        assert!(!is_inside(&root.join("../runs/x"), &root));
        assert!(!is_inside(&dir.path().join("photos-2"), &root));
        std::os::unix::fs::symlink(&root, dir.path().join("link")).unwrap();
        assert!(is_inside(&dir.path().join("link/new"), &root));
    }
}
