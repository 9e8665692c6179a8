//! Can something that should not matter predict the label: the size of the files, the camera, a thumbnail?
//!
//! A model learns such a shortcut in place of the thing itself, and fails on photos that come another way. Colours are
//! in the thumbnail, too, and may be honest: a lemon is yellow. So finding one is a question to the person, not a proof.

use handful_stats::{Seed, SequentialTest, holm, stratified_subset};

use crate::LearnError;
use crate::leave_group_out::{Judgeable, LeaveGroupOut, standardised};
use crate::relabelling::Relabelling;
use crate::signal::{ENOUGH, MOST_DRAWS, MOST_IMAGES, SIGNIFICANT};

/// Balanced accuracy over chance from which a predictor is called a shortcut.
///
/// The recipe asks for 10 points over always guessing the largest class. Its balanced accuracy is 1/K, so with equal
/// classes this is the same; with unequal ones plain accuracy would overlook that all of a small class was taken with
/// another camera, and it is the small classes that this happens to.
pub const WORTH_TELLING: f64 = 0.10;
/// Blocks of at most so many columns also get bins: a thumbnail's hundreds have enough ways to bend already.
const MOST_BINNED: usize = 8;
/// Bins a column: label may depend on size without rising with it.
const BINS: usize = 8;
/// Relabellings a test: with so many, the smallest p stays below half of [`SIGNIFICANT`] after Holm's factor.
const DRAWS_PER_TEST: usize = 200;

/// Numbers that should not tell the class.
#[derive(Clone, Copy, Debug)]
pub struct Descriptor<'a> {
    /// Its name in the results.
    pub name: &'a str,
    /// Numbers an image.
    pub width: usize,
    /// `[n, width]`, row-major; NaN where an image has none (no EXIF time): not knowing is a value of its own.
    pub values: &'a [f64],
}

/// What a descriptor alone predicts.
#[derive(Clone, Debug, PartialEq)]
pub struct Shortcut {
    /// The descriptor.
    pub name: String,
    /// Mean recall of the classes, each image judged without its group.
    pub balanced_accuracy: f64,
    /// Share of the images that were predicted right by the same predictions, which give rare classes their due: it may
    /// lie below `majority`.
    pub accuracy: f64,
    /// What guessing gives as balanced accuracy: 1/classes.
    pub chance: f64,
    /// Share of the largest class.
    pub majority: f64,
    /// Chance of so clear an order if it told nothing (the test of [`crate::signal()`]), adjusted by Holm for all descriptors; 1 where it is less
    /// than [`WORTH_TELLING`] over chance, because then it is not tested.
    pub p: f64,
    /// Whether it is called a shortcut: p < 0.01 and at least 10 points over chance.
    pub is_found: bool,
    /// Images that were used: at most 2,000, of classes that lie in two groups or more.
    pub rows: Vec<usize>,
    /// The predicted class of each of them.
    pub predicted: Vec<usize>,
}

/// How the main model does where a shortcut leads right and where it leads astray.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Damage {
    /// Accuracy of the main model on images where the shortcut is right; `None` without such images.
    pub where_right: Option<f64>,
    /// Accuracy of the main model on images where the shortcut is wrong; `None` without such images.
    pub where_wrong: Option<f64>,
    /// Images where the shortcut is right.
    pub n_right: usize,
    /// Images where it is wrong.
    pub n_wrong: usize,
}

/// Tests each descriptor with the machinery of [`crate::signal()`]; none where fewer than two classes lie in two groups
/// or more.
///
/// `labels` (below `n_classes`) and `groups` `[n]`. Columns of narrow descriptors also enter as one-hot bins of equal
/// counts.
///
/// # Errors
/// [`LearnError::Shape`] when a descriptor has another number of values; [`LearnError::Algebra`].
///
/// # Source
/// Recipe A10; S. Holm (1979) over the descriptors.
pub fn shortcuts(
    descriptors: &[Descriptor],
    labels: &[usize],
    groups: &[usize],
    n_classes: usize,
    seed: Seed,
) -> Result<Vec<Shortcut>, LearnError> {
    for d in descriptors {
        if d.values.len() != labels.len() * d.width {
            return Err(LearnError::Shape {
                what: format!("the descriptor \"{}\"", d.name),
                expected: format!("{} × {} values", labels.len(), d.width),
                found: d.values.len().to_string(),
            });
        }
    }
    let sample = stratified_subset(
        labels,
        groups,
        n_classes,
        MOST_IMAGES,
        seed.derive("sample", 0),
    );
    let task = Judgeable::of(&sample, labels, groups);
    if !task.is_a_task() {
        return Ok(Vec::new());
    }
    let most_draws = MOST_DRAWS.max(DRAWS_PER_TEST * descriptors.len());
    let mut found = Vec::with_capacity(descriptors.len());
    for descriptor in descriptors {
        found.push(alone(descriptor, &task, most_draws, seed)?);
    }
    let adjusted = holm(&found.iter().map(|s| s.p).collect::<Vec<_>>());
    for (shortcut, p) in found.iter_mut().zip(adjusted) {
        shortcut.p = p;
        shortcut.is_found =
            p < SIGNIFICANT && shortcut.balanced_accuracy >= shortcut.chance + WORTH_TELLING;
    }
    Ok(found)
}

impl Shortcut {
    /// [`damage`] where this predictor is right and where it is wrong.
    pub fn damage(&self, labels: &[usize], hits: &[Option<bool>]) -> Damage {
        let predicted = self.rows.iter().zip(&self.predicted);
        let is_right: Vec<bool> = predicted.map(|(&row, &p)| p == labels[row]).collect();
        damage(&self.rows, &is_right, hits)
    }
}

/// What the main model gets right where something else is right about the images `rows` and where that is wrong. `hits`
/// `[n]` has the main model's out-of-fold hits; images that it was not scored on are `None` and don't count.
pub fn damage(rows: &[usize], is_right: &[bool], hits: &[Option<bool>]) -> Damage {
    // Images and hits where the shortcut is wrong (0) and right (1).
    let (mut n, mut n_hits) = ([0usize; 2], [0usize; 2]);
    for (&row, &is_right) in rows.iter().zip(is_right) {
        if let Some(hit) = hits[row] {
            let side = usize::from(is_right);
            n[side] += 1;
            n_hits[side] += usize::from(hit);
        }
    }
    let share = |side: usize| (n[side] > 0).then(|| n_hits[side] as f64 / n[side] as f64);
    Damage {
        where_right: share(1),
        where_wrong: share(0),
        n_right: n[1],
        n_wrong: n[0],
    }
}

/// One descriptor; p is not yet adjusted for the others.
fn alone(
    descriptor: &Descriptor,
    task: &Judgeable,
    most_draws: usize,
    seed: Seed,
) -> Result<Shortcut, LearnError> {
    let (n, n_classes) = (task.rows.len(), task.classes.len());
    let (width, values) = spread(descriptor, &task.rows);
    let left_out = LeaveGroupOut::new(&standardised(&values, n, width), &task.groups)?;
    let outcome = left_out.judge(task.labels.clone(), n_classes);
    let chance = 1.0 / n_classes as f64;
    let p = if outcome.balanced_accuracy >= chance + WORTH_TELLING {
        let relabelling = Relabelling::new(&task.labels, left_out.groups(), seed);
        let mut test = SequentialTest::new(outcome.margin, most_draws, ENOUGH);
        left_out.test(&relabelling, n_classes, &mut test);
        test.p()
    } else {
        1.0
    };
    let hits = task.labels.iter().zip(&outcome.predicted);
    let n_right = hits.filter(|(label, class)| label == class).count();
    let of_class = |class: usize| task.labels.iter().filter(|l| **l == class).count();
    let largest = (0..n_classes).map(of_class).max().unwrap_or(0);
    Ok(Shortcut {
        name: descriptor.name.to_owned(),
        balanced_accuracy: outcome.balanced_accuracy,
        accuracy: n_right as f64 / n as f64,
        chance,
        majority: largest as f64 / n as f64,
        p,
        is_found: false,
        rows: task.rows.clone(),
        predicted: outcome
            .predicted
            .into_iter()
            .map(|k| task.classes[k])
            .collect(),
    })
}

/// The columns of these rows as a regression can use them: unknown values in a column of their own and narrow blocks
/// with one-hot bins. Returns their number and `[rows, number]`.
fn spread(descriptor: &Descriptor, rows: &[usize]) -> (usize, Vec<f64>) {
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for j in 0..descriptor.width {
        let raw: Vec<f64> = rows
            .iter()
            .map(|row| descriptor.values[row * descriptor.width + j])
            .collect();
        let mut known: Vec<f64> = raw.iter().copied().filter(|v| v.is_finite()).collect();
        known.sort_by(f64::total_cmp);
        let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
        let or_mean = |v: &f64| if v.is_finite() { *v } else { mean };
        columns.push(raw.iter().map(or_mean).collect());
        if known.len() < raw.len() {
            columns.push(raw.iter().map(|v| f64::from(!v.is_finite())).collect());
        }
        if descriptor.width <= MOST_BINNED {
            let edges = edges(&known);
            // Two values are a column of zeros and ones already.
            if edges.len() > 1 {
                for bin in 0..=edges.len() {
                    let is_in = |v: &f64| v.is_finite() && edges.partition_point(|e| e <= v) == bin;
                    columns.push(raw.iter().map(|v| f64::from(is_in(v))).collect());
                }
            }
        }
    }
    let at = |i: usize| columns.iter().map(move |column| column[i]);
    (columns.len(), (0..rows.len()).flat_map(at).collect())
}

/// Different values that begin the second and each further bin, ascending.
fn edges(sorted: &[f64]) -> Vec<f64> {
    let mut edges: Vec<f64> = (1..BINS)
        .filter_map(|bin| sorted.get(bin * sorted.len() / BINS).copied())
        .filter(|edge| *edge > sorted[0])
        .collect();
    edges.dedup();
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without a pattern, in 0..=1.
    fn noise(n: usize, seed: u64) -> Vec<f64> {
        (0..n as u64)
            .map(|i| Seed(seed).key(i) as f64 / u64::MAX as f64)
            .collect()
    }

    fn test(values: &[f64], labels: &[usize]) -> Shortcut {
        let n = labels.len();
        let width = values.len() / n;
        let other = noise(n, 99);
        let descriptors = [
            Descriptor {
                name: "it",
                width,
                values,
            },
            Descriptor {
                name: "noise",
                width: 1,
                values: &other,
            },
        ];
        let alone: Vec<usize> = (0..n).collect();
        let mut found = shortcuts(&descriptors, labels, &alone, 3, Seed(1)).unwrap();
        assert!(!found[1].is_found, "{:?}", found[1]);
        found.swap_remove(0)
    }

    #[test]
    fn a_value_in_the_middle_tells_a_class_as_well_as_a_large_one() {
        let n = 90;
        let labels: Vec<usize> = (0..n).map(|i| i % 2).collect();
        let middle: Vec<f64> = noise(n, 1)
            .iter()
            .zip(&labels)
            .map(|(v, l)| match l {
                0 => 0.4 + 0.2 * v,
                _ if *v < 0.5 => 0.6 * v,
                _ => 0.4 + 0.6 * v,
            })
            .collect();
        let found = test(&middle, &labels);
        assert!(
            found.is_found && found.balanced_accuracy > 0.85,
            "{found:?}"
        );
    }

    #[test]
    fn not_knowing_a_value_is_a_value() {
        let labels: Vec<usize> = (0..60).map(|i| i % 2).collect();
        let mut times = noise(60, 2);
        for i in 0..60 {
            if labels[i] == 1 {
                times[i] = f64::NAN;
            }
        }
        let found = test(&times, &labels);
        assert!(found.is_found && found.accuracy == 1.0, "{found:?}");
    }

    #[test]
    fn a_small_class_with_a_camera_of_its_own_is_seen() {
        let labels: Vec<usize> = (0..120).map(|i| usize::from(i % 10 == 0)).collect();
        let camera: Vec<f64> = labels.iter().map(|l| *l as f64).collect();
        let found = test(&camera, &labels);
        assert!(found.is_found && found.majority == 0.9, "{found:?}");
    }

    #[test]
    fn weak_predictors_are_not_even_tested() {
        let labels: Vec<usize> = (0..300).map(|i| i % 2).collect();
        let weak: Vec<f64> = noise(300, 4)
            .iter()
            .zip(&labels)
            .map(|(v, l)| v + 0.04 * *l as f64)
            .collect();
        let found = test(&weak, &labels);
        assert!(!found.is_found && found.p == 1.0, "{found:?}");
    }

    #[test]
    fn damage_compares_the_model_where_the_shortcut_leads_right_and_astray() {
        let shortcut = Shortcut {
            name: "size".into(),
            balanced_accuracy: 0.5,
            accuracy: 0.5,
            chance: 0.5,
            majority: 0.5,
            p: 1.0,
            is_found: false,
            rows: vec![0, 1, 2, 3, 4],
            predicted: vec![0, 0, 1, 1, 0],
        };
        let hits = [Some(true), Some(false), Some(true), Some(true), None];
        let found = shortcut.damage(&[0, 1, 1, 1, 0], &hits);
        assert_eq!((found.n_right, found.n_wrong), (3, 1));
        assert_eq!(
            (found.where_right, found.where_wrong),
            (Some(1.0), Some(0.0))
        );
    }

    #[test]
    fn a_descriptor_of_another_length_is_refused_by_name() {
        let descriptor = Descriptor {
            name: "time",
            width: 2,
            values: &[1.0],
        };
        let error = shortcuts(&[descriptor], &[0, 1], &[0, 1], 2, Seed(0)).unwrap_err();
        assert!(error.to_string().contains("\"time\""), "{error}");
    }
}
