//! Which label does the name of a file carry?

use std::path::Path;

use regex::Regex;

use crate::{DataError, shown};

/// A pattern on the path from the root; its first group is the label.
#[derive(Clone, Debug)]
pub struct LabelFrom(Regex);

impl LabelFrom {
    /// Reads a regular expression with a group.
    ///
    /// # Errors
    /// [`DataError::LabelFrom`] when it is no regular expression, or has no group to take the label from.
    pub fn parse(text: &str) -> Result<LabelFrom, DataError> {
        let wrong = |reason: String| DataError::LabelFrom {
            given: text.into(),
            reason,
        };
        let pattern = Regex::new(text)
            .map_err(|e| wrong(e.to_string().lines().last().unwrap_or_default().to_owned()))?;
        if pattern.captures_len() < 2 {
            return Err(wrong("it has no group in round brackets".into()));
        }
        Ok(LabelFrom(pattern))
    }

    /// The label in a path, and how many folders begin before it ends; `None` where the pattern does not match, or its
    /// group is empty.
    pub(crate) fn label(&self, path: &Path) -> Option<(String, usize)> {
        let name = shown(path);
        let label = self.0.captures(&name)?.get(1)?;
        let n_parts = name[..label.end()].matches('/').count() + 1;
        (!label.is_empty()).then(|| (label.as_str().to_owned(), n_parts))
    }

    /// As a person would write it.
    pub(crate) fn as_given(&self) -> &str {
        self.0.as_str()
    }
}
