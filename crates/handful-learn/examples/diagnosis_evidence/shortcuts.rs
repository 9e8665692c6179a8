//! Are planted shortcuts found, and what is said of sets that have none?

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use handful_image::{FileFacts, Limits, Pixels, Portrait, decode, encode_jpeg, file_facts};
use handful_learn::{Descriptor, Grids, OnePlace, Shortcut, one_place, shortcuts};
use handful_stats::{Seed, stratified_subset};
use rayon::prelude::*;

use crate::Folders;
use crate::set::{Set, unit};

const SEEDS: u64 = 20;
const PHOTOS: usize = 300;
/// Classes of sets with a planted shortcut.
const PLANTED_CLASSES: usize = 4;
/// Quality of the first class and what each further one has more.
const QUALITY: (u8, u8) = (60, 10);
/// Quality of photos that get a mark.
const MARKED_QUALITY: u8 = 85;
/// Side of a mark as a share of the shorter side, the share of its class that has it, and its colour.
const MARK_SIDE: f64 = 0.12;
const MARKED: f64 = 0.9;
const MARK: [u8; 3] = [230, 40, 40];
const THUMBNAIL_PX: usize = 8;

/// What is done to photos before they are described.
#[derive(Clone, Copy, PartialEq)]
enum Plant {
    Nothing,
    /// Every class at a quality of its own.
    Quality,
    /// A mark in a corner of most photos of one class.
    Mark,
}

/// All of it.
pub fn planted_and_clean(folders: &Folders) {
    let names = [
        "clothing", "waste", "grocery", "hands", "cifar10", "omniglot",
    ];
    let read = |name: &&str| Set::read(&folders.features, &folders.data, name);
    let sets: Vec<Set> = names.iter().map(read).collect();
    println!(
        "Times found in {SEEDS} seeds (mean balanced accuracy in %); `one place`: a warning for one place at the border.\n"
    );
    println!("| set | planted | classes | size | bytes a pixel | file | thumbnail | one place |");
    println!("|---|---|---|---|---|---|---|---|");
    for (name, plant) in [
        ("clothing", Plant::Quality),
        ("cifar10", Plant::Quality),
        ("clothing", Plant::Mark),
        ("cifar10", Plant::Mark),
    ] {
        let set = sets.iter().find(|s| s.name == name).expect("it was read");
        row(set, plant, PLANTED_CLASSES);
    }
    for set in &sets {
        row(set, Plant::Nothing, set.n_classes);
        row(set, Plant::Nothing, PLANTED_CLASSES);
    }
}

fn row(set: &Set, plant: Plant, n_classes: usize) {
    let found: Vec<(Vec<Shortcut>, Option<OnePlace>)> = (0..SEEDS)
        .into_par_iter()
        .map(|number| one(set, plant, n_classes, Seed(number)))
        .collect();
    let cell = |name: &str| {
        let of = found
            .iter()
            .flat_map(|(all, _)| all.iter().filter(|s| s.name == name));
        let (mut n, mut sum) = (0, 0.0);
        of.for_each(|s| {
            n += usize::from(s.is_found);
            sum += s.balanced_accuracy / SEEDS as f64;
        });
        format!("{n} ({:.0})", 100.0 * sum)
    };
    let marked = |place: &OnePlace| plant != Plant::Mark || place.class == 0;
    let places = found.iter().filter_map(|(_, place)| place.as_ref());
    let n_places = places.filter(|place| marked(place)).count();
    let planted = match plant {
        Plant::Nothing => "–",
        Plant::Quality => "JPEG quality by class",
        Plant::Mark => "corner mark on one class",
    };
    println!(
        "| {} | {planted} | {n_classes} | {} | {} | {} | {} | {n_places} |",
        set.name,
        cell("size"),
        cell("bytes a pixel"),
        cell("file"),
        cell("thumbnail")
    );
}

/// The results of one seed.
fn one(set: &Set, plant: Plant, n_classes: usize, seed: Seed) -> (Vec<Shortcut>, Option<OnePlace>) {
    let by_class = set.shuffled_by_class(seed);
    let mut classes: Vec<usize> = (0..set.n_classes).collect();
    classes.sort_by_key(|class| seed.derive("class", 0).key(*class as u64));
    let mut rows: Vec<usize> = classes[..n_classes]
        .iter()
        .flat_map(|&c| &by_class[c])
        .copied()
        .collect();
    rows.sort_unstable();
    let place: BTreeMap<usize, usize> = classes[..n_classes].iter().copied().zip(0..).collect();
    let label = |row: usize| place[&set.labels[row]];
    let labels: Vec<usize> = rows.iter().map(|&r| label(r)).collect();
    let alone: Vec<usize> = (0..rows.len()).collect();
    let kept = stratified_subset(&labels, &alone, n_classes, PHOTOS, seed);
    let rows: Vec<usize> = kept.iter().map(|&i| rows[i]).collect();
    let labels: Vec<usize> = rows.iter().map(|&r| label(r)).collect();

    let described: Vec<(FileFacts, Portrait)> = rows
        .iter()
        .zip(&labels)
        .map(|(&row, &label)| {
            let bytes = fs::read(&set.paths[row]).expect("the photo is there");
            let bytes = change(bytes, plant, label, unit(seed, row));
            let pixels = decode(&bytes, &Limits::default()).expect("a photo").pixels;
            (file_facts(&bytes).expect("a photo"), Portrait::of(&pixels))
        })
        .collect();
    let blocks = blocks(&described);
    let descriptors: Vec<Descriptor> = blocks
        .iter()
        .map(|(name, values)| Descriptor {
            name,
            width: values.len() / rows.len(),
            values,
        })
        .collect();
    let alone: Vec<usize> = (0..rows.len()).collect();
    let found = shortcuts(&descriptors, &labels, &alone, n_classes, seed);
    let levels: Vec<u8> = described.iter().flat_map(|(_, p)| p.thumbnail).collect();
    let grids = Grids {
        levels: &levels,
        side: THUMBNAIL_PX,
    };
    let place = one_place(grids, &labels, &alone, n_classes, seed);
    (found.expect("descriptors that fit"), place)
}

fn change(bytes: Vec<u8>, plant: Plant, label: usize, luck: f64) -> Vec<u8> {
    if plant == Plant::Nothing {
        return bytes;
    }
    let mut pixels = decode(&bytes, &Limits::default()).expect("a photo").pixels;
    if plant == Plant::Quality {
        return encode_jpeg(&pixels, QUALITY.0 + QUALITY.1 * label as u8);
    }
    if label == 0 && luck < MARKED {
        mark(&mut pixels);
    }
    encode_jpeg(&pixels, MARKED_QUALITY)
}

/// A square in the lower right corner.
fn mark(pixels: &mut Pixels) {
    let (w, h) = (pixels.width, pixels.height);
    let side = ((w.min(h) as f64 * MARK_SIDE).round() as usize).max(1);
    for y in h - side..h {
        for x in w - side..w {
            pixels.data[(y * w + x) * 3..][..3].copy_from_slice(&MARK);
        }
    }
}

/// Name and values `[n, width]` of each descriptor.
fn blocks(described: &[(FileFacts, Portrait)]) -> Vec<(&'static str, Vec<f64>)> {
    let each = |values: &dyn Fn(&FileFacts, &Portrait) -> Vec<f64>| -> Vec<f64> {
        described
            .iter()
            .flat_map(|(facts, portrait)| values(facts, portrait))
            .collect()
    };
    let kinds: BTreeSet<String> = described.iter().map(|(facts, _)| kind(facts)).collect();
    vec![
        (
            "size",
            each(&|f, _| {
                let (w, h) = (f.width_px as f64, f.height_px as f64);
                vec![w, h, (w / h).ln()]
            }),
        ),
        (
            "bytes a pixel",
            each(&|f, _| vec![f.bytes as f64 / (f.width_px * f.height_px) as f64]),
        ),
        (
            "file",
            each(&|f, _| {
                let quality = f.jpeg_quality.map_or(f64::NAN, f64::from);
                let is = kinds.iter().map(|k| f64::from(*k == kind(f)));
                std::iter::once(quality).chain(is).collect()
            }),
        ),
        (
            "thumbnail",
            each(&|_, p| p.thumbnail.iter().copied().map(f64::from).collect()),
        ),
    ]
}

/// Format and camera.
fn kind(facts: &FileFacts) -> String {
    format!("{:?} {:?}", facts.format, facts.camera)
}
