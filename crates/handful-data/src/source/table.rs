//! A CSV file as people write them: with a byte-order mark, with semicolons or tabs, with columns of many names.

use std::path::{Path, PathBuf};

use crate::listing::{ending, is_image_ending};
use crate::{DataError, read_file, shown};

/// Names of the column of paths, in order of preference.
const IMAGE_COLUMNS: &[&str] = &["image_path", "file", "image", "path", "filename"];
/// Names of the column of labels, in order of preference.
const LABEL_COLUMNS: &[&str] = &["label", "class"];
/// Names of columns that are neither.
const OTHER_COLUMNS: &[&str] = &["split", "group"];
const IMAGE_FLAG: &str = "--image-column";
const LABEL_FLAG: &str = "--label-column";
const DELIMITERS: &[u8] = b",;\t";
const SAVE_AS_UTF8: &str = "save the list as CSV in UTF-8";
/// How UTF-16 text begins; spreadsheets call it "Unicode text".
const UTF16: &[&[u8]] = &[b"\xFF\xFE", b"\xFE\xFF"];

/// The cells of a list.
#[derive(Debug)]
pub(crate) struct Table {
    path: PathBuf,
    /// Names of the columns.
    pub header: Vec<String>,
    /// Rows as long as the header.
    pub rows: Vec<Vec<String>>,
    /// The line that each row begins on, from 1.
    pub lines: Vec<usize>,
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
        let mut table = Table {
            path: path.to_owned(),
            header: Vec::new(),
            rows: Vec::new(),
            lines: Vec::new(),
        };
        let text = table.text(bytes)?;
        let text = text.trim_start_matches('\u{FEFF}');
        // Rows of another length are told here, in words of our own, with the quote that may be the cause.
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter(text))
            .trim(csv::Trim::All)
            .flexible(true)
            .from_reader(text.as_bytes());
        let cells = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect();
        let broken = |e: csv::Error| list_error(path, e.to_string(), SAVE_AS_UTF8);
        table.header = cells(reader.headers().map_err(broken)?);
        for record in reader.records() {
            let record = record.map_err(broken)?;
            table.add(cells(&record), line_of(&record, text))?;
        }
        Ok(table)
    }

    fn text(&self, bytes: Vec<u8>) -> Result<String, DataError> {
        if UTF16.iter().any(|mark| bytes.starts_with(mark)) {
            return Err(self.wrong("it is UTF-16 text".into(), SAVE_AS_UTF8));
        }
        String::from_utf8(bytes).map_err(|e| {
            let before = &e.as_bytes()[..e.utf8_error().valid_up_to()];
            let line = before.iter().filter(|b| **b == b'\n').count() + 1;
            self.wrong(format!("line {line} is not UTF-8 text"), SAVE_AS_UTF8)
        })
    }

    fn add(&mut self, row: Vec<String>, line: usize) -> Result<(), DataError> {
        if row.len() != self.header.len() {
            self.refuse_quote(&row, line, 0..row.len())?;
            let (found, wanted) = (n_cells(row.len()), n_cells(self.header.len()));
            return Err(self.wrong(
                format!("line {line} has {found}, the first line {wanted}"),
                "give every line as many cells as the first; put names that contain the separator into double quotes",
            ));
        }
        self.rows.push(row);
        self.lines.push(line);
        Ok(())
    }

    /// Refuses line breaks in these columns: no path and no label has any, so that a quote was opened and not closed.
    ///
    /// # Errors
    /// [`DataError::List`] with the line on which the quote opens.
    pub fn refuse_line_breaks(&self, columns: &[usize]) -> Result<(), DataError> {
        let mut rows = self.rows.iter().zip(&self.lines);
        rows.try_for_each(|(row, line)| self.refuse_quote(row, *line, columns.iter().copied()))
    }

    fn refuse_quote(
        &self,
        row: &[String],
        line: usize,
        columns: impl IntoIterator<Item = usize>,
    ) -> Result<(), DataError> {
        let n_breaks = |cell: &str| cell.matches('\n').count();
        let Some(column) = columns.into_iter().find(|c| n_breaks(&row[*c]) > 0) else {
            return Ok(());
        };
        let line = line + row[..column].iter().map(|c| n_breaks(c)).sum::<usize>();
        Err(self.wrong(
            format!("line {line} opens a double quote that is not closed on it, so that lines behind it are swallowed"),
            "close the quote, or delete it",
        ))
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

    /// Indices of the columns of paths and of labels.
    ///
    /// # Errors
    /// [`DataError::List`] when one of them isn't there, or the first line holds no names of columns.
    pub fn columns(
        &self,
        image: Option<&str>,
        label: Option<&str>,
    ) -> Result<(usize, usize), DataError> {
        match (self.image_column(image), self.label_column(label)) {
            (Ok(image), Ok(label)) => Ok((image, label)),
            (Err(_), Err(_)) if self.headless().is_none() => Err(self.wrong(
                format!(
                    "it has no column {} and no column {}; its columns are {}",
                    image.map_or_else(|| IMAGE_COLUMNS.join(", "), str::to_owned),
                    label.map_or_else(|| LABEL_COLUMNS.join(", "), str::to_owned),
                    self.named_columns()
                ),
                &format!("name the columns with `{IMAGE_FLAG}` and `{LABEL_FLAG}`"),
            )),
            (Err(e), _) | (_, Err(e)) => Err(e),
        }
    }

    /// Index of the column of paths.
    pub fn image_column(&self, given: Option<&str>) -> Result<usize, DataError> {
        self.named(given, IMAGE_COLUMNS, IMAGE_FLAG)
    }

    fn label_column(&self, given: Option<&str>) -> Result<usize, DataError> {
        let found = self.named(given, LABEL_COLUMNS, LABEL_FLAG);
        match self.zeros_and_ones() {
            Some(names) if found.is_err() && given.is_none() => Err(self.wrong(
                format!(
                    "it has a column of 0 and 1 for each of {}",
                    names.join(", ")
                ),
                "write the name of the class into one column `label`",
            )),
            _ => found,
        }
    }

    fn named(&self, given: Option<&str>, known: &[&str], flag: &str) -> Result<usize, DataError> {
        let found = match given {
            Some(name) => self.column(name),
            None => known.iter().find_map(|name| self.column(name)),
        };
        let asked = given.map_or_else(|| known.join(", "), str::to_owned);
        found.ok_or_else(|| match self.headless() {
            Some(cell) => self.wrong(
                format!("its first line holds no names of columns, but `{cell}`"),
                "write `image,label`, or whatever the columns hold, above the first line",
            ),
            None => self.wrong(
                format!(
                    "it has no column {asked}; its columns are {}",
                    self.named_columns()
                ),
                &match self.others()[..] {
                    [only] => format!("name the column: `{flag} {}`", self.header[only]),
                    _ => format!("name the column with `{flag}`"),
                },
            ),
        })
    }

    /// The cell of the first line that is the name of an image, if there is one.
    fn headless(&self) -> Option<&String> {
        let is_image = |cell: &&String| is_image_ending(&ending(Path::new(cell)));
        self.header.iter().find(is_image)
    }

    /// Columns of no known name.
    fn others(&self) -> Vec<usize> {
        let known: Vec<&str> = [IMAGE_COLUMNS, LABEL_COLUMNS, OTHER_COLUMNS].concat();
        let is_other =
            |name: &String| !name.is_empty() && !known.contains(&name.to_lowercase().as_str());
        let columns = self.header.iter().enumerate();
        columns
            .filter(|(_, h)| is_other(h))
            .map(|(c, _)| c)
            .collect()
    }

    /// The names of the other columns, if there are several and all of them hold nothing but 0 and 1.
    fn zeros_and_ones(&self) -> Option<Vec<String>> {
        let others = self.others();
        let is_binary = |cell: &String| matches!(cell.as_str(), "0" | "1" | "0.0" | "1.0");
        let all = |row: &Vec<String>| others.iter().all(|column| is_binary(&row[*column]));
        let are_classes = others.len() > 1 && !self.rows.is_empty() && self.rows.iter().all(all);
        are_classes.then(|| others.iter().map(|c| self.header[*c].clone()).collect())
    }

    fn named_columns(&self) -> String {
        let name = |name: &String| match name.as_str() {
            "" => "(one without a name)".to_owned(),
            name => name.to_owned(),
        };
        let names: Vec<String> = self.header.iter().map(name).collect();
        names.join(", ")
    }

    fn wrong(&self, reason: String, advice: &str) -> DataError {
        list_error(&self.path, reason, advice)
    }
}

fn list_error(path: &Path, reason: String, advice: &str) -> DataError {
    DataError::List {
        path: path.to_owned(),
        reason,
        advice: advice.into(),
    }
}

/// What stands between the cells of the first line.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let count = |d: u8| first.bytes().filter(|b| *b == d).count();
    // The first of equally frequent ones: a single column has none of them.
    DELIMITERS
        .iter()
        .copied()
        .rev()
        .max_by_key(|d| count(*d))
        .expect("there are delimiters")
}

/// The line on which a record begins; the reader's own count is that of the empty lines before it.
fn line_of(record: &csv::StringRecord, text: &str) -> usize {
    let Some(position) = record.position() else {
        return 0;
    };
    let behind = &text.as_bytes()[position.byte() as usize..];
    let empty = behind.iter().take_while(|b| matches!(b, b'\n' | b'\r'));
    position.line() as usize + empty.filter(|b| **b == b'\n').count()
}

fn n_cells(n: usize) -> String {
    match n {
        1 => "1 cell".to_owned(),
        n => format!("{n} cells"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Result<Table, DataError> {
        Table::parse(text.into(), Path::new("l.csv"))
    }

    #[test]
    fn rows_know_their_lines() {
        let table = table("image,label\n\n\n1.jpg,\"a\nb\"\r\n\n2.jpg,c\n").unwrap();
        assert_eq!(table.lines, [4, 7]);
    }

    #[test]
    fn a_quote_that_is_not_closed_is_told_with_its_line() {
        for text in [
            "image,label\n1.jpg,cat\n\"2.jpg,cat\n3.jpg,cat\n",
            "image,label\n1.jpg,cat\n\"2.jpg,cat\n3.jpg,cat\n\"4.jpg,dog\n5.jpg,dog\n",
        ] {
            let error = table(text)
                .and_then(|t| t.refuse_line_breaks(&[0, 1]))
                .unwrap_err();
            assert!(
                error.what().contains("line 3 opens a double quote"),
                "{}",
                error.what()
            );
        }
    }

    #[test]
    fn whoever_names_columns_otherwise_is_told_what_is_missing() {
        for (text, reason, advice) in [
            (
                "id,label\n1,cat\n",
                "no column image_path",
                "`--image-column id`",
            ),
            (
                "filename,species\n1.jpg,cat\n",
                "no column label, class",
                "`--label-column species`",
            ),
            ("images/1.jpg,cat\n", "but `images/1.jpg`", "`image,label`"),
            (
                "image,cat,dog\n1.jpg,0,1\n",
                "0 and 1 for each of cat, dog",
                "one column `label`",
            ),
            (
                ",Photo Name,Klasse\n0,1.jpg,cat\n",
                "and no column label",
                "`--image-column` and `--label-column`",
            ),
        ] {
            let error = table(text).unwrap().columns(None, None).unwrap_err();
            assert!(error.what().contains(reason), "{}", error.what());
            assert!(error.advice().contains(advice), "{}", error.advice());
        }
    }
}
