//! What a fit may see: the rows of a training fold, standardised inside it.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use handful_stats::Seed;

use super::FeatureSet;
use super::lda::Learned;
use super::spectrum::Spectrum;
use crate::LearnError;
use crate::algebra::Matrix;

/// A feature whose variance in the fold is below this share of its mean square over all images counts as constant: the
/// rest is rounding.
const CONSTANT: f64 = 1e-12;

/// How far a feature's variance is moved to the mean one of its block: anything from a tenth to nearly all served the development sets
/// alike, nothing did not (BENCHMARKS.md, "Heads at 10 and 20 photos a class").
const SHRINKAGE: f64 = 0.5;

/// Rows to fit on, with labels and units, and the algebra that the heads of one fold share.
pub struct TrainingFold<'a> {
    pub(super) features: &'a FeatureSet,
    /// Rows of the features, those of the views of an image one after the other.
    rows: Vec<usize>,
    /// Class of each row of the fold, as the position in `present`.
    pub(super) labels: Vec<usize>,
    /// What each row of the fold must stay together with.
    pub(super) units: Vec<usize>,
    /// Classes that occur in the fold, ascending.
    pub(super) present: Vec<usize>,
    pub(super) n_classes: usize,
    pub(super) seed: Seed,
    /// Mean of each feature over the fold.
    pub(super) mean: Vec<f64>,
    /// What each centred feature is multiplied by: 1/√(½(σ² + mean σ² of its block)·d of its block), 0 for a constant one.
    pub(super) scale: Vec<f64>,
    shared: Rc<Shared>,
}

/// What is computed once for all heads of a fold, however they are asked.
#[derive(Default)]
struct Shared {
    spectrum: OnceCell<Spectrum>,
    discriminants: OnceCell<Learned>,
}

impl<'a> TrainingFold<'a> {
    /// The images of a fold; `labels` and `units` have an entry for every image of `features`. Each feature is
    /// standardised over the fold, by its variance shrunk halfway to the mean variance of its block, and each block of d features divided by
    /// √d, so that blocks weigh alike.
    ///
    /// Few images know few variances: a feature that hardly moved in them moves in others, and would alone decide there, by hundreds of
    /// its standard deviations. On the development sets at 10 images a class full standardisation gave 2 % of new photos a probability
    /// below 1e-6 for their class, this none (BENCHMARKS.md, "Heads at 10 and 20 photos a class").
    ///
    /// # Panics
    /// When there is no image, or a label is not below `n_classes`.
    pub fn new(
        features: &'a FeatureSet,
        images: &[usize],
        labels: &[usize],
        units: &[usize],
        n_classes: usize,
        seed: Seed,
    ) -> TrainingFold<'a> {
        assert!(!images.is_empty(), "a training fold has images");
        let mut is_present = vec![false; n_classes];
        images.iter().for_each(|&i| is_present[labels[i]] = true);
        let present: Vec<usize> = (0..n_classes).filter(|k| is_present[*k]).collect();
        let place: BTreeMap<usize, usize> = present.iter().copied().zip(0..).collect();
        let views = features.n_views();
        let of_image = |&image: &usize| image * views..(image + 1) * views;
        let rows: Vec<usize> = images.iter().flat_map(of_image).collect();
        let (mean, scale) = standard(features, &rows);
        TrainingFold {
            features,
            labels: rows.iter().map(|r| place[&labels[r / views]]).collect(),
            units: rows.iter().map(|r| units[r / views]).collect(),
            rows,
            present,
            n_classes,
            seed,
            mean,
            scale,
            shared: Rc::default(),
        }
    }

    /// The same images where heads are asked otherwise: what they learn from stays, and is decomposed once for both.
    ///
    /// # Panics
    /// When `features` hold other numbers.
    pub fn asked_as<'b>(&self, features: &'b FeatureSet) -> TrainingFold<'b> {
        assert!(features.holds_those_of(self.features), "the same numbers");
        TrainingFold {
            features,
            rows: self.rows.clone(),
            labels: self.labels.clone(),
            units: self.units.clone(),
            present: self.present.clone(),
            n_classes: self.n_classes,
            seed: self.seed,
            mean: self.mean.clone(),
            scale: self.scale.clone(),
            shared: Rc::clone(&self.shared),
        }
    }

    /// Whether it is of these features.
    pub fn is_of(&self, features: &FeatureSet) -> bool {
        std::ptr::eq(self.features, features)
    }

    /// Number of images.
    pub fn n_images(&self) -> usize {
        self.rows.len() / self.features.n_views()
    }

    /// Number of rows to fit on: the views of all images.
    pub(super) fn n_rows(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// What an affine head says of what it is asked about images, `[images, k]`, and their labels, from the logits `[rows, k]` of these rows,
    /// which hold all views of an image one after the other.
    pub(super) fn of_images(
        &self,
        rows: &[usize],
        logits: Vec<f64>,
        k: usize,
    ) -> (Vec<f64>, Vec<usize>) {
        let firsts = rows.iter().step_by(self.features.n_views());
        let labels = firsts.map(|&i| self.labels[i]).collect();
        (self.features.logits_asked(logits, k), labels)
    }

    /// Rows of each class that occurs.
    pub(super) fn counts(&self) -> Vec<f64> {
        let mut counts = vec![0.0; self.present.len()];
        self.labels.iter().for_each(|&l| counts[l] += 1.0);
        counts
    }

    /// Standardised features, `[n, d]`.
    pub(super) fn standardised(&self) -> Matrix {
        self.scaled(&self.scale)
    }

    /// Centred features times `scale`, `[n, d]`.
    pub(super) fn scaled(&self, scale: &[f64]) -> Matrix {
        let d = self.features.width();
        let mut out = Matrix::zeros(self.rows.len(), d);
        for (i, &row) in self.rows.iter().enumerate() {
            let raw = self.features.row(row);
            for (j, z) in out.row_mut(i).iter_mut().enumerate() {
                *z = (f64::from(raw[j]) - self.mean[j]) * scale[j];
            }
        }
        out
    }

    /// The singular values and scores of the standardised features, computed once.
    pub(super) fn spectrum(&self) -> Result<&Spectrum, LearnError> {
        once(&self.shared.spectrum, || Spectrum::of(self))
    }

    /// What discriminants learn from the rows, computed once.
    pub(super) fn discriminants(&self) -> Result<&Learned, LearnError> {
        once(&self.shared.discriminants, || Learned::of(self))
    }

    /// Whether each row could be judged by a model that has not seen its unit: its class has another unit.
    pub(super) fn can_be_left_out(&self) -> Vec<bool> {
        let mut first: Vec<Option<usize>> = vec![None; self.present.len()];
        let mut has_more = vec![false; self.present.len()];
        for (&label, &unit) in self.labels.iter().zip(&self.units) {
            match first[label] {
                None => first[label] = Some(unit),
                Some(known) => has_more[label] |= known != unit,
            }
        }
        self.labels.iter().map(|l| has_more[*l]).collect()
    }

    /// Positions in the fold of the rows of each unit, in the order of their first rows.
    pub(super) fn rows_by_unit(&self) -> Vec<Vec<usize>> {
        let mut place: BTreeMap<usize, usize> = BTreeMap::new();
        let mut by_unit: Vec<Vec<usize>> = Vec::new();
        for (i, unit) in self.units.iter().enumerate() {
            let at = *place.entry(*unit).or_insert_with(|| {
                by_unit.push(Vec::new());
                by_unit.len() - 1
            });
            by_unit[at].push(i);
        }
        by_unit
    }
}

fn once<T>(
    cell: &OnceCell<T>,
    make: impl FnOnce() -> Result<T, LearnError>,
) -> Result<&T, LearnError> {
    if let Some(known) = cell.get() {
        return Ok(known);
    }
    let made = make()?;
    Ok(cell.get_or_init(|| made))
}

fn standard(features: &FeatureSet, rows: &[usize]) -> (Vec<f64>, Vec<f64>) {
    let (n, d) = (rows.len() as f64, features.width());
    let mut mean = vec![0.0; d];
    for &row in rows {
        mean.iter_mut()
            .zip(features.row(row))
            .for_each(|(m, v)| *m += f64::from(*v));
    }
    mean.iter_mut().for_each(|m| *m /= n);
    let mut variance = vec![0.0; d];
    for &row in rows {
        let raw = features.row(row);
        for j in 0..d {
            variance[j] += (f64::from(raw[j]) - mean[j]).powi(2);
        }
    }
    variance.iter_mut().for_each(|v| *v /= n);
    let is_constant = |j: usize| {
        let size = features.shift()[j].powi(2) + variance[j];
        variance[j] <= CONSTANT * size
    };
    let mut scale = Vec::with_capacity(d);
    for &width in features.widths() {
        let block = scale.len()..scale.len() + width;
        let average = variance[block.clone()].iter().sum::<f64>() / width as f64;
        scale.extend(block.map(|j| match is_constant(j) {
            true => 0.0,
            false => {
                let shrunk = (1.0 - SHRINKAGE) * variance[j] + SHRINKAGE * average;
                1.0 / (shrunk * width as f64).sqrt()
            }
        }));
    }
    (mean, scale)
}
