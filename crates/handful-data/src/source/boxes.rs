//! Boxes in pictures become images: what VOC and COCO have in common.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{Draft, Found, Lookup, coco, voc};
use crate::{CropBox, Issue, Remark, Split, shown};

/// What may be cut off a box without a word, in pixels: tools count from 0 or 1, and round.
const MOST_CUT_PX: f64 = 1.5;

/// A box as an annotation has it.
#[derive(Clone, Debug)]
pub(super) struct Drawn<'a> {
    /// The picture, from the root.
    pub picture: &'a Path,
    /// The split of the picture.
    pub split: Split,
    /// Its class; `None` when it has no name.
    pub class: Option<&'a str>,
    /// Left, top, right, bottom in pixels, the last two excluded; `None` when it has no such.
    pub corners: Option<[f64; 4]>,
    /// Size of the picture, if the annotation says it.
    pub size: Option<(usize, usize)>,
    /// How the annotation calls the box: "box 3 of `a.xml`".
    pub called: String,
}

/// Boxes of a set, each of them once.
#[derive(Debug, Default)]
pub(super) struct Boxes {
    seen: BTreeMap<(PathBuf, CropBox), (String, Split)>,
    conflicts: BTreeSet<(PathBuf, CropBox)>,
    issues: Vec<Issue>,
}

impl Boxes {
    /// Takes a box, or says why not.
    pub fn add(&mut self, drawn: &Drawn) {
        let refuse = |kind, detail: String, advice| {
            Issue::skipped(
                drawn.picture,
                kind,
                format!("{} {detail}", drawn.called),
                advice,
            )
        };
        let Some(class) = drawn.class.map(str::trim).filter(|c| !c.is_empty()) else {
            self.issues.push(refuse(
                "no_label",
                "has no class".into(),
                "give it one, or delete it",
            ));
            return;
        };
        let Some([left, top, right, bottom]) = drawn.corners else {
            self.issues.push(refuse(
                "no_box",
                format!("(\"{class}\") has no upright box"),
                "export boxes, not outlines or turned boxes",
            ));
            return;
        };
        let whole = CropBox::between(left, top, right, bottom);
        let crop = whole.and_then(|b| match drawn.size {
            Some((width, height)) => b.within(width, height),
            None => Some(b),
        });
        let Some(crop) = crop else {
            let detail = format!(
                "(\"{class}\", {left}, {top} to {right}, {bottom}) has no area inside the picture"
            );
            self.issues
                .push(refuse("empty_box", detail, "draw it again, or delete it"));
            return;
        };
        let cut_px = [
            -left,
            -top,
            right - f64::from(crop.left + crop.width),
            bottom - f64::from(crop.top + crop.height),
        ];
        let is_cut = cut_px.iter().any(|px| *px > MOST_CUT_PX);
        let key = (drawn.picture.to_owned(), crop);
        match self.seen.get(&key) {
            None => {
                self.seen.insert(key, (class.to_owned(), drawn.split));
                if is_cut {
                    self.issues.push(Issue::noted(
                        drawn.picture,
                        "clipped_box",
                        format!(
                            "{} reaches out of the picture; what lies in it is used",
                            drawn.called
                        ),
                        "draw it again if it is at the wrong place",
                    ));
                }
            }
            Some((known, _)) if known == class => self.issues.push(refuse(
                "duplicate_box",
                format!("(\"{class}\") is drawn twice; it counts once"),
                "delete one of the two",
            )),
            Some((known, _)) => {
                let detail = format!(
                    "is \"{class}\", and the same box is also \"{known}\"; neither is used"
                );
                self.issues.push(refuse(
                    "label_conflict",
                    detail,
                    "delete the one that is wrong",
                ));
                self.conflicts.insert(key);
            }
        }
    }

    /// Notes something on a picture or annotation.
    pub fn issue(&mut self, issue: Issue) {
        self.issues.push(issue);
    }

    /// The boxes as images, and those of `pictures` that have none as images without a label.
    pub fn into_found(self, pictures: &[PathBuf]) -> Found {
        let Boxes {
            seen,
            conflicts,
            issues,
        } = self;
        let mut boxed = BTreeSet::new();
        let mut drafts = Vec::new();
        for (key, (class, split)) in seen {
            boxed.insert(key.0.clone());
            if conflicts.contains(&key) {
                continue;
            }
            let (path, crop) = key;
            drafts.push(Draft {
                group: Some(shown(&path)),
                path,
                crop: Some(crop),
                class: Some(class),
                split,
            });
        }
        let remark = Remark::Boxes {
            n_boxes: drafts.len(),
            n_pictures: drafts.chunk_by(|a, b| a.path == b.path).count(),
        };
        let unboxed = pictures.iter().filter(|p| !boxed.contains(*p));
        drafts.extend(unboxed.map(|path| Draft {
            path: path.clone(),
            ..Draft::default()
        }));
        Found {
            drafts,
            remarks: vec![remark],
            issues,
        }
    }
}

/// The boxes that the bytes of a VOC annotation give to a picture; for whoever has no folder.
pub(crate) fn in_voc(bytes: &[u8], picture: &Path) -> Option<Found> {
    let annotation = voc::parse(bytes).ok().flatten()?;
    let mut boxes = Boxes::default();
    let split = Split::default();
    voc::add(&mut boxes, Path::new("1.xml"), &annotation, picture, split);
    Some(boxes.into_found(&[]))
}

/// The boxes that the bytes of a COCO file give to pictures, which are sorted; for whoever has no folder.
pub(crate) fn in_coco(bytes: &[u8], pictures: &[PathBuf]) -> Option<Found> {
    let annotations = coco::parse(bytes).ok()?;
    let mut boxes = Boxes::default();
    let path = Path::new("annotations/instances_val.json");
    coco::add(&mut boxes, path, &annotations, &Lookup::new(pictures));
    Some(boxes.into_found(pictures))
}
