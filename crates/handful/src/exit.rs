//! How a command ends: documented exit codes, and errors in three parts (what, what was found, what to do).

use std::fmt;
use std::path::Path;

use handful_data::DataError;
use handful_learn::LearnError;
use handful_stats::StatsError;

/// Everything was done.
pub const DONE: u8 = 0;
/// The command line is wrong.
pub const USAGE: u8 = 2;
/// The data can't be trained on.
pub const DATA: u8 = 3;
/// `--strict` was given and something was skipped.
pub const STRICT: u8 = 4;
/// Reading or writing failed.
pub const IO: u8 = 5;
/// A model or file is not what it claims to be.
pub const NOT_WHAT_IT_CLAIMS: u8 = 6;
/// Interrupted; `--resume` goes on.
pub const INTERRUPTED: u8 = 130;

/// The codes with their meanings, in the order of the documentation.
pub const MEANINGS: &[(u8, &str)] = &[
    (DONE, "done"),
    (USAGE, "the command line is wrong"),
    (
        DATA,
        "the data can't be trained on (the message says why, and what would help)",
    ),
    (STRICT, "`--strict` was given and something was skipped"),
    (IO, "reading or writing failed"),
    (
        NOT_WHAT_IT_CLAIMS,
        "a model or file is not what it claims to be",
    ),
    (INTERRUPTED, "interrupted; `--resume` goes on"),
];

/// Why a command could not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// One of the constants of this module.
    pub code: u8,
    /// What is wrong and where.
    pub what: String,
    /// What was found instead.
    pub found: Option<String>,
    /// What to do.
    pub advice: Option<String>,
}

impl Failure {
    /// A failure with only its first part.
    pub fn new(code: u8, what: impl Into<String>) -> Failure {
        Failure {
            code,
            what: what.into(),
            found: None,
            advice: None,
        }
    }

    /// Says what was found.
    pub fn found(self, found: impl Into<String>) -> Failure {
        Failure {
            found: Some(found.into()),
            ..self
        }
    }

    /// Says what to do.
    pub fn advice(self, advice: impl Into<String>) -> Failure {
        Failure {
            advice: Some(advice.into()),
            ..self
        }
    }

    /// A file that could not be read or written.
    pub fn io(doing: &str, path: &Path, error: &std::io::Error) -> Failure {
        Failure::of_system(format!("{doing} `{}` failed", path.display()), error)
    }

    fn of_system(what: String, error: &std::io::Error) -> Failure {
        let advice = match error.kind() {
            std::io::ErrorKind::NotFound => "check the path",
            std::io::ErrorKind::PermissionDenied => "check who may read and write there",
            std::io::ErrorKind::StorageFull => "free some space; nothing that was finished is lost",
            _ => "try again, or use another folder",
        };
        Failure::new(IO, what)
            .found(error.to_string())
            .advice(advice)
    }

    /// A model file that does not hold what it should.
    pub fn model(path: &Path, error: &LearnError) -> Failure {
        Failure::new(NOT_WHAT_IT_CLAIMS, format!("`{}` can't be used as a model", path.display()))
            .found(error.to_string())
            .advice("give a `model.handful` that `handful train` wrote, or for `--model` a safetensors file of EfficientNet-Lite 0 to 4 or ResNet-18, -34 or -50")
    }

    /// Ctrl-C.
    pub fn interrupted() -> Failure {
        Failure::new(INTERRUPTED, "interrupted")
            .advice("the same command with `--resume` goes on from here")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        for (name, part) in [("found", &self.found), ("do", &self.advice)] {
            if let Some(text) = part {
                write!(f, "\n{name}: {text}")?;
            }
        }
        Ok(())
    }
}

impl From<DataError> for Failure {
    fn from(e: DataError) -> Failure {
        let code = match e.category() {
            handful_data::Category::Usage => USAGE,
            handful_data::Category::Data => DATA,
            handful_data::Category::Io => IO,
        };
        Failure {
            code,
            what: e.what(),
            found: Some(e.found()),
            advice: Some(e.advice()),
        }
    }
}

impl From<LearnError> for Failure {
    fn from(e: LearnError) -> Failure {
        match &e {
            LearnError::Disk { doing, source } => {
                let what = format!("{doing} what is kept for fine-tuning failed");
                Failure::of_system(what, source)
            }
            other => Failure::new(NOT_WHAT_IT_CLAIMS, other.to_string()),
        }
    }
}

impl From<StatsError> for Failure {
    fn from(e: StatsError) -> Failure {
        Failure::new(DATA, e.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_meaning() {
        let codes: std::collections::BTreeSet<u8> = MEANINGS.iter().map(|(c, _)| *c).collect();
        assert_eq!(codes.len(), MEANINGS.len());
    }

    #[test]
    fn a_failure_prints_its_three_parts_on_three_lines() {
        let failure = Failure::new(DATA, "what").found("where").advice("how");
        assert_eq!(failure.to_string(), "error: what\nfound: where\ndo: how");
    }
}
