//! A CSV file that lists images: given as such, or the only one in a folder without class folders.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Draft, Found, Place, Source, Table, folders};
use crate::{DataError, GroupBy, Issue, Remark, ScanOptions, Split};

/// Columns: a path, a label, perhaps `split` and `group`; others are not looked at.
pub struct List;

impl Source for List {
    fn name(&self) -> &'static str {
        "list"
    }

    fn recognises(&self, place: &Place) -> bool {
        place.list.is_some() || inside(place).is_some()
    }

    fn has_columns(&self) -> bool {
        true
    }

    fn read(&self, place: &Place, options: &ScanOptions) -> Result<Found, DataError> {
        let (path, mut found) = match (&place.list, inside(place)) {
            (Some(path), _) => (path.clone(), Found::default()),
            (None, Some(name)) => {
                let remark = Remark::ListFound {
                    name: name.display().to_string(),
                };
                (
                    place.root.join(name),
                    Found {
                        remarks: vec![remark],
                        ..Found::default()
                    },
                )
            }
            (None, None) => unreachable!("only a list that is there is recognised"),
        };
        let table = Table::read(&path)?;
        let wrong = |reason: String, advice: &str| DataError::List {
            path: path.clone(),
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
        let filled = |row: &[String], column: Option<usize>| {
            column.map(|c| row[c].clone()).filter(|v| !v.is_empty())
        };
        let mut seen: BTreeMap<PathBuf, Option<String>> = BTreeMap::new();
        let mut conflicts = Vec::new();
        for (idx, row) in table.rows.iter().enumerate() {
            let given = PathBuf::from(&row[image]);
            let slashed = PathBuf::from(row[image].replace('\\', "/"));
            let there = |p: &PathBuf| place.root.join(p).is_file();
            let path = if there(&given) || !there(&slashed) {
                given
            } else {
                slashed
            };
            if !there(&path) {
                let advice = "put the file there, or mend its path in the list";
                found.issues.push(Issue::skipped(
                    &path,
                    "missing",
                    "the list names it, but it is not there",
                    advice,
                ));
                continue;
            }
            let class = filled(row, Some(label));
            if let Some(known) = seen.get(&path) {
                if *known != class {
                    conflicts.push(path);
                }
                continue;
            }
            seen.insert(path.clone(), class.clone());
            let split = match filled(row, split) {
                None => Split::Train,
                Some(name) => Split::named(&name).ok_or_else(|| {
                    let reason = format!("line {} has the split \"{name}\"", idx + 2);
                    wrong(
                        reason,
                        "write train, validation or test, or rename the column `split`",
                    )
                })?,
            };
            found.drafts.push(Draft {
                path,
                class,
                group: filled(row, group),
                split,
            });
        }
        conflicts.sort();
        conflicts.dedup();
        for path in conflicts {
            found.drafts.retain(|d| d.path != path);
            let advice = "keep the line with the right label";
            found.issues.push(Issue::skipped(
                &path,
                "label_conflict",
                "the list gives it two labels",
                advice,
            ));
        }
        Ok(found)
    }
}

/// The only list of images in a folder, where no folders name classes.
fn inside(place: &Place) -> Option<&PathBuf> {
    let [only] = &place.listing.tables[..] else {
        return None;
    };
    if folders::has_class_folders(&place.listing.images, 0) {
        return None;
    }
    let table = Table::read(&place.root.join(only)).ok()?;
    (table.image_column(None).is_ok() && table.label_column(None).is_ok()).then_some(only)
}
