//! A file that was not used, or was used with a note: what it is and what to do.

use std::io::Write;
use std::path::{Path, PathBuf};

use handful_image::{Format, ImageError, Note, SampleExtent, SampleRange};

use crate::listing::ending;
use crate::shown;

/// Share of a range that a picture's largest value must reach: below, next to nothing can be seen in it.
const LEAST_OF_RANGE: f64 = 0.1;

/// Endings of raw files of cameras that are built on TIFF, so that their first bytes say TIFF.
const CAMERA_RAW: &[&str] = &[
    "3fr", "arw", "cr2", "dng", "erf", "iiq", "kdc", "mef", "mos", "nef", "nrw", "orf", "pef",
    "rw2", "sr2", "srf", "srw",
];

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
    fate: Fate,
}

/// What became of the file of an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// An image that is not used.
    Skipped,
    /// Used, as the detail says.
    Noted,
    /// Nothing that could be used: what systems and tools leave, videos, texts, folders without photos.
    PassedOver,
}

impl Issue {
    /// An image that was not used.
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
            fate: Fate::Skipped,
        }
    }

    /// Something that was used.
    pub(crate) fn noted(
        path: &Path,
        kind: &'static str,
        detail: impl Into<String>,
        advice: &str,
    ) -> Issue {
        Issue {
            fate: Fate::Noted,
            ..Issue::skipped(path, kind, detail, advice)
        }
    }

    /// Something that is no image.
    pub(crate) fn passed_over(
        path: &Path,
        kind: &'static str,
        detail: impl Into<String>,
        advice: &str,
    ) -> Issue {
        Issue {
            fate: Fate::PassedOver,
            ..Issue::skipped(path, kind, detail, advice)
        }
    }

    /// What became of it.
    pub fn fate(&self) -> Fate {
        self.fate
    }

    /// Whether an image was left out. Otherwise it was used as the detail says, or was none ([`Issue::is_passed_over`]).
    pub fn is_skipped(&self) -> bool {
        self.fate == Fate::Skipped
    }

    /// Whether it is something that could never be used: `Thumbs.db`, a video, a text, a folder without photos. Such
    /// rows say that nothing was overlooked; no photo is missing, and none was read in an odd way.
    pub fn is_passed_over(&self) -> bool {
        self.fate == Fate::PassedOver
    }
}

/// A file that could not be decoded.
pub fn issue_of(error: &ImageError, path: &Path) -> Issue {
    Issue::skipped(path, error.kind(), error.detail(), error.advice())
}

/// A file that was decoded, in a way that its owner may not expect.
pub fn issue_of_note(note: &Note, path: &Path) -> Issue {
    Issue::noted(path, note.kind(), note.detail(), note.advice())
}

/// A deep picture of the rarer kind in a set that has both: no range of values is right for 16-bit integers and floating
/// point together.
pub fn issue_of_other_samples(path: &Path, extent: &SampleExtent) -> Issue {
    let (own, others) = match extent.is_float {
        true => ("floating-point", "16-bit"),
        false => ("16-bit", "floating-point"),
    };
    Issue::skipped(
        path,
        "other_samples",
        format!(
            "a picture with {own} values in a set with {others} ones, which have another range"
        ),
        "save all deep pictures alike: as 16-bit PNG or TIFF, scaled the same way",
    )
}

/// A note on a deep picture whose values don't fit the range that black and white were given.
pub fn note_range(path: &Path, extent: &SampleExtent, range: &SampleRange) -> Option<Issue> {
    let width = range.high - range.low;
    let is_dark = extent.largest < range.low + LEAST_OF_RANGE * width;
    let is_bright = extent.largest > range.high + width;
    (is_dark || is_bright).then(|| {
        Issue::noted(
            path,
            "other_range",
            format!(
                "its values are {} to {}, and the model takes {} for black and {} for white",
                extent.least, extent.largest, range.low, range.high
            ),
            "scale it as the pictures that the model was trained on, or don't believe what is predicted",
        )
    })
}

/// A note on a file whose name promises another format than its bytes have.
///
/// Names without an ending promise nothing, and neither do numbers behind a dot (`photo.2024`). A camera's raw file is
/// called what it is: the decoder refuses it, with the reason.
pub fn note_wrong_extension(path: &Path, format: Format) -> Option<Issue> {
    let ending = ending(path);
    let is_raw = format == Format::Tiff && CAMERA_RAW.contains(&ending.as_str());
    let promises_nothing = is_raw || ending.bytes().all(|b| b.is_ascii_digit());
    if promises_nothing || format.extensions().contains(&ending.as_str()) {
        return None;
    }
    Some(Issue::noted(
        path,
        "wrong_extension",
        format!("a {format} file that is called `.{ending}`; it is read as {format}"),
        &format!(
            "call it `.{}`: other programs may not read it",
            format.extensions()[0]
        ),
    ))
}

/// A part of a picture that has nothing in it, or lies outside; for the caller who knows the picture's size.
///
/// `name` is that of the sample, which says where the box is.
pub fn issue_of_empty_box(name: &str, width_px: usize, height_px: usize) -> Issue {
    Issue::skipped(
        Path::new(name),
        "empty_box",
        format!("the box lies outside its picture of {width_px} x {height_px} pixels"),
        "draw the box again, or delete it",
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_far_from_the_range_are_noted() {
        let range = SampleRange {
            low: 0.0,
            high: 65_535.0,
        };
        let note = |least: f64, largest: f64| {
            let extent = SampleExtent {
                least,
                largest,
                is_float: false,
            };
            note_range(Path::new("a.tif"), &extent, &range)
        };
        assert_eq!(note(0.0, 40_000.0), None);
        let dark = note(0.0, 4_095.0).unwrap();
        assert!(dark.detail.contains("0 to 4095"), "{}", dark.detail);
        assert!(note(0.0, 200_000.0).is_some());
    }

    #[test]
    fn only_a_name_that_promises_something_else_is_noted() {
        let note = |name: &str, format| note_wrong_extension(Path::new(name), format);
        assert_eq!(note("a.JPG", Format::Jpeg), None);
        assert_eq!(note("a.jfif", Format::Jpeg), None);
        assert_eq!(note("a", Format::Jpeg), None);
        assert_eq!(note("a.2024", Format::Jpeg), None);
        assert_eq!(note("a.NEF", Format::Tiff), None);
        assert!(note("a.nef", Format::Jpeg).is_some());
        let issue = note("a.jpg", Format::Png).unwrap();
        assert!(issue.detail.contains("a PNG file that is called `.jpg`"));
        assert!(issue.advice.contains("`.png`") && !issue.is_skipped());
    }
}
