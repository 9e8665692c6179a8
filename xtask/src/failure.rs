//! How a task ends: done, done with failures that it has already told, or stopped by an error in three parts.

use std::fmt::Display;
use std::path::Path;

/// How a task that ran to its end went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything as it should be; exit code 0.
    Done,
    /// Something is wrong and has been printed; exit code 1.
    Failed,
}

impl Outcome {
    /// Of a task whose last part told whether all went well.
    pub fn of(is_well: bool) -> Outcome {
        if is_well {
            Outcome::Done
        } else {
            Outcome::Failed
        }
    }
}

/// Why a task stopped: what went wrong, what was found, what to do.
#[derive(Debug, thiserror::Error)]
#[error("{what}\nfound: {found}\ndo: {advice}")]
pub struct Failure {
    /// What could not be done, with the path or command in backticks.
    pub what: String,
    /// What stood in the way.
    pub found: String,
    /// The next step for the reader.
    pub advice: String,
}

impl Failure {
    /// A failure from its three parts.
    pub fn new(what: impl Display, found: impl Display, advice: impl Display) -> Self {
        Self {
            what: what.to_string(),
            found: found.to_string(),
            advice: advice.to_string(),
        }
    }

    /// For `map_err` after reading `path`.
    pub fn reading(path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<'_> {
        move |error| {
            Self::new(
                format!("cannot read `{}`", path.display()),
                error,
                "check that the path exists",
            )
        }
    }

    /// For `map_err` after writing `path`.
    pub fn writing(path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<'_> {
        move |error| {
            Self::new(
                format!("cannot write `{}`", path.display()),
                error,
                "check the folder's rights and free space",
            )
        }
    }
}
