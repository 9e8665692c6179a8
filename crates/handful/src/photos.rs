//! The photos of a run: one flat list made from a catalogue and from further folders given by `--val` and `--test`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use handful_data::{Catalog, Issue, Sample, Split};
use handful_image::{
    Decoded, FileFacts, Limits, Pixels, Reduction, SampleExtent, SampleRange, decode_reduced,
    sample_extent,
};

use crate::cache::ImageKey;
use crate::exit::{self, Failure};

/// One photo.
#[derive(Clone, Debug)]
pub struct Photo {
    /// Where paths start.
    root: Arc<Path>,
    /// Where its bytes are, and which part of the picture it is.
    sample: Sample,
    /// How it is called in outputs: relative to the folder it was found in.
    pub shown: String,
    /// Index of its class; `None` when it has no label.
    pub label: Option<usize>,
    /// What it must stay together with; `None` when it stands alone.
    pub group: Option<String>,
    /// The split that the person gave.
    pub split: Split,
    /// BLAKE3 of all that its pixels depend on, once its bytes have been read: the file, the part of it that is meant,
    /// and for deep pictures the range of values.
    pub key: Option<ImageKey>,
    /// What the file says about itself, once it has been read.
    pub facts: Option<FileFacts>,
    /// Which values a deep picture (16 bits, floating point) uses, once it has been read.
    pub extent: Option<SampleExtent>,
    /// Which values of a deep picture become black and white: one range for the whole set.
    pub range: Option<SampleRange>,
}

impl Photo {
    /// The bytes of the picture.
    ///
    /// # Errors
    /// An [`Issue`] that names the photo.
    pub fn read(&self) -> Result<Vec<u8>, Issue> {
        handful_data::read_sample(&self.root, &self.sample).map_err(|issue| self.named(issue))
    }

    /// Its own pixels out of the picture's bytes, and the notes on them; `reduction` is one of [`Photo::reduction`].
    ///
    /// # Errors
    /// An [`Issue`] when the picture can't be decoded, or the part that is meant has nothing in it.
    pub fn decode(
        &self,
        bytes: &[u8],
        reduction: Reduction,
    ) -> Result<(Pixels, Vec<Issue>), Issue> {
        let name = Path::new(&self.shown);
        let decoded = decode_reduced(bytes, &Limits::default(), self.range, reduction);
        let Decoded { pixels, notes, .. } =
            decoded.map_err(|e| handful_data::issue_of(&e, name))?;
        let notes = notes
            .iter()
            .map(|n| handful_data::issue_of_note(n, name))
            .collect();
        let Some(whole) = self.sample.crop else {
            return Ok((pixels, notes));
        };
        let part = whole.within(pixels.width, pixels.height).ok_or_else(|| {
            handful_data::issue_of_empty_box(&self.shown, pixels.width, pixels.height)
        })?;
        let part = pixels.part(
            part.left as usize,
            part.top as usize,
            part.width as usize,
            part.height as usize,
        );
        Ok((part, notes))
    }

    /// At which fraction of its sides it is decoded for squares of this side; boxes are cut out of whole pictures.
    pub fn reduction(&self, bytes: &[u8], size_px: usize) -> Reduction {
        match self.sample.crop {
            Some(_) => Reduction::NONE,
            None => Reduction::for_square(bytes, size_px),
        }
    }

    /// BLAKE3 of the bytes and the part that is meant.
    pub fn key_of(&self, bytes: &[u8]) -> ImageKey {
        let whole = blake3::hash(bytes);
        match self.sample.crop {
            None => *whole.as_bytes(),
            Some(part) => mixed(whole.as_bytes(), &format!("{part:?}")),
        }
    }

    /// Columns and rows of what is meant, once the file has been read.
    pub fn size_px(&self) -> Option<(usize, usize)> {
        let facts = self.facts.as_ref()?;
        Some(match self.sample.crop {
            Some(part) => (part.width as usize, part.height as usize),
            None => (facts.width_px, facts.height_px),
        })
    }

    /// A note where the name of the file promises another format than its bytes have.
    pub fn misnamed(&self) -> Option<Issue> {
        let format = self.facts.as_ref()?.format;
        handful_data::note_wrong_extension(&self.sample.path, format).map(|note| self.named(note))
    }

    /// A note where its values don't fit the range that it is given.
    pub fn range_note(&self, bytes: &[u8]) -> Option<Issue> {
        // Without a range, deep pictures need not be looked through.
        let range = self.range?;
        let extent = sample_extent(bytes, &Limits::default()).ok()??;
        handful_data::note_range(&self.sample.path, &extent, &range).map(|n| self.named(n))
    }

    /// An issue that calls the photo as outputs do.
    fn named(&self, mut issue: Issue) -> Issue {
        issue.path = self.shown.clone().into();
        issue
    }
}

/// A key that also depends on `more`.
fn mixed(key: &ImageKey, more: &str) -> ImageKey {
    let mut hasher = blake3::Hasher::new();
    hasher.update(key);
    hasher.update(more.as_bytes());
    *hasher.finalize().as_bytes()
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
    /// The shorter side of these photos in the median, in pixels; 0 where none has been read.
    pub fn short_side_px(&self, positions: &[usize]) -> usize {
        let sizes = positions.iter().filter_map(|&p| self.list[p].size_px());
        let mut sides: Vec<usize> = sizes.map(|(width, height)| width.min(height)).collect();
        sides.sort_unstable();
        sides.get(sides.len() / 2).copied().unwrap_or(0)
    }

    /// Takes over what a scan has found.
    pub fn from_catalog(catalog: Catalog) -> Photos {
        let Catalog {
            root,
            classes,
            samples,
            issues,
            ..
        } = catalog;
        let root: Arc<Path> = root.into();
        let list = samples
            .into_iter()
            .map(|mut sample| Photo {
                root: root.clone(),
                shown: sample.name(),
                label: sample.label,
                group: sample.group.take(),
                split: sample.split,
                key: None,
                facts: None,
                extent: None,
                range: None,
                sample,
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

    /// Gives all deep pictures the range of values that those to learn from use together. Where integers and floating
    /// point are mixed, pictures of the rarer kind are left out, because no range is right for both. Call it once, when all
    /// have been read.
    pub fn settle_range(&mut self) -> Option<SampleRange> {
        self.leave_out_other_samples();
        // Held-back photos decide nothing.
        let learnt = self.list.iter().filter(|p| p.split != Split::Test);
        let extents: Vec<SampleExtent> = learnt.filter_map(|p| p.extent).collect();
        let range = SampleRange::of_set(&extents).expect("one kind is left");
        for photo in self.list.iter_mut().filter(|p| p.extent.is_some()) {
            photo.range = range;
            photo.key = photo.key.map(|key| mixed(&key, &format!("{range:?}")));
        }
        range
    }

    fn leave_out_other_samples(&mut self) {
        let learnt = self.list.iter().filter(|p| p.split != Split::Test);
        let kinds: Vec<bool> = learnt.filter_map(|p| Some(p.extent?.is_float)).collect();
        let n_float = kinds.iter().filter(|is_float| **is_float).count();
        let keep_float = 2 * n_float > kinds.len();
        for photo in &mut self.list {
            if let Some(extent) = photo.extent.filter(|e| e.is_float != keep_float) {
                let issue = handful_data::issue_of_other_samples(&photo.sample.path, &extent);
                self.issues.push(photo.named(issue));
                photo.extent = None;
                photo.key = None;
            }
        }
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
