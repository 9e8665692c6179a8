//! What do the portraits of a folder's pictures look like? For choosing thresholds, and for looking at the outliers.
//!
//! `cargo run --release -p handful-image --example portraits -- FOLDER...`
//!
//! Prints CSV: a row a picture, in the order of their paths, without the thumbnail.

use handful_image::{Limits, Portrait, decode, file_facts};
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let mut files = Vec::new();
    for folder in env::args().skip(1) {
        collect(Path::new(&folder), &mut files);
    }
    println!(
        "path,width_px,height_px,format,bytes,jpeg_quality,q05,q50,q95,black,white,saturation,is_grey,laplacian,blur,detail"
    );
    for path in files {
        let bytes = fs::read(&path).expect("a file that was listed");
        let (Ok(facts), Ok(decoded)) = (file_facts(&bytes), decode(&bytes, &Limits::default()))
        else {
            continue;
        };
        let portrait = Portrait::of(&decoded.pixels);
        let (light, sharpness) = (portrait.brightness, portrait.sharpness);
        println!(
            "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
            path.display(),
            facts.width_px,
            facts.height_px,
            facts.format,
            facts.bytes,
            facts.jpeg_quality.unwrap_or(0),
            light.quantile_5,
            light.quantile_50,
            light.quantile_95,
            light.clipped_black,
            light.clipped_white,
            portrait.colour.saturation,
            portrait.colour.is_grey,
            sharpness.laplacian,
            sharpness.blur,
            portrait.detail,
        );
    }
}

/// All files below a folder, sorted.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("entry").path())
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
