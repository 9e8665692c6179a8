//! A set's features and labels as `handful embed` wrote them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use handful_stats::Seed;

/// Width of the backbone's last stage, which the files end with.
pub const HEAD: usize = 1_280;

/// Features, labels and files of a set.
pub struct Set {
    pub name: String,
    /// `[n, HEAD]`
    pub features: Vec<f32>,
    pub labels: Vec<usize>,
    pub n_classes: usize,
    pub paths: Vec<PathBuf>,
}

impl Set {
    /// Classes are the photos' folders.
    pub fn read(folder: &Path, data: &Path, name: &str) -> Set {
        let (width, all) = npy(&folder.join(format!("{name}.npy")));
        let features = all
            .chunks_exact(width)
            .flat_map(|row| &row[width - HEAD..])
            .copied()
            .collect();
        let text = fs::read_to_string(folder.join(format!("{name}.paths.txt"))).expect("paths");
        let lines: Vec<&str> = text.lines().collect();
        let folders: Vec<&str> = lines.iter().map(|line| class_folder(line)).collect();
        let classes: BTreeSet<&str> = folders.iter().copied().collect();
        let place: BTreeMap<&str, usize> = classes.iter().copied().zip(0..).collect();
        Set {
            name: name.to_owned(),
            features,
            labels: folders.iter().map(|class| place[class]).collect(),
            n_classes: classes.len(),
            paths: lines.iter().map(|line| below(data, name, line)).collect(),
        }
    }

    pub fn row(&self, row: usize) -> &[f32] {
        &self.features[row * HEAD..][..HEAD]
    }

    /// Rows of each class, in a random order.
    pub fn shuffled_by_class(&self, seed: Seed) -> Vec<Vec<usize>> {
        let mut rows = vec![Vec::new(); self.n_classes];
        for row in shuffled((0..self.labels.len()).collect(), seed) {
            rows[self.labels[row]].push(row);
        }
        rows
    }
}

/// In a random order.
pub fn shuffled(mut items: Vec<usize>, seed: Seed) -> Vec<usize> {
    items.sort_by_key(|item| seed.key(*item as u64));
    items
}

/// A number in 0..1.
pub fn unit(seed: Seed, id: usize) -> f64 {
    seed.key(id as u64) as f64 / u64::MAX as f64
}

fn class_folder(path: &str) -> &str {
    path.rsplit('/')
        .nth(1)
        .expect("photos lie in class folders")
}

/// The file, whether its path was written from the set's folder, from above it or from the root.
fn below(data: &Path, name: &str, line: &str) -> PathBuf {
    let from_set = line
        .split_once(&format!("{name}/"))
        .map_or(line, |(_, rest)| rest);
    data.join(name).join(from_set)
}

/// Columns and values of a two-dimensional little-endian f32 array of format 1.0.
fn npy(path: &Path) -> (usize, Vec<f32>) {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let header_len = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8_lossy(&bytes[10..10 + header_len]).into_owned();
    assert!(header.contains("'<f4'"), "features are single precision");
    let shape = header.split_once("'shape': (").expect("a shape").1;
    let columns = shape.split([',', ')']).nth(1).expect("two axes").trim();
    let values = bytes[10 + header_len..]
        .as_chunks::<4>()
        .0
        .iter()
        .map(|b| f32::from_le_bytes(*b))
        .collect();
    (columns.parse().expect("a number of columns"), values)
}
