//! What holds for any bytes and any proportions?

use handful_image::{
    Filter, Geometry, Limits, Pixels, Portrait, Preprocessing, decode, encode_jpeg, encode_png,
    file_facts, resize, sample_extent, thumbnail,
};
use proptest::prelude::*;
use std::fs;
use std::path::Path;

/// The golden files, as starting points for damage.
fn files() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/decode");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .expect("golden files")
        .map(|entry| entry.expect("entry").path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read(path).expect("golden file"))
        .collect()
}

fn picture(width: usize, height: usize, seed: u32) -> Pixels {
    let mut state = seed;
    let data = (0..width * height * 3)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    Pixels {
        width,
        height,
        data,
    }
}

/// Small enough that a forged size can't slow the test down.
const LIMITS: Limits = Limits {
    max_side_px: 2000,
    max_pixels: 1_000_000,
};

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_bytes_give_pixels_or_an_error(
        file in prop::sample::select(files()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        keep in 0.0..1.3_f64,
    ) {
        let mut bytes = file;
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        bytes.truncate((bytes.len() as f64 * keep) as usize);
        let (facts, extent) = (file_facts(&bytes), sample_extent(&bytes, &LIMITS));
        if let Ok(decoded) = decode(&bytes, &LIMITS) {
            let pixels = decoded.pixels;
            prop_assert!(pixels.width > 0 && pixels.height > 0);
            prop_assert_eq!(pixels.data.len(), pixels.width * pixels.height * 3);
            // What can be decoded has facts, and they are true.
            let facts = facts.unwrap();
            prop_assert_eq!((facts.width_px, facts.height_px), (pixels.width, pixels.height));
            prop_assert!(extent.is_ok());
        }
    }

    #[test]
    fn any_bytes_at_all_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(decode(&bytes, &LIMITS).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_geometry_gives_the_square_that_was_asked_for(
        (width, height) in prop_oneof![
            (1..80_usize, 1..80_usize),
            (1..4_usize, 1..5000_usize),
            (1..5000_usize, 1..4_usize),
        ],
        size_px in 1..100_usize,
        geometry in prop::sample::select(vec![Geometry::CenterCrop, Geometry::Squash, Geometry::Pad]),
    ) {
        let preprocessing = Preprocessing {
            geometry,
            size_px,
            filter: Filter::BilinearAntialias,
            scale: 1.0 / 255.0,
            mean: [0.5; 3],
            std: [0.5; 3],
        };
        let out = preprocessing.prepare(&picture(width, height, 7));
        prop_assert_eq!((out.width, out.height, out.data.len()), (size_px, size_px, size_px * size_px * 3));
    }

    #[test]
    fn resizing_never_leaves_the_range_of_the_picture(
        width in 1..60_usize, height in 1..60_usize, to_width in 1..90_usize, to_height in 1..90_usize,
        low in 0..200_u8,
    ) {
        let mut image = picture(width, height, 3);
        image.data.iter_mut().for_each(|value| *value = low + *value / 5);
        let range = (*image.data.iter().min().unwrap(), *image.data.iter().max().unwrap());
        let out = resize(&image, to_width, to_height);
        // One level, because the weights of a pixel are rounded and may not sum to 1 exactly.
        prop_assert!(out.data.iter().all(|v| *v + 1 >= range.0 && *v <= range.1.saturating_add(1)));
    }

    #[test]
    fn turning_colours_over_turns_the_resized_picture_over(
        width in 1..60_usize, height in 1..60_usize, to in 1..70_usize,
    ) {
        let image = picture(width, height, 11);
        let negative = Pixels { data: image.data.iter().map(|v| 255 - v).collect(), ..image.clone() };
        let (positive, negative) = (resize(&image, to, to), resize(&negative, to, to));
        // One level for each of the two rounded passes.
        prop_assert!(positive.data.iter().zip(&negative.data).all(|(a, b)| (255 - a).abs_diff(*b) <= 2));
    }

    #[test]
    fn every_picture_has_a_portrait_of_finite_numbers(
        (width, height) in prop_oneof![(1..80_usize, 1..80_usize), (1..4_usize, 1..900_usize)],
        low in 0..=255_u8, seed in any::<u32>(),
    ) {
        let mut image = picture(width, height, seed);
        image.data.iter_mut().for_each(|value| *value = low.saturating_add(*value / 9));
        let portrait = Portrait::of(&image);
        prop_assert!((0.0..=1.0).contains(&portrait.sharpness.blur));
        prop_assert!((0.0..=1.0).contains(&portrait.detail));
        let vector = portrait.to_vector();
        prop_assert!(vector.iter().all(|value| value.is_finite()));
        prop_assert_eq!(Portrait::from_vector(&vector), Some(portrait));
    }

    #[test]
    fn thumbnails_fit_and_files_come_back(
        width in 1..50_usize, height in 1..50_usize, max_side in 1..60_usize, quality in any::<u8>(),
    ) {
        let image = picture(width, height, 5);
        let small = thumbnail(&image, max_side);
        prop_assert!(small.width <= max_side.max(1) && small.height <= max_side.max(1));
        prop_assert_eq!(&decode(&encode_png(&small), &LIMITS).unwrap().pixels, &small);
        let jpeg = decode(&encode_jpeg(&small, quality), &LIMITS).unwrap().pixels;
        prop_assert_eq!((jpeg.width, jpeg.height), (small.width, small.height));
    }
}
