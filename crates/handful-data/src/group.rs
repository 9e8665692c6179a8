//! What belongs together? Folds never cut through a group.

use std::path::{Path, PathBuf};

use regex::Regex;

use crate::listing::{Store, inner};
use crate::source::{Given, Table, assign};
use crate::{DataError, shown};

/// Lists that are looked into for a column, to suggest it.
const MOST_LISTS: usize = 16;

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
        let wrong = |reason: String| GroupBy::error(text, reason);
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

    /// What can't be used, and why.
    pub(crate) fn error(given: &str, reason: String) -> DataError {
        DataError::GroupBy {
            given: given.into(),
            reason,
            advice: "see `handful train --help`".into(),
        }
    }

    /// The group of each path; `None` where it has none.
    ///
    /// # Errors
    /// [`DataError::GroupBy`] when not a single path is in a group, or the list has no such column.
    pub(crate) fn groups(
        &self,
        given: &Given,
        paths: &[&Path],
        image_column: Option<&str>,
    ) -> Result<Vec<Option<String>>, DataError> {
        match self {
            GroupBy::Column(name) => Err(self.no_columns(given, name)),
            GroupBy::Pattern(pattern) => self.by_pattern(pattern, paths),
            GroupBy::Table { file, column } => {
                let table = self.table(given, file)?;
                self.by_table(&table, column, paths, image_column)
            }
        }
    }

    /// Why a column can't be used where photos come from folders; a list among them may have it.
    fn no_columns(&self, given: &Given, name: &str) -> DataError {
        let tables = given
            .listing
            .tables()
            .into_iter()
            .chain(&given.lists_beside);
        let has_column =
            |path: &&PathBuf| given.table(path).is_ok_and(|t| t.column(name).is_some());
        let list = tables.take(MOST_LISTS).find(has_column);
        DataError::GroupBy {
            given: self.as_given(),
            reason: "the photos come from folders, not from a list with columns".into(),
            advice: match list.and_then(|path| path.file_name()) {
                Some(list) => format!(
                    "`{0}` has that column: use `--group-by {0}:{name}`",
                    list.to_string_lossy()
                ),
                None => {
                    "give the list, too (`--group-by FILE.csv:COLUMN`), or a regular expression"
                        .into()
                }
            },
        }
    }

    fn by_pattern(
        &self,
        pattern: &Regex,
        paths: &[&Path],
    ) -> Result<Vec<Option<String>>, DataError> {
        let group = |path: &&Path| {
            let name = shown(path);
            let found = pattern.captures(&name)?;
            let part = found.get(1).or_else(|| found.get(0))?;
            Some(part.as_str().to_owned())
        };
        let groups: Vec<Option<String>> = paths.iter().map(group).collect();
        match paths.first() {
            Some(first) if groups.iter().all(Option::is_none) => Err(DataError::GroupBy {
                given: self.as_given(),
                reason: format!(
                    "it matches none of the {} photos, the first of which is `{}`",
                    paths.len(),
                    shown(first)
                ),
                advice:
                    "write one such as '(dog[0-9]+)_', which takes \"dog12\" from `dog12_003.jpg`"
                        .into(),
            }),
            _ => Ok(groups),
        }
    }

    fn by_table(
        &self,
        table: &Table,
        column: &str,
        paths: &[&Path],
        image_column: Option<&str>,
    ) -> Result<Vec<Option<String>>, DataError> {
        let wrong = |reason: String| GroupBy::error(&self.as_given(), reason);
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

    /// The list, wherever it is: among the photos, beside the folder or archive that they are in, or where the program
    /// runs.
    fn table(&self, given: &Given, file: &Path) -> Result<Table, DataError> {
        if given.holds(file) {
            return given.table(file);
        }
        if let Some(beside) = given.listing.beside.iter().find(|p| inner(p) == file) {
            return given.table(beside);
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
