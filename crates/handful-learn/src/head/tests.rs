//! What every head must do, and that each one's numbers are those of scikit-learn.

use handful_stats::{Column, Seed, balanced_accuracy, log_loss, softmax_rows};
use serde::Deserialize;

use super::ridge::System;
use super::{Centroid, FeatureSet, Fitted, HEADS, Head, Lda, Neighbours, TrainingFold, logistic};
use crate::features::Over;

/// `bench/golden/heads.py` made it.
const GOLDEN: &str = include_str!("../../tests/golden/heads.json");
/// Both sides solve in f64; what differs is the order of sums.
const SAME: f64 = 1e-9;
/// scikit-learn's L-BFGS stops a little short of the minimum.
const SAME_MINIMUM: f64 = 2e-5;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    n: usize,
    d: usize,
    k: usize,
    x: Vec<f32>,
    y: Vec<usize>,
    new: Vec<f64>,
    new_y: Vec<usize>,
    ridge: std::collections::BTreeMap<String, RidgeValues>,
    logistic: std::collections::BTreeMap<String, LogisticValues>,
    lda: LdaValues,
    centroid: CentroidValues,
    metrics: Metrics,
}

#[derive(Deserialize)]
struct RidgeValues {
    lambda: f64,
    logits: Vec<Vec<f64>>,
    left_out: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct LogisticValues {
    lambda: f64,
    probabilities: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct LdaValues {
    rho: f64,
    logits: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct CentroidValues {
    logits: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Metrics {
    log_loss: f64,
    balanced_accuracy: f64,
    accuracy: f64,
}

fn cases() -> Vec<Case> {
    serde_json::from_str::<Golden>(GOLDEN)
        .expect("the golden file is whole")
        .cases
}

fn assert_close(what: &str, found: &[f64], expected: &[Vec<f64>], tolerance: f64) {
    let expected: Vec<f64> = expected.iter().flatten().copied().collect();
    assert_eq!(found.len(), expected.len(), "{what}");
    for (f, e) in found.iter().zip(&expected) {
        assert!(
            (f - e).abs() <= tolerance * (1.0 + e.abs()),
            "{what}: {f} instead of {e}"
        );
    }
}

fn with_fold<T>(case: &Case, f: impl FnOnce(&TrainingFold) -> T) -> T {
    let features = FeatureSet::new(case.n, vec![(case.d, case.x.clone())]).unwrap();
    let rows: Vec<usize> = (0..case.n).collect();
    f(&TrainingFold::new(
        &features,
        &rows,
        &case.y,
        &rows,
        case.k,
        Seed(0),
    ))
}

#[test]
fn ridge_is_that_of_scikit_learn_and_leaves_out_exactly() {
    for case in cases() {
        with_fold(&case, |fold| {
            let system = System::new(fold).unwrap();
            for values in case.ridge.values() {
                let (weights, bias) = system.at(values.lambda);
                let fitted = Fitted::of_present("ridge", fold, fold.scale.clone(), &weights, &bias);
                assert_close(&case.name, &fitted.logits(&case.new), &values.logits, SAME);
                assert_close(
                    &case.name,
                    &system.left_out(values.lambda).values,
                    &values.left_out,
                    SAME,
                );
            }
        });
    }
}

#[test]
fn logistic_is_that_of_scikit_learn() {
    for case in cases() {
        with_fold(&case, |fold| {
            for values in case.logistic.values() {
                let mut p = logistic::at(fold, values.lambda, 1e-9)
                    .unwrap()
                    .logits(&case.new);
                softmax_rows(&mut p, case.k);
                assert_close(&case.name, &p, &values.probabilities, SAME_MINIMUM);
            }
        });
    }
}

#[test]
fn lda_is_that_of_scikit_learns_covariance() {
    for case in cases() {
        with_fold(&case, |fold| {
            let fitted = Lda.fit(fold).unwrap();
            assert!(
                (fitted.setting.unwrap() - case.lda.rho).abs() < SAME,
                "{}",
                case.name
            );
            assert_close(
                &case.name,
                &fitted.logits(&case.new),
                &case.lda.logits,
                SAME,
            );
        });
    }
}

#[test]
fn centroid_is_that_of_scikit_learn_on_centred_unit_vectors() {
    for case in cases() {
        with_fold(&case, |fold| {
            let fitted = Centroid.fit(fold).unwrap();
            assert_close(
                &case.name,
                &fitted.logits(&case.new),
                &case.centroid.logits,
                SAME,
            );
        });
    }
}

#[test]
fn the_nearest_images_vote_as_the_formula_says() {
    // Three neighbours at similarities 1, 1 − 0.07·ln 2 and 1 − 0.07·ln 4: votes 1, ½ and ¼.
    let step = 0.07 * 2f64.ln();
    let nearest = [(1.0, 0), (1.0 - step, 1), (1.0 - 2.0 * step, 1)];
    let logits = Neighbours::votes(&nearest, 3, 2);
    let share = |vote: f64| ((3.0 * vote / 1.75 + 0.5) / 4.0).ln();
    assert!((logits[0] - share(1.0)).abs() < 1e-12 && (logits[1] - share(0.75)).abs() < 1e-12);
    let found = [(0.2, 0), (0.9, 1), (0.9, 2), (0.5, 3)];
    let two = Neighbours::nearest(found.into_iter(), 2, |image| 10 * image);
    assert_eq!(
        two,
        [(0.9, 10), (0.9, 20)],
        "of equals the earlier one comes first"
    );
}

#[test]
fn metrics_are_those_of_scikit_learn() {
    for case in cases() {
        let p: Vec<f64> = case.logistic["-1.0"]
            .probabilities
            .iter()
            .flatten()
            .copied()
            .collect();
        assert!((log_loss(&p, &case.new_y, case.k) - case.metrics.log_loss).abs() < SAME);
        assert!(
            (balanced_accuracy(&p, &case.new_y, case.k) - case.metrics.balanced_accuracy).abs()
                < SAME
        );
        assert!(
            (Column::of_probabilities(&p, &case.new_y, case.k).mean_hit() - case.metrics.accuracy)
                .abs()
                < SAME
        );
    }
}

#[test]
fn leaving_a_unit_out_is_a_fit_without_it() {
    for case in cases() {
        let features = FeatureSet::new(case.n, vec![(case.d, case.x.clone())]).unwrap();
        let rows: Vec<usize> = (0..case.n).collect();
        let units: Vec<usize> = rows.iter().map(|i| i / 4).collect();
        let fold = TrainingFold::new(&features, &rows, &case.y, &units, case.k, Seed(0));
        let lambda = 0.3;
        let found = System::new(&fold).unwrap().left_out(lambda);
        // The same regression on the rows of other units, standardised as before, by its normal equations.
        let z = fold.standardised();
        for unit in [0, 2] {
            let kept: Vec<usize> = rows.iter().copied().filter(|i| units[*i] != unit).collect();
            let expected = direct_ridge(&z, &case.y, case.k, &kept, lambda);
            for i in rows.iter().copied().filter(|i| units[*i] == unit) {
                for class in 0..case.k {
                    let value = expected.1[class]
                        + (0..case.d)
                            .map(|j| z.row(i)[j] * expected.0.row(j)[class])
                            .sum::<f64>();
                    // The closed form's guard of 1e-8 on 1 − h is the difference.
                    assert!(
                        (found.row(i)[class] - value).abs() < 1e-6,
                        "{} {}",
                        found.row(i)[class],
                        value
                    );
                }
            }
        }
    }
}

fn direct_ridge(
    z: &crate::algebra::Matrix,
    y: &[usize],
    k: usize,
    kept: &[usize],
    lambda: f64,
) -> (crate::algebra::Matrix, Vec<f64>) {
    use crate::algebra::{Matrix, gram, solve, transposed_product};
    let mut x = z.pick(kept);
    let (n, d) = (x.n_rows, x.n_cols);
    let means: Vec<f64> = (0..d)
        .map(|j| (0..n).map(|i| x.row(i)[j]).sum::<f64>() / n as f64)
        .collect();
    (0..n).for_each(|i| {
        x.row_mut(i)
            .iter_mut()
            .zip(&means)
            .for_each(|(v, m)| *v -= m)
    });
    let mut targets = Matrix::zeros(n, k);
    kept.iter()
        .enumerate()
        .for_each(|(i, &row)| targets.row_mut(i)[y[row]] = 1.0);
    let shares: Vec<f64> = (0..k)
        .map(|c| (0..n).map(|i| targets.row(i)[c]).sum::<f64>() / n as f64)
        .collect();
    (0..n).for_each(|i| {
        targets
            .row_mut(i)
            .iter_mut()
            .zip(&shares)
            .for_each(|(t, s)| *t -= s)
    });
    let mut sums = gram(&x);
    (0..d).for_each(|j| sums.row_mut(j)[j] += lambda);
    let weights = solve(&sums, &transposed_product(&x, &targets)).unwrap();
    let bias = (0..k)
        .map(|c| shares[c] - (0..d).map(|j| means[j] * weights.row(j)[c]).sum::<f64>())
        .collect();
    (weights, bias)
}

/// One of the golden cases as views: `views` copies of each image, the later ones moved by `spread` of pseudo-random noise.
fn of_views(case: &Case, views: usize, spread: f32, over: Over) -> FeatureSet {
    let noise = |i: usize, v: usize, j: usize| {
        ((i * 7919 + v * 15_485_863 + j * 104_729) % 1_000) as f32 / 1_000.0 - 0.5
    };
    let mut values = Vec::new();
    for i in 0..case.n {
        for v in 0..views {
            let row = &case.x[i * case.d..][..case.d];
            let moved = row.iter().enumerate().map(|(j, x)| match v {
                0 => *x,
                _ => x + spread * noise(i, v, j),
            });
            values.extend(moved);
        }
    }
    let features = FeatureSet::of_views(case.n, views, vec![(case.d, values)]).unwrap();
    features.over(over)
}

fn fitted_on(features: &FeatureSet, case: &Case, head: &dyn Head) -> Fitted {
    let rows: Vec<usize> = (0..case.n).collect();
    let units: Vec<usize> = rows.iter().map(|i| i / 2).collect();
    let fold = TrainingFold::new(features, &rows, &case.y, &units, case.k, Seed(3));
    head.fit(&fold).unwrap()
}

#[test]
fn views_that_are_all_alike_teach_affine_heads_nothing_new() {
    let affine = || HEADS.iter().filter(|head| head.is_affine());
    for case in cases() {
        let photo = of_views(&case, 1, 0.0, Over::Mean);
        for (head, over) in affine()
            .flat_map(|head| [Over::Mean, Over::Set, Over::Training].map(|over| (head, over)))
        {
            let copies = of_views(&case, 3, 0.0, over);
            let (alone, of_copies) = (
                fitted_on(&photo, &case, *head),
                fitted_on(&copies, &case, *head),
            );
            let what = format!("{}, {}, {over:?}", case.name, head.name());
            assert_eq!(of_copies.n_images, case.n, "{what}");
            let (a, b) = (
                alone.probabilities(&case.new),
                of_copies.probabilities(&case.new),
            );
            for (a, b) in a.iter().zip(&b) {
                // Iterations end a little apart; the guard on 1 − h is per row.
                let same = if head.name() == "logistic" {
                    SAME_MINIMUM
                } else {
                    1e-5
                };
                assert!((a - b).abs() < same, "{what}: {a} {b}");
            }
        }
    }
}

#[test]
fn what_is_asked_of_views_is_their_mean_or_the_first() {
    let case = &cases()[0];
    let (views, d) = (3, case.d);
    let set = of_views(case, views, 1.0, Over::Set);
    let training = of_views(case, views, 1.0, Over::Training);
    let mean = of_views(case, views, 1.0, Over::Mean);
    assert_eq!(set.values(), training.values());
    assert_eq!((mean.n_images(), mean.n_views()), (case.n, 1));
    for i in [0, case.n - 1] {
        let of_image = &set.values()[i * views * d..][..views * d];
        assert_eq!(
            training.values()[i * views * d..][..d],
            case.x[i * d..][..d]
        );
        for j in 0..d {
            let expected = (0..views)
                .map(|v| f64::from(of_image[v * d + j]))
                .sum::<f64>()
                / 3.0;
            assert!((set.rows(&[i])[j] - expected).abs() < 1e-12);
            assert!((mean.rows(&[i])[j] - expected).abs() < 1e-6 * (1.0 + expected.abs()));
            assert_eq!(training.rows(&[i])[j], f64::from(case.x[i * d + j]));
        }
    }
    // Of an affine map, what it says of the mean is the mean of what it says.
    let k = 2;
    let said: Vec<f64> = (0..2 * views * k).map(|i| (i * i) as f64).collect();
    let asked = set.logits_asked(said.clone(), k);
    for image in 0..2 {
        for class in 0..k {
            let of_view = |v: usize| said[(image * views + v) * k + class];
            let expected = (0..views).map(of_view).sum::<f64>() / views as f64;
            assert_eq!(asked[image * k + class], expected);
            let first = training.logits_asked(said.clone(), k)[image * k + class];
            assert_eq!(first, of_view(0));
        }
    }
}

#[test]
fn views_that_differ_shrink_a_covariance_by_the_variance_of_means_over_images() {
    // ρ by its definition: β = (1/(d·m²))·Σ_images ‖M_i − S‖² with M_i the mean of an image's r·rᵀ, m images.
    let case = &cases()[0];
    let (views, d) = (3, case.d);
    let features = of_views(case, views, 0.7, Over::Set);
    let rows: Vec<usize> = (0..case.n).collect();
    let fold = TrainingFold::new(&features, &rows, &case.y, &rows, case.k, Seed(3));
    let z = fold.standardised();
    let label = |row: usize| case.y[row / views];
    let mean = |class: usize, j: usize| {
        let own: Vec<usize> = (0..z.n_rows).filter(|r| label(*r) == class).collect();
        own.iter().map(|r| z.row(*r)[j]).sum::<f64>() / own.len() as f64
    };
    let means: Vec<Vec<f64>> = (0..case.k)
        .map(|class| (0..d).map(|j| mean(class, j)).collect())
        .collect();
    let apart = |row: usize, j: usize| z.row(row)[j] - means[label(row)][j];
    let products = |rows: std::ops::Range<usize>| -> Vec<f64> {
        let n = rows.len() as f64;
        let of = |(a, b): (usize, usize)| -> f64 {
            rows.clone().map(|r| apart(r, a) * apart(r, b)).sum::<f64>() / n
        };
        (0..d * d).map(|at| of((at / d, at % d))).collect()
    };
    let s = products(0..z.n_rows);
    let middle = (0..d).map(|j| s[j * d + j]).sum::<f64>() / d as f64;
    let far = |of: &[f64]| of.iter().zip(&s).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    let of_images = (0..case.n).map(|i| far(&products(i * views..(i + 1) * views)));
    let beta = of_images.sum::<f64>() / (d as f64 * (case.n as f64).powi(2));
    let target: Vec<f64> = (0..d * d)
        .map(|at| if at / d == at % d { middle } else { 0.0 })
        .collect();
    let delta = far(&target) / d as f64;
    let found = Lda.fit(&fold).unwrap().setting.unwrap();
    assert!(beta < delta, "the case is one that is shrunk in part");
    assert!(
        (found - beta / delta).abs() < 1e-9,
        "{found} {}",
        beta / delta
    );
}

// Contracts: every head, on folds that a real folder can lead to.

struct Task {
    features: FeatureSet,
    labels: Vec<usize>,
    units: Vec<usize>,
    n_classes: usize,
}

impl Task {
    fn of(n: usize, d: usize, n_classes: usize) -> Task {
        let labels: Vec<usize> = (0..n).map(|i| i % n_classes).collect();
        let value = |i: usize, j: usize| {
            let noise = ((i * 7919 + j * 104_729) % 1_000) as f32 / 1_000.0 - 0.5;
            noise + if j % n_classes == labels[i] { 1.0 } else { 0.0 }
        };
        let values = (0..n)
            .flat_map(|i| (0..d).map(move |j| (i, j)))
            .map(|(i, j)| value(i, j))
            .collect();
        Task {
            features: FeatureSet::new(n, vec![(d, values)]).unwrap(),
            units: (0..n).collect(),
            labels,
            n_classes,
        }
    }

    fn fit(&self, head: &dyn Head, rows: &[usize]) -> Fitted {
        let fold = TrainingFold::new(
            &self.features,
            rows,
            &self.labels,
            &self.units,
            self.n_classes,
            Seed(1),
        );
        head.fit(&fold)
            .unwrap_or_else(|e| panic!("{}: {e}", head.name()))
    }

    fn check(&self, head: &dyn Head, rows: &[usize]) -> Vec<f64> {
        let all: Vec<usize> = (0..self.labels.len()).collect();
        let p = self
            .fit(head, rows)
            .probabilities(&self.features.rows(&all));
        for row in p.chunks_exact(self.n_classes) {
            assert!(
                row.iter().all(|v| *v > 0.0 && *v <= 1.0),
                "{}: {row:?}",
                head.name()
            );
            assert!(
                (row.iter().sum::<f64>() - 1.0).abs() < 1e-9,
                "{}: {row:?}",
                head.name()
            );
        }
        p
    }
}

#[test]
fn every_head_learns_what_is_easy() {
    for (n, d) in [(90, 12), (30, 60)] {
        let task = Task::of(n, d, 3);
        let rows: Vec<usize> = (0..n * 2 / 3).collect();
        for head in HEADS {
            let p = task.check(*head, &rows);
            let right = Column::of_probabilities(&p, &task.labels, 3).hits[rows.len()..]
                .iter()
                .sum::<f64>();
            assert!(
                right >= 0.9 * (n - rows.len()) as f64,
                "{}: {right} of {}",
                head.name(),
                n - rows.len()
            );
        }
    }
}

#[test]
fn every_head_bears_one_image_a_class_and_one_class_alone() {
    let task = Task::of(12, 20, 3);
    for head in HEADS {
        task.check(*head, &[0, 1, 2]);
        task.check(*head, &[0, 1]);
        task.check(*head, &[0, 3, 6]);
        task.check(*head, &[5]);
    }
}

#[test]
fn an_absent_class_gets_its_smoothed_share() {
    let task = Task::of(30, 8, 3);
    let rows: Vec<usize> = (0..30).filter(|i| i % 3 != 2).collect();
    for head in HEADS {
        let p = task.check(*head, &rows);
        let expected = 0.5 / (rows.len() as f64 + 1.5);
        assert!(
            p.chunks_exact(3)
                .all(|row| (row[2] - expected).abs() < 1e-12),
            "{}",
            head.name()
        );
    }
}

#[test]
fn features_without_spread_say_nothing() {
    let labels = vec![0, 0, 0, 1, 1, 1, 1, 1, 1];
    let features = FeatureSet::new(9, vec![(3, vec![4.0; 27])]).unwrap();
    let task = Task {
        features,
        units: (0..9).collect(),
        labels,
        n_classes: 2,
    };
    for head in HEADS {
        task.check(*head, &(0..9).collect::<Vec<_>>());
    }
}

#[test]
fn every_head_forgets_its_last_fit_and_repeats_itself() {
    let task = Task::of(40, 10, 4);
    let rows: Vec<usize> = (0..32).collect();
    for head in HEADS {
        let first = task.fit(*head, &rows);
        task.fit(*head, &rows[..12]);
        assert_eq!(first, task.fit(*head, &rows), "{}", head.name());
    }
}

#[test]
fn every_head_judges_an_image_alone_as_in_a_batch() {
    let task = Task::of(40, 10, 4);
    for head in HEADS {
        let fitted = task.fit(*head, &(0..32).collect::<Vec<_>>());
        let batch = fitted.probabilities(&task.features.rows(&[32, 33, 34]));
        let alone = fitted.probabilities(&task.features.rows(&[33]));
        assert_eq!(batch[4..8], alone[..], "{}", head.name());
    }
}

#[test]
fn values_that_are_no_numbers_are_refused_with_their_row() {
    let error = FeatureSet::new(2, vec![(2, vec![1.0, 2.0, f32::NAN, 1.0])]).unwrap_err();
    assert!(error.to_string().contains("row 1"), "{error}");
}
