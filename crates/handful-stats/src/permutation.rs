//! Could the same number have come about by chance? It is compared with the numbers of relabelled data.

/// A draw this close below the observed number counts as reaching it: shares of the same counts, summed in another
/// order, differ by less, and no photo moves a share so little.
const ROUNDING: f64 = 1e-12;

/// (1 + draws that reach the observed number)/(1 + draws): exact, because under chance the observed number is one more
/// draw. Large numbers are the remarkable ones.
///
/// # Source
/// B. Phipson, G. Smyth, Statistical Applications in Genetics and Molecular Biology 9 (2010), article 39.
pub fn permutation_p(observed: f64, draws: &[f64]) -> f64 {
    (1.0 + draws.iter().filter(|d| reaches(**d, observed)).count() as f64)
        / (1.0 + draws.len() as f64)
}

fn reaches(draw: f64, observed: f64) -> bool {
    draw >= observed - ROUNDING
}

/// The same test with an early end: after `enough` draws that reach the observed number it is clear that there is
/// nothing to see. Its p is valid, too: when stopped at draw l it is `enough`/l, otherwise that of [`permutation_p`].
///
/// # Source
/// J. Besag, P. Clifford, Biometrika 78 (1991), 301–304.
#[derive(Clone, Copy, Debug)]
pub struct SequentialTest {
    observed: f64,
    most_draws: usize,
    enough: usize,
    n_draws: usize,
    n_reached: usize,
}

impl SequentialTest {
    /// A test of at most `most_draws` draws that ends after `enough` of them have reached the observed number.
    pub fn new(observed: f64, most_draws: usize, enough: usize) -> SequentialTest {
        SequentialTest {
            observed,
            most_draws,
            enough,
            n_draws: 0,
            n_reached: 0,
        }
    }

    /// Takes the next draw; one that comes after the end is not looked at.
    pub fn take(&mut self, draw: f64) {
        if !self.is_over() {
            self.n_draws += 1;
            self.n_reached += usize::from(reaches(draw, self.observed));
        }
    }

    /// Whether no further draw is needed.
    pub fn is_over(&self) -> bool {
        self.n_reached >= self.enough || self.n_draws >= self.most_draws
    }

    /// Draws taken so far.
    pub fn n_draws(&self) -> usize {
        self.n_draws
    }

    /// The p value once the test is over.
    pub fn p(&self) -> f64 {
        if self.n_reached >= self.enough && self.n_draws > 0 {
            self.n_reached as f64 / self.n_draws as f64
        } else {
            (1 + self.n_reached) as f64 / (1 + self.n_draws) as f64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;
    use rand::RngExt;

    #[test]
    fn the_observed_number_counts_as_one_draw() {
        assert_eq!(permutation_p(0.9, &[0.1, 0.9, 0.5]), 0.5);
        assert_eq!(permutation_p(0.9, &vec![0.1; 999]), 0.001);
        assert_eq!(permutation_p(0.9, &[]), 1.0);
    }

    #[test]
    fn an_early_end_is_told_with_the_draws_it_took() {
        let mut test = SequentialTest::new(0.5, 999, 2);
        for draw in [0.1, 0.7, 0.2, 0.5, 0.0] {
            test.take(draw);
        }
        assert!(test.is_over());
        assert_eq!((test.p(), test.n_draws()), (0.5, 4));
    }

    /// Where chance is all there is, p below α must not come more often than in a share α of the tests.
    #[test]
    fn the_early_end_keeps_the_level() {
        const TESTS: u64 = 4_000;
        let mut small = [0.0; 2];
        for number in 0..TESTS {
            let mut random = Seed(number).stream("sequential", 0);
            let mut test = SequentialTest::new(random.random(), 199, 5);
            while !test.is_over() {
                test.take(random.random());
            }
            small[0] += f64::from(test.p() <= 0.01) / TESTS as f64;
            small[1] += f64::from(test.p() <= 0.2) / TESTS as f64;
        }
        // Three standard errors of shares among 4,000 tests.
        assert!(
            small[0] < 0.01 + 0.0048 && small[1] < 0.2 + 0.019,
            "{small:?}"
        );
    }
}
