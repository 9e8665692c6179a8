//! A CSV file as people write them: with a byte-order mark, with semicolons or tabs, with columns of many names.

use std::path::{Path, PathBuf};

use crate::{DataError, read_file, shown};

/// Names of the column of paths, in order of preference.
const IMAGE_COLUMNS: &[&str] = &["image_path", "file", "image", "path", "filename"];
/// Names of the column of labels, in order of preference.
const LABEL_COLUMNS: &[&str] = &["label", "class"];
const DELIMITERS: &[u8] = b",;\t";

/// The cells of a list.
#[derive(Debug)]
pub(crate) struct Table {
    path: PathBuf,
    /// Names of the columns.
    pub header: Vec<String>,
    /// Rows as long as the header.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads a list that lies anywhere.
    ///
    /// # Errors
    /// [`DataError::Unreadable`] and [`DataError::List`].
    pub fn read(path: &Path) -> Result<Table, DataError> {
        let bytes = read_file(path, &shown(path)).map_err(|issue| DataError::Unreadable {
            path: path.to_owned(),
            reason: issue.detail,
        })?;
        Table::parse(bytes, path)
    }

    /// Reads the bytes of a list; `path` is how errors call it.
    ///
    /// # Errors
    /// [`DataError::List`] when they are no text, or a line has more or fewer cells than the first.
    pub fn parse(bytes: Vec<u8>, path: &Path) -> Result<Table, DataError> {
        let wrong = |reason: String, advice: &str| DataError::List {
            path: path.to_owned(),
            reason,
            advice: advice.into(),
        };
        let text = String::from_utf8(bytes).map_err(|e| {
            let line = e.as_bytes()[..e.utf8_error().valid_up_to()]
                .iter()
                .filter(|b| **b == b'\n')
                .count()
                + 1;
            wrong(
                format!("line {line} is not UTF-8 text"),
                "save the list as CSV in UTF-8",
            )
        })?;
        let text = text.trim_start_matches('\u{FEFF}');
        let first = text.lines().next().unwrap_or_default();
        let count = |d: u8| first.bytes().filter(|b| *b == d).count();
        // The first of equally frequent ones: a single column has none of them.
        let delimiter = DELIMITERS
            .iter()
            .copied()
            .rev()
            .max_by_key(|d| count(*d))
            .expect("there are delimiters");
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let broken = |e: csv::Error| {
            wrong(
                e.to_string(),
                "give every line as many columns as the first",
            )
        };
        let header: Vec<String> = reader
            .headers()
            .map_err(broken)?
            .iter()
            .map(str::to_owned)
            .collect();
        let row = |r: Result<csv::StringRecord, csv::Error>| {
            Ok(r.map_err(broken)?.iter().map(str::to_owned).collect())
        };
        let rows = reader
            .records()
            .map(row)
            .collect::<Result<_, DataError>>()?;
        Ok(Table {
            path: path.to_owned(),
            header,
            rows,
        })
    }

    /// Index of a column, by its name in any case.
    pub fn column(&self, name: &str) -> Option<usize> {
        let exact = self.header.iter().position(|h| h == name);
        exact.or_else(|| {
            self.header
                .iter()
                .position(|h| h.to_lowercase() == name.to_lowercase())
        })
    }

    /// Index of the column of paths.
    pub fn image_column(&self, given: Option<&str>) -> Result<usize, DataError> {
        self.named(given, IMAGE_COLUMNS, "--image-column")
    }

    /// Index of the column of labels.
    pub fn label_column(&self, given: Option<&str>) -> Result<usize, DataError> {
        self.named(given, LABEL_COLUMNS, "--label-column")
    }

    fn named(&self, given: Option<&str>, known: &[&str], flag: &str) -> Result<usize, DataError> {
        let found = match given {
            Some(name) => self.column(name),
            None => known.iter().find_map(|name| self.column(name)),
        };
        let asked = given.map_or_else(|| known.join(", "), str::to_owned);
        found.ok_or_else(|| DataError::List {
            path: self.path.clone(),
            reason: format!(
                "it has no column {asked}; its columns are {}",
                self.header.join(", ")
            ),
            advice: format!("name the column with `{flag}`"),
        })
    }
}
