//! How often is everything judged? The fewer groups, the more the chance of one split weighs.

/// Folds and how often they are drawn anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// Folds.
    pub k: usize,
    /// Repeats.
    pub repeats: usize,
}

/// Folds, unless the person asks for another number.
const FOLDS: usize = 5;

/// The protocol for closed-form candidates by the number of independent groups: 10 × 5 below 100, 5 × 5 below 500,
/// 2 × 5 below 5,000, then 1 × 5. Repeats remove the noise of the split and nothing else.
pub fn protocol(n_groups: usize) -> Protocol {
    let repeats = match n_groups {
        0..100 => 10,
        100..500 => 5,
        500..5_000 => 2,
        _ => 1,
    };
    Protocol { k: FOLDS, repeats }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_fall_with_the_number_of_groups() {
        let repeats: Vec<usize> = [20, 99, 100, 499, 500, 4_999, 5_000]
            .iter()
            .map(|n| protocol(*n).repeats)
            .collect();
        assert_eq!(repeats, [10, 10, 5, 5, 2, 2, 1]);
    }
}
