//! Do two descriptions of the same images call the same ones alike?
//!
//! Source: S. Kornblith et al., "Similarity of neural network representations revisited" (ICML 2019), for centred kernel
//! alignment; L. Song et al., JMLR 13 (2012), 1393–1434, for the estimator without bias; T. Nguyen, M. Raghu, S. Kornblith
//! (ICLR 2021, arXiv:2010.15327), for sums over batches.

use handful_stats::Seed;

use crate::algebra::{Matrix, outer_gram};
use crate::leave_group_out::CONSTANT;

/// Images that are compared with each other at most: memory and time grow with its square. The standard error for unrelated
/// features is √(2/(n·batch)), so 2,000 images in batches say as much as 500 at once.
const BATCH: usize = 128;
/// The estimator divides by b − 3.
const LEAST_IMAGES: usize = 4;

/// Linear centred kernel alignment of two descriptions of the same `n` images, without bias: 1 for the same features or
/// rotated, shifted or scaled ones, 0 in the mean for unrelated ones (it can come out a little below).
///
/// `a` is `[n, da]`, `b` `[n, db]`, row-major. Σ HSIC₁(K, L) / √(Σ HSIC₁(K, K) · Σ HSIC₁(L, L)), each sum over batches of at
/// most 128 images, into which they are dealt in an order that depends on `n` alone: photos that come sorted by class don't
/// make batches of one class. The usual, biased form doesn't fall to 0 where there are few more images than features.
///
/// `None` for fewer than four images, features without spread, and numbers that are not finite.
///
/// # Panics
/// When the features are not whole rows.
pub fn cka(a: &[f32], b: &[f32], n: usize) -> Option<f64> {
    in_batches(a, b, n, BATCH)
}

fn in_batches(a: &[f32], b: &[f32], n: usize, batch: usize) -> Option<f64> {
    if n < LEAST_IMAGES || a.is_empty() || b.is_empty() {
        return None;
    }
    let (a, b) = (centred(a, n), centred(b, n));
    let (mut of_both, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for rows in batches(n, batch) {
        let (k, l) = (likenesses(&a, &rows), likenesses(&b, &rows));
        of_both += hsic(&k, &l);
        of_a += hsic(&k, &k);
        of_b += hsic(&l, &l);
    }
    // An estimate without bias of something positive may be negative.
    (of_a > 0.0 && of_b > 0.0).then(|| of_both / (of_a * of_b).sqrt())
}

/// The images in as few batches as may be, evened out, so that none has fewer than half of `most`.
fn batches(n: usize, most: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_cached_key(|&row| Seed(n as u64).key(row as u64));
    let n_batches = n.div_ceil(most);
    let bounds = |batch: usize| batch * n / n_batches..(batch + 1) * n / n_batches;
    (0..n_batches)
        .map(|batch| order[bounds(batch)].to_vec())
        .collect()
}

/// Features with mean 0 over all images, `[n, d]`; constant ones become 0. The estimator is the same for shifted features,
/// exactly, but for the digits that a large mean would take from it.
fn centred(features: &[f32], n: usize) -> Matrix {
    let d = features.len() / n;
    let mut z = Matrix::new(n, d, features.iter().map(|v| f64::from(*v)).collect());
    let mut mean = vec![0.0; d];
    for row in z.values.chunks_exact(d) {
        mean.iter_mut().zip(row).for_each(|(m, v)| *m += v);
    }
    mean.iter_mut().for_each(|m| *m /= n as f64);
    let mut variance = vec![0.0; d];
    for row in z.values.chunks_exact_mut(d) {
        for j in 0..d {
            row[j] -= mean[j];
            variance[j] += row[j].powi(2) / n as f64;
        }
    }
    for row in z.values.chunks_exact_mut(d) {
        for j in 0..d {
            if variance[j] <= CONSTANT * (mean[j].powi(2) + variance[j]) {
                row[j] = 0.0;
            }
        }
    }
    z
}

/// Products of the features of each two images, `[b, b]`, with zeros on the diagonal.
fn likenesses(features: &Matrix, rows: &[usize]) -> Matrix {
    let mut products = outer_gram(&features.pick(rows));
    (0..rows.len()).for_each(|i| products.row_mut(i)[i] = 0.0);
    products
}

/// The estimate without bias of the Hilbert–Schmidt independence criterion, for b images:
/// [tr(KL) + (1ᵀK1)(1ᵀL1)/((b−1)(b−2)) − 2/(b−2)·1ᵀKL1] / (b(b−3)), of symmetric matrices with zeros on their diagonals.
fn hsic(k: &Matrix, l: &Matrix) -> f64 {
    let b = k.n_rows as f64;
    let products: f64 = k.values.iter().zip(&l.values).map(|(k, l)| k * l).sum();
    let of_rows =
        |m: &Matrix| -> Vec<f64> { (0..m.n_rows).map(|i| m.row(i).iter().sum()).collect() };
    let (of_k, of_l) = (of_rows(k), of_rows(l));
    let totals = of_k.iter().sum::<f64>() * of_l.iter().sum::<f64>();
    let crossed: f64 = of_k.iter().zip(&of_l).map(|(k, l)| k * l).sum();
    (products + totals / ((b - 1.0) * (b - 2.0)) - 2.0 / (b - 2.0) * crossed) / (b * (b - 3.0))
}

#[cfg(test)]
mod tests {
    use rand::{Rng, RngExt};

    use super::*;

    /// Features are f32, and a rotated one is rounded once more.
    const ROTATED: f64 = 1e-6;
    /// Both sides sum in f64 in another order.
    const SAME: f64 = 1e-9;

    /// Standard normal numbers (G. Box, M. Muller, 1958).
    fn gaussian(len: usize, random: &mut impl Rng) -> Vec<f32> {
        let one = |_| {
            let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
            (radius * (std::f64::consts::TAU * random.random::<f64>()).cos()) as f32
        };
        (0..len).map(one).collect()
    }

    /// HSIC as the mean over all four different images of k_ij·l_ij + k_ij·l_qr − 2·k_ij·l_iq (Song et al., theorem 1):
    /// its definition, in b⁴ steps.
    fn by_definition(a: &[f32], b: &[f32], rows: &[usize], n: usize) -> f64 {
        let product = |x: &[f32], i: usize, j: usize| -> f64 {
            let d = x.len() / n;
            let row = |r: usize| x[r * d..][..d].iter().map(|v| f64::from(*v));
            row(rows[i]).zip(row(rows[j])).map(|(v, w)| v * w).sum()
        };
        let (mut sum, mut count, m) = (0.0, 0.0, rows.len());
        for (i, j) in (0..m * m)
            .map(|at| (at / m, at % m))
            .filter(|(i, j)| i != j)
        {
            for (q, r) in (0..m * m)
                .map(|at| (at / m, at % m))
                .filter(|(q, r)| q != r)
            {
                if [q, r].iter().any(|s| *s == i || *s == j) {
                    continue;
                }
                let l = product(b, i, j) + product(b, q, r) - 2.0 * product(b, i, q);
                sum += product(a, i, j) * l;
                count += 1.0;
            }
        }
        sum / count
    }

    #[test]
    fn the_estimate_is_its_definition_over_all_fours_of_images() {
        for case in 0..20 {
            let mut random = Seed(case).stream("sizes", 0);
            let n = random.random_range(4..20);
            let (da, db) = (random.random_range(1..7), random.random_range(1..7));
            let a = gaussian(n * da, &mut random);
            let mut b = gaussian(n * db, &mut random);
            // Something in common, so that no denominator is a chance number near 0.
            (0..n).for_each(|i| b[i * db] += 2.0 * a[i * da]);
            // Half of 8 is as few images as a batch may have.
            let sum = |a: &[f32], b: &[f32]| -> f64 {
                let parts = batches(n, 8);
                parts.iter().map(|rows| by_definition(a, b, rows, n)).sum()
            };
            let squared = sum(&a, &a) * sum(&b, &b);
            let expected =
                (sum(&a, &a) > 0.0 && sum(&b, &b) > 0.0).then(|| sum(&a, &b) / squared.sqrt());
            match (in_batches(&a, &b, n, 8), expected) {
                (Some(found), Some(expected)) => {
                    assert!(
                        (found - expected).abs() < SAME * (1.0 + expected.abs()),
                        "{found} {expected}"
                    );
                }
                (found, expected) => assert_eq!(found, expected, "n {n}, {da} and {db} features"),
            }
        }
    }

    #[test]
    fn rotated_scaled_and_shifted_features_are_the_same() {
        let (n, d) = (300, 24);
        let mut random = Seed(1).stream("features", 0);
        let a = gaussian(n * d, &mut random);
        // A product of reflections x − 2v(v·x)/(v·v) is orthogonal.
        let mut rotated: Vec<f64> = a.iter().map(|v| f64::from(*v)).collect();
        for _ in 0..d {
            let v = gaussian(d, &mut random);
            let length: f64 = v.iter().map(|v| f64::from(*v).powi(2)).sum();
            for row in rotated.chunks_exact_mut(d) {
                let along: f64 = row.iter().zip(&v).map(|(x, v)| x * f64::from(*v)).sum();
                (row.iter_mut().zip(&v))
                    .for_each(|(x, v)| *x -= 2.0 * along / length * f64::from(*v));
            }
        }
        let b: Vec<f32> = rotated.iter().map(|v| (3.0 * v + 5.0) as f32).collect();
        let found = cka(&a, &b, n).unwrap();
        assert!((found - 1.0).abs() < ROTATED, "{found}");
        assert_eq!(cka(&a, &a, n), Some(1.0));
    }

    #[test]
    fn unrelated_features_have_nothing_in_common_which_the_biased_form_does_not_see() {
        let (n, d, n_sets) = (512, 64, 20);
        // Entries of a covariance of b images scatter by 1/√b; their squares, summed over d² entries, batches and sets, leave
        // √(2/(n·128·sets)) = 0.0012. Four of them.
        let tolerance = 4.0 * (2.0 / (n * BATCH * n_sets) as f64).sqrt();
        let (mut unbiased, mut biased) = (0.0, 0.0);
        for set in 0..n_sets {
            let mut random = Seed(set as u64).stream("features", 0);
            let (a, b) = (gaussian(n * d, &mut random), gaussian(n * d, &mut random));
            unbiased += cka(&a, &b, n).unwrap() / n_sets as f64;
            biased += biased_cka(&a, &b, n) / n_sets as f64;
        }
        assert!(unbiased.abs() < tolerance, "{unbiased}");
        // d/(n + d) is expected of all images at once, 0.11.
        assert!((biased - 0.11).abs() < 0.01, "{biased}");
    }

    /// ‖AᵀB‖² / (‖AᵀA‖·‖BᵀB‖) of centred features, over all images at once.
    fn biased_cka(a: &[f32], b: &[f32], n: usize) -> f64 {
        let (a, b) = (outer_gram(&centred(a, n)), outer_gram(&centred(b, n)));
        let dot = |x: &Matrix, y: &Matrix| -> f64 {
            x.values.iter().zip(&y.values).map(|(x, y)| x * y).sum()
        };
        dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
    }

    #[test]
    fn batches_are_even_and_hold_every_image_once() {
        for n in [4, 5, 127, 128, 129, 130, 257, 1000] {
            let parts = batches(n, BATCH);
            let mut all = parts.concat();
            all.sort_unstable();
            assert_eq!(all, (0..n).collect::<Vec<_>>());
            let sizes = parts.iter().map(Vec::len);
            let (least, most) = (sizes.clone().min().unwrap(), sizes.max().unwrap());
            assert!(least >= LEAST_IMAGES && most <= BATCH && most - least <= 1);
        }
    }

    #[test]
    fn three_images_and_features_that_say_nothing_have_no_answer() {
        let varied: Vec<f32> = (0..12).map(|i| ((i * i) % 7) as f32).collect();
        assert_eq!(cka(&varied[..3], &varied[..3], 3), None);
        assert_eq!(cka(&[], &[], 0), None);
        assert!(cka(&varied, &varied, 12).is_some());
        // 0.1 has no exact sum.
        assert_eq!(cka(&varied, &[0.1; 12], 12), None);
        let mut broken = varied.clone();
        broken[3] = f32::NAN;
        assert_eq!(cka(&varied, &broken, 12), None);
    }
}
