//! Do the demo's photos agree with the table that embeds them and with the list of their sources?

use std::collections::BTreeSet;

use crate::demo_photos;

use super::{Complaint, Repository, Verdict, compare_or_write};

/// Compares `photos.rs` with the folder (or writes it), then the folder with `sources.csv`.
pub fn check(repository: &Repository) -> Verdict {
    let folder = repository.root.join(demo_photos::FOLDER);
    let photos = demo_photos::photos(&folder)?;
    let path = format!("{}/photos.rs", demo_photos::FOLDER);
    let remark = compare_or_write(repository, &path, &demo_photos::table(&photos))?;

    let sources = folder.join("sources.csv");
    let advice = "draw again with `cargo xtask demo-photos`, or mend the list";
    let unreadable =
        |error: csv::Error| Complaint::new(format!("`{}`: {error}", sources.display()), advice);
    let mut listed = BTreeSet::new();
    for row in csv::Reader::from_path(&sources)
        .map_err(unreadable)?
        .records()
    {
        listed.extend(row.map_err(unreadable)?.get(0).map(str::to_owned));
    }
    if let Some(photo) = listed.symmetric_difference(&photos).next() {
        let found = if photos.contains(photo) {
            "has no source in"
        } else {
            "is only in"
        };
        return Err(Complaint::new(
            format!("`{photo}` {found} `sources.csv`"),
            advice,
        ));
    }
    Ok(format!(
        "{} photos, each with its source; {remark}",
        photos.len()
    ))
}
