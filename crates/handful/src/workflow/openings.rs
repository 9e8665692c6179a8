//! How often has a test split been looked at? Each further look makes it a little too kind, so looks are counted.
//!
//! `test_openings.csv` in the run folder has a row a look: which photos (their digest) and how many. `train` writes the
//! first where it was given a test split, `eval` adds its own where the model still lies in its run.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use crate::cache::ImageKey;

/// The file, beside `model.handful`.
pub const NAME: &str = "test_openings.csv";
/// Its first line.
const HEADER: &str = "test,photos\n";
/// Letters of a digest that are kept: two sets with the same ones are the same set.
const DIGEST: usize = 32;

/// Whether looks with this model are counted: it still lies in its run.
pub fn are_counted(model: &Path) -> bool {
    model.with_file_name(NAME).is_file()
}

/// One look at these photos.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    digest: String,
    n_photos: usize,
}

impl Opening {
    /// Of photos with these keys, in any order.
    pub fn of(mut keys: Vec<ImageKey>) -> Opening {
        keys.sort_unstable();
        let digest = blake3::hash(keys.as_flattened()).to_hex();
        Opening {
            digest: digest[..DIGEST].to_owned(),
            n_photos: keys.len(),
        }
    }

    /// The file of a new run, with this look as its only one where there was one.
    pub fn file(&self, is_first: bool) -> String {
        let row = if is_first { self.row() } else { String::new() };
        format!("{HEADER}{row}")
    }

    /// Adds this look to the run beside `model`, and says how many looks at the same photos that makes. None where no run
    /// is there, or where it can't be written: then nobody counts.
    pub fn count(&self, model: &Path) -> Option<usize> {
        let path = model.with_file_name(NAME);
        let before = std::fs::read_to_string(&path).ok()?;
        let looks = before.lines().skip(1);
        let same = looks.filter(|row| row.split(',').next() == Some(&self.digest));
        let n_before = same.count();
        let mut file = OpenOptions::new().append(true).open(&path).ok()?;
        file.write_all(self.row().as_bytes()).ok()?;
        Some(n_before + 1)
    }

    fn row(&self) -> String {
        format!("{},{}\n", self.digest, self.n_photos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_at_the_same_photos_are_counted_in_whatever_order_they_come() {
        let dir = tempfile::tempdir().expect("a folder");
        let model = dir.path().join("model.handful");
        let photos = Opening::of(vec![[1; 32], [2; 32]]);
        assert_eq!(photos.count(&model), None);
        std::fs::write(dir.path().join(NAME), photos.file(true)).expect("written");
        assert_eq!(Opening::of(vec![[2; 32], [1; 32]]).count(&model), Some(2));
        assert_eq!(Opening::of(vec![[3; 32]]).count(&model), Some(1));
        assert_eq!(photos.count(&model), Some(3));
        std::fs::write(dir.path().join(NAME), photos.file(false)).expect("written");
        assert_eq!(photos.count(&model), Some(1));
    }
}
