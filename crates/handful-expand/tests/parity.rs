//! Do operations that torchvision has make the same pictures of the same amounts? `bench/golden/augment.py` made what is compared with.

use std::fs;
use std::path::Path;

use handful_expand::{Border, View, named};
use handful_image::{Limits, Pixels, decode};
use handful_stats::Seed;

/// Mean difference that is allowed, in levels.
const LEVELS: f64 = 2.0;

fn picture(path: &Path) -> Pixels {
    let bytes = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    decode(&bytes, &Limits::default()).expect("a PNG").pixels
}

#[test]
fn operations_agree_with_torchvision() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let photo = picture(&golden.join("picture.png"));
    let list = fs::read_to_string(golden.join("list.csv")).expect("a list");
    let mut n = 0;
    for line in list.lines().skip(1) {
        let [file, operation, amount] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let op = named(operation).unwrap_or_else(|| panic!("no {operation}"));
        let amount: f32 = amount.parse().expect("a number");
        let size = [photo.width, photo.height];
        let mut random = Seed(0).stream("parity", 0);
        let view = View {
            border: Border::Colour([0; 3]),
            ..View::by(op, amount, size, &mut random)
        };
        let ours = view.of(&photo);
        let theirs = picture(&golden.join(file));
        let pairs = ours.data.iter().zip(&theirs.data);
        let off: f64 = pairs.map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
        let off = off / ours.data.len() as f64;
        assert!(off < LEVELS, "{operation} at {amount}: {off} levels");
        n += 1;
    }
    assert!(n > 30, "{n} pictures");
}
