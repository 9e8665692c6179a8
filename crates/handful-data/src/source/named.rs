//! Labels in the names of files, by a pattern that the person gives: `cat_001.jpg`.

use super::{Draft, Found, Given, Source};
use crate::{DataError, Issue, ScanOptions, Split};

/// Whatever lies in the folder, if there is a pattern; folders count for nothing but splits.
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
            let Some(class) = pattern.label(path) else {
                found.issues.push(Issue::skipped(
                    path,
                    "no_label",
                    format!(
                        "`--label-from {}` finds no label in its path",
                        pattern.as_given()
                    ),
                    "rename it, or widen the pattern",
                ));
                continue;
            };
            let top = path.parent().and_then(|folder| folder.iter().next());
            found.drafts.push(Draft {
                path: path.clone(),
                class: Some(class),
                split: top
                    .and_then(|name| Split::named(&name.to_string_lossy()))
                    .unwrap_or_default(),
                ..Draft::default()
            });
        }
        if found.drafts.is_empty() {
            return Err(wrong(format!(
                "it matches none of the {} photos, the first of which is `{}`",
                given.listing.images.len(),
                crate::shown(&given.listing.images[0])
            )));
        }
        Ok(found)
    }
}
