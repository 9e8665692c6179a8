//! WebDataset: tar shards in which files of one name are a sample: `000012.jpg` with `000012.cls` (or `.json`, `.txt`).
//!
//! Convention: <https://github.com/webdataset/webdataset>, "The WebDataset Format": a sample's key is the path up to the
//! first dot of the file name, the rest says what a file is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Draft, Found, Given, Source, folders};
use crate::archive::Kind;
use crate::listing::{Store, ending};
use crate::{DataError, Issue, Member, ScanOptions, Split, read_file, shown};

/// Endings of files that can hold a label, in order of preference.
const LABELS: &[&str] = &["cls", "json", "txt"];
/// Fields of a JSON file that can hold a label, in order of preference.
const FIELDS: &[&str] = &["label", "class", "cls"];
/// The list of class names, a line a class; the label is the number of the line, from 0.
const CLASS_NAMES: &str = "classes.txt";

/// Shards whose images have a file with their label beside them.
pub struct WebDataset;

impl Source for WebDataset {
    fn name(&self) -> &'static str {
        "WebDataset"
    }

    fn reads_beside(&self) -> bool {
        true
    }

    fn recognises(&self, given: &Given, _: &ScanOptions) -> bool {
        let Some(members) = members(given) else {
            return false;
        };
        let is_tar = |m: &Member| Kind::of(&m.archive) != Some(Kind::Zip);
        let beside = &given.listing.beside;
        if !members.values().all(is_tar) || beside.is_empty() {
            return false;
        }
        if beside.iter().any(|p| ending(p) == "cls") {
            return true;
        }
        let keys: BTreeSet<PathBuf> = given.listing.images.iter().map(|p| key(p)).collect();
        let tells = |p: &PathBuf| ending(p) != "csv" && keys.contains(&key(p));
        !folders::name_classes(&given.listing.images) && beside.iter().any(tells)
    }

    fn read(&self, given: &Given, _: &ScanOptions) -> Result<Found, DataError> {
        let members = members(given).expect("only archives are recognised");
        let names = class_names(given);
        let mut tellers: BTreeMap<PathBuf, Vec<&PathBuf>> = BTreeMap::new();
        for path in &given.listing.beside {
            tellers.entry(key(path)).or_default().push(path);
        }
        let mut samples: BTreeMap<PathBuf, Vec<&PathBuf>> = BTreeMap::new();
        for path in &given.listing.images {
            samples.entry(key(path)).or_default().push(path);
        }
        let mut found = Found::default();
        let mut texts = BTreeSet::new();
        let mut n_texts = 0;
        for (key, mut images) in samples {
            // `1.jpg` rather than `1.mask.png`: the plain one is the photo.
            images.sort_by_key(|p| (n_dots(p), p.to_path_buf()));
            let image = images[0];
            for other in &images[1..] {
                found.issues.push(Issue::skipped(
                    other,
                    "extra_image",
                    format!(
                        "its sample has another image, `{}`, which is used",
                        shown(image)
                    ),
                    "give it a sample of its own if it is a photo",
                ));
            }
            let teller = tellers.get(&key).and_then(|paths| {
                let is = |wanted: &str| paths.iter().find(|p| ending(p) == wanted);
                LABELS.iter().find_map(|ending| is(ending))
            });
            let label = match teller {
                None => Err("no file beside it tells its label".to_owned()),
                Some(path) => label_in(given, path, &names),
            };
            match label {
                Ok(label) => {
                    if teller.is_some_and(|p| ending(p) == "txt") {
                        n_texts += 1;
                        texts.insert(label.clone());
                    }
                    found.drafts.push(Draft {
                        path: image.clone(),
                        class: Some(label),
                        split: split_of(image, &members[image]),
                        ..Draft::default()
                    });
                }
                Err(reason) => found.issues.push(Issue::skipped(
                    image,
                    "no_label",
                    reason,
                    "add a `.cls` file of the same name with the label",
                )),
            }
        }
        // Labels repeat; sentences do not.
        if texts.len() * 2 > n_texts && n_texts > 2 {
            let example = texts.first().map_or("", String::as_str);
            return Err(DataError::Archive {
                path: given.root.clone(),
                reason: format!(
                    "its `.txt` files hold captions, not labels: {} different ones in {n_texts}, such as \"{example}\"",
                    texts.len()
                ),
                advice: "add a `.cls` file with the label to each sample".into(),
            });
        }
        // A single shard called `test` is no split: there is nothing that it was set apart from.
        if found.drafts.iter().all(|d| d.split != Split::Train) {
            found.drafts.iter_mut().for_each(|d| d.split = Split::Train);
        }
        Ok(found)
    }
}

fn members(given: &Given) -> Option<&BTreeMap<PathBuf, Member>> {
    match &given.listing.store {
        Store::Archives(members) => Some(members),
        Store::Folder(_) => None,
    }
}

/// The path up to the first dot of the file name.
fn key(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(name.split('.').next().unwrap_or_default())
}

fn n_dots(path: &Path) -> usize {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes()
        .iter()
        .filter(|b| **b == b'.')
        .count()
}

/// The split that the name of a shard tells (`train-0001.tar`), or the outermost folder.
fn split_of(image: &Path, member: &Member) -> Split {
    let shard = member.archive.file_stem().unwrap_or_default();
    let shard = shard.to_string_lossy();
    let top = image.parent().and_then(|folder| folder.iter().next());
    let by_shard = shard
        .split(|c: char| !c.is_alphanumeric())
        .find_map(Split::named);
    by_shard
        .or_else(|| Split::named(&top?.to_string_lossy()))
        .unwrap_or_default()
}

/// The label that a file holds, or why there is none.
fn label_in(given: &Given, path: &Path, names: &[String]) -> Result<String, String> {
    let called = shown(path);
    let bytes = given
        .read(path)
        .map_err(|issue| format!("`{called}`: {}", issue.detail))?;
    let label = if ending(path) == "json" {
        let value: Value =
            serde_json::from_slice(&bytes).map_err(|e| format!("`{called}` is no JSON: {e}"))?;
        let field = FIELDS.iter().find_map(|field| value.get(field));
        match field {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(truth)) => truth.to_string(),
            Some(Value::Array(_)) => {
                return Err(format!(
                    "`{called}` has several labels; one an image is supported"
                ));
            }
            _ => {
                return Err(format!("`{called}` has no field {}", FIELDS.join(", ")));
            }
        }
    } else {
        String::from_utf8(bytes).map_err(|_| format!("`{called}` is not UTF-8 text"))?
    };
    let label = label.trim();
    if label.is_empty() {
        return Err(format!("`{called}` holds no label"));
    }
    let name = label.parse::<usize>().ok().and_then(|idx| names.get(idx));
    Ok(name.map_or(label, String::as_str).to_owned())
}

/// The names of numbered classes: from a list in the archive, or in the folder that it lies in.
fn class_names(given: &Given) -> Vec<String> {
    let is_list = |p: &&PathBuf| p.file_name().is_some_and(|n| n == CLASS_NAMES);
    let inside = given.listing.beside.iter().find(is_list);
    let bytes = match inside {
        Some(path) => given.read(path).ok(),
        None => {
            let mut beside = given
                .root
                .ancestors()
                .take(2)
                .map(|folder| folder.join(CLASS_NAMES));
            beside.find_map(|path| read_file(&path, CLASS_NAMES).ok())
        }
    };
    let text = bytes.map(|b| String::from_utf8_lossy(&b).into_owned());
    text.iter()
        .flat_map(|t| t.lines())
        .map(|l| l.trim().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_ends_at_the_first_dot_of_the_name() {
        assert_eq!(key(Path::new("a.b/000.seg.png")), Path::new("a.b/000"));
        assert_eq!(key(Path::new("000.cls")), Path::new("000"));
    }
}
