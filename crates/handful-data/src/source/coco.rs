//! COCO: one JSON file with the lists `images`, `annotations` and `categories`; Roboflow writes one for each split.
//!
//! Format: <https://cocodataset.org/#format-data>, "object detection"; a box is left, top, width, height in pixels.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::boxes::{Boxes, Drawn};
use super::lookup::split_of_folder;
use super::{Found, Given, Lookup, Source, Wanted};
use crate::listing::ending;
use crate::{DataError, Issue, ScanOptions, Split, shown};

/// JSON files that are looked into for boxes.
const MOST_TO_TRY: usize = 16;
/// Words of COCO that other JSON files don't have, with their quotes.
const BOX_WORDS: &[&str] = &["\"image_id\"", "\"bbox\"", "\"file_name\""];

/// The lists of a file; everything else in it is passed over.
#[derive(Clone, Debug, Deserialize)]
pub struct Annotations {
    images: Vec<Picture>,
    annotations: Vec<Object>,
    categories: Vec<Category>,
}

#[derive(Clone, Debug, Deserialize)]
struct Picture {
    id: Id,
    file_name: String,
    width: Option<f64>,
    height: Option<f64>,
}

#[derive(Clone, Debug, Deserialize)]
struct Object {
    id: Option<Id>,
    image_id: Id,
    category_id: Option<Id>,
    bbox: Option<Vec<f64>>,
    iscrowd: Option<Flag>,
}

#[derive(Clone, Debug, Deserialize)]
struct Category {
    id: Id,
    name: String,
}

/// Numbers by the format, texts by some tools.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(untagged)]
enum Id {
    Number(i64),
    Text(String),
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Id::Number(n) => write!(f, "{n}"),
            Id::Text(text) => f.write_str(text),
        }
    }
}

/// 0 or 1 by the format, false or true by some tools.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum Flag {
    Truth(bool),
    Number(f64),
}

impl Flag {
    fn is_set(self) -> bool {
        match self {
            Flag::Truth(truth) => truth,
            Flag::Number(n) => n != 0.0,
        }
    }
}

/// Reads a file of annotations.
///
/// # Errors
/// What is wrong, with its line.
pub fn parse(bytes: &[u8]) -> Result<Annotations, String> {
    serde_json::from_slice(bytes).map_err(|e| e.to_string())
}

/// Whether a JSON file has the three lists; cheaper than reading them.
fn has_lists(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Lists {
        #[serde(rename = "images")]
        _images: Vec<IgnoredAny>,
        #[serde(rename = "annotations")]
        _annotations: Vec<IgnoredAny>,
        #[serde(rename = "categories")]
        _categories: Vec<IgnoredAny>,
    }
    serde_json::from_slice::<Lists>(bytes).is_ok()
}

/// Pictures with COCO annotations; each box is an image, and boxes of one picture are a group.
pub struct Coco;

impl Source for Coco {
    fn name(&self) -> &'static str {
        "COCO boxes"
    }

    fn reads_beside(&self) -> bool {
        true
    }

    fn recognises(&self, given: &Given, _: &ScanOptions) -> bool {
        match &given.file {
            Some(file) => ending(file) == "json",
            None => files(given)
                .first()
                .is_some_and(|f| given.read(f).is_ok_and(|bytes| has_lists(&bytes))),
        }
    }

    fn read(&self, given: &Given, _: &ScanOptions) -> Result<Found, DataError> {
        let images = &given.listing.images;
        let pictures = Lookup::new(images);
        let mut boxes = Boxes::default();
        for path in files(given) {
            let whole = given.root.join(&path);
            let wrong = |reason: String| DataError::Boxes {
                path: whole.clone(),
                reason,
                advice:
                    "export it again as COCO object detection, or give the folder of class folders"
                        .into(),
            };
            let bytes = given.read(&path).map_err(|issue| DataError::Unreadable {
                path: whole.clone(),
                reason: issue.detail,
            })?;
            let annotations = parse(&bytes).map_err(wrong)?;
            add(&mut boxes, &path, &annotations, &pictures);
        }
        Ok(boxes.into_found(images))
    }
}

/// The annotation files, from the root: the one that was given; else those called as COCO or Roboflow call them; else
/// the only JSON file, or of a few the only one that holds boxes.
fn files(given: &Given) -> Vec<PathBuf> {
    if let Some(file) = &given.file {
        return vec![file.strip_prefix(&given.root).unwrap_or(file).to_owned()];
    }
    let all = json_files(given);
    let called = |test: &dyn Fn(&str) -> bool| -> Vec<PathBuf> {
        let is_called = |p: &&&PathBuf| p.file_stem().and_then(|s| s.to_str()).is_some_and(test);
        all.iter().filter(is_called).map(|p| (*p).clone()).collect()
    };
    // `person_keypoints_*.json` and `captions_*.json` beside them tell of the same pictures once more.
    for named in [
        called(&|stem| stem.starts_with("instances_")),
        called(&|stem| stem.ends_with("_annotations.coco") || stem.ends_with("_coco")),
    ] {
        if !named.is_empty() {
            return named;
        }
    }
    if let [only] = all[..] {
        return vec![only.clone()];
    }
    if all.len() > MOST_TO_TRY {
        return Vec::new();
    }
    let holds_boxes = |path: &&&PathBuf| given.read(path).is_ok_and(|bytes| has_lists(&bytes));
    match all.iter().filter(holds_boxes).collect::<Vec<_>>()[..] {
        [only] => vec![(*only).clone()],
        _ => Vec::new(),
    }
}

fn json_files(given: &Given) -> Vec<&PathBuf> {
    let beside = given.listing.beside.iter();
    beside.filter(|p| ending(p) == "json").collect()
}

/// The JSON files that hold boxes, or would hold some if they were whole, each with what is wrong with it; for layouts
/// that use none. Where there are many, they are something else.
pub(super) fn could_be_boxes(given: &Given) -> Vec<(PathBuf, Option<String>)> {
    let all = json_files(given);
    if all.len() > MOST_TO_TRY {
        return Vec::new();
    }
    let judged = |path: &PathBuf| Some((path.clone(), fault(&given.read(path).ok()?)?));
    all.into_iter().filter_map(judged).collect()
}

/// What is wrong with the bytes of a file of boxes: `Some(None)` if nothing is, `None` if they are something else.
fn fault(bytes: &[u8]) -> Option<Option<String>> {
    if has_lists(bytes) {
        return Some(None);
    }
    let holds = |word: &&&str| bytes.windows(word.len()).any(|w| w == word.as_bytes());
    BOX_WORDS.iter().find(holds)?;
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Some(Some(
            "it lists results, without the lists of images and categories".into(),
        ));
    }
    parse(bytes).err().map(Some)
}

/// The split that a file of annotations is for, by a word of its name or its folder: `instances_val2017.json`.
fn split_of(path: &Path) -> Option<Split> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let word = |w: &str| split_of_folder(w.as_ref());
    let by_name = stem.split(['_', '-', '.']).find_map(word);
    by_name.or_else(|| path.parent()?.iter().find_map(split_of_folder))
}

/// Takes the boxes of a file, which lies at `path`.
pub(super) fn add(boxes: &mut Boxes, path: &Path, all: &Annotations, pictures: &Lookup) {
    let split = split_of(path);
    let near = path.parent().unwrap_or(Path::new(""));
    let classes: BTreeMap<&Id, &str> = all
        .categories
        .iter()
        .map(|c| (&c.id, c.name.as_str()))
        .collect();
    let mut found: BTreeMap<&Id, (&Picture, &PathBuf)> = BTreeMap::new();
    let mut missing: BTreeMap<&Id, &Picture> = BTreeMap::new();
    for picture in &all.images {
        let wanted = Wanted {
            name: &picture.file_name,
            near,
            split,
        };
        match pictures.find(wanted) {
            Some(image) => drop(found.insert(&picture.id, (picture, image))),
            None => drop(missing.insert(&picture.id, picture)),
        }
    }
    for picture in missing.values() {
        boxes.issue(Issue::skipped(
            Path::new(&picture.file_name),
            "missing",
            format!(
                "`{}` names it, but it is not there, or several files are called like that",
                shown(path)
            ),
            "put the picture into the folder, or beside the annotations",
        ));
    }
    for (idx, object) in all.annotations.iter().enumerate() {
        let id = object.id.as_ref().map_or(idx.to_string(), Id::to_string);
        let called = format!("box {id} of `{}`", shown(path));
        let Some((picture, image)) = found.get(&object.image_id) else {
            if !missing.contains_key(&object.image_id) {
                boxes.issue(Issue::skipped(
                    path,
                    "missing",
                    format!(
                        "{called} is in a picture that the file doesn't list (image_id {})",
                        object.image_id
                    ),
                    "export it again",
                ));
            }
            continue;
        };
        if object.iscrowd.is_some_and(Flag::is_set) {
            boxes.issue(Issue::skipped(
                image,
                "crowd_box",
                format!("{called} is around a crowd (iscrowd), not one thing; it is not used"),
                "draw a box around each, if they are to count",
            ));
            continue;
        }
        let corners = match object.bbox.as_deref().unwrap_or_default() {
            &[left, top, width, height] => Some([left, top, left + width, top + height]),
            _ => None,
        };
        let side = |px: Option<f64>| px.filter(|px| *px >= 1.0).map(|px| px as usize);
        boxes.add(&Drawn {
            picture: image,
            split: split
                .or_else(|| image.iter().find_map(split_of_folder))
                .unwrap_or_default(),
            class: object
                .category_id
                .as_ref()
                .and_then(|c| classes.get(c).copied()),
            corners,
            size: side(picture.width).zip(side(picture.height)),
            called,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_may_be_numbers_or_texts_and_flags_too() {
        let read = parse(
            br#"{"images":[{"id":"a","file_name":"a.jpg"}],"annotations":[{"image_id":"a","category_id":1,"bbox":[1,2,3,4],
            "iscrowd":true,"segmentation":[[1,2]]}],"categories":[{"id":1,"name":"cat"}],"info":{}}"#,
        )
        .unwrap();
        assert_eq!(
            read.annotations[0].bbox.as_deref().unwrap(),
            [1.0, 2.0, 3.0, 4.0]
        );
        assert!(read.annotations[0].iscrowd.unwrap().is_set());
        assert!(
            parse(b"{\"images\":[]}")
                .unwrap_err()
                .contains("annotations")
        );
        assert!(!has_lists(b"{\"version\":1}"));
    }

    #[test]
    fn files_that_were_to_hold_boxes_say_what_is_wrong() {
        assert_eq!(fault(b"{\"version\":1}"), None);
        let results = fault(b" [{\"image_id\":0,\"bbox\":[0,0,1,1]}]");
        assert!(results.unwrap().unwrap().contains("lists results"));
        let cut = fault(b"{\"images\":[{\"id\":1,\"file_name\":\"1.j");
        assert!(cut.unwrap().unwrap().contains("EOF"));
    }

    #[test]
    fn a_file_tells_its_split_by_its_name_or_folder() {
        let split = |path: &str| split_of(Path::new(path));
        assert_eq!(
            split("annotations/instances_val2017.json"),
            Some(Split::Validation)
        );
        assert_eq!(split("test/_annotations.coco.json"), Some(Split::Test));
        assert_eq!(split("result.json"), None);
    }
}
