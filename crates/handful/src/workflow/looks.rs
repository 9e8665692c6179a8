//! The photos of a run as the backbone sees them: feature vectors by geometry and size, computed when they are needed.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use handful_data::Issue;
use handful_image::{
    CONTROLS_LENGTH, Geometry, PORTRAIT_LENGTH, Pixels, Preprocessing, SIGNATURE_LENGTH,
};
use handful_learn::Backbone;
use handful_learn::features::{Taps, Views};
use handful_learn::head::FeatureSet;
use handful_learn::train::Squares;

use super::labelled::Labelled;
use super::plan::CandidatePlan;
use crate::exit::Failure;
use crate::extract::{Extractor, Spent, View};
use crate::photos::Photo;
use crate::rows::Rows;

/// One way to look at a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// Through the backbone, as a square of so many pixels.
    Backbone(Geometry, usize),
    /// The same, each of some views of the photo; not the photo as it is alone.
    Views(Geometry, usize, Views),
    /// Edges and colours without any network.
    Control,
    /// Brightness, sharpness and a tiny thumbnail, for the diagnosis.
    Portrait,
    /// Hashes and a small thumbnail, for finding copies.
    Signature,
}

impl Look {
    /// Through the backbone, with these views of each photo.
    pub fn through(geometry: Geometry, size_px: usize, views: Views) -> Look {
        match views {
            Views::AsIs => Look::Backbone(geometry, size_px),
            several => Look::Views(geometry, size_px, several),
        }
    }

    /// The views of each photo that it sees.
    fn views(self) -> Views {
        match self {
            Look::Views(.., several) => several,
            _ => Views::AsIs,
        }
    }
}

/// Feature vectors of a list of photos.
pub struct Looks<'a> {
    extractor: Extractor<'a>,
    photos: &'a [Photo],
    /// The network that looks.
    pub backbone: &'a Backbone,
    taps: Taps,
    vectors: BTreeMap<Look, Rows>,
    /// What was wrong with files, by position of the photo.
    pub issues: Vec<(usize, Issue)>,
    /// Positions of photos that can't be read; known once they have been looked at.
    pub unreadable: BTreeSet<usize>,
    /// Where the time went.
    pub spent: Spent,
}

impl<'a> Looks<'a> {
    /// Nothing is computed yet.
    ///
    /// # Errors
    /// When the backbone lacks a stage.
    pub fn new(
        extractor: Extractor<'a>,
        photos: &'a [Photo],
        backbone: &'a Backbone,
    ) -> Result<Looks<'a>, Failure> {
        let stages: Vec<String> = backbone.stage_sets().concat();
        Ok(Looks {
            extractor,
            photos,
            backbone,
            taps: Taps::new(backbone, &stages)?,
            vectors: BTreeMap::new(),
            issues: Vec::new(),
            unreadable: BTreeSet::new(),
            spent: Spent::default(),
        })
    }

    /// The same photos through another network; nothing is computed yet.
    ///
    /// # Errors
    /// When it lacks a stage.
    pub fn through<'b>(&self, backbone: &'b Backbone) -> Result<Looks<'b>, Failure>
    where
        'a: 'b,
    {
        let looks = Looks::new(self.extractor, self.photos, backbone)?;
        Ok(Looks {
            unreadable: self.unreadable.clone(),
            ..looks
        })
    }

    /// Takes over what another network's looks at the same photos found wrong with their files.
    pub fn take_over(&mut self, other: Looks) {
        let told: BTreeSet<usize> = self.issues.iter().map(|(p, _)| *p).collect();
        let new = other.issues.into_iter().filter(|(p, _)| !told.contains(p));
        self.issues.extend(new);
        self.unreadable.extend(other.unreadable);
    }

    /// The photos at these positions as a training sees them that prepares them so.
    ///
    /// # Errors
    /// When interrupted, or when a photo can't be read any more.
    pub fn squares(
        &self,
        preprocessing: Preprocessing,
        positions: &[usize],
    ) -> Result<Squares, Failure> {
        let step = "reading the photos for training";
        self.extractor
            .squares(step, self.photos, positions, preprocessing)
    }

    /// The photos at these positions as a prediction sees them that prepares them so.
    ///
    /// # Errors
    /// When interrupted, or when a photo can't be read any more.
    pub fn prepared(
        &self,
        preprocessing: Preprocessing,
        positions: &[usize],
    ) -> Result<Vec<Pixels>, Failure> {
        let step = "reading the photos that judge changes";
        self.extractor
            .prepared(step, self.photos, positions, preprocessing)
    }

    /// Makes sure that the wanted looks at photos exist, decoding each photo at most once for all of them.
    ///
    /// # Errors
    /// When interrupted.
    pub fn ensure(&mut self, step: &str, wants: &[(Look, &[usize])]) -> Result<(), Failure> {
        let mut missing: BTreeMap<Look, BTreeSet<usize>> = BTreeMap::new();
        for (look, positions) in wants {
            let known = self.vectors.get(look);
            let is_missing = |p: &usize| {
                known.is_none_or(|rows| rows.get(*p).is_none()) && !self.unreadable.contains(p)
            };
            missing
                .entry(*look)
                .or_default()
                .extend(positions.iter().copied().filter(is_missing));
        }
        missing.retain(|_, positions| !positions.is_empty());
        let looks: Vec<Look> = missing.keys().copied().collect();
        let views: Vec<View> = looks.iter().map(|l| self.view(*l)).collect();
        let wanted = |photo: usize, view: usize| missing[&looks[view]].contains(&photo);
        let extracted = self.extractor.run(step, self.photos, &views, &wanted)?;
        for (look, found) in looks.into_iter().zip(extracted.vectors) {
            match self.vectors.entry(look) {
                Entry::Vacant(vacant) => drop(vacant.insert(found)),
                Entry::Occupied(mut known) => known.get_mut().join(found),
            }
        }
        // Two passes over one photo say the same of it twice.
        let told: BTreeSet<usize> = self.issues.iter().map(|(p, _)| *p).collect();
        self.issues.extend(
            extracted
                .issues
                .into_iter()
                .filter(|(p, _)| !told.contains(p)),
        );
        self.unreadable.extend(extracted.unreadable);
        self.spent += extracted.spent;
        Ok(())
    }

    /// Those of the photos that could be read, as far as they have been looked at.
    pub fn readable(&self, photos: &Labelled) -> Labelled {
        photos.only(|position| !self.unreadable.contains(&position))
    }

    /// About how long the network takes for `n` photos at a size, from its speed so far; 0 while it is not known.
    pub fn seconds(&self, size_px: usize, n: usize) -> f64 {
        let per_mega_mac = self.spent.forward_s / self.spent.mega_macs.max(1.0);
        let work = self.backbone.cost(size_px).mega_macs * n as f64;
        per_mega_mac * work / self.extractor.threads.max(1) as f64
    }

    fn view(&self, look: Look) -> View<'a> {
        match look {
            Look::Backbone(geometry, size_px) | Look::Views(geometry, size_px, _) => {
                View::Network {
                    backbone: self.backbone,
                    preprocessing: self.backbone.preprocessing(geometry, size_px),
                    taps: self.taps.clone(),
                    views: look.views(),
                }
            }
            Look::Control => View::Control,
            Look::Portrait => View::Portrait,
            Look::Signature => View::Signature,
        }
    }

    /// What a look at one photo gave; none if it has not been looked at, or could not be.
    pub fn vector(&self, look: Look, position: usize) -> Option<&[f32]> {
        self.vectors.get(&look)?.get(position)
    }

    /// Gives away what a look at the photos gave: for what is used once, and would fill memory beside what is made of it.
    pub fn take(&mut self, look: Look) -> Option<Rows> {
        self.vectors.remove(&look)
    }

    /// Forgets what a look at all other photos gave.
    pub fn keep_only(&mut self, look: Look, positions: &[usize]) {
        if let Some(rows) = self.vectors.get_mut(&look) {
            *rows = rows.only(positions);
        }
    }

    /// The features of some photos that the head of a candidate is fitted on. All must have been looked at so.
    ///
    /// # Errors
    /// Those of [`Looks::features`].
    pub fn of_candidate(
        &self,
        plan: &CandidatePlan,
        geometry: Geometry,
        positions: &[usize],
    ) -> Result<FeatureSet, Failure> {
        let features = self.features(plan.look(geometry), positions, &plan.stages)?;
        Ok(features.over(plan.over))
    }

    /// The features of some photos for some stages, each stage a block of its own; a row for each view. All must have been looked at.
    ///
    /// # Errors
    /// When the backbone lacks a stage or a feature is not finite.
    pub fn features(
        &self,
        look: Look,
        positions: &[usize],
        stages: &[String],
    ) -> Result<FeatureSet, Failure> {
        let spans: Vec<std::ops::Range<usize>> = match look {
            Look::Control => std::iter::once(0..CONTROLS_LENGTH).collect(),
            Look::Portrait => std::iter::once(0..PORTRAIT_LENGTH).collect(),
            Look::Signature => std::iter::once(0..SIGNATURE_LENGTH).collect(),
            Look::Backbone(..) | Look::Views(..) => {
                let mut idx = stages
                    .iter()
                    .map(|s| self.backbone.stage_idx(s))
                    .collect::<Result<Vec<_>, _>>()?;
                idx.sort_unstable();
                let span = |s: usize| {
                    self.taps
                        .span(s)
                        .expect("all stages that are asked for are tapped")
                };
                idx.into_iter().map(span).collect()
            }
        };
        let n_views = look.views().count();
        let vectors = &self.vectors[&look];
        let blocks: Vec<(usize, Vec<f32>)> = spans
            .into_iter()
            .map(|span| {
                let of = |p: &usize| {
                    let vector = vectors.get(*p);
                    vector.expect("readable photos have been looked at")
                };
                let of_views = |p| {
                    let vector: &[f32] = of(p);
                    vector.chunks_exact(vector.len() / n_views)
                };
                let views = positions.iter().flat_map(of_views);
                let values = views.flat_map(|view| view[span.clone()].iter().copied());
                (span.len(), values.collect())
            })
            .collect();
        Ok(FeatureSet::of_views(positions.len(), n_views, blocks)?)
    }
}
