//! Nearest neighbours: the images that look most alike vote, the nearer the louder.

use handful_stats::{fit_temperature, log_loss, softmax_rows};

use super::centroid::unit_rows;
use super::neighbours::Neighbours;
use super::{Fitted, Head, TrainingFold};
use crate::LearnError;
use crate::algebra::{Matrix, product};

/// Numbers of neighbours that are tried.
const NUMBERS: [usize; 5] = [1, 3, 5, 10, 20];
/// Rows whose similarities are held at once.
const ROWS: usize = 512;

/// z = L2(x − mean of the training fold), s_i = z·z_i, votes V_c = Σ exp(s_i/0.07) over the k nearest images i of class c,
/// logit_c = ln((k·V_c/ΣV + ½)/(k + C/2)) for C classes.
///
/// k and the temperature are those with the least log-loss on predictions that leave each unit out; blocks of features are
/// brought to equal variance first. The model keeps the features of all its images.
///
/// # Source
/// Z. Wu et al., CVPR 2018 (arXiv:1805.01978), section 3.4: weighted k-NN with τ = 0.07. The smoothing is that of absent
/// classes (recipe A5).
pub struct Knn;

impl Head for Knn {
    fn name(&self) -> &'static str {
        "knn"
    }

    fn summary(&self) -> &'static str {
        "vote of the nearest images"
    }

    fn is_affine(&self) -> bool {
        false
    }

    fn keeps_images(&self) -> bool {
        true
    }

    fn fit(&self, fold: &TrainingFold) -> Result<Fitted, LearnError> {
        let (scale, z) = unit_rows(fold);
        let n_present = fold.present.len();
        let of_place: Vec<usize> = fold.labels.iter().map(|&at| fold.present[at]).collect();
        let (k, temperature) = setting(fold, &nearest_others(&z, fold));
        let no_weights = Matrix::zeros(z.n_cols, n_present);
        Ok(Fitted {
            unit_length: true,
            temperature,
            setting: Some(k as f64),
            neighbours: Some(Neighbours {
                k,
                rows: z.values.iter().map(|v| *v as f32).collect(),
                classes: of_place,
            }),
            ..Fitted::of_present(self.name(), fold, scale, &no_weights, &vec![0.0; n_present])
        })
    }
}

/// For each row, similarity and class of the nearest rows of other units, nearest first; as many as may be asked.
fn nearest_others(z: &Matrix, fold: &TrainingFold) -> Vec<Vec<(f64, usize)>> {
    let most = NUMBERS[NUMBERS.len() - 1];
    let all: Vec<usize> = (0..z.n_rows).collect();
    let transposed = z.transposed();
    let mut nearest = Vec::with_capacity(z.n_rows);
    for rows in all.chunks(ROWS) {
        let similarities = product(&z.pick(rows), &transposed);
        for (at, &row) in rows.iter().enumerate() {
            let others = (all.iter()).filter(|&&other| fold.units[other] != fold.units[row]);
            let found = others.map(|&other| (similarities.row(at)[other], other));
            nearest.push(Neighbours::nearest(found, most, |other| fold.labels[other]));
        }
    }
    nearest
}

/// The number of neighbours and the temperature; of equally good ones the fewest.
fn setting(fold: &TrainingFold, nearest: &[Vec<(f64, usize)>]) -> (usize, f64) {
    let n_present = fold.present.len();
    let usable = fold.can_be_left_out();
    let rows: Vec<usize> = (0..nearest.len()).filter(|&i| usable[i]).collect();
    let labels: Vec<usize> = rows.iter().map(|&i| fold.labels[i]).collect();
    let tried = NUMBERS.into_iter().map(|k| {
        let of =
            |&i: &usize| Neighbours::votes(&nearest[i][..k.min(nearest[i].len())], k, n_present);
        let logits: Vec<f64> = rows.iter().flat_map(of).collect();
        let temperature = fit_temperature(&logits, &labels, n_present);
        let mut p: Vec<f64> = logits.iter().map(|l| l / temperature).collect();
        softmax_rows(&mut p, n_present);
        let loss = if rows.is_empty() {
            0.0
        } else {
            log_loss(&p, &labels, n_present)
        };
        (loss, k, temperature)
    });
    let best = tried.reduce(|a, b| if b.0 < a.0 { b } else { a });
    let (_, k, temperature) = best.expect("there are numbers to try");
    (k, temperature)
}
