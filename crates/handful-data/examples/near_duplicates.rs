//! Are copies found that were planted among real photos, and nothing else?
//!
//! `cargo run --release -p handful-data --example near_duplicates -- DATA OUT JUDGED [SEED]`
//!
//! DATA holds the development sets. Into OUT go 5,000 photos: 4,500 drawn from the sets and copies of 500 of them, a
//! hundred for each of five edits, with `planted.csv` that says which is which; `bench/peers/imagehash_duplicates.py` reads
//! the same. The sets have near-duplicates of their own: JUDGED lists pairs that somebody has looked at, and whether they
//! show one `scene`, one `object` twice, or two things (`other`). Only planted pairs and scenes count as right. Prints
//! Markdown; pairs that nobody has looked at are named.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{env, fs};

use handful_data::alike::{Alike, Search, find};
use handful_image::{Limits, Pixels, Signature, aligned_patch, decode, encode_jpeg, resize};
use handful_stats::Seed;
use rayon::prelude::*;

/// Sets of photos; omniglot's drawings are none.
const SETS: [&str; 5] = ["clothing", "waste", "grocery", "hands", "cifar10"];
const N_PHOTOS: usize = 5_000;
const N_EACH: usize = 100;
const EDITS: [&str; 5] = [
    "crop to 80 %",
    "resize to 50 %",
    "JPEG quality 30",
    "brightness ±20 %",
    "mirror",
];
/// Quality at which copies are stored where the edit is another one.
const QUALITY: u8 = 90;

/// A pair of photos by their names in the sets, or of a copy and its source.
type Names = (String, String);

/// What lies in OUT.
struct Planted {
    /// Files, in order.
    files: Vec<PathBuf>,
    /// What each is, or is a copy of: its path in the sets.
    sources: Vec<String>,
    /// Edit of each copy; `None` of an original.
    edits: Vec<Option<usize>>,
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [data, out, judged, rest @ ..] = &arguments[..] else {
        panic!("three arguments are needed: the sets, a folder to write into, judged pairs");
    };
    let seed = rest.first().map_or(1, |text| text.parse().expect("a seed"));
    let planted = plant(Path::new(data), Path::new(out), Seed(seed));
    let judged = read_judged(Path::new(judged));

    let pixels = |image: usize| {
        let bytes = fs::read(&planted.files[image]).expect("a file that was just written");
        decode(&bytes, &Limits::default())
            .expect("a whole photo")
            .pixels
    };
    let start = Instant::now();
    let images = (0..planted.files.len()).into_par_iter();
    let signatures: Vec<Signature> = images.map(|image| Signature::of(&pixels(image))).collect();
    let read_s = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let found = find(&Search {
        signatures: &signatures,
        features: None,
        patch: &|image| Some(aligned_patch(&pixels(image))),
        with_turns: false,
    });
    let search_s = start.elapsed().as_secs_f64();
    report(&planted, &judged, &found);
    println!("\nreading and signatures {read_s:.1} s, search {search_s:.1} s");
}

/// Draws photos and writes them and their copies.
fn plant(data: &Path, out: &Path, seed: Seed) -> Planted {
    let mut photos = Vec::new();
    for set in SETS {
        collect(&data.join(set), &mut photos);
    }
    let name = |photo: &PathBuf| {
        let inside = photo.strip_prefix(data).expect("photos lie in the sets");
        inside.to_string_lossy().replace('\\', "/")
    };
    photos.sort_by_key(|photo| seed.derive(&name(photo), 0).0);
    photos.truncate(N_PHOTOS - EDITS.len() * N_EACH);
    fs::create_dir_all(out).expect("a folder to write into");
    let mut planted = Planted {
        files: Vec::new(),
        sources: photos.iter().map(name).collect(),
        edits: vec![None; photos.len()],
    };
    let file = |image: usize| out.join(format!("{image:05}.jpg"));
    for (image, photo) in photos.iter().enumerate() {
        fs::copy(photo, file(image)).expect("room for a copy");
        planted.files.push(file(image));
    }
    for copy in 0..EDITS.len() * N_EACH {
        let bytes = fs::read(&photos[copy]).expect("a photo");
        let pixels = decode(&bytes, &Limits::default())
            .expect("a whole photo")
            .pixels;
        let edit = copy / N_EACH;
        let quality = if edit == 2 { 30 } else { QUALITY };
        let bytes = encode_jpeg(&edited(pixels, edit, seed, copy), quality);
        let image = planted.files.len();
        fs::write(file(image), bytes).expect("room for a copy");
        planted.files.push(file(image));
        planted.sources.push(planted.sources[copy].clone());
        planted.edits.push(Some(edit));
    }
    let mut list = "file,source,edit\n".to_owned();
    for image in 0..planted.files.len() {
        let edit = planted.edits[image].map_or("", |edit| EDITS[edit]);
        writeln!(list, "{image:05}.jpg,{},{edit}", planted.sources[image]).expect("a string grows");
    }
    fs::write(out.join("planted.csv"), list).expect("room for a list");
    planted
}

/// Photos below a folder, in the order of their paths.
fn collect(folder: &Path, photos: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).expect("a folder of a set");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    for path in paths {
        let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
        if path.is_dir() {
            collect(&path, photos);
        } else if ending.is_some_and(|ending| ending == "jpg") {
            photos.push(path);
        }
    }
}

fn edited(pixels: Pixels, edit: usize, seed: Seed, copy: usize) -> Pixels {
    let draw = |what: u64, below: usize| {
        (seed.derive("edit", copy as u64 * 4 + what).0 % below as u64) as usize
    };
    let (width, height) = (pixels.width, pixels.height);
    match edit {
        0 => {
            let (w, h) = (width * 4 / 5, height * 4 / 5);
            let (left, top) = (draw(0, width - w + 1), draw(1, height - h + 1));
            moved(w, h, |x, y| pixels.pixel(left + x, top + y))
        }
        1 => resize(&pixels, width / 2, height / 2),
        3 => {
            let factor = if draw(2, 2) == 0 { 0.8 } else { 1.2 };
            let brightened = |level: u8| (f32::from(level) * factor).round().min(255.0) as u8;
            moved(width, height, |x, y| pixels.pixel(x, y).map(brightened))
        }
        4 => moved(width, height, |x, y| pixels.pixel(width - 1 - x, y)),
        _ => pixels,
    }
}

fn moved(width: usize, height: usize, pixel: impl Fn(usize, usize) -> [u8; 3]) -> Pixels {
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    Pixels {
        width,
        height,
        data: places.flat_map(|(x, y)| pixel(x, y)).collect(),
    }
}

/// `scene`, `object` or `other` of pairs, names in ascending order.
fn read_judged(file: &Path) -> BTreeMap<Names, String> {
    let mut table = csv::Reader::from_path(file).expect("a table of judged pairs");
    let rows = table.deserialize::<(String, String, String)>();
    rows.map(|row| row.expect("a row of two names and a verdict"))
        .map(|(a, b, shows)| (ordered(a, b), shows))
        .collect()
}

fn ordered(a: String, b: String) -> Names {
    if a < b { (a, b) } else { (b, a) }
}

fn report(planted: &Planted, judged: &BTreeMap<Names, String>, found: &Alike) {
    let mut recalled = [0; EDITS.len()];
    let mut others: BTreeMap<&str, Vec<Names>> = BTreeMap::new();
    for pair in &found.pairs {
        let [a, b] = [pair.a, pair.b].map(|image| planted.sources[image].clone());
        match planted.edits[pair.b] {
            Some(edit) if a == b => recalled[edit] += 1,
            _ => {
                let names = ordered(a, b);
                let shows = judged.get(&names).map_or("unknown", String::as_str);
                others.entry(shows).or_default().push(names);
            }
        }
    }
    println!("| edit | planted | found | recall |\n|---|--:|--:|--:|");
    let percent = |part: usize, all: usize| 100.0 * part as f64 / all.max(1) as f64;
    for (edit, n) in EDITS.iter().zip(recalled) {
        println!("| {edit} | {N_EACH} | {n} | {:.1} |", percent(n, N_EACH));
    }
    let n_recalled: usize = recalled.iter().sum();
    let n_planted = N_EACH * EDITS.len();
    println!(
        "| all | {n_planted} | {n_recalled} | {:.1} |",
        percent(n_recalled, n_planted)
    );
    let n_scenes = others.get("scene").map_or(0, Vec::len);
    println!(
        "\nprecision {:.1} %: {} pairs, of which {n_recalled} planted and {n_scenes} of one scene in the sets themselves",
        percent(n_recalled + n_scenes, found.pairs.len()),
        found.pairs.len()
    );
    for (shows, pairs) in others.iter().filter(|(shows, _)| **shows != "scene") {
        for (a, b) in pairs {
            println!("{shows}: `{a}` `{b}`");
        }
    }
}
