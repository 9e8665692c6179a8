//! A CSV file that lists images: given as such, or the only one in a folder whose folders name no classes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::multi_label::several_labels;
use super::{Draft, Found, Given, Source, Table, folders};
use crate::listing::{Store, ending, is_image_ending};
use crate::{DataError, GroupBy, Issue, Remark, ScanOptions, Split, shown};

/// How addresses in the internet start.
const ADDRESSES: &[&str] = &["http://", "https://", "ftp://", "s3://", "gs://"];
/// Endings that lists leave away.
const LEFT_AWAY: &[&str] = &[
    "jpg", "jpeg", "png", "JPG", "JPEG", "PNG", "webp", "tif", "bmp",
];
/// Folders beside a list that are looked into for its images.
const MOST_FOLDERS: usize = 64;
/// Images that are looked for in those folders without finding any, before the search is given up.
const MOST_IN_VAIN: usize = 100;

/// Columns: a path, a label, perhaps `split` and `group`; others are not looked at.
pub struct List;

impl Source for List {
    fn name(&self) -> &'static str {
        "list"
    }

    fn recognises(&self, given: &Given, _: &ScanOptions) -> bool {
        given.file.is_some() || inside(given).is_some()
    }

    fn has_columns(&self) -> bool {
        true
    }

    fn read(&self, given: &Given, options: &ScanOptions) -> Result<Found, DataError> {
        let (name, mut found) = match (&given.file, inside(given)) {
            (Some(file), _) => (
                PathBuf::from(file.file_name().unwrap_or_default()),
                Found::default(),
            ),
            (None, Some(name)) => {
                let remark = Remark::ListFound { name: shown(name) };
                (
                    name.clone(),
                    Found {
                        remarks: vec![remark],
                        ..Found::default()
                    },
                )
            }
            (None, None) => unreachable!("only a list that is there is recognised"),
        };
        let table = given.table(&name)?;
        let wrong = |reason: String, advice: &str| DataError::List {
            path: given.root.join(&name),
            reason,
            advice: advice.into(),
        };
        let image = table.image_column(options.image_column.as_deref())?;
        let label = table.label_column(options.label_column.as_deref())?;
        let split = table.column("split");
        let group = match &options.group_by {
            Some(GroupBy::Column(name)) => {
                Some(table.column(name).ok_or_else(|| DataError::GroupBy {
                    given: name.clone(),
                    reason: format!("the columns of the list are {}", table.header.join(", ")),
                })?)
            }
            _ => table.column("group"),
        };
        check(&table, image, label, wrong)?;
        let filled = |row: &[String], column: Option<usize>| {
            column.map(|c| row[c].clone()).filter(|v| !v.is_empty())
        };
        let mut search = Search::new(given);
        let mut seen: BTreeMap<PathBuf, (usize, Option<String>, Split)> = BTreeMap::new();
        let mut conflicts = BTreeSet::new();
        for (idx, row) in table.rows.iter().enumerate() {
            let line = idx + 2;
            let Some(path) = search.find(&row[image]) else {
                found.issues.push(not_found(&row[image], line, &name));
                continue;
            };
            let class = filled(row, Some(label));
            let split = match filled(row, split) {
                None => Split::Train,
                Some(name) => Split::named(&name).ok_or_else(|| {
                    let reason = format!("line {line} has the split \"{name}\"");
                    wrong(
                        reason,
                        "write train, validation or test, or rename the column `split`",
                    )
                })?,
            };
            if let Some((first, known, known_split)) = seen.get(&path) {
                if *known != class {
                    conflicts.insert(path);
                } else if *known_split != split {
                    found.issues.push(Issue::noted(
                        &path,
                        "split_conflict",
                        format!(
                            "lines {first} and {line} put it into two splits; the first counts"
                        ),
                        "keep the line with the right split",
                    ));
                } else {
                    found.issues.push(Issue::noted(
                        &path,
                        "listed_twice",
                        format!("lines {first} and {line} say the same; it counts once"),
                        "delete one of the lines",
                    ));
                }
                continue;
            }
            seen.insert(path.clone(), (line, class.clone(), split));
            found.drafts.push(Draft {
                path,
                class,
                group: filled(row, group),
                split,
                crop: None,
            });
        }
        // One contradiction is a slip of the pen; when most images have several labels, that is how the list is meant.
        if conflicts.len() * 2 > seen.len() {
            return Err(wrong(
                format!(
                    "{} of its {} images have several labels, each on a line of its own",
                    conflicts.len(),
                    seen.len()
                ),
                SEVERAL_LABELS,
            ));
        }
        found.drafts.retain(|d| !conflicts.contains(&d.path));
        for path in conflicts {
            found.issues.push(Issue::skipped(
                &path,
                "label_conflict",
                "the list gives it two labels",
                "keep the line with the right label",
            ));
        }
        found.remarks.extend(search.remark());
        Ok(found)
    }
}

const SEVERAL_LABELS: &str = "several labels an image are not supported yet: make a list with one label an image, such as one \
     list for each question (\"cat\" or \"no cat\"), and name the column with `--label-column`; if a comma, `|` or `;` \
     belongs to the names, write something else for it";

/// Refuses columns that hold something else than one path and one label a line.
fn check(
    table: &Table,
    image: usize,
    label: usize,
    wrong: impl Fn(String, &str) -> DataError,
) -> Result<(), DataError> {
    if let Some(cell) = several_labels(table.rows.iter().map(|row| row[label].as_str())) {
        return Err(wrong(
            format!(
                "its column {} holds several labels in one cell, such as \"{cell}\"",
                table.header[label]
            ),
            SEVERAL_LABELS,
        ));
    }
    let n_addresses = table
        .rows
        .iter()
        .filter(|row| is_address(&row[image]))
        .count();
    if n_addresses * 2 > table.rows.len() {
        return Err(wrong(
            format!(
                "its column {} holds addresses in the internet, not files",
                table.header[image]
            ),
            "download the pictures (`wget -i`), and write their paths into the list; nothing is downloaded for you",
        ));
    }
    Ok(())
}

fn is_address(cell: &str) -> bool {
    let cell = cell.to_lowercase();
    ADDRESSES.iter().any(|start| cell.starts_with(start))
}

fn not_found(cell: &str, line: usize, list: &Path) -> Issue {
    if cell.is_empty() {
        return Issue::skipped(
            list,
            "missing",
            format!("line {line} names no file"),
            "write the path of the image, or delete the line",
        );
    }
    if is_address(cell) {
        return Issue::skipped(
            Path::new(cell),
            "web_address",
            "an address in the internet, not a file",
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

/// The only list of images in a folder, where no folders name classes.
fn inside(given: &Given) -> Option<&PathBuf> {
    let inner = given.listing.tables().into_iter();
    let all: Vec<&PathBuf> = inner.chain(&given.lists_beside).collect();
    let [only] = all[..] else {
        return None;
    };
    if folders::name_classes(&given.listing.images) {
        return None;
    }
    let table = given.table(only).ok()?;
    (table.image_column(None).is_ok() && table.label_column(None).is_ok()).then_some(only)
}

/// Finds the file that a cell means: as it stands, else in a folder beside the list, else with an ending added.
struct Search<'a> {
    given: &'a Given,
    /// Folders beside the list; found out when first needed.
    folders: Option<Vec<PathBuf>>,
    /// The ending that was missing last time.
    ending: Option<&'static str>,
    n_in_vain: usize,
    n_completed: usize,
    /// A path that was completed, and what it became.
    example: Option<(String, PathBuf)>,
}

impl<'a> Search<'a> {
    fn new(given: &'a Given) -> Search<'a> {
        Search {
            given,
            folders: None,
            ending: None,
            n_in_vain: 0,
            n_completed: 0,
            example: None,
        }
    }

    fn find(&mut self, cell: &str) -> Option<PathBuf> {
        if cell.is_empty() || is_address(cell) {
            return None;
        }
        let as_given = Path::new(cell);
        let as_given: PathBuf = as_given
            .components()
            .filter(|c| !matches!(c, Component::CurDir))
            .collect();
        let slashed = PathBuf::from(cell.replace('\\', "/"));
        for path in [&as_given, &slashed] {
            if self.given.holds(path) {
                return Some(path.clone());
            }
        }
        if self.n_completed == 0 && self.n_in_vain >= MOST_IN_VAIN || slashed.is_absolute() {
            return None;
        }
        let found = self.completed(&slashed);
        match &found {
            Some(path) => {
                self.n_completed += 1;
                self.example
                    .get_or_insert_with(|| (cell.to_owned(), path.clone()));
            }
            None => self.n_in_vain += 1,
        }
        found
    }

    /// The only file that a folder in front and an ending behind lead to.
    fn completed(&mut self, path: &Path) -> Option<PathBuf> {
        let given = self.given;
        let folders = self.folders.get_or_insert_with(|| folders_of(given));
        let mut endings: Vec<&'static str> = vec![""];
        if !is_image_ending(&ending(path)) {
            endings.extend(self.ending);
            endings.extend(LEFT_AWAY);
        }
        for ending in endings {
            let mut name = path.as_os_str().to_owned();
            if !ending.is_empty() {
                name.push(".");
                name.push(ending);
            }
            let mut there = folders
                .iter()
                .map(|folder| folder.join(&name))
                .filter(|path| given.holds(path));
            match (there.next(), there.next()) {
                (None, _) => continue,
                (Some(only), None) => {
                    self.ending = Some(ending).filter(|e| !e.is_empty());
                    return Some(only);
                }
                // Which of them is meant, only the person knows.
                (Some(_), Some(_)) => return None,
            }
        }
        None
    }

    fn remark(self) -> Option<Remark> {
        let (given, found) = self.example?;
        Some(Remark::PathsCompleted {
            n_images: self.n_completed,
            given,
            found: shown(&found),
        })
    }
}

/// The root and the folders directly in it, sorted.
fn folders_of(given: &Given) -> Vec<PathBuf> {
    let mut folders = BTreeSet::new();
    match &given.listing.store {
        Store::Archives(members) => folders.extend(
            members
                .keys()
                .filter_map(|path| path.parent()?.iter().next())
                .map(PathBuf::from),
        ),
        Store::Folder(root) => {
            let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
            folders.extend(
                entries
                    .filter(|e| e.path().is_dir())
                    .map(|e| PathBuf::from(e.file_name())),
            );
        }
    }
    let mut all = vec![PathBuf::new()];
    all.extend(folders.into_iter().take(MOST_FOLDERS));
    all
}
