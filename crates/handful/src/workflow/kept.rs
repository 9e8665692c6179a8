//! Finished candidates of an unfinished run, on disk: what `--resume` need not do again.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use handful_learn::Weights;
use handful_learn::weights::Stored;

use super::run_folder::{RunFolder, write_whole};
use super::task::{OutOfFold, Task};
use crate::exit::Failure;

/// Folder inside an unfinished run where finished candidates wait.
pub const KEPT: &str = "candidates";

/// Finished candidates of an unfinished run, on disk.
pub struct Kept<'a> {
    folder: &'a RunFolder,
}

impl<'a> Kept<'a> {
    /// Those of this run.
    pub fn of(folder: &'a RunFolder) -> Kept<'a> {
        Kept { folder }
    }

    /// Where an unfinished training is kept, beside the finished candidates.
    pub fn checkpoint(&self) -> PathBuf {
        self.path("training")
    }

    /// The folder that holds them.
    pub fn dir(&self) -> PathBuf {
        self.folder.path(KEPT)
    }

    fn path(&self, fingerprint: &str) -> PathBuf {
        self.dir().join(format!("{fingerprint}.safetensors"))
    }

    /// The predictions with this fingerprint, if an interrupted run left them whole.
    pub fn find(&self, fingerprint: &str, task: &Task) -> Option<OutOfFold> {
        let file = self.find_table(fingerprint)?;
        let repeats: Vec<Vec<f64>> = (0..task.folds.n_repeats())
            .map(|r| Some(file.tensors.get(&format!("repeat.{r}"))?.to_f64()))
            .collect::<Option<_>>()?;
        let fits = repeats
            .iter()
            .all(|p| p.len() == task.photos.len() * task.photos.n_classes);
        let fit_s = *file.tensors.get("fit_s")?.to_f64().first()?;
        fits.then_some(OutOfFold { repeats, fit_s })
    }

    /// Keeps predictions.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn put(&self, fingerprint: &str, out: &OutOfFold, task: &Task) -> Result<(), Failure> {
        let shape = vec![task.photos.len(), task.photos.n_classes];
        let mut tensors: BTreeMap<String, Stored> = out
            .repeats
            .iter()
            .enumerate()
            .map(|(r, p)| (format!("repeat.{r}"), Stored::from_f64(shape.clone(), p)))
            .collect();
        tensors.insert("fit_s".into(), Stored::from_f64(vec![1], &[out.fit_s]));
        let table = Weights {
            tensors,
            metadata: BTreeMap::new(),
        };
        self.put_table(fingerprint, &table)
    }

    /// Makes the folder for what is kept.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn make_room(&self) -> Result<(), Failure> {
        let dir = self.dir();
        fs::create_dir_all(&dir).map_err(|e| Failure::io("making the folder", &dir, &e))
    }

    /// The numbers with this fingerprint, if an interrupted run left them whole.
    pub fn find_table(&self, fingerprint: &str) -> Option<Weights> {
        if !self.folder.resumed {
            return None;
        }
        Weights::from_safetensors(&fs::read(self.path(fingerprint)).ok()?).ok()
    }

    /// Keeps numbers.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn put_table(&self, fingerprint: &str, table: &Weights) -> Result<(), Failure> {
        self.make_room()?;
        write_whole(&self.path(fingerprint), &table.to_safetensors())
    }
}
