//! Which file does a cell of a list mean? The one that it names; else one in a folder beside the list, with an ending
//! added, with other capitals, or without the folders of another machine in front.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use super::Given;
use crate::listing::{Store, ending, is_image_ending};
use crate::{Remark, shown};

/// How addresses on the internet start.
const ADDRESSES: &[&str] = &["http://", "https://", "ftp://", "s3://", "gs://"];
/// Endings that lists leave away.
const LEFT_AWAY: &[&str] = &[
    "jpg", "jpeg", "png", "JPG", "JPEG", "PNG", "webp", "tif", "bmp",
];
/// Folders beside a list that are looked into for its images.
const MOST_FOLDERS: usize = 64;
/// Images that are looked for in those folders without finding any, before the search is given up.
const MOST_IN_VAIN: usize = 100;

/// Whether a cell is an address on the internet.
pub(super) fn is_address(cell: &str) -> bool {
    let cell = cell.to_lowercase();
    ADDRESSES.iter().any(|start| cell.starts_with(start))
}

/// Finds the files of a list.
pub(super) struct Search<'a> {
    files: Files<'a>,
    /// Folders beside the list; found out when first needed.
    folders: Option<Vec<PathBuf>>,
    /// The ending that was missing last time.
    ending: Option<&'static str>,
    /// The folder of another machine that paths start with.
    elsewhere: Option<PathBuf>,
    n_in_vain: usize,
    n_completed: usize,
    /// A path that was completed, and what it became.
    example: Option<(String, PathBuf)>,
}

impl<'a> Search<'a> {
    /// `cells` are those of the list: the folder of another machine can only be told from many.
    pub fn new<'c>(given: &'a Given, cells: impl Iterator<Item = &'c str>) -> Search<'a> {
        let mut search = Search {
            files: Files {
                given,
                in_lower_case: BTreeMap::new(),
            },
            folders: None,
            ending: None,
            elsewhere: None,
            n_in_vain: 0,
            n_completed: 0,
            example: None,
        };
        search.elsewhere = search.folder_elsewhere(cells);
        search
    }

    /// The file that a cell means, from the root.
    pub fn find(&mut self, cell: &str) -> Option<PathBuf> {
        if cell.is_empty() || is_address(cell) {
            return None;
        }
        let as_given: PathBuf = Path::new(cell)
            .components()
            .filter(|c| !matches!(c, Component::CurDir))
            .collect();
        let slashed = slashed(cell);
        for path in [&as_given, &slashed] {
            if self.files.given.holds(path) {
                return Some(path.clone());
            }
        }
        if self.n_completed == 0 && self.n_in_vain >= MOST_IN_VAIN {
            return None;
        }
        let found = self.otherwise(&slashed);
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

    /// The file of a path that isn't there as it stands.
    fn otherwise(&mut self, path: &Path) -> Option<PathBuf> {
        if !is_absolute(path) {
            return self.completed(path);
        }
        let tail = path.strip_prefix(self.elsewhere.as_ref()?).ok()?.to_owned();
        self.completed(&tail)
    }

    /// The only file that other capitals, or a folder in front and an ending behind, lead to.
    fn completed(&mut self, path: &Path) -> Option<PathBuf> {
        if self.files.given.holds(path) {
            return Some(path.to_owned());
        }
        let in_any_case = self.files.in_any_case(path);
        in_any_case
            .or_else(|| self.put_together(path, |files, path| files.as_it_stands(path)))
            .or_else(|| self.put_together(path, |files, path| files.in_any_case(path)))
    }

    fn put_together(
        &mut self,
        path: &Path,
        find: impl Fn(&mut Files, &Path) -> Option<PathBuf>,
    ) -> Option<PathBuf> {
        let given = self.files.given;
        let folders = self.folders.get_or_insert_with(|| folders_of(given));
        let mut endings: Vec<&'static str> = vec![""];
        if !is_image_ending(&ending(path)) {
            endings.extend(self.ending);
            endings.extend(LEFT_AWAY);
        }
        for ending in endings {
            let name = with_ending(path, ending);
            let files = &mut self.files;
            let mut there = folders
                .iter()
                .filter_map(|folder| find(files, &folder.join(&name)));
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

    /// The folder of another machine that most absolute paths start with; the longest tail counts where several fit.
    ///
    /// One folder for the whole list: a path's own tail may be that of another file, `1.jpg` in another folder.
    fn folder_elsewhere<'c>(&mut self, cells: impl Iterator<Item = &'c str>) -> Option<PathBuf> {
        let paths = cells.filter(|c| !is_address(c)).map(slashed);
        let absolute = paths.filter(|p| is_absolute(p)).take(MOST_IN_VAIN);
        let mut votes: BTreeMap<PathBuf, usize> = BTreeMap::new();
        for path in absolute
            .filter(|p| !self.files.given.holds(p))
            .collect::<Vec<_>>()
        {
            let folders: Vec<&Path> = path.ancestors().skip(1).collect();
            let leads_here = |folder: &&&Path| {
                let tail = path.strip_prefix(folder).expect("it is an ancestor");
                !folder.as_os_str().is_empty() && self.completed(tail).is_some()
            };
            if let Some(folder) = folders.iter().rev().find(leads_here) {
                *votes.entry(folder.to_path_buf()).or_default() += 1;
            }
        }
        let rank = |(folder, n): &(PathBuf, usize)| (*n, Reverse(folder.components().count()));
        votes.into_iter().max_by_key(rank).map(|(folder, _)| folder)
    }

    /// What was completed, if anything was.
    pub fn remark(self) -> Option<Remark> {
        let (given, found) = self.example?;
        Some(Remark::PathsCompleted {
            n_images: self.n_completed,
            given,
            found: shown(&found),
        })
    }
}

fn slashed(cell: &str) -> PathBuf {
    PathBuf::from(cell.replace('\\', "/"))
}

/// Whether a path starts at a root or a drive, on whatever system it was written.
fn is_absolute(path: &Path) -> bool {
    let drive =
        |bytes: &[u8]| matches!(bytes, [letter, b':', b'/', ..] if letter.is_ascii_alphabetic());
    path.is_absolute() || drive(path.as_os_str().as_encoded_bytes())
}

fn with_ending(path: &Path, ending: &str) -> OsString {
    let mut name = path.as_os_str().to_owned();
    if !ending.is_empty() {
        name.push(".");
        name.push(ending);
    }
    name
}

/// What is there, with the names of looked-up folders kept.
struct Files<'a> {
    given: &'a Given,
    /// Names by their lower case, for each folder that was looked into.
    in_lower_case: BTreeMap<PathBuf, BTreeMap<String, Vec<OsString>>>,
}

impl Files<'_> {
    fn as_it_stands(&mut self, path: &Path) -> Option<PathBuf> {
        self.given.holds(path).then(|| path.to_owned())
    }

    /// The only file whose path differs by nothing but capitals.
    fn in_any_case(&mut self, path: &Path) -> Option<PathBuf> {
        let mut found = PathBuf::new();
        for part in path.components() {
            let Component::Normal(part) = part else {
                return None;
            };
            let name = self.name_of(&found, part)?;
            found.push(name);
        }
        self.given.holds(&found).then_some(found)
    }

    /// How a part of a path is really called.
    fn name_of(&mut self, folder: &Path, part: &OsStr) -> Option<OsString> {
        let given = self.given;
        let names = self
            .in_lower_case
            .entry(folder.to_owned())
            .or_insert_with(|| by_lower_case(names_in(given, folder)));
        let called = names.get(&part.to_string_lossy().to_lowercase())?;
        match &called[..] {
            [only] => Some(only.clone()),
            several => several.iter().find(|name| *name == part).cloned(),
        }
    }
}

fn by_lower_case(names: BTreeSet<OsString>) -> BTreeMap<String, Vec<OsString>> {
    let mut by_lower_case: BTreeMap<String, Vec<OsString>> = BTreeMap::new();
    for name in names {
        let lower = name.to_string_lossy().to_lowercase();
        by_lower_case.entry(lower).or_default().push(name);
    }
    by_lower_case
}

/// Names of the files and folders in a folder, which is given from the root.
fn names_in(given: &Given, folder: &Path) -> BTreeSet<OsString> {
    match &given.listing.store {
        Store::Archives(members) => members
            .keys()
            .filter_map(|path| path.strip_prefix(folder).ok()?.iter().next())
            .map(OsStr::to_owned)
            .collect(),
        Store::Folder(root) => {
            // An empty path is where the program runs.
            let path = Path::new(".").join(root).join(folder);
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            entries.map(|e| e.file_name()).collect()
        }
    }
}

/// The root and the folders directly in it, sorted.
fn folders_of(given: &Given) -> Vec<PathBuf> {
    let is_folder = |name: &OsString| match &given.listing.store {
        Store::Archives(members) => !members.contains_key(Path::new(name)),
        Store::Folder(root) => root.join(name).is_dir(),
    };
    let folders = names_in(given, Path::new("")).into_iter().filter(is_folder);
    let mut all = vec![PathBuf::new()];
    all.extend(folders.map(PathBuf::from).take(MOST_FOLDERS));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listing::Listing;

    fn found(files: &[&str], cells: &[&str]) -> Vec<Option<String>> {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"x").unwrap();
        }
        let given = Given {
            root: dir.path().to_owned(),
            file: None,
            listing: Listing {
                store: Store::Folder(dir.path().to_owned()),
                ..Listing::default()
            },
            lists_beside: Vec::new(),
        };
        let mut search = Search::new(&given, cells.iter().copied());
        cells
            .iter()
            .map(|cell| search.find(cell).map(|p| shown(&p)))
            .collect()
    }

    fn some(paths: &[&str]) -> Vec<Option<String>> {
        paths.iter().map(|p| Some((*p).to_owned())).collect()
    }

    #[test]
    fn capitals_may_differ_where_only_one_file_is_meant() {
        let files = ["images/1.jpg", "images/2.jpg", "images/2.JPG"];
        assert_eq!(
            found(&files, &["Images/1.JPG", "1.JPG", "images/2.JPG"]),
            some(&["images/1.jpg", "images/1.jpg", "images/2.JPG"])
        );
        assert_eq!(found(&files, &["images/2.Jpg"]), [None]);
    }

    #[test]
    fn the_folder_of_another_machine_is_one_for_the_whole_list() {
        let files = ["cat/1.jpg", "cat/2.jpg", "dog/3.jpg"];
        // `dog/1.jpg` is not there; the other `1.jpg` is not meant.
        let cells = [
            "C:\\me\\set\\cat\\1.jpg",
            "C:\\me\\set\\dog\\3.jpg",
            "C:\\me\\set\\dog\\1.jpg",
            "/etc/2.jpg",
        ];
        let mut expected = some(&["cat/1.jpg", "dog/3.jpg"]);
        expected.extend([None, None]);
        assert_eq!(found(&files, &cells), expected);
        // Without the folder that the files lie in here.
        assert_eq!(found(&["a/1.jpg"], &["/old/x/1.JPG"]), some(&["a/1.jpg"]));
    }
}
