//! How long does it take to look at a large folder, and how much memory? Seconds, files and peak memory.
//!
//! `cargo run --release -p handful-data --example scan -- FOLDER` scans a folder, a list or an archive;
//! `… -- --make 100000 FOLDER` first makes so many tiny files in ten class folders of a new folder.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use handful_data::{ScanOptions, scan};

/// Classes of the folder that is made.
const N_CLASSES: usize = 10;
/// Enough of a JPEG to be taken for one; a scan opens no file that has a telling name.
const BYTES: &[u8] = b"\xFF\xD8\xFF";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--make", n, folder] => {
            let folder = PathBuf::from(folder);
            make(&folder, n.parse()?)?;
            folder
        }
        [folder] => PathBuf::from(folder),
        _ => return Err("usage: scan [--make N] FOLDER".into()),
    };
    let before_kib = peak_kib();
    let started = Instant::now();
    let catalog = scan(&folder, &ScanOptions::default())?;
    println!(
        "{} images in {} classes, {} issues, read as {}: {:.2} s; peak memory {} before, {} after",
        catalog.samples.len(),
        catalog.classes.len(),
        catalog.issues.len(),
        catalog.layout,
        started.elapsed().as_secs_f64(),
        shown_mib(before_kib),
        shown_mib(peak_kib()),
    );
    Ok(())
}

fn make(folder: &Path, n_files: usize) -> std::io::Result<()> {
    fs::create_dir(folder)?;
    for class in 0..N_CLASSES {
        fs::create_dir(folder.join(format!("class {class}")))?;
    }
    for idx in 0..n_files {
        let class = idx % N_CLASSES;
        fs::write(
            folder.join(format!("class {class}/photo {idx:07}.jpg")),
            BYTES,
        )?;
    }
    Ok(())
}

/// Largest memory so far, in KiB, where the system tells it (Linux: proc(5), `VmHWM`).
fn peak_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn shown_mib(kib: Option<u64>) -> String {
    kib.map_or("unknown".to_owned(), |kib| {
        format!("{:.1} MiB", kib as f64 / 1024.0)
    })
}
