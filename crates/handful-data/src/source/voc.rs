//! Pascal VOC: pictures, and beside each or in a folder of their own XML files with named boxes.
//!
//! Layout and elements: M. Everingham, J. Winn, The PASCAL VOC2012 Development Kit, sections 2.2, 3.1 and 6. Corners are
//! taken as `left, top` to `right, bottom` with the latter excluded, as annotation tools write and Pillow cuts them; the
//! challenge's own files count from 1 and include the last pixel, so that their crops are moved by one pixel.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use roxmltree::{Document, Node, ParsingOptions};

use super::boxes::{Boxes, Drawn};
use super::lookup::{self, split_of_folder};
use super::{Found, Given, Lookup, Source, Wanted};
use crate::listing::ending;
use crate::{DataError, Issue, ScanOptions, Split};

/// XML files that are looked into before a folder counts as something else.
const MOST_TO_TRY: usize = 16;
/// Elements of a file: an annotation has some ten a box, and no file of a person has a hundred thousand boxes.
const MOST_NODES: u32 = 4_000_000;

/// A picture's boxes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Annotation {
    /// The picture, as the annotation calls it.
    pub picture: Option<String>,
    /// Columns and rows of the picture.
    pub size: Option<(usize, usize)>,
    /// The boxes.
    pub objects: Vec<Object>,
}

/// A box in a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Its class.
    pub name: Option<String>,
    /// Left, top, right, bottom in pixels.
    pub corners: Option<[f64; 4]>,
}

/// Reads an annotation; `None` when the bytes are other XML.
///
/// # Errors
/// What is wrong, when they are no XML. Documents that define entities are refused: no tool writes them, and they can
/// blow up.
pub fn parse(bytes: &[u8]) -> Result<Option<Annotation>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text.trim_start_matches('\u{FEFF}'), options)
        .map_err(|e| e.to_string())?;
    let root = document.root_element();
    if root.tag_name().name() != "annotation" {
        return Ok(None);
    }
    let side = |name| {
        let size = child(root, "size")?;
        text_of(size, name)?
            .parse::<usize>()
            .ok()
            .filter(|px| *px > 0)
    };
    let object = |node: Node| Object {
        name: text_of(node, "name").map(str::to_owned),
        corners: child(node, "bndbox").and_then(|b| {
            let number = |name| text_of(b, name)?.parse::<f64>().ok();
            Some([
                number("xmin")?,
                number("ymin")?,
                number("xmax")?,
                number("ymax")?,
            ])
        }),
    };
    Ok(Some(Annotation {
        picture: text_of(root, "filename").map(str::to_owned),
        size: side("width").zip(side("height")),
        objects: root
            .children()
            .filter(|n| n.has_tag_name("object"))
            .map(object)
            .collect(),
    }))
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|n| n.has_tag_name(name))
}

fn text_of<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let text = child(node, name)?.text()?.trim();
    (!text.is_empty()).then_some(text)
}

/// Pictures with XML annotations; each box is an image, and boxes of one picture are a group.
pub struct Voc;

impl Source for Voc {
    fn name(&self) -> &'static str {
        "VOC boxes"
    }

    fn reads_beside(&self) -> bool {
        true
    }

    fn recognises(&self, given: &Given, _: &ScanOptions) -> bool {
        if given.listing.images.is_empty() {
            return false;
        }
        let pictures = Lookup::new(&given.listing.images);
        annotations(given).take(MOST_TO_TRY).any(|path| {
            let annotation = given.read(path).ok().and_then(|b| parse(&b).ok().flatten());
            annotation.is_some_and(|a| picture_of(&pictures, path, &a).is_some())
        })
    }

    fn read(&self, given: &Given, _: &ScanOptions) -> Result<Found, DataError> {
        let images = &given.listing.images;
        let pictures = Lookup::new(images);
        let splits = splits(given)?;
        let mut boxes = Boxes::default();
        for path in annotations(given) {
            let annotation = match given.read(path).map(|bytes| parse(&bytes)) {
                Ok(Ok(Some(annotation))) => annotation,
                Ok(Ok(None)) => continue,
                Ok(Err(reason)) => {
                    boxes.issue(Issue::skipped(
                        path,
                        "bad_annotation",
                        format!("the annotation can't be read: {reason}"),
                        "export it again",
                    ));
                    continue;
                }
                Err(issue) => {
                    boxes.issue(issue);
                    continue;
                }
            };
            let Some(picture) = picture_of(&pictures, path, &annotation) else {
                let name = annotation.picture.as_deref().unwrap_or("without a name");
                boxes.issue(Issue::skipped(
                    path,
                    "missing",
                    format!("its picture ({name}) is not there, or several are called like that"),
                    "put the picture beside it, under the same name",
                ));
                continue;
            };
            let split = splits
                .get(picture)
                .copied()
                .or_else(|| picture.iter().find_map(split_of_folder))
                .unwrap_or_default();
            add(&mut boxes, path, &annotation, picture, split);
        }
        Ok(boxes.into_found(images))
    }
}

/// Takes the boxes of an annotation, which lies at `path`.
pub(super) fn add(
    boxes: &mut Boxes,
    path: &Path,
    annotation: &Annotation,
    picture: &Path,
    split: Split,
) {
    for (idx, object) in annotation.objects.iter().enumerate() {
        boxes.add(&Drawn {
            picture,
            split,
            class: object.name.as_deref(),
            corners: object.corners,
            size: annotation.size,
            called: format!("box {} of `{}`", idx + 1, crate::shown(path)),
        });
    }
}

fn annotations(given: &Given) -> impl Iterator<Item = &PathBuf> {
    given.listing.beside.iter().filter(|p| ending(p) == "xml")
}

/// The picture of an annotation: the one called like it, else the one that it names (tools often write a stale name).
fn picture_of<'a>(
    pictures: &Lookup<'a>,
    path: &Path,
    annotation: &Annotation,
) -> Option<&'a PathBuf> {
    let near = path.parent().unwrap_or(Path::new(""));
    let stem = path.file_stem()?.to_str();
    let find = |name: &str| {
        pictures.find(Wanted {
            name,
            near,
            split: near.iter().find_map(split_of_folder),
        })
    };
    stem.and_then(find)
        .or_else(|| annotation.picture.as_deref().and_then(find))
}

/// The splits that `ImageSets/Main/*.txt` or a list with the columns path and split give to pictures.
fn splits(given: &Given) -> Result<BTreeMap<PathBuf, Split>, DataError> {
    let images: Vec<&Path> = given.listing.images.iter().map(PathBuf::as_path).collect();
    let mut rows: Vec<(String, String)> = Vec::new();
    for path in &given.listing.beside {
        let is_set = path.parent().is_some_and(|p| p.ends_with("ImageSets/Main"));
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if is_set
            && ending(path) == "txt"
            && Split::named(&name).is_some()
            && let Ok(bytes) = given.read(path)
        {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let stems = text.lines().filter_map(|l| l.split_whitespace().next());
            rows.extend(stems.map(|stem| (stem.to_owned(), name.clone().into_owned())));
        }
    }
    if rows.is_empty() {
        for path in given.listing.tables() {
            let table = given.table(path)?;
            let (Ok(image), Some(split)) = (table.image_column(None), table.column("split")) else {
                continue;
            };
            rows.extend(
                table
                    .rows
                    .into_iter()
                    .map(|row| (row[image].replace('\\', "/"), row[split].clone())),
            );
        }
    }
    let given_to = lookup::assign(&images, &rows);
    let named =
        |(path, name): (&&Path, Option<String>)| Some((path.to_path_buf(), Split::named(&name?)?));
    Ok(images.iter().zip(given_to).filter_map(named).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_is_read_with_what_it_lacks() {
        let text = "\u{FEFF}<annotation><filename>a.jpg</filename><size><width>8</width><height>0</height></size>\
                    <object><name>cat</name><bndbox><xmin>1.5</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox></object>\
                    <object><name> </name><polygon/></object></annotation>";
        let read = parse(text.as_bytes()).unwrap().unwrap();
        assert_eq!(read.picture.as_deref(), Some("a.jpg"));
        assert_eq!(read.size, None);
        assert_eq!(read.objects[0].corners, Some([1.5, 2.0, 3.0, 4.0]));
        assert_eq!(
            read.objects[1],
            Object {
                name: None,
                corners: None
            }
        );
        assert_eq!(parse(b"<svg/>"), Ok(None));
    }

    #[test]
    fn entities_are_refused_before_they_blow_up() {
        let bomb = b"<!DOCTYPE a [<!ENTITY b \"bb\"><!ENTITY c \"&b;&b;&b;\">]><annotation>&c;</annotation>";
        assert!(parse(bomb).is_err());
        assert!(parse(b"<annotation>").is_err());
        assert!(parse(b"\xFF\xFE").is_err());
    }
}
