//! Makes sets of which it is known what belongs together: several shots of one photo, or several kinds in one class.
//!
//! `cargo run --release -p handful-data --example shots -- DATA OUT [SEED]`
//!
//! DATA holds the development sets. Into OUT go folders of class folders; the name of each file begins with that of its
//! source (`s012_3.jpg` is the fourth shot of the thirteenth photo), so that `--group-by '(s\d+)_'` is the truth. A shot
//! is another crop, turned, in perspective, in other light and with other noise: weaker than another visit to the thing,
//! and stronger than a burst. Scenes were looked for with the first seed in mind; another one makes other sets.

use std::path::{Path, PathBuf};
use std::{env, fs};

use handful_image::{Limits, Pixels, decode, encode_jpeg};
use handful_stats::Seed;
use rayon::prelude::*;

/// A set to make: its name, the set that it is made of, and how.
type Recipe = (&'static str, &'static str, Plan);

/// How a set is made of another.
#[derive(Clone, Copy)]
enum Plan {
    /// So many photos of each class, each shot so often (or one of these numbers), so strongly.
    Shots {
        photos: usize,
        shots: &'static [usize],
        strength: f64,
    },
    /// So many classes are one, and each photo is there once: nothing belongs together.
    Joined { classes: usize },
}

const RECIPES: &[Recipe] = &[
    (
        "cifar10-few",
        "cifar10/train",
        shots(60, &[1, 1, 2, 4], 1.0),
    ),
    ("cifar10-many", "cifar10/train", shots(5, &[20], 1.0)),
    ("clothing-few", "clothing/train", shots(25, &[4], 1.6)),
    ("hands-weak", "hands", shots(20, &[5], 0.5)),
    ("hands-strong", "hands", shots(20, &[5], 1.0)),
    ("hands-many", "hands", shots(4, &[20], 1.0)),
    ("waste-many", "waste", shots(6, &[15], 1.0)),
    ("omniglot-weak", "omniglot", shots(7, &[3], 0.5)),
    ("omniglot-strong", "omniglot", shots(5, &[4], 1.0)),
    ("omniglot-joined-2", "omniglot", Plan::Joined { classes: 2 }),
    ("omniglot-joined-5", "omniglot", Plan::Joined { classes: 5 }),
    ("hands-joined-2", "hands", Plan::Joined { classes: 2 }),
];
const QUALITY: u8 = 90;
/// Places of random numbers from which those of the noise begin.
const NOISE: u64 = 1 << 20;

const fn shots(photos: usize, shots: &'static [usize], strength: f64) -> Plan {
    Plan::Shots {
        photos,
        shots,
        strength,
    }
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [data, out, rest @ ..] = &arguments[..] else {
        panic!("two arguments are needed: the sets, and a folder to write into");
    };
    let seed = rest.first().map_or(1, |text| text.parse().expect("a seed"));
    for (name, source, plan) in RECIPES {
        let folder = Path::new(out).join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("an older set that can be replaced");
        }
        make(&Path::new(data).join(source), &folder, *plan, Seed(seed));
        println!("{name}");
    }
}

fn make(source: &Path, out: &Path, plan: Plan, seed: Seed) {
    for (place, class) in inside(source).iter().filter(|p| p.is_dir()).enumerate() {
        let label = match plan {
            Plan::Shots { .. } => name_of(class),
            Plan::Joined { classes } => format!("class-{}", place / classes),
        };
        let folder = out.join(label);
        fs::create_dir_all(&folder).expect("a folder to write into");
        let mut photos: Vec<PathBuf> = inside(class).into_iter().filter(|p| p.is_file()).collect();
        match plan {
            Plan::Joined { .. } => {
                for photo in photos {
                    let name = format!("{place}-{}", name_of(&photo));
                    fs::copy(&photo, folder.join(name)).expect("room for a copy");
                }
            }
            Plan::Shots {
                photos: n,
                shots,
                strength,
            } => {
                photos.sort_by_key(|photo| seed.derive(&photo.to_string_lossy(), 0).0);
                photos.truncate(n);
                photos.par_iter().enumerate().for_each(|(i, photo)| {
                    let bytes = fs::read(photo).expect("a photo");
                    let pixels = decode(&bytes, &Limits::default())
                        .expect("a whole photo")
                        .pixels;
                    let draw = Draw(seed.derive(&photo.to_string_lossy(), 1));
                    for shot in 0..shots[draw.whole(u64::MAX) % shots.len()] {
                        let seen = taken_again(&pixels, strength, draw.of_shot(shot));
                        let file = folder.join(format!("s{i:03}_{shot}.jpg"));
                        fs::write(file, encode_jpeg(&seen, QUALITY)).expect("room for a shot");
                    }
                });
            }
        }
    }
}

/// Another shot of the same thing.
fn taken_again(photo: &Pixels, strength: f64, draw: Draw) -> Pixels {
    let (w, h) = (photo.width as f64, photo.height as f64);
    let size = 1.0 - 0.35 * strength * draw.share(0);
    let (left, top) = ((1.0 - size) * draw.share(1), (1.0 - size) * draw.share(2));
    let angle = (12.0 * strength * draw.around(3)).to_radians();
    // Where the corners of the shot lie in the photo, as shares of its sides: cropped, turned, in perspective.
    let corner = |x: f64, y: f64, at: u64| {
        let (x, y) = ((left + size * x - 0.5) * w, (top + size * y - 0.5) * h);
        let (x, y) = (
            x * angle.cos() - y * angle.sin(),
            x * angle.sin() + y * angle.cos(),
        );
        let bent = |at: u64| 0.06 * strength * draw.around(at);
        (x + (0.5 + bent(at)) * w, y + (0.5 + bent(at + 1)) * h)
    };
    let corners = [
        corner(0.0, 0.0, 10),
        corner(1.0, 0.0, 12),
        corner(0.0, 1.0, 14),
        corner(1.0, 1.0, 16),
    ];
    let light = 1.0 + 0.25 * strength * draw.around(4);
    let contrast = 1.0 + 0.2 * strength * draw.around(5);
    let warmth = 0.08 * strength * draw.around(6);
    let mut seen = photo.clone();
    for y in 0..photo.height {
        for x in 0..photo.width {
            let (u, v) = ((x as f64 + 0.5) / w, (y as f64 + 0.5) / h);
            let blend = |of: fn((f64, f64)) -> f64| {
                let above = of(corners[0]) * (1.0 - u) + of(corners[1]) * u;
                let below = of(corners[2]) * (1.0 - u) + of(corners[3]) * u;
                above * (1.0 - v) + below * v
            };
            let at = (blend(|c| c.0) - 0.5, blend(|c| c.1) - 0.5);
            for channel in 0..3 {
                let i = (y * photo.width + x) * 3 + channel;
                let tint = 1.0 + warmth * (1.0 - channel as f64);
                let level = (level(photo, at, channel) - 128.0) * contrast + 128.0;
                let noise = 4.0 * strength * draw.normal(i as u64);
                seen.data[i] = (level * light * tint + noise).round().clamp(0.0, 255.0) as u8;
            }
        }
    }
    seen
}

/// Between pixels, and beyond the border as at the border.
fn level(photo: &Pixels, (x, y): (f64, f64), channel: usize) -> f64 {
    let (x, y) = (
        x.clamp(0.0, photo.width as f64 - 1.0),
        y.clamp(0.0, photo.height as f64 - 1.0),
    );
    let (x0, y0) = (x as usize, y as usize);
    let (x1, y1) = (
        (x0 + 1).min(photo.width - 1),
        (y0 + 1).min(photo.height - 1),
    );
    let of = |x: usize, y: usize| f64::from(photo.data[(y * photo.width + x) * 3 + channel]);
    let (u, v) = (x.fract(), y.fract());
    let above = of(x0, y0) * (1.0 - u) + of(x1, y0) * u;
    let below = of(x0, y1) * (1.0 - u) + of(x1, y1) * u;
    above * (1.0 - v) + below * v
}

/// Random numbers of one photo or shot, by their place.
#[derive(Clone, Copy)]
struct Draw(Seed);

impl Draw {
    fn of_shot(self, shot: usize) -> Draw {
        Draw(self.0.derive("shot", shot as u64))
    }

    fn whole(self, place: u64) -> usize {
        (self.0.key(place) >> 33) as usize
    }

    /// 0 to 1.
    fn share(self, place: u64) -> f64 {
        (self.0.key(place) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// −1 to 1.
    fn around(self, place: u64) -> f64 {
        2.0 * self.share(place) - 1.0
    }

    /// Nearly normal, of variance 1: the sum of four.
    fn normal(self, place: u64) -> f64 {
        let bits = self.0.key(NOISE + place);
        let four = (0..4).map(|k| (bits >> (16 * k) & 0xFFFF) as f64 / 65_535.0);
        (four.sum::<f64>() - 2.0) * 3f64.sqrt()
    }
}

fn inside(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of a set");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    paths
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().expect("a name in a folder");
    name.to_string_lossy().into_owned()
}
