//! Which image is meant by a name in a list or an annotation? People write paths, file names, and names without ending.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use crate::{Split, listing, shown};

/// A name that is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// As it was written: a path, a file name, or one without its ending.
    pub name: &'a str,
    /// The folder of the file that it stands in.
    pub near: &'a Path,
    /// The split that it belongs to, if that is known: its folder is preferred.
    pub split: Option<Split>,
}

/// Images by their names.
#[derive(Debug)]
pub(crate) struct Lookup<'a> {
    images: &'a [PathBuf],
    by_name: BTreeMap<&'a OsStr, Vec<usize>>,
    by_stem: BTreeMap<&'a OsStr, Vec<usize>>,
}

impl<'a> Lookup<'a> {
    /// `images` are sorted, as a listing has them.
    pub fn new(images: &'a [PathBuf]) -> Lookup<'a> {
        let (mut by_name, mut by_stem) = (BTreeMap::new(), BTreeMap::new());
        for (idx, path) in images.iter().enumerate() {
            if let (Some(name), Some(stem)) = (path.file_name(), path.file_stem()) {
                by_name.entry(name).or_insert_with(Vec::new).push(idx);
                by_stem.entry(stem).or_insert_with(Vec::new).push(idx);
            }
        }
        Lookup {
            images,
            by_name,
            by_stem,
        }
    }

    /// The image of a name: by its path from where it stands or from the root, else by its file name, else by its file
    /// name without ending. Of several the one whose folder fits best, if there is one such.
    ///
    /// Only images of the listing are found, so that no name leads out of the root.
    pub fn find(&self, wanted: Wanted) -> Option<&'a PathBuf> {
        let name = wanted.name.replace('\\', "/");
        let name = Path::new(name.trim());
        let is_plain = name
            .components()
            .all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
        if is_plain {
            let exact = [wanted.near.join(name), plain(name)];
            let found = exact.iter().find_map(|p| self.images.binary_search(p).ok());
            if let Some(idx) = found {
                return Some(&self.images[idx]);
            }
        }
        let by_name = name.file_name().and_then(|n| self.by_name.get(n));
        // "photo.v2" may be a name without ending as well as one with it.
        let by_whole = || name.file_name().and_then(|n| self.by_stem.get(n));
        let is_image = listing::is_image_ending(&listing::ending(name));
        let by_stem = || {
            name.file_stem()
                .filter(|_| is_image)
                .and_then(|n| self.by_stem.get(n))
        };
        let candidates = by_name.or_else(by_whole).or_else(by_stem)?;
        self.nearest(candidates, name, wanted)
    }

    fn nearest(&self, candidates: &[usize], name: &Path, wanted: Wanted) -> Option<&'a PathBuf> {
        let misfit = |idx: &usize| {
            let folder = self.images[*idx].parent().unwrap_or(Path::new(""));
            let in_split = wanted.split.is_none_or(|split| {
                folder
                    .iter()
                    .any(|part| split_of_folder(part) == Some(split))
            });
            let is_sister = folder.parent() == wanted.near.parent();
            // Folders in the name may be those of another machine; the last ones are the likeliest to be here, too.
            let spoken_of = name.parent().unwrap_or(Path::new(""));
            let parts = folder.iter().rev().zip(spoken_of.iter().rev());
            let n_alike = parts.take_while(|(here, there)| here == there).count();
            (
                Reverse(n_alike),
                folder != wanted.near,
                !in_split,
                !is_sister,
            )
        };
        let best = candidates.iter().map(misfit).min()?;
        let mut fitting = candidates.iter().filter(|idx| misfit(idx) == best);
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Some(&self.images[*only]),
            _ => None,
        }
    }
}

/// The path without `.` in it.
fn plain(path: &Path) -> PathBuf {
    path.components()
        .filter(|c| !matches!(c, Component::CurDir))
        .collect()
}

/// The split that a folder of pictures names: `val`, `val2017`.
pub(super) fn split_of_folder(name: &OsStr) -> Option<Split> {
    let name = name.to_string_lossy();
    Split::named(name.trim_end_matches(|c: char| c.is_ascii_digit()))
}

/// Gives each image the value of the row that names it: by path, else by file name, else by file name without ending.
///
/// A name that stands for several images that no path tells apart, or that has several values, says nothing.
pub(crate) fn assign(images: &[&Path], rows: &[(String, String)]) -> Vec<Option<String>> {
    let paths: Vec<String> = images.iter().map(|p| shown(p)).collect();
    let known: BTreeSet<&str> = paths.iter().map(String::as_str).collect();
    let (mut by_path, mut by_name, mut by_stem) = (Values::new(), Values::new(), Values::new());
    for (given, value) in rows {
        let given = given.trim().trim_start_matches("./");
        if known.contains(given) {
            add(&mut by_path, given, value);
        } else {
            let name = given.rsplit('/').next().unwrap_or(given);
            add(&mut by_name, name, value);
            // A name without ending may have a dot in it.
            add(&mut by_stem, name, value);
            if stem(name) != name {
                add(&mut by_stem, stem(name), value);
            }
        }
    }
    let mut shared: BTreeMap<&str, usize> = BTreeMap::new();
    for path in paths.iter().filter(|p| !by_path.contains_key(p.as_str())) {
        *shared.entry(name_of(path)).or_default() += 1;
    }
    let mut shared_stems: BTreeMap<&str, usize> = BTreeMap::new();
    for path in paths.iter().filter(|p| !by_path.contains_key(p.as_str())) {
        *shared_stems.entry(stem(name_of(path))).or_default() += 1;
    }
    let value = |path: &String| {
        if let Some(value) = by_path.get(path.as_str()) {
            return *value;
        }
        let name = name_of(path);
        if let Some(value) = by_name.get(name) {
            return value.filter(|_| shared[name] == 1);
        }
        let value = by_stem.get(stem(name)).copied().flatten();
        value.filter(|_| shared_stems[stem(name)] == 1)
    };
    paths
        .iter()
        .map(|p| value(p).filter(|v| !v.is_empty()).cloned())
        .collect()
}

/// The value of a name; `None` where it has several.
type Values<'a> = BTreeMap<&'a str, Option<&'a String>>;

fn add<'a>(values: &mut Values<'a>, name: &'a str, value: &'a String) {
    let entry = values.entry(name).or_insert(Some(value));
    if *entry != Some(value) {
        *entry = None;
    }
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    fn found(images: &[&str], name: &str, near: &str, split: Option<Split>) -> Option<String> {
        let images = paths(images);
        let near = Path::new(near);
        let wanted = Wanted { name, near, split };
        Lookup::new(&images).find(wanted).map(|p| shown(p))
    }

    #[test]
    fn a_name_is_found_near_where_it_stands() {
        let images = ["test/1.jpg", "train/1.jpg", "train/b.v2.png"];
        let near = |name, folder| found(&images, name, folder, None);
        assert_eq!(near("1.jpg", "train").as_deref(), Some("train/1.jpg"));
        assert_eq!(near("1.jpg", "annotations"), None);
        assert_eq!(
            near("b.v2", "annotations").as_deref(),
            Some("train/b.v2.png")
        );
        assert_eq!(
            near("C:\\x\\b.v2.jpg", "").as_deref(),
            Some("train/b.v2.png")
        );
        assert_eq!(near("../test/1.jpg", "x").as_deref(), Some("test/1.jpg"));
        assert_eq!(near("../../etc/passwd", "x"), None);
        let split = found(&images, "1.jpg", "annotations", Some(Split::Test));
        assert_eq!(split.as_deref(), Some("test/1.jpg"));
    }

    #[test]
    fn rows_name_images_by_path_by_name_and_by_stem() {
        let images = paths(&["cat/1.jpg", "cat/2.jpg", "dog/1.jpg", "dog/3.jpg"]);
        let images: Vec<&Path> = images.iter().map(PathBuf::as_path).collect();
        let rows: Vec<(String, String)> = [("cat/1.jpg", "a"), ("2.jpg", "b"), ("3", "c")]
            .map(|(p, v)| (p.to_owned(), v.to_owned()))
            .into();
        let got = assign(&images, &rows);
        let got: Vec<Option<&str>> = got.iter().map(Option::as_deref).collect();
        // Nothing is said of `dog/1.jpg`: the row of the other `1.jpg` names it in full.
        assert_eq!(got, [Some("a"), Some("b"), None, Some("c")]);
    }

    #[test]
    fn a_name_of_two_images_says_nothing() {
        let images = paths(&["cat/1.jpg", "dog/1.jpg"]);
        let images: Vec<&Path> = images.iter().map(PathBuf::as_path).collect();
        let rows = [("1.jpg".to_owned(), "a".to_owned())];
        assert_eq!(assign(&images, &rows), [None, None]);
    }
}
