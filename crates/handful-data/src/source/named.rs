//! Labels in the names of files, by a pattern that the person gives: `cat_001.jpg`.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Draft, Found, Given, Source};
use crate::{DataError, Issue, LabelFrom, Remark, ScanOptions, Split, shown};

/// Whatever lies in the folder, if there is a pattern; folders count for splits, and as groups where they lie inside the
/// folder whose name holds the label.
pub struct Named;

impl Source for Named {
    fn name(&self) -> &'static str {
        "labels in names"
    }

    fn recognises(&self, given: &Given, options: &ScanOptions) -> bool {
        options.label_from.is_some() && (given.file.is_some() || !given.listing.images.is_empty())
    }

    fn read(&self, given: &Given, options: &ScanOptions) -> Result<Found, DataError> {
        let Some(pattern) = &options.label_from else {
            unreachable!("only what has a pattern is recognised");
        };
        let wrong = |reason: String| DataError::LabelFrom {
            given: pattern.as_given().to_owned(),
            reason,
        };
        if let Some(file) = &given.file {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            return Err(wrong(format!("`{name}` gives the labels")));
        }
        let mut found = Found::default();
        for path in &given.listing.images {
            match pattern.label(path) {
                Some(label) => found.drafts.push(draft(path, label, options)),
                None => found.issues.push(without_label(path, pattern)),
            }
        }
        if found.drafts.is_empty() {
            return Err(wrong(format!(
                "it matches none of the {} photos, the first of which is `{}`",
                given.listing.images.len(),
                shown(&given.listing.images[0])
            )));
        }
        let groups: BTreeSet<&String> = found
            .drafts
            .iter()
            .filter_map(|d| d.group.as_ref())
            .collect();
        if !groups.is_empty() {
            let n_groups = groups.len();
            found.remarks.push(Remark::FolderGroups { n_groups });
        }
        Ok(found)
    }
}

/// An image with its label, which ends in the part of its path that `n_parts` counts to.
///
/// Folders below the one that holds the label are groups, as they are inside a class folder: `cat/animal3/1.jpg`.
fn draft(path: &Path, (class, n_parts): (String, usize), options: &ScanOptions) -> Draft {
    let folder = path.parent().unwrap_or(Path::new(""));
    let has_group = folder.iter().count() > n_parts && options.group_by.is_none();
    let split = folder
        .iter()
        .next()
        .and_then(|top| Split::named(&top.to_string_lossy()));
    Draft {
        path: path.to_owned(),
        class: Some(class),
        group: has_group.then(|| shown(folder)),
        split: split.unwrap_or_default(),
        crop: None,
    }
}

fn without_label(path: &Path, pattern: &LabelFrom) -> Issue {
    Issue::skipped(
        path,
        "no_label",
        format!(
            "`--label-from {}` finds no label in its path",
            pattern.as_given()
        ),
        "rename it, or widen the pattern",
    )
}
