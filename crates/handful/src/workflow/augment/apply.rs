//! Copies of photos for other trainers, changed by a policy.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use handful_expand::Policy;
use handful_image::encode_jpeg;
use handful_stats::Seed;

use crate::events::Events;
use crate::exit::{self, Failure};
use crate::extract::Extractor;
use crate::photos::Photos;
use crate::workflow::run_folder::write_whole;

/// Quality of the copies: high, because other trainers change them again.
const QUALITY: u8 = 95;
/// Which copies belong to which photo.
pub const LIST: &str = "list.csv";

/// Writes `copies` views of each photo to `out/CLASS/`, at its own size, and a list that says which photo each shows: copies of a photo
/// must stay on one side of every split. Returns how many were written.
///
/// # Errors
/// When the folder exists already, when it lies among the photos, when the disk refuses, or when interrupted.
pub fn apply(
    photos: &Photos,
    rows: &[usize],
    policy: &Policy,
    (out, copies): (&Path, usize),
    extractor: Extractor,
    seed: Seed,
    events: &Events,
) -> Result<usize, Failure> {
    fs::create_dir_all(out).map_err(|e| Failure::io("making", out, &e))?;
    let mut taken: BTreeMap<PathBuf, usize> = BTreeMap::new();
    let names: Vec<PathBuf> = rows
        .iter()
        .map(|&row| {
            let photo = &photos.list[row];
            let class = photo
                .label
                .map_or("", |label| photos.classes[label].as_str());
            let folder = out.join(safe(class));
            let path = Path::new(&photo.shown);
            let stem = path
                .file_stem()
                .map_or("photo".into(), |s| s.to_string_lossy());
            let name = folder.join(safe(&stem));
            // Two photos of one name in one class, from other folders.
            let n = taken.entry(name.clone()).or_default();
            *n += 1;
            match *n {
                1 => name,
                n => folder.join(format!("{}-{n}", safe(&stem))),
            }
        })
        .collect();
    for folder in names.iter().filter_map(|name| name.parent()) {
        fs::create_dir_all(folder).map_err(|e| Failure::io("making", folder, &e))?;
    }
    let place: BTreeMap<usize, usize> = rows.iter().copied().zip(0..).collect();
    let written =
        extractor.each_opened("writing copies", &photos.list, rows, None, |row, pixels| {
            let idx = place[&row];
            (0..copies).try_for_each(|copy| {
                let size = [pixels.width, pixels.height];
                let view = policy.view(seed, copy as u64, idx as u64, size);
                write_whole(
                    &copy_of(&names[idx], copy),
                    &encode_jpeg(&view.of(pixels), QUALITY),
                )
            })
        })?;
    written.into_iter().collect::<Result<Vec<()>, Failure>>()?;
    events.check_interrupted()?;
    let mut list = csv::Writer::from_writer(Vec::new());
    let failed = |e: csv::Error| Failure::new(exit::IO, e.to_string());
    list.write_record(["path", "label", "group"])
        .map_err(failed)?;
    for (&row, name) in rows.iter().zip(&names) {
        let photo = &photos.list[row];
        let class = photo
            .label
            .map_or("", |label| photos.classes[label].as_str());
        for copy in 0..copies {
            let path = copy_of(name, copy);
            let path = path
                .strip_prefix(out)
                .unwrap_or(&path)
                .display()
                .to_string();
            list.write_record([
                path.as_str(),
                class,
                photo.group.as_deref().unwrap_or(&photo.shown),
            ])
            .map_err(failed)?;
        }
    }
    let bytes = list.into_inner().expect("a vector takes all bytes");
    write_whole(&out.join(LIST), &bytes)?;
    Ok(rows.len() * copies)
}

fn copy_of(name: &Path, copy: usize) -> PathBuf {
    let mut path = name.as_os_str().to_owned();
    path.push(format!(".view-{}.jpg", copy + 1));
    path.into()
}

/// A name that is one part of a path on every system.
fn safe(name: &str) -> String {
    let kept = |c: char| match c {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '\0' => '_',
        c if c.is_control() => '_',
        c => c,
    };
    let name: String = name.chars().map(kept).collect();
    match name.trim_matches('.').trim() {
        "" => "_".into(),
        name => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        assert_eq!(safe("../../etc"), "_.._etc");
        assert_eq!(safe(".."), "_");
        assert_eq!(safe("a/b:c"), "a_b_c");
    }
}
