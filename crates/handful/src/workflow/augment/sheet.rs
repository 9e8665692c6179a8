//! What do changed photos look like? Pictures for the page, and a contact sheet.

use std::collections::BTreeSet;

use handful_expand::{Op, Policy, View, named};
use handful_image::{Geometry, Pixels, encode_jpeg, resize};
use handful_learn::guard::{Judged, Power, Verdict};
use handful_report::{Augmentation, AugmentationRow, Captioned, SheetRow};
use handful_stats::Seed;

use super::guarded::{Guarded, Thorough};
use super::policies::Overruled;
use super::told::{amount, range_text, why};
use crate::exit::Failure;
use crate::workflow::labelled::Labelled;
use crate::workflow::looks::Looks;

/// Photos on a sheet, and views of each.
pub const PHOTOS_SHOWN: usize = 8;
const VIEWS_SHOWN: usize = 7;
/// Side at which photos are shown, in pixels.
pub const SHOWN_PX: usize = 224;
/// Side of a photo on the contact sheet, and what is between two, in pixels.
const TILE_PX: usize = 128;
const GAP_PX: usize = 4;
const QUALITY: u8 = 85;

/// A photo that is shown.
pub struct Shown {
    /// As a square of [`SHOWN_PX`].
    pub square: Pixels,
    /// Its class.
    pub label: usize,
}

/// Rows of the photos that are shown: of each class in turn.
pub fn shown(labels: &[usize], seed: Seed) -> Vec<usize> {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by_key(|&row| seed.derive("shown", 0).key(row as u64));
    let mut taken: Vec<usize> = Vec::new();
    while taken.len() < PHOTOS_SHOWN.min(labels.len()) {
        // One more of each class, in the order of the draw.
        let mut seen = BTreeSet::new();
        let fresh: Vec<usize> = (order.iter().copied())
            .filter(|row| !taken.contains(row) && seen.insert(labels[*row]))
            .collect();
        taken.extend(fresh);
    }
    taken.truncate(PHOTOS_SHOWN);
    taken
}

/// The photos that are shown, of those that judge.
///
/// # Errors
/// When interrupted, or when a photo can't be read any more.
pub fn photos(
    jury: &Labelled,
    looks: &Looks,
    geometry: Geometry,
    seed: Seed,
) -> Result<Vec<Shown>, Failure> {
    let shown = shown(&jury.labels, seed);
    let rows: Vec<usize> = shown.iter().map(|&row| jury.rows[row]).collect();
    let preprocessing = looks.backbone.preprocessing(geometry, SHOWN_PX);
    let squares = looks.prepared(preprocessing, &rows)?;
    let photo = |(square, &row): (Pixels, &usize)| Shown {
        square,
        label: jury.labels[row],
    };
    Ok(squares.into_iter().zip(&shown).map(photo).collect())
}

/// All that is told of it.
pub fn augmentation(
    guarded: &Guarded,
    classes: &[String],
    photos: &[Shown],
    (policy, is_used): (&Policy, bool),
    overruled: &Overruled,
    seed: Seed,
) -> Augmentation {
    let row = |judged: &Judged| row(judged, classes, photos, seed);
    Augmentation {
        judged: sentences(guarded),
        rows: guarded.judged.iter().map(row).collect(),
        sheet: sheet(photos, classes, policy, seed),
        policy: policy.name.clone(),
        is_used,
        policy_text: policy.to_text(),
        overruled: overruled.told(),
    }
}

/// How it was judged.
pub fn sentences(guarded: &Guarded) -> Vec<String> {
    let percent = |share: f64| format!("{:.0} %", 100.0 * share.clamp(0.0, 1.0));
    let mut sentences = vec![format!(
        "{} photos were changed and judged at {} px.",
        guarded.n_photos, guarded.size_px
    )];
    let Some(Thorough {
        orientation: o,
        power,
    }) = &guarded.thorough
    else {
        return sentences;
    };
    let up = match (o.is_absent(), o.is_present()) {
        (true, _) => "The photos have no up",
        (_, true) => "The photos have an up",
        _ => "Whether the photos have an up can't be told",
    };
    sentences.push(format!(
        "{up}: a quarter turn is recognised in {} of them (95 % interval {} to {}; by chance 25 %).",
        percent(o.accuracy),
        percent(o.low),
        percent(o.high)
    ));
    if let Some(first) = power.first() {
        let noticed = |p: &Power| format!("{} in {} of {} resamples", planted(p), p.alarms, p.of);
        let noticed: Vec<String> = power.iter().map(noticed).collect();
        sentences.push(format!(
            "As a test, a mark of {} of the side was drawn into each photo, changed in every second one, as if that were its class. That the change alters such labels was noticed: {}.",
            percent(first.mark),
            noticed.join(", ")
        ));
    }
    sentences
}

/// A planted change, for people.
fn planted(power: &Power) -> String {
    let range = named(&power.operation).expect("it was judged").range();
    let name = power.operation.replace('_', " ");
    if range.is_switch() {
        return name;
    }
    let by = format!("{name} by {} {}", amount(power.amount), range.unit);
    by.trim_end().into()
}

fn row(judged: &Judged, classes: &[String], photos: &[Shown], seed: Seed) -> AugmentationRow {
    let op = named(&judged.operation).expect("it was judged");
    let limit = judged.limit().unwrap_or_else(|| judged.decisive());
    // Of the class that is read as another one, where there is such a pair.
    let collision = limit.evidence.collision.as_ref();
    let of_pair = collision.filter(|_| limit.verdict == Verdict::Harmful);
    let example = of_pair
        .and_then(|pair| photos.iter().find(|photo| photo.label == pair.class))
        .or(photos.first());
    let mut pictures = Vec::new();
    if let Some(photo) = example {
        pictures.push(captioned(&photo.square, classes[photo.label].clone()));
        let mut add = |amounts: &[f32], what: &str| {
            for &to in amounts {
                let seen = changed(op, to, &photo.square, seed);
                let unit = op.range().unit;
                let caption = format!("{what} {} {unit}", amount(to));
                pictures.push(captioned(&seen, caption.trim_end().into()));
            }
        };
        if let Some(safe) = &judged.safe {
            add(safe, "safe:");
        }
        if limit.verdict != Verdict::Safe {
            add(&limit.amounts, "refused:");
        }
    }
    AugmentationRow {
        operation: judged.operation.clone(),
        allowed: range_text(judged),
        verdict: limit.verdict.name().into(),
        why: why(limit, classes),
        pictures,
    }
}

fn changed(op: &dyn Op, to: f32, square: &Pixels, seed: Seed) -> Pixels {
    let size = [square.width, square.height];
    View::by(op, to, size, &mut seed.stream(op.name(), 0)).of(square)
}

fn captioned(square: &Pixels, caption: String) -> Captioned {
    Captioned {
        picture: encode_jpeg(square, QUALITY),
        caption,
    }
}

/// What was drawn, for people.
fn drawn(view: &View) -> String {
    let one = |(name, to): &(&str, f32)| match named(name).is_some_and(|op| op.range().is_switch())
    {
        true => (*name).to_owned(),
        false => format!("{name} {}", amount(*to)),
    };
    match view.told.is_empty() {
        true => "as it is".into(),
        false => view.told.iter().map(one).collect::<Vec<_>>().join(", "),
    }
}

fn sheet(photos: &[Shown], classes: &[String], policy: &Policy, seed: Seed) -> Vec<SheetRow> {
    let line = |(idx, photo): (usize, &Shown)| {
        let label = classes[photo.label].clone();
        let mut pictures = vec![captioned(&photo.square, label.clone())];
        for view in views(policy, idx, seed) {
            pictures.push(captioned(&view.of(&photo.square), drawn(&view)));
        }
        SheetRow { label, pictures }
    };
    photos.iter().enumerate().map(line).collect()
}

fn views(policy: &Policy, idx: usize, seed: Seed) -> impl Iterator<Item = View> {
    (0..VIEWS_SHOWN).map(move |view| policy.view(seed, view as u64, idx as u64, [SHOWN_PX; 2]))
}

/// Photos line by line, each as it is and then its views, without words.
pub fn contact_sheet(photos: &[Shown], policy: &Policy, seed: Seed) -> Pixels {
    let step = TILE_PX + GAP_PX;
    let (columns, rows) = (VIEWS_SHOWN + 1, photos.len().max(1));
    let mut sheet = Pixels::filled(columns * step + GAP_PX, rows * step + GAP_PX, [255; 3]);
    for (idx, photo) in photos.iter().enumerate() {
        let seen = views(policy, idx, seed).map(|view| view.of(&photo.square));
        for (column, tile) in std::iter::once(photo.square.clone())
            .chain(seen)
            .enumerate()
        {
            let tile = resize(&tile, TILE_PX, TILE_PX);
            for (y, line) in tile.data.chunks_exact(3 * TILE_PX).enumerate() {
                let row = idx * step + GAP_PX + y;
                let start = 3 * (row * sheet.width + column * step + GAP_PX);
                sheet.data[start..start + line.len()].copy_from_slice(line);
            }
        }
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_shown_before_any_is_shown_twice() {
        let labels: Vec<usize> = (0..100)
            .map(|i| usize::from(i >= 95) + usize::from(i >= 99))
            .collect();
        let rows = shown(&labels, Seed(3));
        assert_eq!(rows.len(), PHOTOS_SHOWN);
        let first: BTreeSet<usize> = rows[..3].iter().map(|&row| labels[row]).collect();
        assert_eq!(first.len(), 3);
        assert_eq!(shown(&[0, 1], Seed(0)).len(), 2);
    }

    #[test]
    fn a_sheet_has_a_line_a_photo() {
        let photo = || Shown {
            square: Pixels::filled(SHOWN_PX, SHOWN_PX, [10, 20, 30]),
            label: 0,
        };
        let sheet = contact_sheet(&[photo(), photo()], &Policy::none(), Seed(0));
        assert_eq!((sheet.width, sheet.height), (8 * 132 + 4, 2 * 132 + 4));
        assert_eq!(sheet.pixel(0, 0), [255; 3]);
        assert_eq!(sheet.pixel(7 * 132 + 5, 132 + 5), [10, 20, 30]);
    }
}
