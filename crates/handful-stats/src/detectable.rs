//! Which accuracy would have been seen, had there been one? What a test that found nothing can still say.

/// Normal quantile of 99 %: the level of the test for a signal, one-sided.
const Z_LEVEL: f64 = 2.326_347_874_040_841;
/// Normal quantile of 80 %: the usual power.
const Z_POWER: f64 = 0.841_621_233_572_914_3;
/// Factor on the excess over chance: out-of-fold hits depend on each other, which widens what chance alone shows.
/// Recipe A8.
const DEPENDENCE: f64 = 1.2;
/// The iteration gains about a digit a step.
const STEPS: usize = 60;

/// Balanced accuracy that a test at p < 0.01 finds in four of five sets of this size; in 0..=1.
///
/// `n_groups` independent groups (not photos), need not be whole; `n_classes` at least 2. Solves
/// a = c + 2.33·√(c(1−c)/n) + 0.84·√(a(1−a)/n) for chance c = 1/K and widens the excess over chance by a fifth.
///
/// # Source
/// Recipe A8: the normal approximation of a binomial test's power.
pub fn detectable_accuracy(n_classes: usize, n_groups: f64) -> f64 {
    let chance = 1.0 / n_classes as f64;
    let excess = of_independent_hits(chance, n_groups) - chance;
    (chance + DEPENDENCE * excess).min(1.0)
}

fn of_independent_hits(chance: f64, n: f64) -> f64 {
    let spread = |share: f64| (share * (1.0 - share) / n).sqrt();
    let needed = chance + Z_LEVEL * spread(chance);
    (0..STEPS).fold(needed.min(1.0), |a, _| {
        (needed + Z_POWER * spread(a)).min(1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_factor_it_is_the_table_of_the_recipe() {
        for (n_classes, row) in [(2, [74, 66, 59]), (5, [41, 33, 28]), (10, [27, 20, 16])] {
            for (n, expected) in [40.0, 100.0, 300.0].into_iter().zip(row) {
                let a = of_independent_hits(1.0 / f64::from(n_classes), n);
                assert_eq!((100.0 * a).round() as i32, expected, "{n_classes} {n}");
            }
        }
    }

    #[test]
    fn the_factor_widens_the_excess_and_nothing_passes_certainty() {
        let (plain, wide) = (
            of_independent_hits(0.5, 100.0),
            detectable_accuracy(2, 100.0),
        );
        assert!((wide - 0.5 - 1.2 * (plain - 0.5)).abs() < 1e-12);
        assert_eq!(detectable_accuracy(2, 2.0), 1.0);
    }
}
