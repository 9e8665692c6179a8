//! What do several classifiers say together?

/// Probabilities `[n, classes]` of a logarithmic opinion pool: for each row the geometric mean of what all say, brought to the sum 1.
///
/// On every row −ln of what it gives to a class is at most the mean of its members', because geometric means sum up to no more than 1. Where
/// members agree it is as sure as they are. An arithmetic mean of calibrated members that differ is less sure than it should be (R. Ranjan,
/// T. Gneiting, "Combining probability forecasts", Journal of the Royal Statistical Society B 72, 2010); this need not be, but is not
/// calibrated by itself either.
///
/// One table stays as it is, bit for bit. Where each class is ruled out by some member, the row is the arithmetic mean; so rows in which
/// nothing was predicted stay all zeros, and what is no number stays none.
///
/// Source: C. Genest, J. V. Zidek, "Combining probability distributions" (Statistical Science 1, 1986), section 2, with equal weights.
///
/// # Panics
/// When there is no table, or they are of different lengths or not of whole rows.
pub fn log_pool(tables: &[Vec<f64>], n_classes: usize) -> Vec<f64> {
    let (first, others) = tables.split_first().expect("somebody says something");
    if others.is_empty() {
        return first.clone();
    }
    for other in others {
        assert_eq!(other.len(), first.len(), "probabilities of the same rows");
    }
    assert_eq!(first.len() % n_classes, 0, "whole rows");
    let n_tables = tables.len() as f64;
    let mean = |i: usize, of: fn(f64) -> f64| {
        let said = tables.iter().map(|table| of(table[i]));
        said.sum::<f64>() / n_tables
    };
    let mut pooled: Vec<f64> = (0..first.len()).map(|i| mean(i, f64::ln)).collect();
    for (row, logs) in pooled.chunks_exact_mut(n_classes).enumerate() {
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if largest == f64::NEG_INFINITY {
            for (class, p) in logs.iter_mut().enumerate() {
                *p = mean(row * n_classes + class, |p| p);
            }
            continue;
        }
        logs.iter_mut().for_each(|z| *z = (*z - largest).exp());
        let sum: f64 = logs.iter().sum();
        logs.iter_mut().for_each(|p| *p /= sum);
    }
    pooled
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_are_as_sure_as_the_geometric_mean_of_their_odds() {
        // Odds of 9 and of 1: together 3.
        let both = log_pool(&[vec![0.9, 0.1], vec![0.5, 0.5]], 2);
        assert!((both[0] - 0.75).abs() < 1e-12 && (both[1] - 0.25).abs() < 1e-12);
        // Two that agree say nothing new, and neither is made less sure.
        let same = vec![0.7, 0.2, 0.1];
        let pooled = log_pool(&[same.clone(), same.clone()], 3);
        for (pooled, said) in pooled.iter().zip(&same) {
            assert!((pooled - said).abs() < 1e-12);
        }
    }

    #[test]
    fn what_one_rules_out_is_out_and_one_alone_is_itself() {
        let both = log_pool(&[vec![0.5, 0.5, 0.0], vec![0.2, 0.6, 0.2]], 3);
        assert_eq!(both[2], 0.0);
        assert!((both.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let alone = vec![0.1 + 0.2, 0.7];
        assert_eq!(log_pool(std::slice::from_ref(&alone), 2), alone);
        // Far below what a probability can be apart from its logarithm.
        let tiny = log_pool(&[vec![1e-300, 1.0], vec![1e-300, 1.0]], 2);
        assert!(tiny[0] > 0.0 && tiny[1] == 1.0);
    }

    #[test]
    fn where_nothing_is_left_the_mean_is() {
        let nothing = log_pool(&[vec![0.0; 4], vec![0.0; 4]], 2);
        assert_eq!(nothing, [0.0; 4]);
        let against = log_pool(&[vec![1.0, 0.0], vec![0.0, 1.0]], 2);
        assert_eq!(against, [0.5, 0.5]);
        let no_number = log_pool(&[vec![f64::NAN, 0.5], vec![0.5, 0.5]], 2);
        assert!(no_number.iter().all(|p| p.is_nan()));
    }

    proptest! {
        #[test]
        fn on_no_row_it_loses_more_than_its_members_on_average(
            said in prop::collection::vec(prop::collection::vec(1e-6..1.0f64, 3), 2..4),
        ) {
            let tables: Vec<Vec<f64>> = (said.iter())
                .map(|row| row.iter().map(|p| p / row.iter().sum::<f64>()).collect())
                .collect();
            let pooled = log_pool(&tables, 3);
            for class in 0..3 {
                let losses = tables.iter().map(|table| -table[class].ln());
                let mean = losses.sum::<f64>() / tables.len() as f64;
                prop_assert!(-pooled[class].ln() <= mean + 1e-9);
            }
        }
    }
}
