//! A file that was not used, or was used with a note: what it is and what to do.

use std::io::Write;
use std::path::{Path, PathBuf};

use handful_image::{ImageError, Note};

use crate::shown;

/// One row of `issues.csv`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Issue {
    /// The file, from the root.
    pub path: PathBuf,
    /// A stable snake_case name.
    pub kind: &'static str,
    /// What was found.
    pub detail: String,
    /// What to do.
    pub advice: String,
    skipped: bool,
}

impl Issue {
    /// A file that was not used.
    pub(crate) fn skipped(
        path: &Path,
        kind: &'static str,
        detail: impl Into<String>,
        advice: &str,
    ) -> Issue {
        Issue {
            path: path.to_owned(),
            kind,
            detail: detail.into(),
            advice: advice.into(),
            skipped: true,
        }
    }

    /// Whether the file was left out; otherwise it was used as the detail says.
    pub fn is_skipped(&self) -> bool {
        self.skipped
    }
}

/// A file that could not be decoded.
pub fn issue_of(error: &ImageError, path: &Path) -> Issue {
    Issue::skipped(path, error.kind(), error.detail(), error.advice())
}

/// A file that was decoded, in a way that its owner may not expect.
pub fn issue_of_note(note: &Note, path: &Path) -> Issue {
    Issue {
        path: path.to_owned(),
        kind: note.kind(),
        detail: note.detail(),
        advice: note.advice().to_string(),
        skipped: false,
    }
}

/// Writes `issues.csv`: a header, then a row an issue, in the given order.
///
/// # Errors
/// Those of the writer.
pub fn write_issues_csv(issues: &[Issue], out: &mut impl Write) -> std::io::Result<()> {
    let mut rows = csv::Writer::from_writer(out);
    rows.write_record(["path", "kind", "detail", "advice"])?;
    for issue in issues {
        rows.write_record([
            &shown(&issue.path),
            issue.kind,
            &issue.detail,
            &issue.advice,
        ])?;
    }
    rows.flush()
}
