//! The photos of a run: one flat list made from a catalogue and from further folders given by `--val` and `--test`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use handful_data::{Catalog, Issue, Split};

use crate::cache::ImageKey;
use crate::exit::{self, Failure};

/// One photo.
#[derive(Clone, Debug)]
pub struct Photo {
    /// Where its bytes are.
    pub path: PathBuf,
    /// How it is called in outputs: relative to the folder it was found in.
    pub shown: String,
    /// Index of its class; `None` when it has no label.
    pub label: Option<usize>,
    /// What it must stay together with; `None` when it stands alone.
    pub group: Option<String>,
    /// The split that the person gave.
    pub split: Split,
    /// BLAKE3 of its bytes, once they have been read.
    pub key: Option<ImageKey>,
}

/// All photos of a run, with their class names and what was wrong.
#[derive(Clone, Debug)]
pub struct Photos {
    /// The photos, in the order of the catalogue.
    pub list: Vec<Photo>,
    /// Class names; labels index into it.
    pub classes: Vec<String>,
    /// Files that were skipped or read with a note.
    pub issues: Vec<Issue>,
}

impl Photos {
    /// Takes over what a scan has found.
    pub fn from_catalog(catalog: Catalog) -> Photos {
        let Catalog {
            root,
            classes,
            samples,
            issues,
            ..
        } = catalog;
        let list = samples
            .into_iter()
            .map(|s| Photo {
                path: root.join(&s.path),
                shown: handful_data::shown(&s.path),
                label: s.label,
                group: s.group,
                split: s.split,
                key: None,
            })
            .collect();
        Photos {
            list,
            classes,
            issues,
        }
    }

    /// Adds the photos of another folder as this split; its classes must be known.
    ///
    /// # Errors
    /// When the folder has a class that the first one does not have.
    pub fn add(&mut self, catalog: Catalog, split: Split) -> Result<(), Failure> {
        let folder = catalog.root.display().to_string();
        let other = Photos::from_catalog(catalog);
        let known: BTreeMap<&String, usize> = self.classes.iter().zip(0..).collect();
        let place: Vec<usize> = other
            .classes
            .iter()
            .map(|name| {
                known.get(name).copied().ok_or_else(|| {
                    Failure::new(exit::DATA, format!("`{folder}` has the class \"{name}\", which is not in the photos to train on"))
                        .found(format!("classes to train on: {}", self.classes.join(", ")))
                        .advice("rename the folder, or leave it out")
                })
            })
            .collect::<Result<_, _>>()?;
        self.list.extend(other.list.into_iter().map(|p| Photo {
            shown: format!("{folder}/{}", p.shown),
            label: p.label.map(|l| place[l]),
            split,
            ..p
        }));
        self.issues.extend(other.issues);
        Ok(())
    }

    /// Whether anything makes groups of photos.
    pub fn has_groups(&self) -> bool {
        self.list.iter().any(|p| p.group.is_some())
    }

    /// Positions of the readable labelled photos to learn from: training and validation.
    pub fn training(&self) -> Vec<usize> {
        self.usable(|s| s != Split::Test)
    }

    /// Positions of the readable labelled photos that are held back.
    pub fn test(&self) -> Vec<usize> {
        self.usable(|s| s == Split::Test)
    }

    /// Files that are not part of anything, because they could not be read.
    pub fn n_skipped(&self) -> usize {
        self.issues.iter().filter(|i| i.is_skipped()).count()
    }

    fn usable(&self, wanted: impl Fn(Split) -> bool) -> Vec<usize> {
        let is_usable = |p: &Photo| wanted(p.split) && p.key.is_some() && p.label.is_some();
        (0..self.list.len())
            .filter(|&i| is_usable(&self.list[i]))
            .collect()
    }
}
