//! Which names of archive members may be used as paths? None that leads out of the archive.

use std::path::{Path, PathBuf};

/// The path that a member's name stands for: relative, without `.` and `..`.
///
/// Old Windows packers write `\` between folders; it is read as `/`. `None` for an empty name, one that starts at a
/// root or drive, one with `..` and one with a NUL byte. Nothing is ever written to such a path; it is refused all the
/// same, as whoever made it had no good reason.
pub(super) fn safe(name: &[u8]) -> Option<PathBuf> {
    if name.contains(&0) || name.first().is_some_and(|b| matches!(b, b'/' | b'\\')) {
        return None;
    }
    let mut path = PathBuf::new();
    for part in name.split(|b| matches!(b, b'/' | b'\\')) {
        match part {
            b"" | b"." => {}
            b".." => return None,
            [drive, b':', ..] if path.as_os_str().is_empty() && drive.is_ascii_alphabetic() => {
                return None;
            }
            part => path.push(as_path(part)),
        }
    }
    (!path.as_os_str().is_empty()).then_some(path)
}

/// Bytes as a path, text or not.
#[cfg(unix)]
pub(super) fn as_path(bytes: &[u8]) -> &Path {
    use std::os::unix::ffi::OsStrExt;
    Path::new(std::ffi::OsStr::from_bytes(bytes))
}

/// Bytes as a path; those that are no text are replaced.
#[cfg(not(unix))]
pub(super) fn as_path(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_are_refused() {
        for name in [
            "../x.jpg",
            "a/../../x.jpg",
            "/etc/x.jpg",
            "\\x.jpg",
            "C:\\x.jpg",
            "c:x.jpg",
            "..\\x.jpg",
            "a\\..\\..\\x.jpg",
            "",
            ".",
            "a\0.jpg",
        ] {
            assert_eq!(safe(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn harmless_names_are_kept() {
        let kept = |name: &str| safe(name.as_bytes()).unwrap();
        assert_eq!(kept("./cat/1.jpg"), Path::new("cat/1.jpg"));
        assert_eq!(kept("cat\\1.jpg"), Path::new("cat/1.jpg"));
        assert_eq!(kept("cat/..1.jpg"), Path::new("cat/..1.jpg"));
        assert_eq!(kept("cat/a:b.jpg"), Path::new("cat/a:b.jpg"));
    }
}
