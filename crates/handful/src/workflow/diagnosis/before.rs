//! What files, pixels and features say of the photos before anything is learnt: what is wrong, and what belongs together.

use std::collections::BTreeMap;

use handful_data::alike::{self, Likeness};
use handful_data::finding::pauses::runs;
use handful_data::finding::session::bursts;
use handful_data::finding::{
    self, Finding, Pictures, Seen, find_in_pictures, numbered_bursts, pauses, session,
    stretched_range,
};
use handful_image::{FileFacts, Portrait, Reduction, Signature, aligned_patch};

use crate::events::Events;
use crate::exit::Failure;
use crate::photos::{Photo, Photos};
use crate::rows::Rows;
use crate::workflow::labelled::Labelled;
use crate::workflow::looks::{Look, Looks};

/// What the first part of a diagnosis looks at.
pub struct Before<'a> {
    /// All photos.
    pub photos: &'a Photos,
    /// How they look: portraits of those to learn from, features.
    pub looks: &'a Looks<'a>,
    /// The look whose features help to find what is alike; not all photos need to have it.
    pub look: Look,
    /// Where progress goes.
    pub events: &'a Events,
}

/// What it comes to.
#[derive(Clone, Debug, Default)]
pub struct FoundBefore {
    /// What was found, what matters most first.
    pub findings: Vec<Finding>,
    /// Rows of the photos to learn from that belong together: copies, near-copies and bursts.
    pub together: Vec<Vec<usize>>,
    /// Positions of photos that were taken in one run: they may belong together.
    pub runs: Vec<Vec<usize>>,
}

/// Rows of photos that are the same, or nearly.
#[derive(Debug, Default)]
struct NearCopies {
    /// Pairs of different files with the same pixels.
    same_pixels: Vec<Vec<usize>>,
    /// Sets of copies and near-copies.
    sets: Vec<Vec<usize>>,
}

impl Before<'_> {
    /// Everything that can be said of readable photos to learn from and held-back ones, with the signatures of all photos
    /// as [`Looks::take`] gives them.
    ///
    /// # Errors
    /// When interrupted.
    pub fn find(
        &self,
        learnt: &Labelled,
        held_back: &Labelled,
        signatures: Option<Rows>,
    ) -> Result<FoundBefore, Failure> {
        let mut rows: Vec<usize> = learnt.rows.iter().chain(&held_back.rows).copied().collect();
        rows.sort_unstable();
        let all = Labelled::of(self.photos, rows);
        let of = |position: &usize| &self.photos.list[*position];
        let paths = names(&all, self.photos);
        let splits: Vec<_> = all.rows.iter().map(|i| of(i).split).collect();
        let bytes: Vec<_> = all
            .rows
            .iter()
            .map(|i| of(i).key.expect("unread photos are not among the rows"))
            .collect();
        let alike = self.alike(&all, signatures);
        self.events.check_interrupted()?;
        let mut findings = finding::find(&Seen {
            paths: &paths,
            labels: &all.labels,
            groups: &all.groups,
            splits: &splits,
            bytes: &bytes,
            classes: &self.photos.classes,
            same_pixels: &alike.same_pixels,
            alike: &alike.sets,
        });
        let times = Times::of(learnt, self.photos);
        let of_cameras = runs(&times.taken, &times.camera);
        findings.extend(pauses(&of_cameras, &names(learnt, self.photos)));
        let bursts = self.bursts(learnt, &times);
        findings.extend(session(self.named(learnt, &bursts)));
        findings.extend(self.pictures(learnt));
        findings.extend(self.range(learnt));
        findings.sort_by_key(|finding| finding.severity);
        self.events.check_interrupted()?;

        // Rows of `all` that are learnt from, as rows of `learnt`.
        let row_of: BTreeMap<usize, usize> = learnt.rows.iter().copied().zip(0..).collect();
        let learnt_rows = |set: &Vec<usize>| -> Vec<usize> {
            set.iter()
                .filter_map(|&i| row_of.get(&all.rows[i]).copied())
                .collect()
        };
        let together = alike.sets.iter().map(learnt_rows).chain(bursts);
        Ok(FoundBefore {
            findings,
            together: together.filter(|set: &Vec<usize>| set.len() > 1).collect(),
            runs: of_cameras
                .into_iter()
                .flat_map(|r| r.runs)
                .map(|run| run.into_iter().map(|row| learnt.rows[row]).collect())
                .collect(),
        })
    }

    /// Copies and near-copies, as rows of `all`.
    fn alike(&self, all: &Labelled, signatures: Option<Rows>) -> NearCopies {
        let Some(vectors) = signatures else {
            return NearCopies::default();
        };
        let signature = |&position: &usize| Signature::from_vector(vectors.get(position)?);
        let Some(signatures) = all.rows.iter().map(signature).collect::<Option<Vec<_>>>() else {
            return NearCopies::default();
        };
        drop(vectors);
        let progress = self.events.progress("looking for copies", 1);
        let patch = |row: usize| {
            let photo = &self.photos.list[all.rows[row]];
            let (pixels, _) = photo.decode(&photo.read().ok()?, Reduction::NONE).ok()?;
            Some(aligned_patch(&pixels))
        };
        let features = self.features(&all.rows);
        let found = alike::find(&alike::Search {
            signatures: &signatures,
            features: features.as_ref().map(|(width, values)| alike::Features {
                values,
                width: *width,
            }),
            patch: &patch,
            with_turns: false,
        });
        progress.advance(1);
        let same = found
            .pairs
            .iter()
            .filter(|p| p.kind == Likeness::SamePixels);
        NearCopies {
            same_pixels: same.map(|pair| vec![pair.a, pair.b]).collect(),
            sets: found.sets,
        }
    }

    /// Photos that were taken one after another and look alike, as rows.
    fn bursts(&self, learnt: &Labelled, times: &Times) -> Vec<Vec<usize>> {
        let Some((width, mut values)) = self.features(&learnt.rows) else {
            return Vec::new();
        };
        subtract_mean(&mut values, width);
        let row = |i: usize| &values[i * width..][..width];
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter()
                .zip(b)
                .map(|(x, y)| f64::from(*x) * f64::from(*y))
                .sum()
        };
        let cosine = |a: usize, b: usize| {
            let (a, b) = (row(a), row(b));
            dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(f64::MIN_POSITIVE)
        };
        let by_time = bursts(&times.taken, &times.camera, &cosine);
        let by_number = numbered_bursts(&names(learnt, self.photos), &times.taken, &cosine);
        by_time.into_iter().chain(by_number).collect()
    }

    /// Last-stage features `[n, width]` of these photos; none unless all have been looked at.
    fn features(&self, positions: &[usize]) -> Option<(usize, Vec<f32>)> {
        let looked_at = |&p: &usize| self.looks.vector(self.look, p).is_some();
        if positions.is_empty() || !positions.iter().all(looked_at) {
            return None;
        }
        let last = self.looks.backbone.stage_sets().swap_remove(0);
        let features = self.looks.features(self.look, positions, &last).ok()?;
        let values = features.all_rows().iter().map(|v| *v as f32).collect();
        Some((features.width(), values))
    }

    fn named(&self, photos: &Labelled, sets: &[Vec<usize>]) -> Vec<Vec<String>> {
        let name = |&row: &usize| self.photos.list[photos.rows[row]].shown.clone();
        sets.iter()
            .map(|set| set.iter().map(name).collect())
            .collect()
    }

    /// Whether few deep pictures spoil the range of all.
    fn range(&self, learnt: &Labelled) -> Option<Finding> {
        let deep = learnt
            .rows
            .iter()
            .map(|&position| &self.photos.list[position]);
        let extents: Vec<_> = deep
            .clone()
            .filter_map(|photo| Some((photo.shown.as_str(), photo.extent?)))
            .collect();
        let range = deep.into_iter().find_map(|photo| photo.range)?;
        stretched_range(&extents, &range)
    }

    /// What is wrong with single pictures.
    fn pictures(&self, learnt: &Labelled) -> Vec<Finding> {
        let known = |&row: &usize| {
            let position = learnt.rows[row];
            let portrait = Portrait::from_vector(self.looks.vector(Look::Portrait, position)?)?;
            Some((row, facts_of(&self.photos.list[position])?, portrait))
        };
        let known: Vec<(usize, FileFacts, Portrait)> = (0..learnt.len())
            .collect::<Vec<_>>()
            .iter()
            .filter_map(known)
            .collect();
        let rows: Vec<usize> = known.iter().map(|(row, ..)| *row).collect();
        let part = learnt.subset(&rows);
        let (facts, portraits): (Vec<FileFacts>, Vec<Portrait>) = known
            .into_iter()
            .map(|(_, facts, portrait)| (facts, portrait))
            .unzip();
        find_in_pictures(&Pictures {
            paths: &names(&part, self.photos),
            labels: &part.labels,
            classes: &self.photos.classes,
            facts: &facts,
            portraits: &portraits,
        })
    }
}

/// When and by which camera photos were taken, an entry a photo; none where the file does not say.
struct Times<'a> {
    /// Seconds.
    taken: Vec<Option<i64>>,
    camera: Vec<Option<&'a str>>,
}

impl Times<'_> {
    fn of<'a>(learnt: &Labelled, photos: &'a Photos) -> Times<'a> {
        let facts = learnt.rows.iter().map(|&i| photos.list[i].facts.as_ref());
        let (taken, camera) = facts
            .map(|facts| {
                let taken = facts.and_then(|f| Some(f.taken?.seconds_since_1970()));
                (taken, facts.and_then(|f| f.camera.as_deref()))
            })
            .unzip();
        Times { taken, camera }
    }
}

/// Makes the mean of every column of `[n, width]` zero: what all photos of a set have in common says nothing.
fn subtract_mean(values: &mut [f32], width: usize) {
    let n = (values.len() / width.max(1)) as f64;
    let mut mean = vec![0.0f64; width];
    for row in values.chunks_exact(width) {
        mean.iter_mut()
            .zip(row)
            .for_each(|(m, v)| *m += f64::from(*v) / n);
    }
    for row in values.chunks_exact_mut(width) {
        row.iter_mut()
            .zip(&mean)
            .for_each(|(v, m)| *v = (f64::from(*v) - m) as f32);
    }
}

fn names(photos: &Labelled, all: &Photos) -> Vec<String> {
    photos
        .rows
        .iter()
        .map(|&i| all.list[i].shown.clone())
        .collect()
}

/// What the file says, with the size of what is meant where that is a part of the picture.
fn facts_of(photo: &Photo) -> Option<FileFacts> {
    let (width_px, height_px) = photo.size_px()?;
    Some(FileFacts {
        width_px,
        height_px,
        ..photo.facts.clone()?
    })
}
