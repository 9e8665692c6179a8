//! What belongs together? Folds never cut through a group.

use std::path::{Path, PathBuf};

use regex::Regex;

use crate::listing::Store;
use crate::source::{Given, Table, assign};
use crate::{DataError, shown};

/// A way to tell which images belong together: one animal, one visit, one source picture.
#[derive(Clone, Debug)]
pub enum GroupBy {
    /// A column of the list that the images come from.
    Column(String),
    /// A column of another list, which names images by their path or file name.
    Table {
        /// The list; from the root of the images, or from where the program runs.
        file: PathBuf,
        /// The column.
        column: String,
    },
    /// A pattern on the path from the root; its first group counts if it has one, else the whole match.
    Pattern(Regex),
}

impl GroupBy {
    /// Reads `FILE.csv:COLUMN`, the name of a column, or a regular expression.
    ///
    /// # Errors
    /// [`DataError::GroupBy`] when it is none of them.
    pub fn parse(text: &str) -> Result<GroupBy, DataError> {
        let wrong = |reason: String| DataError::GroupBy {
            given: text.into(),
            reason,
        };
        for ending in [".csv:", ".tsv:"] {
            if let Some(at) = text.to_lowercase().find(ending) {
                let (file, column) = (&text[..at + ending.len() - 1], &text[at + ending.len()..]);
                if column.is_empty() {
                    return Err(wrong(
                        "the name of the column is missing after the colon".into(),
                    ));
                }
                return Ok(GroupBy::Table {
                    file: file.into(),
                    column: column.into(),
                });
            }
        }
        if text.is_empty() {
            return Err(wrong("it is empty".into()));
        }
        if text
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == ' ')
        {
            return Ok(GroupBy::Column(text.into()));
        }
        let pattern = Regex::new(text)
            .map_err(|e| wrong(e.to_string().lines().last().unwrap_or_default().to_owned()))?;
        Ok(GroupBy::Pattern(pattern))
    }

    /// As a person would write it.
    pub(crate) fn as_given(&self) -> String {
        match self {
            GroupBy::Column(name) => name.clone(),
            GroupBy::Table { file, column } => format!("{}:{column}", file.display()),
            GroupBy::Pattern(pattern) => pattern.to_string(),
        }
    }

    /// The group of each path; `None` where it has none.
    pub(crate) fn groups(
        &self,
        given: &Given,
        paths: &[&Path],
        image_column: Option<&str>,
    ) -> Result<Vec<Option<String>>, DataError> {
        match self {
            GroupBy::Column(_) => Err(DataError::GroupBy {
                given: self.as_given(),
                reason: "the photos come from folders, not from a list with columns".into(),
            }),
            GroupBy::Pattern(pattern) => Ok(paths
                .iter()
                .map(|path| {
                    let name = shown(path);
                    let found = pattern.captures(&name)?;
                    found
                        .get(1)
                        .or_else(|| found.get(0))
                        .map(|m| m.as_str().to_owned())
                })
                .collect()),
            GroupBy::Table { file, column } => {
                let wrong = |reason: String| DataError::GroupBy {
                    given: self.as_given(),
                    reason,
                };
                let table = self.table(given, file)?;
                let image = table.image_column(image_column)?;
                let value = table
                    .column(column)
                    .ok_or_else(|| wrong(format!("its columns are {}", table.header.join(", "))))?;
                let rows: Vec<(String, String)> = table
                    .rows
                    .iter()
                    .map(|row| (row[image].replace('\\', "/"), row[value].clone()))
                    .collect();
                let groups = assign(paths, &rows);
                // A list that says nothing at all is the wrong list, or names photos in a way that isn't understood.
                match (paths.first(), rows.first()) {
                    (Some(path), Some((named, _))) if groups.iter().all(Option::is_none) => {
                        Err(wrong(format!(
                            "it names none of the photos: it has names such as `{named}`, the photos are called like `{}`",
                            shown(path)
                        )))
                    }
                    (Some(_), None) => Err(wrong("it has no lines".into())),
                    _ => Ok(groups),
                }
            }
        }
    }

    /// The list, wherever it is: among the photos, beside the archive that they are in, or where the program runs.
    fn table(&self, given: &Given, file: &Path) -> Result<Table, DataError> {
        if given.holds(file) {
            return given.table(file);
        }
        let is_archive = matches!(given.listing.store, Store::Archives(_));
        let mut beside = given
            .root
            .ancestors()
            .filter(|folder| is_archive && folder.is_dir())
            .map(|folder| folder.join(file));
        match beside.next() {
            Some(path) if path.is_file() => Table::read(&path),
            _ => Table::read(file),
        }
    }
}
