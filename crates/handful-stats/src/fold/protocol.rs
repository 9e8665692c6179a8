//! How often is everything judged? The fewer groups, the more the chance of one split weighs.

/// Folds and how often they are drawn anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// Folds.
    pub k: usize,
    /// Repeats where all candidates have closed forms, or nearly.
    pub repeats: usize,
    /// Repeats where networks are trained.
    pub trained_repeats: usize,
}

/// Folds, unless the person asks for another number.
const FOLDS: usize = 5;

/// The protocol by the number of independent groups: 10 × 5 below 100, 5 × 5 below 500, 2 × 5 below 5,000, then 1 × 5; where
/// networks are trained 4 × 5, 2 × 5, then 1 × 5. Repeats remove the noise of the split and nothing else.
pub fn protocol(n_groups: usize) -> Protocol {
    let (repeats, trained_repeats) = match n_groups {
        0..100 => (10, 4),
        100..500 => (5, 2),
        500..5_000 => (2, 1),
        _ => (1, 1),
    };
    Protocol {
        k: FOLDS,
        repeats,
        trained_repeats,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_fall_with_the_number_of_groups() {
        let of = |repeats: fn(Protocol) -> usize| -> Vec<usize> {
            let sizes = [20, 99, 100, 499, 500, 4_999, 5_000];
            sizes.iter().map(|n| repeats(protocol(*n))).collect()
        };
        assert_eq!(of(|p| p.repeats), [10, 10, 5, 5, 2, 2, 1]);
        assert_eq!(of(|p| p.trained_repeats), [4, 4, 2, 2, 1, 1, 1]);
    }
}
