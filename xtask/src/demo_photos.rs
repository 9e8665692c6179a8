//! Which photos ship inside the program for `handful demo`, and how were they drawn?
//!
//! A seeded draw from the clothing set (CC0 1.0): [`CLASSES`], [`N_TRAIN`] photos each to train on and [`N_NEW`] more
//! held back from senders who gave none of the training photos. The bytes are copied unchanged, so every photo can
//! be traced to its source through `sources.csv`. The order of the draw is the order of keyed hashes, so it depends
//! on the seed and the names alone, never on the order of files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use crate::failure::{Failure, Outcome};
use crate::jpeg_size::jpeg_size;

/// Six of the ten classes that a person tells apart at a glance; shirts, long sleeves, skirts and shorts each have a
/// sibling here that even labellers mix up.
const CLASSES: &[&str] = &["dress", "hat", "outwear", "pants", "shoes", "t-shirt"];
/// Training photos a class.
const N_TRAIN: usize = 40;
/// Held-back photos a class.
const N_NEW: usize = 10;
/// Held-back photos of one class from one sender, at most: ten photos of one closet would test one closet.
const N_NEW_PER_SENDER: usize = 2;
/// Longest side of a photo that may ship; taller ones are not drawn, so that no photo has to be stored again.
const MAX_SIDE_PX: usize = 224;
/// All photos together may be this large, because they are part of the program.
const MAX_TOTAL_BYTES: usize = 2_500_000;

/// The set, below the folder that the user names.
const SOURCE: &str = "data/clothing";
/// The demo's folder, below the repository's root.
pub const FOLDER: &str = "crates/handful/demo";
/// The two parts of the demo's folder, in the order of the table.
const PARTS: [&str; 2] = ["new", "train"];

/// Photos that were looked at and left out, by the start of their name: `(name, why)`.
const SKIPPED: &[(&str, &str)] = &[
    ("09c09dd1", "dress: dungarees with short legs"),
    ("2b2a6d39", "t-shirt: a dress"),
    ("734353cb", "t-shirt: rude words"),
    ("777191aa", "t-shirt: a buttoned shirt"),
    ("7ac347b0", "dress: a long-sleeved top"),
    ("7ee4f3fd", "outwear: a knitted blouse"),
    ("835a1782", "dress: a blouse"),
    ("86a3f65f", "hat: a print of cannabis leaves"),
    ("8dcd8c2d", "dress: a blouse"),
    ("ae2a179f", "t-shirt: a tunic as long as a dress"),
    ("cc8316bf", "outwear: a sweatshirt behind a reflected flash"),
    ("d337b973", "dress: a blouse"),
    ("d6d72696", "t-shirt: a tunic as long as a dress"),
    ("f83cdf3f", "dress: a blouse"),
];

/// One row of the set's `groups.csv` that may be drawn.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Photo {
    /// Path below the set's folder, with `/`.
    path: String,
    label: String,
    sender: String,
}

/// Photos of each class in the order in which they were drawn.
type Drawn = BTreeMap<String, Vec<Photo>>;

/// Draws the photos, replaces the demo's folder and writes README.md, `sources.csv` and the table beside them.
pub fn draw(root: &Path, shared: &Path, seed: u64) -> Result<Outcome, Failure> {
    let set = shared.join(SOURCE);
    let photos = eligible(&set)?;
    let (train, new) = drawn(&photos, seed)?;

    let folder = root.join(FOLDER);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(Failure::writing(&folder))?;
    }
    let mut n_bytes = 0;
    let mut sources = csv::Writer::from_writer(Vec::new());
    let failed_csv =
        |error: csv::Error| Failure::new("cannot write `sources.csv`", error, "report this");
    sources
        .write_record(["path", "original", "sender"])
        .map_err(failed_csv)?;
    for (part, of_part) in PARTS.into_iter().zip([&new, &train]) {
        for (class, of_class) in of_part {
            let class_folder = folder.join(part).join(class);
            std::fs::create_dir_all(&class_folder).map_err(Failure::writing(&class_folder))?;
            for (idx, photo) in of_class.iter().enumerate() {
                let name = format!("{:03}.jpg", idx + 1);
                let source = set.join(&photo.path);
                let bytes = std::fs::read(&source).map_err(Failure::reading(&source))?;
                let target = class_folder.join(&name);
                std::fs::write(&target, &bytes).map_err(Failure::writing(&target))?;
                n_bytes += bytes.len();
                sources
                    .write_record([
                        &format!("{part}/{class}/{name}"),
                        &photo.path,
                        &photo.sender,
                    ])
                    .map_err(failed_csv)?;
            }
        }
    }
    if n_bytes > MAX_TOTAL_BYTES {
        return Err(Failure::new(
            "the demo's photos are too large",
            format!("{n_bytes} bytes, the limit is {MAX_TOTAL_BYTES}"),
            "draw with another `--seed` or lower `MAX_SIDE_PX`",
        ));
    }

    let sources = sources.into_inner().expect("a Vec takes every write");
    let readme = readme(seed, &train, &new, n_bytes);
    let table = table(&self::photos(&folder)?);
    let files: [(&str, &[u8]); 3] = [
        ("sources.csv", &sources),
        ("README.md", readme.as_bytes()),
        ("photos.rs", table.as_bytes()),
    ];
    for (name, bytes) in files {
        let path = folder.join(name);
        std::fs::write(&path, bytes).map_err(Failure::writing(&path))?;
    }
    println!(
        "{FOLDER}: {} photos to train on from {} senders, {} held back from {} others, {n_bytes} bytes",
        train.values().map(Vec::len).sum::<usize>(),
        senders(&train).len(),
        new.values().map(Vec::len).sum::<usize>(),
        senders(&new).len(),
    );
    Ok(Outcome::Done)
}

/// Every `.jpg` in the demo's folder, as `part/class/name`.
pub fn photos(folder: &Path) -> Result<BTreeSet<String>, Failure> {
    let mut photos = BTreeSet::new();
    for part in PARTS {
        for class in names(&folder.join(part))? {
            for name in names(&folder.join(part).join(&class))? {
                if name.ends_with(".jpg") {
                    photos.insert(format!("{part}/{class}/{name}"));
                }
            }
        }
    }
    Ok(photos)
}

/// The Rust source of the table of embedded photos, sorted by path.
///
/// `check` compares it with the file, so that a photo can't be added or removed without the table.
pub fn table(photos: &BTreeSet<String>) -> String {
    let mut source = String::from(
        "// Generated by `cargo xtask demo-photos`; `cargo xtask check --write` brings it up to date.\n\n\
         /// The demo's photos, sorted by path: `(part/class/name, bytes of the JPEG)`.\n\
         #[rustfmt::skip]\n\
         pub static PHOTOS: &[(&str, &[u8])] = &[\n",
    );
    for path in photos {
        // Panics can't happen: a String takes every write.
        let _ = writeln!(source, "    (\"{path}\", include_bytes!(\"{path}\")),");
    }
    source.push_str("];\n");
    source
}

/// Names in a folder, sorted.
fn names(folder: &Path) -> Result<Vec<String>, Failure> {
    let entries = std::fs::read_dir(folder).map_err(Failure::reading(folder))?;
    let mut names = Vec::new();
    for entry in entries {
        names.push(
            entry
                .map_err(Failure::reading(folder))?
                .file_name()
                .to_string_lossy()
                .into_owned(),
        );
    }
    names.sort_unstable();
    Ok(names)
}

/// The photos of [`CLASSES`] that are small enough and were not left out by hand, sorted by path.
fn eligible(set: &Path) -> Result<Vec<Photo>, Failure> {
    let list = set.join("groups.csv");
    let failed = |error: csv::Error| {
        Failure::new(
            format!("cannot read `{}`", list.display()),
            error,
            "name the folder that holds `data/clothing/groups.csv`",
        )
    };
    let mut photos = Vec::new();
    let mut reader = csv::Reader::from_path(&list).map_err(failed)?;
    for row in reader.deserialize::<BTreeMap<String, String>>() {
        let mut row = row.map_err(failed)?;
        let mut field = |name: &str| {
            row.remove(name).ok_or_else(|| {
                Failure::new(
                    format!("`{}` has no column `{name}`", list.display()),
                    "another header",
                    "use the set's own file",
                )
            })
        };
        let photo = Photo {
            path: field("path")?,
            label: field("label")?,
            sender: field("sender")?,
        };
        let name = photo.path.rsplit('/').next().unwrap_or_default();
        if !CLASSES.contains(&photo.label.as_str())
            || SKIPPED.iter().any(|(skipped, _)| name.starts_with(skipped))
        {
            continue;
        }
        let path = set.join(&photo.path);
        let bytes = std::fs::read(&path).map_err(Failure::reading(&path))?;
        if jpeg_size(&bytes).is_some_and(|(width, height)| width.max(height) <= MAX_SIDE_PX) {
            photos.push(photo);
        }
    }
    photos.sort_unstable();
    Ok(photos)
}

/// Draws training and held-back photos.
///
/// Senders are walked in the order of their hashes; one is held back, with all of their photos, while a class that
/// they gave still lacks held-back photos. Everyone else is for training. Inside a class, first one photo of every
/// sender is taken, then a second of every sender, and so on, so that no closet dominates.
fn drawn(photos: &[Photo], seed: u64) -> Result<(Drawn, Drawn), Failure> {
    let mut of_sender: BTreeMap<&str, Vec<&Photo>> = BTreeMap::new();
    for photo in photos {
        of_sender.entry(&photo.sender).or_default().push(photo);
    }
    let mut order: Vec<&str> = of_sender.keys().copied().collect();
    order.sort_by_key(|sender| place(seed, "sender", sender));

    let mut n_new: BTreeMap<&str, usize> = CLASSES.iter().map(|class| (*class, 0)).collect();
    let (mut train, mut new) = (Vec::new(), Vec::new());
    for sender in order {
        let theirs = &of_sender[sender];
        let is_needed = theirs
            .iter()
            .any(|photo| n_new[photo.label.as_str()] < N_NEW);
        if is_needed {
            let mut n_theirs: BTreeMap<&str, usize> = BTreeMap::new();
            for photo in theirs {
                *n_theirs.entry(&photo.label).or_default() += 1;
            }
            for (class, n) in n_theirs {
                *n_new
                    .get_mut(class)
                    .expect("only photos of the classes are eligible") += n.min(N_NEW_PER_SENDER);
            }
        }
        let part = if is_needed { &mut new } else { &mut train };
        part.extend(theirs.iter().map(|photo| (*photo).clone()));
    }
    Ok((
        first_of_each_class(train, N_TRAIN, seed)?,
        first_of_each_class(new, N_NEW, seed)?,
    ))
}

/// The first `n` photos of every class, senders taking turns.
fn first_of_each_class(mut photos: Vec<Photo>, n: usize, seed: u64) -> Result<Drawn, Failure> {
    photos.sort_by_key(|photo| place(seed, "photo", &photo.path));
    let mut n_seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut turns: BTreeMap<String, Vec<(usize, Photo)>> = BTreeMap::new();
    for photo in photos {
        let turn = n_seen
            .entry((photo.label.clone(), photo.sender.clone()))
            .or_default();
        turns
            .entry(photo.label.clone())
            .or_default()
            .push((*turn, photo));
        *turn += 1;
    }
    let mut drawn = Drawn::new();
    for class in CLASSES {
        let mut of_class = turns.remove(*class).unwrap_or_default();
        of_class.sort_by_key(|(turn, _)| *turn); // stable: the order of hashes inside a turn
        of_class.truncate(n);
        if of_class.len() < n {
            return Err(Failure::new(
                format!("too few photos of `{class}`"),
                format!("{} where {n} are wanted", of_class.len()),
                "draw with another `--seed` or shorten the list of skipped photos",
            ));
        }
        drawn.insert(
            (*class).to_owned(),
            of_class.into_iter().map(|(_, photo)| photo).collect(),
        );
    }
    Ok(drawn)
}

/// The place of a name in the seed's order: a keyed hash.
fn place(seed: u64, purpose: &str, name: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(purpose.as_bytes());
    hasher.update(&[0]);
    hasher.update(name.as_bytes());
    *hasher.finalize().as_bytes()
}

fn senders(drawn: &Drawn) -> BTreeSet<&str> {
    drawn
        .values()
        .flatten()
        .map(|photo| photo.sender.as_str())
        .collect()
}

/// README.md of the demo's folder.
fn readme(seed: u64, train: &Drawn, new: &Drawn, n_bytes: usize) -> String {
    let largest_share = train
        .values()
        .flat_map(|photos| {
            let mut n_of: BTreeMap<&str, usize> = BTreeMap::new();
            for photo in photos {
                *n_of.entry(&photo.sender).or_default() += 1;
            }
            n_of.into_values()
        })
        .max()
        .unwrap_or(0);
    format!(
        "# The demo's photos\n\n\
         What `handful demo` trains on, embedded in the program through `photos.rs`, and the photos of the tests.\n\n\
         | folder | photos | senders |\n| --- | --- | --- |\n\
         | `train/<class>/` | {n_train} ({N_TRAIN} of each of {n_classes} classes) | {n_train_senders} |\n\
         | `new/<class>/` | {n_new} ({N_NEW} of each) | {n_new_senders}, none of whom gave a training photo |\n\n\
         Classes: {classes}. At most {MAX_SIDE_PX} px on the long side; {megabytes:.2} MB together.\n\n\
         **Source and licence.** The clothing set of `alexeygrigorev/clothing-dataset-small` on GitHub, dedicated to the \
         public domain under\n[CC0 1.0](https://creativecommons.org/publicdomain/zero/1.0/), from copies scaled to 152 px on the \
         short side (JPEG, quality 85).\nThose bytes are stored here unchanged. `sources.csv` gives each file's path in that set \
         and its sender (an alias).\n\n\
         **Drawn** by `cargo xtask demo-photos` with seed {seed}: photos up to {MAX_SIDE_PX} px; whole senders are held back, in \
         a seeded order, until\nevery class has {N_NEW} photos; then each class takes one photo of every sender, a second of every \
         sender, and so on (no sender gave\nmore than {largest_share} of a class's {N_TRAIN}). Training photos are ordered in the \
         same way, so `001.jpg` and `002.jpg` are of different senders.\nEvery photo was looked at; those left out are in the task's \
         `SKIPPED`, with the reason.\n\n\
         **What it can't show.** Forty tidy phone photos a class are an easy case, and one sender's photos share a background, \
         also across\nclasses. The folder carries no groups, so the demo's out-of-fold accuracy treats every photo as its own.\n",
        n_train = train.values().map(Vec::len).sum::<usize>(),
        n_new = new.values().map(Vec::len).sum::<usize>(),
        n_classes = CLASSES.len(),
        n_train_senders = senders(train).len(),
        n_new_senders = senders(new).len(),
        classes = CLASSES.join(", "),
        megabytes = n_bytes as f64 / 1e6,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 60 senders; sender s gives two photos of every class.
    fn made_up() -> Vec<Photo> {
        let mut photos = Vec::new();
        for class in CLASSES {
            for sender in 0..60 {
                for shot in 0..2 {
                    photos.push(Photo {
                        path: format!("train/{class}/{sender}-{shot}.jpg"),
                        label: (*class).to_owned(),
                        sender: format!("s{sender}"),
                    });
                }
            }
        }
        photos
    }

    #[test]
    fn no_sender_is_on_both_sides() {
        let (train, new) = drawn(&made_up(), 1).expect("there are enough photos");
        assert!(senders(&train).is_disjoint(&senders(&new)));
        assert!(
            CLASSES
                .iter()
                .all(|class| train[*class].len() == N_TRAIN && new[*class].len() == N_NEW)
        );
    }

    #[test]
    fn the_draw_depends_on_the_seed_and_not_on_the_order_of_the_list() {
        let mut photos = made_up();
        let first = drawn(&photos, 1).expect("there are enough photos");
        photos.reverse();
        assert_eq!(drawn(&photos, 1).expect("there are enough photos"), first);
        assert_ne!(drawn(&photos, 2).expect("there are enough photos"), first);
    }

    #[test]
    fn a_class_takes_one_photo_of_every_sender_before_a_second() {
        let (train, _) = drawn(&made_up(), 1).expect("there are enough photos");
        for photos in train.values() {
            let distinct: BTreeSet<_> = photos.iter().map(|photo| &photo.sender).collect();
            assert_eq!(distinct.len(), N_TRAIN, "55 senders are left for 40 photos");
        }
    }

    #[test]
    fn too_few_photos_are_refused_with_the_class_named() {
        let photos: Vec<_> = made_up()
            .into_iter()
            .filter(|photo| photo.label != "hat")
            .collect();
        let failure = drawn(&photos, 1).expect_err("no hat was given");
        assert!(failure.what.contains("hat"));
    }
}
