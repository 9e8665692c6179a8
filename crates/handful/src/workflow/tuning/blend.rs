//! How far from the start, and how sure? Both are chosen for each fold by the held-out photos of the other folds, so that no photo
//! has a say in how it is predicted itself.

use handful_stats::{fit_temperature, softmax_rows};
use serde::{Deserialize, Serialize};

/// Shares of the way from the model before fine-tuning to the one after it (WiSE).
pub const SHARES: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
/// The only one where the model before knew nothing.
pub const ALL_THE_WAY: [f64; 1] = [1.0];
/// In place of −∞, for a class that a fold did not see: e to it is 0, and sums stay finite.
const NEVER: f64 = -1e4;

/// Held-out logits of one fold.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldOut {
    /// Which repeat and which fold of it.
    pub repeat: usize,
    /// The fold.
    pub fold: usize,
    /// Rows of the task.
    pub rows: Vec<usize>,
    /// Shares of the way that were tried, ascending.
    pub shares: &'static [f64],
    /// For each of them `[rows, classes]`.
    pub logits: Vec<Vec<f64>>,
}

/// A share of the way and a temperature.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blend {
    /// Which of the shares that were tried.
    pub alpha_idx: usize,
    /// This share of the way.
    pub alpha: f64,
    /// What logits are divided by.
    pub temperature: f64,
}

impl Blend {
    /// The one that these held-out photos like best, and the mean loss of each share at its own temperature.
    ///
    /// `labels` has the class of every row of the task.
    ///
    /// # Panics
    /// If there is no fold.
    pub fn of(folds: &[&HeldOut], labels: &[usize], n_classes: usize) -> (Blend, Vec<f64>) {
        // A photo of a class that its fold did not see says nothing of a blend: none could tell it.
        let judged = |held: &HeldOut, i: usize| {
            let logit = held.logits[0][i * n_classes + labels[held.rows[i]]];
            logit.is_finite().then_some(i)
        };
        let of = |held: &HeldOut| -> Vec<usize> {
            (0..held.rows.len())
                .filter_map(|i| judged(held, i))
                .collect()
        };
        let folds: Vec<(&HeldOut, Vec<usize>)> = folds.iter().map(|h| (*h, of(h))).collect();
        let targets: Vec<usize> = (folds.iter())
            .flat_map(|(held, rows)| rows.iter().map(|&i| labels[held.rows[i]]))
            .collect();
        let shares = folds[0].0.shares;
        let fitted: Vec<(f64, f64)> = (0..shares.len())
            .map(|idx| {
                let logits: Vec<f64> = (folds.iter())
                    .flat_map(|(held, rows)| {
                        let row = |&i: &usize| &held.logits[idx][i * n_classes..][..n_classes];
                        rows.iter().flat_map(row)
                    })
                    .map(|z| z.max(NEVER))
                    .collect();
                let temperature = fit_temperature(&logits, &targets, n_classes);
                (temperature, loss(logits, temperature, &targets, n_classes))
            })
            .collect();
        let best = (0..shares.len())
            .min_by(|&a, &b| fitted[a].1.total_cmp(&fitted[b].1))
            .expect("there are shares");
        let blend = Blend {
            alpha_idx: best,
            alpha: shares[best],
            temperature: fitted[best].0,
        };
        (blend, fitted.into_iter().map(|(_, loss)| loss).collect())
    }

    /// For each fold the one that the other folds of its repeat like best.
    pub fn cross_fitted(held: &[HeldOut], labels: &[usize], n_classes: usize) -> Vec<Blend> {
        let of_others = |one: &HeldOut| {
            let others: Vec<&HeldOut> = held
                .iter()
                .filter(|other| other.repeat == one.repeat && other.fold != one.fold)
                .collect();
            Blend::of(&others, labels, n_classes).0
        };
        held.iter().map(of_others).collect()
    }
}

fn loss(mut logits: Vec<f64>, temperature: f64, targets: &[usize], n_classes: usize) -> f64 {
    logits.iter_mut().for_each(|z| *z /= temperature);
    softmax_rows(&mut logits, n_classes);
    handful_stats::log_loss(&logits, targets, n_classes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Folds of 20 photos of 2 classes; the share `good` tells them apart, the others guess.
    fn held(good: impl Fn(usize) -> usize) -> (Vec<HeldOut>, Vec<usize>) {
        let labels: Vec<usize> = (0..60).map(|i| i % 2).collect();
        let fold = |fold: usize| {
            let rows: Vec<usize> = (fold * 20..(fold + 1) * 20).collect();
            let logits = |alpha: usize| {
                let of_row = |&row: &usize| {
                    if alpha != good(fold) {
                        return [0.1 * (row % 3) as f64, 0.0];
                    }
                    // One in ten is wrong, so that no temperature is at its bound.
                    let right = if row % 10 == 9 { -1.0 } else { 1.0 };
                    if labels[row] == 0 {
                        [right, 0.0]
                    } else {
                        [0.0, right]
                    }
                };
                rows.iter().flat_map(of_row).collect()
            };
            HeldOut {
                repeat: 0,
                fold,
                shares: &SHARES,
                logits: (0..SHARES.len()).map(logits).collect(),
                rows,
            }
        };
        ((0..3).map(fold).collect(), labels)
    }

    #[test]
    fn a_fold_has_no_say_in_its_own_blend() {
        // Two folds like ¾, one likes ¼.
        let (held, labels) = held(|fold| if fold == 2 { 1 } else { 3 });
        let of_folds = Blend::cross_fitted(&held, &labels, 2);
        assert_eq!(of_folds[2].alpha, 0.75);
        // Of two that differ each gets what the other one likes.
        let two = Blend::cross_fitted(&held[1..], &labels, 2);
        assert_eq!((two[0].alpha, two[1].alpha), (0.25, 0.75));
        let all: Vec<&HeldOut> = held.iter().collect();
        let (blend, losses) = Blend::of(&all, &labels, 2);
        assert_eq!(blend.alpha, 0.75);
        assert!(losses[3] < losses[1] && losses[1] < losses[0]);
    }

    #[test]
    fn a_class_that_a_fold_did_not_see_leaves_numbers_finite() {
        let (mut held, labels) = held(|_| 2);
        for logits in &mut held[0].logits {
            let of_class_0 = logits.iter_mut().step_by(2);
            of_class_0.for_each(|z| *z = f64::NEG_INFINITY);
        }
        let all: Vec<&HeldOut> = held.iter().collect();
        let (blend, losses) = Blend::of(&all, &labels, 2);
        assert!(blend.temperature.is_finite() && losses.iter().all(|l| l.is_finite()));
    }
}
