//! Who judges whom: repeats × k assignments of images to folds, in which what belongs together stays together.

mod assign;
mod protocol;
mod subset;

pub use protocol::{Protocol, protocol};
pub use subset::stratified_subset;

/// Folds of several repeats. In each repeat every image is scored by the one model that did not see its fold; images of
/// classes that can't be held out have no fold: they are always trained on and never scored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folds {
    /// Folds in each repeat.
    pub k: usize,
    /// For each repeat, the fold of each image.
    pub repeats: Vec<Vec<Option<u32>>>,
}

impl Folds {
    /// Number of repeats.
    pub fn n_repeats(&self) -> usize {
        self.repeats.len()
    }

    /// All `(repeat, fold)` that score something.
    pub fn splits(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        (0..self.n_repeats())
            .flat_map(|r| (0..self.k).map(move |f| (r, f)))
            .filter(|&(r, f)| self.repeats[r].contains(&Some(f as u32)))
    }

    /// Rows that the model of this fold is fitted on, ascending.
    pub fn train_rows(&self, repeat: usize, fold: usize) -> Vec<usize> {
        self.rows(repeat, |f| f != Some(fold as u32))
    }

    /// Rows that the model of this fold is scored on, ascending.
    pub fn test_rows(&self, repeat: usize, fold: usize) -> Vec<usize> {
        self.rows(repeat, |f| f == Some(fold as u32))
    }

    /// Rows that are scored at all, ascending; the same in every repeat.
    pub fn scored_rows(&self, repeat: usize) -> Vec<usize> {
        self.rows(repeat, |f| f.is_some())
    }

    /// The same folds, but that these rows are scored by none: they are always fitted on.
    pub fn without(&self, rows: &[usize]) -> Folds {
        let mut folds = self.clone();
        for repeat in &mut folds.repeats {
            rows.iter().for_each(|&row| repeat[row] = None);
        }
        folds
    }

    fn rows(&self, repeat: usize, wanted: impl Fn(Option<u32>) -> bool) -> Vec<usize> {
        let folds = self.repeats[repeat].iter().enumerate();
        folds
            .filter(|(_, f)| wanted(**f))
            .map(|(row, _)| row)
            .collect()
    }
}
