//! A CSV file that lists images: given as such, or the only usable one in a folder whose folders name no classes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::multi_label::{several_labels, two_answers};
use super::search::{Search, is_address};
use super::{Draft, Found, Given, Source, Table, unused};
use crate::{DataError, GroupBy, Issue, Remark, ScanOptions, Split, shown};

/// Columns: a path, a label, perhaps `split` and `group`; others are not looked at.
pub struct List;

impl Source for List {
    fn name(&self) -> &'static str {
        "list"
    }

    fn reads_beside(&self) -> bool {
        true
    }

    fn recognises(&self, given: &Given, options: &ScanOptions) -> bool {
        given.file.is_some() || unused::list_to_use(given, options).is_some()
    }

    fn has_columns(&self) -> bool {
        true
    }

    fn read(&self, given: &Given, options: &ScanOptions) -> Result<Found, DataError> {
        let mut remarks = Vec::new();
        let name = match &given.file {
            Some(file) => PathBuf::from(file.file_name().unwrap_or_default()),
            None => {
                let name = unused::list_to_use(given, options)
                    .expect("only a list that is there is recognised");
                remarks.push(Remark::ListFound { name: shown(&name) });
                name
            }
        };
        let table = given.table(&name)?;
        let sheet = Sheet::new(given, &name, &table, options)?;
        remarks.extend(sheet.two_answers());
        let mut found = sheet.read(given)?;
        remarks.append(&mut found.remarks);
        Ok(Found { remarks, ..found })
    }
}

const SEVERAL_LABELS: &str = "several labels an image are not supported yet: make a list with one label an image, such as one \
     list for each question (\"cat\" or \"no cat\"), and name the column with `--label-column`; if a comma, `|` or `;` \
     belongs to the names, write something else for it";

/// A list with the meaning of its columns.
struct Sheet<'a> {
    /// As the list is called in messages.
    name: &'a Path,
    /// Where it is.
    path: PathBuf,
    table: &'a Table,
    image: usize,
    label: usize,
    split: Option<usize>,
    group: Option<usize>,
}

/// What a line says of an image.
struct Line {
    line: usize,
    class: Option<String>,
    group: Option<String>,
    split: Split,
}

impl<'a> Sheet<'a> {
    fn new(
        given: &Given,
        name: &'a Path,
        table: &'a Table,
        options: &ScanOptions,
    ) -> Result<Sheet<'a>, DataError> {
        let (image, label) = table.columns(
            options.image_column.as_deref(),
            options.label_column.as_deref(),
        )?;
        let group = match &options.group_by {
            Some(GroupBy::Column(name)) => Some(table.column(name).ok_or_else(|| {
                let reason = format!("the columns of the list are {}", table.header.join(", "));
                GroupBy::error(name, reason)
            })?),
            _ => table.column("group"),
        };
        let sheet = Sheet {
            name,
            path: given.root.join(name),
            table,
            image,
            label,
            split: table.column("split"),
            group,
        };
        sheet.check()?;
        Ok(sheet)
    }

    /// Refuses columns that hold something else than one path and one label a line.
    fn check(&self) -> Result<(), DataError> {
        self.table.refuse_line_breaks(&[self.image, self.label])?;
        if let Some(cell) = several_labels(self.cells(self.label)) {
            return Err(self.wrong(
                format!(
                    "its column {} holds several labels in one cell, such as \"{cell}\"",
                    self.table.header[self.label]
                ),
                SEVERAL_LABELS,
            ));
        }
        let n_addresses = self.cells(self.image).filter(|c| is_address(c)).count();
        if n_addresses * 2 > self.table.rows.len() {
            return Err(self.wrong(
                format!(
                    "its column {} holds addresses on the internet, not files",
                    self.table.header[self.image]
                ),
                "download the pictures (`wget -i`), and write their paths into the list; nothing is downloaded for you",
            ));
        }
        Ok(())
    }

    fn two_answers(&self) -> Option<Remark> {
        let example = two_answers(self.cells(self.label))?.to_owned();
        Some(Remark::LabelsWithCommas {
            column: self.table.header[self.label].clone(),
            example,
        })
    }

    fn cells(&self, column: usize) -> impl Iterator<Item = &'a str> {
        self.table.rows.iter().map(move |row| row[column].as_str())
    }

    fn read(&self, given: &Given) -> Result<Found, DataError> {
        let mut search = Search::new(given, self.cells(self.image));
        let mut found = Found::default();
        let mut seen: BTreeMap<PathBuf, Line> = BTreeMap::new();
        let mut conflicts = BTreeSet::new();
        let rows = self.table.rows.iter().zip(&self.table.lines);
        for (row, line) in rows {
            let Some(path) = search.find(&row[self.image]) else {
                found.issues.push(self.not_found(&row[self.image], *line));
                continue;
            };
            let this = self.line(row, *line)?;
            match seen.get(&path) {
                Some(first) if first.class != this.class => drop(conflicts.insert(path)),
                Some(first) => found.issues.push(said_again(&path, first, &this)),
                None => drop(seen.insert(path, this)),
            }
        }
        self.refuse_nothing(&found.issues, seen.len())?;
        self.refuse_contradictions(conflicts.len(), seen.len())?;
        for path in conflicts {
            seen.remove(&path);
            found.issues.push(Issue::skipped(
                &path,
                "label_conflict",
                "the list gives it two labels",
                "keep the line with the right label",
            ));
        }
        found.issues.extend(without_label(&seen));
        found.drafts = seen.into_iter().map(draft).collect();
        found.remarks.extend(search.remark());
        Ok(found)
    }

    fn line(&self, row: &[String], line: usize) -> Result<Line, DataError> {
        let filled = |column: usize| Some(row[column].clone()).filter(|cell| !cell.is_empty());
        let split = match self.split.and_then(filled) {
            None => Split::Train,
            Some(name) => Split::named(&name).ok_or_else(|| {
                self.wrong(
                    format!("line {line} has the split \"{name}\""),
                    "write train, validation or test, or rename the column `split`",
                )
            })?,
        };
        Ok(Line {
            line,
            class: filled(self.label),
            group: self.group.and_then(filled),
            split,
        })
    }

    fn not_found(&self, cell: &str, line: usize) -> Issue {
        if cell.is_empty() {
            return Issue::skipped(
                self.name,
                "missing",
                format!("line {line} names no file"),
                "write the path of the image, or delete the line",
            );
        }
        if is_address(cell) {
            // The list is what is named: an address is no path, and would be changed if it were shown as one.
            return Issue::skipped(
                self.name,
                "web_address",
                format!("line {line} has `{cell}`, an address on the internet, not a file"),
                "download the picture, and write its path into the list",
            );
        }
        Issue::skipped(
            Path::new(cell),
            "missing",
            "the list names it, but it is not there",
            "put the file there, or mend its path in the list",
        )
    }

    /// Refuses a list of which no line leads to a file.
    fn refuse_nothing(&self, issues: &[Issue], n_found: usize) -> Result<(), DataError> {
        if n_found > 0 {
            return Ok(());
        }
        let mut cells = self.cells(self.image).filter(|c| !c.is_empty());
        let reason = match (issues.len(), cells.next()) {
            (0, _) => "it has no lines but the first".to_owned(),
            (n, None) => format!("none of its {n} lines names a file"),
            (1, Some(cell)) => format!("its only path, `{cell}`, leads nowhere"),
            (n, Some(cell)) => format!("its {n} paths lead nowhere, such as `{cell}`"),
        };
        Err(self.wrong(
            reason,
            "mend the paths, or put the list beside the photos: paths start at the folder that the list lies in",
        ))
    }

    /// One contradiction is a slip of the pen; when most images have several labels, that is how the list is meant.
    fn refuse_contradictions(&self, n_conflicts: usize, n_images: usize) -> Result<(), DataError> {
        if n_conflicts * 2 <= n_images {
            return Ok(());
        }
        Err(self.wrong(
            format!(
                "{n_conflicts} of its {n_images} images have several labels, each on a line of its own"
            ),
            SEVERAL_LABELS,
        ))
    }

    fn wrong(&self, reason: String, advice: &str) -> DataError {
        DataError::List {
            path: self.path.clone(),
            reason,
            advice: advice.into(),
        }
    }
}

fn draft((path, line): (PathBuf, Line)) -> Draft {
    Draft {
        path,
        class: line.class,
        group: line.group,
        split: line.split,
        crop: None,
    }
}

/// A second line on an image that gives it the same label.
fn said_again(path: &Path, first: &Line, this: &Line) -> Issue {
    let lines = format!("lines {} and {}", first.line, this.line);
    if first.split == this.split {
        return Issue::noted(
            path,
            "listed_twice",
            format!("{lines} say the same; it counts once"),
            "delete one of the lines",
        );
    }
    Issue::noted(
        path,
        "split_conflict",
        format!("{lines} put it into two splits; the first counts"),
        "keep the line with the right split",
    )
}

fn without_label(seen: &BTreeMap<PathBuf, Line>) -> impl Iterator<Item = Issue> {
    let unlabelled = seen.iter().filter(|(_, line)| line.class.is_none());
    unlabelled.map(|(path, line)| {
        Issue::skipped(
            path,
            "no_label",
            format!("line {} gives it no label", line.line),
            "write its label, or delete the line",
        )
    })
}
