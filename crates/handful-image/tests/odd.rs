//! Is every awkward file opened, or refused by its name?
//!
//! The files live beside the repository; without them the test says so and passes.

use handful_image::{Decoded, Format, ImageError, Limits, decode};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// All of them show one picture, each compressed anew: at quality 75 to 90 they differ by this much on average.
const SAME_PICTURE_MEAN_LEVELS: f64 = 6.0;

fn folder() -> Option<PathBuf> {
    let shared = env::var_os("HANDFUL_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = shared.join("data/odd");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not there", folder.display());
    None
}

fn read(folder: &Path, name: &str) -> Result<Decoded, ImageError> {
    let bytes = fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    decode(&bytes, &Limits::default())
}

#[test]
fn whole_pictures_open_with_the_notes_that_they_deserve() {
    let Some(folder) = folder() else { return };
    let jpegs = [
        "rgb_baseline.jpg",
        "progressive.jpg",
        "grey.jpg",
        "jpeg_444_restart.jpg",
        "UPPER CASE and space.JPEG",
    ];
    let mut expected: Vec<(String, Format, &str)> = jpegs
        .iter()
        .map(|name| ((*name).to_owned(), Format::Jpeg, ""))
        .collect();
    expected.extend((1..=8).map(|tag| (format!("exif_orientation_{tag}.jpg"), Format::Jpeg, "")));
    let others = [
        ("cmyk.jpg", Format::Jpeg, "cmyk_converted"),
        ("grey16.png", Format::Png, "sixteen_bit_scaled"),
        ("rgb16.png", Format::Png, "sixteen_bit_scaled"),
        ("palette_alpha.png", Format::Png, "alpha_over_white"),
        ("one_bit.png", Format::Png, ""),
        ("grey_alpha.png", Format::Png, "alpha_over_white"),
        ("rgba.png", Format::Png, "alpha_over_white"),
        ("one_pixel.png", Format::Png, ""),
        ("thin_600x2.png", Format::Png, ""),
        ("animated.gif", Format::Gif, "first_frame_only"),
        ("tiff8_lzw.tif", Format::Tiff, ""),
        ("tiff16_grey.tif", Format::Tiff, "sixteen_bit_scaled"),
        ("tiff_float.tif", Format::Tiff, "float_scaled"),
        ("webp_lossy.webp", Format::WebP, ""),
        ("webp_lossless.webp", Format::WebP, ""),
        ("webp_alpha.webp", Format::WebP, "alpha_over_white"),
        ("bmp24.bmp", Format::Bmp, ""),
        ("png_named.jpg", Format::Png, ""),
        ("Früchte_苹果.png", Format::Png, ""),
    ];
    expected.extend(others.map(|(name, format, notes)| (name.to_owned(), format, notes)));
    for (name, format, notes) in expected {
        let decoded = read(&folder, &name).unwrap_or_else(|error| panic!("{name}: {error}"));
        let kinds: Vec<_> = decoded.notes.iter().map(|note| note.kind()).collect();
        assert_eq!(
            (decoded.format, kinds.join(" ").as_str()),
            (format, notes),
            "{name}"
        );
        assert_eq!(
            decoded.pixels.data.len(),
            decoded.pixels.width * decoded.pixels.height * 3,
            "{name}"
        );
    }
}

#[test]
fn the_same_picture_looks_the_same_however_it_is_stored() {
    let Some(folder) = folder() else { return };
    let reference = read(&folder, "rgb_baseline.jpg")
        .expect("the reference opens")
        .pixels;
    let mut names: Vec<_> = (1..=8)
        .map(|tag| format!("exif_orientation_{tag}.jpg"))
        .collect();
    names.extend(
        [
            "progressive.jpg",
            "cmyk.jpg",
            "jpeg_444_restart.jpg",
            "rgb16.png",
        ]
        .map(str::to_owned),
    );
    for name in names {
        let pixels = read(&folder, &name)
            .unwrap_or_else(|error| panic!("{name}: {error}"))
            .pixels;
        assert_eq!(
            (pixels.width, pixels.height),
            (reference.width, reference.height),
            "{name}"
        );
        let sum: u64 = pixels
            .data
            .iter()
            .zip(&reference.data)
            .map(|(a, b)| u64::from(a.abs_diff(*b)))
            .sum();
        let mean = sum as f64 / pixels.data.len() as f64;
        assert!(
            mean <= SAME_PICTURE_MEAN_LEVELS,
            "{name}: {mean} levels on average"
        );
    }
}

#[test]
fn everything_else_is_refused_by_name() {
    let Some(folder) = folder() else { return };
    let expected = [
        ("tiff_multipage.tif", "unsupported", "stack of 3 pages"),
        ("truncated.jpg", "truncated", "JPEG"),
        ("truncated.png", "truncated", "PNG"),
        ("bad_crc.png", "corrupt", "PNG"),
        ("empty.jpg", "empty", "0 bytes"),
        ("html_named.jpg", "not_an_image", "HTML"),
        ("lfs_pointer.png", "not_an_image", "git-LFS"),
        ("bomb_60000x60000.png", "too_large", "60000 x 60000"),
        ("huge_header.jpg", "too_large", "65500 x 65500"),
    ];
    for (name, kind, words) in expected {
        let error = read(&folder, name).expect_err(name);
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert!(error.detail().contains(words), "{name}: {error}");
    }
}

/// Found by `cargo xtask fuzz decode`: a GIF whose screen has a side of 0.
#[test]
fn a_picture_without_pixels_is_refused() {
    let gif =
        b"GIF89a\x01\0\0\0\x80\0\x01\0\0\0\xff\xff\xff,\0%\0\0\x01\0\n\0\0\x01\x03\0\x01\0%;0";
    let error = decode(gif, &Limits::default()).expect_err("no pixels");
    assert_eq!(error.kind(), "corrupt");
    assert!(error.detail().contains("no pixels"), "{}", error.detail());
}
