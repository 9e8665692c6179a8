//! What can be wrong with a policy that somebody wrote.

use thiserror::Error;

/// Why a policy can't be used. The text says what and where, [`advice`](ExpandError::advice) what to do.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ExpandError {
    /// An operation or policy of no known name.
    #[error("there is no {what} called `{name}`")]
    Unknown {
        /// "operation" or "policy".
        what: &'static str,
        /// As it was written.
        name: String,
        /// All that there are.
        known: String,
    },
    /// A number outside its range.
    #[error("`{name}` of `{op}` is {found}")]
    OutOfRange {
        /// Which operation, or the step.
        op: String,
        /// Which number.
        name: &'static str,
        /// As it was written.
        found: String,
        /// What may stand there.
        range: String,
    },
    /// Not a policy at all.
    #[error("this is no policy: {found}")]
    Syntax {
        /// What the reader of TOML says, with its line.
        found: String,
    },
}

impl ExpandError {
    /// What to do.
    pub fn advice(&self) -> String {
        match self {
            ExpandError::Unknown { known, .. } => format!("one of {known}"),
            ExpandError::OutOfRange { range, .. } => format!("write {range}"),
            ExpandError::Syntax { .. } => {
                "`handful augment DIR --save-policy FILE` writes one to start from".into()
            }
        }
    }
}
