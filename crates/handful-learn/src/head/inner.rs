//! Splits inside a training fold, for heads whose setting or temperature needs predictions that they were not fitted on.

use handful_stats::Folds;

use super::TrainingFold;

const FOLDS: usize = 5;
/// From this many images on, one held-out fifth is as good as five.
const ENOUGH: usize = 1_000;

/// Positions in a fold to fit on and to judge by.
pub(super) struct Inner {
    pub fit: Vec<usize>,
    pub judge: Vec<usize>,
}

/// The inner splits of a fold: five, or one when it is large; none where no image can be held out.
pub(super) fn splits(fold: &TrainingFold) -> Vec<Inner> {
    let seed = fold.seed.derive("inner folds", 0);
    let Ok(folds) = Folds::assign(
        &fold.labels,
        &fold.units,
        fold.present.len(),
        FOLDS,
        1,
        seed,
    ) else {
        return Vec::new();
    };
    let n_splits = if fold.n_images() < ENOUGH { folds.k } else { 1 };
    folds
        .splits()
        .take(n_splits)
        .map(|(repeat, f)| Inner {
            fit: folds.train_rows(repeat, f),
            judge: folds.test_rows(repeat, f),
        })
        .collect()
}
