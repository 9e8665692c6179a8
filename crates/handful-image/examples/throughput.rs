//! How many images a second are read from memory and brought to a size, and what does each step cost?
//!
//! `cargo run --release -p handful-image --example throughput -- FOLDER [SIZE_PX] [THREADS]`
//!
//! Reads every JPEG of the folder (also one level down) into memory first, so disks don't count. Prints CSV.

use handful_image::{Filter, Geometry, Limits, Preprocessing, controls, decode, sniff};
use std::path::Path;
use std::time::Instant;
use std::{env, fs, thread};

const REPEATS: usize = 7;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let folder = arguments.first().expect("a folder of images");
    let number = |i: usize, default: usize| {
        arguments
            .get(i)
            .map_or(default, |text| text.parse().expect("a number"))
    };
    let (size_px, n_threads) = (number(1, 64), number(2, 1));
    let mut files = Vec::new();
    collect(Path::new(folder), 1, &mut files);
    let preprocessing = Preprocessing {
        geometry: Geometry::CenterCrop,
        size_px,
        filter: Filter::BilinearAntialias,
        scale: 1.0 / 255.0,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
    };
    let read = |bytes: &[u8]| {
        decode(bytes, &Limits::default())
            .expect("a whole photo")
            .pixels
    };
    println!("step,images,size_px,threads,images_per_second_median,best");
    let print = |step: &str, (median, best): (f64, f64)| {
        println!(
            "{step},{},{size_px},{n_threads},{median:.0},{best:.0}",
            files.len()
        );
    };
    print("decode", rate(&files, n_threads, |bytes| read(bytes).width));
    print(
        "decode_prepare",
        rate(&files, n_threads, |bytes| {
            preprocessing.prepare(&read(bytes)).width
        }),
    );
    print(
        "decode_controls",
        rate(&files, n_threads, |bytes| controls(&read(bytes)).len()),
    );
    let square = preprocessing.prepare(&read(&files[0]));
    let squares = vec![Vec::new(); 1000];
    let normalise = |_: &[u8]| {
        let mut input = vec![0.0; 3 * size_px * size_px];
        preprocessing.normalise_into(&square, &mut input);
        input.len()
    };
    print("normalise", rate(&squares, n_threads, normalise));
}

/// JPEGs, in the order of their paths.
fn collect(folder: &Path, deeper: usize, files: &mut Vec<Vec<u8>>) {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("entry").path())
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() && deeper > 0 {
            collect(&path, deeper - 1, files);
        } else if let Ok(bytes) = fs::read(&path)
            && sniff(&bytes) == Some(handful_image::Format::Jpeg)
        {
            files.push(bytes);
        }
    }
}

/// Median and best of the repeats, in files a second.
fn rate(files: &[Vec<u8>], n_threads: usize, work: impl Fn(&[u8]) -> usize + Sync) -> (f64, f64) {
    let mut rates: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let start = Instant::now();
            thread::scope(|scope| {
                for share in files.chunks(files.len().div_ceil(n_threads)) {
                    scope.spawn(|| share.iter().map(|bytes| work(bytes)).sum::<usize>());
                }
            });
            files.len() as f64 / start.elapsed().as_secs_f64()
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    (rates[REPEATS / 2], rates[REPEATS - 1])
}
