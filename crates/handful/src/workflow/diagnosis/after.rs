//! What predictions for unseen photos say of the photos: labels in doubt, classes that can't be told apart, shortcuts,
//! whether there is any signal, and how far they are from what the backbone was trained on.

use std::collections::{BTreeMap, BTreeSet};

use handful_data::finding::far_domain::DomainDistance;
use handful_data::finding::inseparable_classes::InseparableClasses;
use handful_data::finding::label_doubt::DoubtfulLabel;
use handful_data::finding::no_signal::SignalTest;
use handful_data::finding::shortcut::{SeenShortcut, ShortcutKind};
use handful_data::finding::{
    Finding, far_domain, inseparable_classes, label_doubt, no_signal, shortcut,
};
use handful_image::{Geometry, Portrait};
use handful_learn::domain::{self, domain_distance};
use handful_learn::{Descriptor, Grids, OnePlace, damage, one_place, shortcuts, signal};
use handful_stats::{Doubts, Interval, Seed, inseparable_pairs, label_doubts};

use super::Findings;
use super::scenes::{FoundScenes, JudgedOnceMore, SceneMetrics};
use crate::events::Events;
use crate::exit::Failure;
use crate::photos::{Photo, Photos};
use crate::workflow::judge::Judged;
use crate::workflow::labelled::Labelled;
use crate::workflow::looks::{Look, Looks};
use crate::workflow::task::{OutOfFold, Task};

/// Cameras that are told apart; rarer ones are one.
const CAMERAS: usize = 6;
/// Side of a portrait's thumbnail.
const THUMBNAIL_PX: usize = 8;

/// What the second part of a diagnosis looks at.
pub struct Predicted<'a> {
    /// Photos, classes, groups and folds.
    pub task: &'a Task,
    /// The candidate whose probabilities are asked, for photos that its training did not see.
    pub judged: &'a Judged,
    /// What is judged once more by other folds: the same one, or where its network was trained, which would take as long again, the
    /// best one with frozen features; and how photos become squares. None where there is no such candidate.
    pub stand_in: Option<(&'a Judged, Geometry)>,
    /// Its accuracy.
    pub headline: Interval,
    /// Scenes that were found, and the photos of the task as they were before scenes made groups.
    pub scenes: Option<(&'a FoundScenes, &'a Labelled)>,
    /// How the photos look; portraits and `look` must be there.
    pub looks: &'a Looks<'a>,
    /// The look whose features are tested for a signal.
    pub look: Look,
    /// All photos.
    pub photos: &'a Photos,
    /// Whether the backbone is the embedded one, whose training is known.
    pub is_embedded: bool,
}

impl Predicted<'_> {
    /// Everything that predictions tell, and what scenes do to the accuracy.
    ///
    /// # Errors
    /// When interrupted, or when the statistics can't be computed.
    pub fn findings(&self, events: &Events) -> Result<(Findings, Option<SceneMetrics>), Failure> {
        let mut all = Findings::default();
        let (once_more, metrics) = self.scenes(events)?;
        if let Some((scenes, alone)) = self.scenes {
            all.add(scenes.finding(metrics.as_ref(), &alone.rows, self.photos));
        }
        let steps = events.progress("diagnosing", 5);
        let step = || {
            steps.advance(1);
            events.check_interrupted()
        };
        all.add(self.signal()?);
        step()?;
        all.add(self.shortcuts()?);
        step()?;
        let (doubts, notes) = self.doubts(once_more.as_ref())?;
        all.add(doubts);
        all.notes = notes;
        step()?;
        all.add(self.inseparable()?);
        step()?;
        all.add(self.domain()?);
        step()?;
        Ok((all, metrics))
    }

    /// The candidate judged by the other folds, too, and both numbers; none where no scenes were found.
    fn scenes(
        &self,
        events: &Events,
    ) -> Result<(Option<JudgedOnceMore>, Option<SceneMetrics>), Failure> {
        let (Some((scenes, alone)), Some(stand_in)) = (self.scenes, self.stand_in) else {
            return Ok((None, None));
        };
        let more = scenes.judge_once_more(self.task, alone, self.looks, stand_in, events)?;
        // A stand-in tells what other folds cost, and not how good the model is.
        let ahead = match stand_in.0.name == self.judged.name {
            true => 0.0,
            false => self.headline.value - stand_in.0.column.mean_hit(),
        };
        let metrics = match &more {
            Some(more) => scenes.metrics(more, self.headline, ahead)?,
            None => None,
        };
        Ok((more.filter(|_| scenes.agree), metrics))
    }

    fn labelled(&self) -> &Labelled {
        &self.task.photos
    }

    fn photo(&self, row: usize) -> &Photo {
        &self.photos.list[self.labelled().rows[row]]
    }

    /// Recipe A8.
    fn signal(&self) -> Result<Option<Finding>, Failure> {
        let Labelled {
            rows,
            labels,
            groups,
            n_classes,
            ..
        } = self.labelled();
        let last = self.looks.backbone.stage_sets().swap_remove(0);
        let features = self.looks.features(self.look, rows, &last)?;
        let seed = self.seed("signal");
        let found = signal(&features, labels, groups, *n_classes, seed)?;
        Ok(found.and_then(|s| {
            no_signal(&SignalTest {
                p: s.p,
                balanced_accuracy: s.balanced_accuracy,
                chance: s.chance,
                detectable: s.detectable,
                n_photos: s.n_images,
            })
        }))
    }

    /// Recipe A10: what should not matter, and what it does to the model where it leads astray.
    fn shortcuts(&self) -> Result<Vec<Finding>, Failure> {
        let Labelled {
            labels,
            groups,
            n_classes,
            ..
        } = self.labelled();
        let thumbnails = self.thumbnails();
        let described = self.described(thumbnails.as_deref());
        let descriptors: Vec<Descriptor> = described
            .iter()
            .filter(|d| d.varies())
            .map(|d| Descriptor {
                name: d.name,
                width: d.width,
                values: &d.values,
            })
            .collect();
        let found = shortcuts(
            &descriptors,
            labels,
            groups,
            *n_classes,
            self.seed("shortcuts"),
        )?;
        let hits = self.hits();
        let place = thumbnails.and_then(|levels| {
            let grids = Grids {
                levels: &levels,
                side: THUMBNAIL_PX,
            };
            one_place(grids, labels, groups, *n_classes, self.seed("one place"))
        });
        let mut seen = Vec::new();
        if let Some(place) = place {
            let damage = damage(&place.rows, &place.is_right, &hits);
            seen.push(SeenShortcut {
                name: BORDER_NAME,
                kind: ShortcutKind::Border {
                    class: &self.photos.classes[place.class],
                    place: place.place.map(|at| where_is(at, THUMBNAIL_PX)),
                    middle: place.middle,
                },
                balanced_accuracy: place.border,
                chance: OnePlace::CHANCE,
                p: place.p,
                where_right: damage.where_right.map(|share| (share, damage.n_right)),
                where_wrong: damage.where_wrong.map(|share| (share, damage.n_wrong)),
            });
        }
        for s in found.iter().filter(|s| s.is_found) {
            let damage = s.damage(labels, &hits);
            let kind = match s.name.as_str() {
                THUMBNAIL_NAME => ShortcutKind::Looks,
                _ => ShortcutKind::File,
            };
            seen.push(SeenShortcut {
                name: &s.name,
                kind,
                balanced_accuracy: s.balanced_accuracy,
                chance: s.chance,
                p: s.p,
                where_right: damage.where_right.map(|share| (share, damage.n_right)),
                where_wrong: damage.where_wrong.map(|share| (share, damage.n_wrong)),
            });
        }
        Ok(shortcut(&seen))
    }

    /// Recipe A10: labels that the model doubts, with what it would say instead.
    ///
    /// Photos of a new scene are often predicted wrong, and there the label is right: a model that knows the scene's other
    /// photos, `independent`, is asked as well, and both must doubt.
    fn doubts(
        &self,
        independent: Option<&JudgedOnceMore>,
    ) -> Result<(Option<Finding>, BTreeMap<String, String>), Failure> {
        let p = &self.judged.out.repeats[0];
        let mut found = doubts_of(self.task, &self.judged.out)?;
        if let Some(independent) = independent {
            let others = doubts_of(&independent.task, &independent.out)?.ranked;
            let rows: BTreeSet<usize> = others.iter().map(|d| d.row).collect();
            found.ranked.retain(|d| rows.contains(&d.row));
        }
        let n_classes = self.labelled().n_classes;
        let class = |class: usize| self.photos.classes[class].as_str();
        let doubts: Vec<DoubtfulLabel> = found
            .ranked
            .iter()
            .map(|d| DoubtfulLabel {
                path: &self.photo(d.row).shown,
                label: class(d.label),
                better: class(d.better),
                margin: d.margin,
            })
            .collect();
        let note = |d: &handful_stats::Doubt| {
            let share = p[d.row * n_classes + d.better];
            let words = format!("looks like {}, {:.0} %", class(d.better), 100.0 * share);
            (self.photo(d.row).shown.clone(), words)
        };
        let notes = found.ranked.iter().map(note).collect();
        Ok((label_doubt(&doubts, found.n_judged), notes))
    }

    fn inseparable(&self) -> Result<Option<Finding>, Failure> {
        let Labelled {
            labels,
            groups,
            n_classes,
            ..
        } = self.labelled();
        let scored = self.task.folds.scored_rows(0);
        let found = inseparable_pairs(
            &self.judged.out.repeats[0],
            labels,
            groups,
            &scored,
            *n_classes,
        )?;
        let pairs: Vec<InseparableClasses> = found
            .iter()
            .map(|pair| InseparableClasses {
                first: &self.photos.classes[pair.first],
                second: &self.photos.classes[pair.second],
                accuracy: pair.accuracy.value,
                high: pair.accuracy.high,
            })
            .collect();
        Ok(inseparable_classes(&pairs))
    }

    /// Only for the backbone whose training is known, and in the geometry and size in which that was measured.
    fn domain(&self) -> Result<Option<Finding>, Failure> {
        if !self.is_embedded || self.look != Look::Backbone(Geometry::CenterCrop, domain::SIZE_PX) {
            return Ok(None);
        }
        let last = self.looks.backbone.stage_sets().swap_remove(0);
        let features = self
            .looks
            .features(self.look, &self.labelled().rows, &last)?;
        let features: Vec<f32> = features.all_rows().iter().map(|v| *v as f32).collect();
        let found = domain_distance(&features)?;
        let mut strangest: Vec<usize> = (0..found.shares.len()).collect();
        strangest.sort_by(|&a, &b| found.shares[b].total_cmp(&found.shares[a]).then(a.cmp(&b)));
        let strangest: Vec<&str> = strangest
            .iter()
            .map(|&row| self.photo(row).shown.as_str())
            .collect();
        Ok(far_domain(&DomainDistance {
            is_far: found.is_far(),
            median: found.median,
            strange: found.strange,
            n_photos: found.shares.len(),
            strangest: &strangest,
        }))
    }

    /// Whether each photo is predicted right; none where no fold scores it.
    fn hits(&self) -> Vec<Option<bool>> {
        let mut hits = vec![None; self.labelled().len()];
        let column = self.task.column(&self.judged.out);
        for (row, hit) in column.scored.iter().zip(&column.hits) {
            hits[*row] = Some(*hit >= 0.5);
        }
        hits
    }

    fn seed(&self, purpose: &str) -> Seed {
        self.task.seed.derive(purpose, 0)
    }

    /// What should not tell the class, a row a photo.
    fn described(&self, thumbnails: Option<&[u8]>) -> Vec<Described> {
        let n = self.labelled().len();
        let facts = || (0..n).map(|row| self.photo(row).facts.as_ref());
        let known = |value: Option<f64>| value.unwrap_or(f64::NAN);
        let mut all = Vec::new();
        let mut add = |name, rows: Vec<Vec<f64>>| all.push(Described::new(name, rows));

        // Bytes a pixel are left out, against recipe A10: at one format and quality they measure how much there is to see.
        let sizes = (0..n).map(|row| {
            let size = self.photo(row).size_px().map(|(w, h)| (w as f64, h as f64));
            vec![
                known(size.map(|(w, _)| w.ln())),
                known(size.map(|(_, h)| h.ln())),
                known(size.map(|(w, h)| (w / h).ln())),
            ]
        });
        add(SIZE_NAME, sizes.collect());
        let formats: BTreeSet<_> = facts().flatten().map(|f| f.format).collect();
        let kinds = facts().map(|f| {
            let is = |format| f64::from(u8::from(f.is_some_and(|f| f.format == format)));
            let quality = f.and_then(|f| f.jpeg_quality).map(f64::from);
            formats
                .iter()
                .map(|format| is(*format))
                .chain([known(quality)])
                .collect()
        });
        add(FORMAT_NAME, kinds.collect());
        let cameras = most_frequent(facts().flatten().filter_map(|f| f.camera.as_deref()));
        let camera_of = facts().map(|f| {
            let own = f.and_then(|f| f.camera.as_deref());
            cameras
                .iter()
                .map(|camera| f64::from(u8::from(own == Some(camera))))
                .collect()
        });
        add(CAMERA_NAME, camera_of.collect());
        let times = facts().map(|f| {
            let taken = f
                .and_then(|f| f.taken)
                .map(|t| t.seconds_since_1970() as f64);
            vec![known(taken)]
        });
        add(TIME_NAME, times.collect());

        if let Some(thumbnails) = thumbnails {
            let levels = |thumbnail: &[u8]| thumbnail.iter().copied().map(f64::from).collect();
            let length = THUMBNAIL_PX * THUMBNAIL_PX * 3;
            add(
                THUMBNAIL_NAME,
                thumbnails.chunks_exact(length).map(levels).collect(),
            );
        }
        all
    }

    /// Thumbnails of all photos, `[n, 8, 8, 3]`; none unless all have a portrait.
    fn thumbnails(&self) -> Option<Vec<u8>> {
        let mut all = Vec::new();
        for &position in &self.labelled().rows {
            let portrait = Portrait::from_vector(self.looks.vector(Look::Portrait, position)?)?;
            all.extend(portrait.thumbnail);
        }
        Some(all)
    }
}

/// Where a cell of a grid lies, in words.
fn where_is((row, column): (usize, usize), side: usize) -> &'static str {
    let (top, bottom, left, right) = (row == 0, row == side - 1, column == 0, column == side - 1);
    match (top, bottom, left, right) {
        (true, _, true, _) => "in the upper left corner",
        (true, _, _, true) => "in the upper right corner",
        (_, true, true, _) => "in the lower left corner",
        (_, true, _, true) => "in the lower right corner",
        (true, ..) => "at the upper edge",
        (_, true, ..) => "at the lower edge",
        (_, _, true, _) => "at the left edge",
        _ => "at the right edge",
    }
}

const SIZE_NAME: &str = "the size and shape of the pictures";
const FORMAT_NAME: &str = "the format and JPEG quality of the files";
const CAMERA_NAME: &str = "the camera";
const TIME_NAME: &str = "the time when a photo was taken";
const BORDER_NAME: &str = "the colour at one place of the border";
const THUMBNAIL_NAME: &str = "a thumbnail of 8 × 8 pixels";

/// Doubts of the first repeat.
fn doubts_of(task: &Task, out: &OutOfFold) -> Result<Doubts, Failure> {
    let Labelled {
        labels,
        groups,
        n_classes,
        ..
    } = &task.photos;
    let scored = task.folds.scored_rows(0);
    Ok(label_doubts(
        &out.repeats[0],
        labels,
        groups,
        &scored,
        *n_classes,
    )?)
}

/// Numbers of one kind.
struct Described {
    name: &'static str,
    width: usize,
    /// `[n, width]`; NaN where a photo has none.
    values: Vec<f64>,
}

impl Described {
    fn new(name: &'static str, rows: Vec<Vec<f64>>) -> Described {
        Described {
            name,
            width: rows.first().map_or(0, Vec::len),
            values: rows.concat(),
        }
    }

    /// Whether any photo differs from the first one: what is the same everywhere tells nothing, and is no test.
    fn varies(&self) -> bool {
        let bits = |row: &[f64]| row.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        let mut rows = self.values.chunks_exact(self.width.max(1)).map(bits);
        let first = rows.next();
        rows.any(|row| Some(&row) != first.as_ref())
    }
}

/// The cameras of most photos, at most [`CAMERAS`].
fn most_frequent<'a>(cameras: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    cameras.for_each(|camera| *counts.entry(camera).or_default() += 1);
    let mut ordered: Vec<_> = counts.into_iter().collect();
    ordered.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    ordered
        .into_iter()
        .take(CAMERAS)
        .map(|(camera, _)| camera)
        .collect()
}
