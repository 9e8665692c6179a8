//! What does one fixed ridge regression say of each image when the image's whole group is left out?
//!
//! The answer is a matrix that depends on features and groups alone: row by row it says what each image's label adds to
//! the score of each other image. Labels are ones and zeros, so that the scores of any labels are sums of its rows, and
//! testing a thousand relabellings costs n² additions each, whatever the number of classes.

use std::collections::{BTreeMap, BTreeSet};

use handful_stats::SequentialTest;

use crate::LearnError;
use crate::algebra::{Matrix, gram, outer_gram, product, solve};
use crate::relabelling::Relabelling;

/// 1 − h never counts as less: a group that alone decides its own prediction has no left-out one. As in the ridge head.
const LEAST_FREEDOM: f64 = 1e-8;
/// An excess below this is none: features that say nothing leave rounding and the guard above, whose sign follows the
/// label because the image's own share is left out.
const NO_EXCESS: f64 = 1e-6;
/// A feature whose variance is below this share of its mean square counts as constant: the rest is rounding.
pub(crate) const CONSTANT: f64 = 1e-12;
/// Images whose scores are summed together: the table of this many columns and 2,000 rows (1 MB) stays in a core's
/// second cache, the sums of 100 classes in its first.
const LANES: usize = 64;
/// Relabellings that are judged together; a test that ends early has computed at most so many too many.
const BATCH: u64 = 50;

/// The regression of class indicators on standardised features with λ = tr(ZZᵀ)/n and a free intercept, each image
/// judged without its group.
pub(crate) struct LeaveGroupOut {
    n: usize,
    /// Rows of each group.
    groups: Vec<Vec<usize>>,
    /// Group of each row.
    group_of: Vec<usize>,
    /// For each block of [`LANES`] images: what the label of each row (`[n]`) adds to the scores of the block's images.
    contributions: Vec<Vec<f64>>,
}

/// What was predicted, against labels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// Mean recall of the classes.
    pub balanced_accuracy: f64,
    /// How much more a class scores on its own images than classes do on average, mean over classes of the mean over
    /// images. It sees what accuracy only counts, so that a test on it finds more: of 40 sets of 100 photos with 20 points
    /// over chance it found all at p < 0.01, and balanced accuracy 38.
    pub margin: f64,
    /// Class of each image.
    pub predicted: Vec<usize>,
}

impl LeaveGroupOut {
    /// `z` `[n, d]` as [`standardised`] makes it; `groups` `[n]`, two different ones at least.
    ///
    /// # Errors
    /// [`LearnError::Algebra`] when a system can't be solved.
    ///
    /// # Source
    /// Exact deletion of rows from a linear smoother with hat matrix H: the errors of group g become
    /// (I − H_gg)⁻¹(y_g − ŷ_g); R. Cook, S. Weisberg, Residuals and Influence in Regression (1982), section 3.8.
    pub fn new(z: &Matrix, groups: &[usize]) -> Result<LeaveGroupOut, LearnError> {
        let n = z.n_rows;
        let hat = hat(z).ok_or(LearnError::Algebra {
            what: "the features of all images",
        })?;
        let mut by_name: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        groups
            .iter()
            .enumerate()
            .for_each(|(row, group)| by_name.entry(*group).or_default().push(row));
        let groups: Vec<Vec<usize>> = by_name.into_values().collect();
        let mut group_of = vec![0; n];
        let mut contributions = vec![vec![0.0; n * LANES]; n.div_ceil(LANES)];
        for (idx, rows) in groups.iter().enumerate() {
            // The score of the group's rows without it: (I − H_gg)⁻¹·H_g over the rows of other groups.
            let mut others = hat.pick(rows);
            let mut freedom = Matrix::zeros(rows.len(), rows.len());
            for i in 0..rows.len() {
                for (j, &row) in rows.iter().enumerate() {
                    freedom.row_mut(i)[j] = -others.row(i)[row];
                    others.row_mut(i)[row] = 0.0;
                }
                freedom.row_mut(i)[i] += 1.0 + LEAST_FREEDOM;
            }
            let without = solve(&freedom, &others).ok_or(LearnError::Algebra {
                what: "the features of a group",
            })?;
            for (i, &row) in rows.iter().enumerate() {
                group_of[row] = idx;
                let (block, lane) = (row / LANES, row % LANES);
                for (j, value) in without.row(i).iter().enumerate() {
                    contributions[block][j * LANES + lane] = *value;
                }
            }
        }
        Ok(LeaveGroupOut {
            n,
            groups,
            group_of,
            contributions,
        })
    }

    /// What is predicted of each image with these labels `[n]`.
    pub fn judge(&self, labels: Vec<usize>, n_classes: usize) -> Outcome {
        self.judge_all(&[labels], n_classes).swap_remove(0)
    }

    /// For each of several labellings the class of each image with the largest (score − share)/√share, share and score
    /// both without its group. Dividing by √share keeps rare classes in: with plain scores the balanced accuracy of 88
    /// to 12 images is that of a coin whatever they show, and with (score − share)/share the noise of the rare class
    /// wins too often.
    fn judge_all(&self, labellings: &[Vec<usize>], n_classes: usize) -> Vec<Outcome> {
        let totals: Vec<Vec<f64>> = labellings.iter().map(|l| count(l, n_classes)).collect();
        let mut predicted = vec![vec![0; self.n]; labellings.len()];
        let mut margins = vec![0.0; labellings.len()];
        let (mut scores, mut own) = (vec![0.0; n_classes * LANES], vec![0.0; n_classes]);
        // Blocks outside, labellings inside: a block is read from memory once for all of them.
        for (block, contributions) in self.contributions.iter().enumerate() {
            let images = block * LANES..self.n.min((block + 1) * LANES);
            for (at, labels) in labellings.iter().enumerate() {
                scores.fill(0.0);
                for (added, &label) in contributions.chunks_exact(LANES).zip(labels) {
                    let sums = &mut scores[label * LANES..][..LANES];
                    sums.iter_mut().zip(added).for_each(|(s, a)| *s += a);
                }
                for row in images.clone() {
                    let group = &self.groups[self.group_of[row]];
                    own.fill(0.0);
                    group.iter().for_each(|&r| own[labels[r]] += 1.0);
                    let n_others = (self.n - group.len()) as f64;
                    let share = |class: usize| (totals[at][class] - own[class]) / n_others;
                    let score = |class: usize| scores[class * LANES + row % LANES];
                    let (class, margin) = decide(n_classes, labels[row], share, score);
                    predicted[at][row] = class;
                    margins[at] += margin / totals[at][labels[row]];
                }
            }
        }
        let outcomes = labellings.iter().zip(totals).zip(predicted).zip(margins);
        outcomes
            .map(|(((labels, totals), predicted), margin)| Outcome {
                balanced_accuracy: balanced(labels, &predicted, &totals),
                margin: margin / totals.iter().filter(|n| **n > 0.0).count() as f64,
                predicted,
            })
            .collect()
    }

    /// Takes the margins of relabellings until the test is over.
    pub fn test(&self, relabelling: &Relabelling, n_classes: usize, test: &mut SequentialTest) {
        while !test.is_over() {
            let next = test.n_draws() as u64;
            let draws: Vec<Vec<usize>> =
                (next..next + BATCH).map(|d| relabelling.draw(d)).collect();
            for outcome in self.judge_all(&draws, n_classes) {
                test.take(outcome.margin);
            }
        }
    }

    /// Rows of each group.
    pub fn groups(&self) -> &[Vec<usize>] {
        &self.groups
    }
}

/// The class with the largest excess over its share, and by how much the excess of `label` is above the mean.
fn decide(
    n_classes: usize,
    label: usize,
    share: impl Fn(usize) -> f64,
    score: impl Fn(usize) -> f64,
) -> (usize, f64) {
    let (mut chosen, mut best) = (0, f64::NEG_INFINITY);
    let (mut of_label, mut sum, mut n_known) = (0.0, 0.0, 0.0);
    // A class that is the group's alone is unknown without it.
    for class in (0..n_classes).filter(|&k| share(k) > 0.0) {
        let above = score(class) - share(class);
        let excess = if above.abs() < NO_EXCESS {
            0.0
        } else {
            above / share(class).sqrt()
        };
        sum += excess;
        n_known += 1.0;
        if class == label {
            of_label = excess;
        }
        if excess > best {
            (chosen, best) = (class, excess);
        }
    }
    (chosen, of_label - sum / n_known)
}

/// Images of each class.
fn count(labels: &[usize], n_classes: usize) -> Vec<f64> {
    let mut counts = vec![0.0f64; n_classes];
    labels.iter().for_each(|&l| counts[l] += 1.0);
    counts
}

/// Mean recall of the classes that occur.
fn balanced(labels: &[usize], predicted: &[usize], totals: &[f64]) -> f64 {
    let mut right = vec![0.0; totals.len()];
    for (label, class) in labels.iter().zip(predicted) {
        right[*label] += f64::from(label == class);
    }
    let recalls = right.iter().zip(totals).filter(|(_, n)| **n > 0.0);
    let recalls: Vec<f64> = recalls.map(|(right, n)| right / n).collect();
    recalls.iter().sum::<f64>() / recalls.len() as f64
}

/// H = 1/n + Z(ZᵀZ + λI)⁻¹Zᵀ with λ = tr(ZZᵀ)/n, by the smaller of the two systems.
fn hat(z: &Matrix) -> Option<Matrix> {
    let n = z.n_rows;
    let trace: f64 = z.values.iter().map(|v| v * v).sum();
    // Features without any spread: λ has nothing to weigh against, but must not be 0.
    let lambda = if trace > 0.0 { trace / n as f64 } else { 1.0 };
    let with_lambda = |mut square: Matrix| {
        (0..square.n_rows).for_each(|i| square.row_mut(i)[i] += lambda);
        square
    };
    let mut hat = if z.n_cols < n {
        product(z, &solve(&with_lambda(gram(z)), &z.transposed())?)
    } else {
        let kernel = outer_gram(z);
        solve(&with_lambda(kernel.clone()), &kernel)?
    };
    hat.values.iter_mut().for_each(|v| *v += 1.0 / n as f64);
    Some(hat)
}

/// Features `[n, d]` with mean 0 and variance 1/d; constant ones become 0. Labels have no part in it.
pub(crate) fn standardised(values: &[f64], n: usize, d: usize) -> Matrix {
    let mut z = Matrix::new(n, d, values.to_vec());
    for j in 0..d {
        let column = |z: &Matrix| (0..n).map(|i| z.row(i)[j]).collect::<Vec<_>>();
        let raw = column(&z);
        let mean = raw.iter().sum::<f64>() / n as f64;
        let variance = raw.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n as f64;
        let scale = if variance > CONSTANT * (mean * mean + variance) {
            1.0 / (variance * d as f64).sqrt()
        } else {
            0.0
        };
        (0..n).for_each(|i| z.row_mut(i)[j] = (raw[i] - mean) * scale);
    }
    z
}

/// The images of classes that lie in two groups or more, as a task of its own; in any other class no image can be
/// judged by a model that has not seen its group and knows the class.
pub(crate) struct Judgeable {
    /// Rows of the images.
    pub rows: Vec<usize>,
    /// Class of each, counted from 0 without gaps.
    pub labels: Vec<usize>,
    /// Group of each.
    pub groups: Vec<usize>,
    /// The class of the caller for each class here.
    pub classes: Vec<usize>,
}

impl Judgeable {
    /// Of these rows.
    pub fn of(rows: &[usize], labels: &[usize], groups: &[usize]) -> Judgeable {
        let mut of_class: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for &row in rows {
            of_class.entry(labels[row]).or_default().insert(groups[row]);
        }
        of_class.retain(|_, groups| groups.len() > 1);
        let classes: Vec<usize> = of_class.into_keys().collect();
        let place = |row: &usize| classes.binary_search(&labels[*row]).ok();
        let rows: Vec<usize> = rows
            .iter()
            .copied()
            .filter(|row| place(row).is_some())
            .collect();
        Judgeable {
            labels: rows.iter().filter_map(place).collect(),
            groups: rows.iter().map(|&row| groups[row]).collect(),
            rows,
            classes,
        }
    }

    /// Whether there are two classes to tell apart.
    pub fn is_a_task(&self) -> bool {
        self.classes.len() > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algebra::transposed_product;

    fn sample(n: usize, d: usize) -> Matrix {
        let value = |i: usize| ((i * 7919 % 1009) as f64 - 500.0) / 300.0;
        standardised(&(0..n * d).map(value).collect::<Vec<_>>(), n, d)
    }

    /// Scores of the held-out rows by the normal equations of all others, with the λ of all.
    fn direct(z: &Matrix, labels: &[usize], kept: &[usize], row: usize, class: usize) -> f64 {
        let lambda = z.values.iter().map(|v| v * v).sum::<f64>() / z.n_rows as f64;
        let mut x = z.pick(kept);
        let n = kept.len() as f64;
        let means: Vec<f64> = (0..x.n_cols)
            .map(|j| (0..x.n_rows).map(|i| x.row(i)[j]).sum::<f64>() / n)
            .collect();
        let share = kept.iter().filter(|r| labels[**r] == class).count() as f64 / n;
        let mut y = Matrix::zeros(kept.len(), 1);
        for (i, &r) in kept.iter().enumerate() {
            x.row_mut(i)
                .iter_mut()
                .zip(&means)
                .for_each(|(v, m)| *v -= m);
            y.values[i] = f64::from(labels[r] == class) - share;
        }
        let mut a = gram(&x);
        (0..a.n_rows).for_each(|j| a.row_mut(j)[j] += lambda);
        let w = solve(&a, &transposed_product(&x, &y)).unwrap();
        share
            + (0..x.n_cols)
                .map(|j| (z.row(row)[j] - means[j]) * w.values[j])
                .sum::<f64>()
    }

    #[test]
    fn leaving_a_group_out_is_a_fit_without_it() {
        for (n, d) in [(70, 5), (40, 60)] {
            let z = sample(n, d);
            let labels: Vec<usize> = (0..n).map(|i| i % 3).collect();
            let groups: Vec<usize> = (0..n).map(|i| if i < 10 { i } else { i / 4 }).collect();
            let left_out = LeaveGroupOut::new(&z, &groups).unwrap();
            for row in [0, 17, n - 1] {
                let kept: Vec<usize> = (0..n).filter(|&r| groups[r] != groups[row]).collect();
                for class in 0..3 {
                    let added =
                        |r: usize| left_out.contributions[row / LANES][r * LANES + row % LANES];
                    let found: f64 = (0..n).filter(|r| labels[*r] == class).map(added).sum();
                    // The guard of 1e-8 on 1 − h is the difference.
                    let expected = direct(&z, &labels, &kept, row, class);
                    assert!((found - expected).abs() < 1e-6, "{found} {expected}");
                }
            }
        }
    }

    #[test]
    fn a_clear_signal_is_judged_right_also_in_a_rare_class() {
        let n = 60;
        let labels: Vec<usize> = (0..n).map(|i| usize::from(i % 10 == 0)).collect();
        let values: Vec<f64> = (0..n)
            .flat_map(|i| [labels[i] as f64 + 0.01 * (i % 7) as f64, (i % 5) as f64])
            .collect();
        let all: Vec<usize> = (0..n).collect();
        let left_out = LeaveGroupOut::new(&standardised(&values, n, 2), &all).unwrap();
        assert_eq!(left_out.judge(labels.clone(), 2).predicted, labels);
    }

    #[test]
    fn features_without_spread_say_nothing() {
        let labels: Vec<usize> = (0..40).map(|i| i % 4).collect();
        let all: Vec<usize> = (0..40).collect();
        let left_out = LeaveGroupOut::new(&standardised(&[3.0; 40], 40, 1), &all).unwrap();
        let outcome = left_out.judge(labels, 4);
        assert_eq!((outcome.balanced_accuracy, outcome.margin), (0.25, 0.0));
    }

    #[test]
    fn classes_in_one_group_are_left_out() {
        let found = Judgeable::of(&[0, 1, 2, 3, 4], &[2, 2, 5, 5, 0], &[0, 1, 2, 3, 4]);
        assert_eq!(
            (found.rows, found.labels),
            (vec![0, 1, 2, 3], vec![0, 0, 1, 1])
        );
        assert_eq!(found.classes, [2, 5]);
        assert!(!Judgeable::of(&[0, 1, 2], &[1, 1, 2], &[0, 1, 2]).is_a_task());
    }
}
