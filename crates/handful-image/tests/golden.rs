//! Does this crate see what Pillow and scikit-image see? The files are drawn and computed by `bench/golden/image.py`.

use handful_image::{
    DESCRIPTOR_SIDE_PX, Decoded, Filter, Geometry, Limits, Pixels, Preprocessing, decode, hog,
    resize,
};
use std::fs;
use std::path::{Path, PathBuf};

/// Lossless decoding has one right answer.
const EXACT_LEVELS: u8 = 0;

/// Blending over white and CMYK end in one rounding, which can fall either way.
const BLEND_LEVELS: u8 = 1;

/// Two JPEG decoders round the inverse transform and interpolate the colour planes differently: 3 levels at most here,
/// 9 on photos, against libjpeg-turbo.
const LOSSY_LEVELS: u8 = 6;

/// The same, on average over a picture: a wrong colour transform or a shifted plane exceeds this by far.
const LOSSY_MEAN_LEVELS: f64 = 0.5;

/// The resizer's weights have fewer bits than Pillow's.
const RESIZE_LEVELS: u8 = 1;

/// scikit-image sums a cell in another order, and f32 ends the comparison at 6e-8.
const HOG_TOLERANCE: f32 = 1e-6;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    fs::read(golden(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn read(name: &str) -> Decoded {
    decode(&bytes(name), &Limits::default()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Rows of a table without quoted fields, the header left out.
fn table(name: &str) -> Vec<Vec<String>> {
    let text = String::from_utf8(bytes(name)).expect("UTF-8");
    text.lines()
        .skip(1)
        .map(|line| line.split(',').map(str::to_owned).collect())
        .collect()
}

/// Largest and mean difference in levels.
fn difference(is: &Pixels, should: &Pixels) -> (u8, f64) {
    assert_eq!((is.width, is.height), (should.width, should.height));
    let levels = is
        .data
        .iter()
        .zip(&should.data)
        .map(|(a, b)| a.abs_diff(*b));
    let sum: u64 = levels.clone().map(u64::from).sum();
    (levels.max().unwrap_or(0), sum as f64 / is.data.len() as f64)
}

#[test]
fn every_kind_of_file_decodes_to_what_pillow_shows() {
    let rows = table("decode.csv");
    assert!(rows.len() > 40);
    for row in rows {
        let [file, how, notes] = &row[..] else {
            panic!("three columns")
        };
        let name = format!("decode/{file}");
        if how == "unsupported" {
            let error = decode(&bytes(&name), &Limits::default())
                .expect_err("has no fixed range or is not read");
            assert_eq!(error.kind(), "unsupported", "{file}: {error}");
            continue;
        }
        let decoded = read(&name);
        let kinds: Vec<_> = decoded.notes.iter().map(|note| note.kind()).collect();
        assert_eq!(kinds.join(" "), *notes, "{file}");
        let (largest, mean) = difference(&decoded.pixels, &read(&format!("{name}.png")).pixels);
        let (allowed, allowed_mean) = match how.as_str() {
            "exact" => (EXACT_LEVELS, 0.0),
            "blend" => (BLEND_LEVELS, 1.0),
            "lossy" => (LOSSY_LEVELS, LOSSY_MEAN_LEVELS),
            _ => panic!("{how}"),
        };
        assert!(
            largest <= allowed && mean <= allowed_mean,
            "{file}: {largest} levels, {mean} on average"
        );
    }
}

#[test]
fn every_geometry_gives_pillows_pixels_within_a_level() {
    for row in table("resize.csv") {
        let [source, how, width, height] = &row[..] else {
            panic!("four columns")
        };
        let image = read(&format!("resize/{source}.png")).pixels;
        let (width, height): (usize, usize) = (
            width.parse().expect("number"),
            height.parse().expect("number"),
        );
        let is = match serde_json::from_value::<Geometry>(how.as_str().into()) {
            Ok(geometry) => Preprocessing {
                geometry,
                size_px: width,
                filter: Filter::BilinearAntialias,
                scale: 1.0 / 255.0,
                mean: [0.5; 3],
                std: [0.5; 3],
            }
            .prepare(&image),
            Err(_) => resize(&image, width, height),
        };
        let name = format!("{source}.{how}.{width}x{height}.png");
        let (largest, mean) = difference(&is, &read(&format!("resize/{name}")).pixels);
        assert!(
            largest <= RESIZE_LEVELS,
            "{name}: {largest} levels, {mean} on average"
        );
    }
}

#[test]
fn edges_are_described_as_by_scikit_image() {
    let square = read("hog.png").pixels;
    assert_eq!(
        (square.width, square.height),
        (DESCRIPTOR_SIDE_PX, DESCRIPTOR_SIDE_PX)
    );
    let stored = bytes("hog.f32");
    let should = stored
        .as_chunks::<4>()
        .0
        .iter()
        .map(|number| f32::from_le_bytes(*number));
    let is = hog(&square);
    assert_eq!(is.len(), should.len());
    for (i, (is, should)) in is.iter().zip(should).enumerate() {
        assert!(
            (is - should).abs() <= HOG_TOLERANCE,
            "feature {i}: {is} against {should}"
        );
    }
}

#[test]
fn half_a_file_is_refused_as_truncated_unless_its_first_frame_is_whole() {
    for row in table("decode.csv") {
        let [file, how, notes] = &row[..] else {
            panic!("three columns")
        };
        let whole = bytes(&format!("decode/{file}"));
        match decode(&whole[..whole.len() / 2], &Limits::default()) {
            Ok(_) => assert!(notes.starts_with("first_"), "{file} opens"),
            // What isn't read is called by its name as far as the half tells it.
            Err(error) if how == "unsupported" => {
                assert!(
                    matches!(error.kind(), "unsupported" | "truncated"),
                    "{file}: {error}"
                );
            }
            Err(error) => assert_eq!(error.kind(), "truncated", "{file}: {error}"),
        }
    }
}
