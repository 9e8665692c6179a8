//! What do several classifiers say together?

/// Probabilities `[n, classes]` of a product of experts: for each row the geometric mean of what all say, brought to the sum 1.
///
/// One table stays as it is, bit for bit. A row in which no class is left, as where nothing was predicted, is all zeros.
///
/// Source: the logarithmic opinion pool with equal weights; C. Genest, J. V. Zidek, "Combining probability distributions" (Statistical
/// Science 1, 1986), section 2. Where its members agree it is as sure as they are.
///
/// # Panics
/// When there is no table, or they are of different lengths.
pub fn log_pool(tables: Vec<Vec<f64>>, n_classes: usize) -> Vec<f64> {
    let n_tables = tables.len() as f64;
    let mut tables = tables.into_iter();
    let mut pooled = tables.next().expect("somebody says something");
    if tables.len() == 0 {
        return pooled;
    }
    pooled.iter_mut().for_each(|p| *p = p.ln());
    for table in tables {
        assert_eq!(table.len(), pooled.len(), "probabilities of the same rows");
        pooled
            .iter_mut()
            .zip(table)
            .for_each(|(sum, p)| *sum += p.ln());
    }
    for row in pooled.chunks_exact_mut(n_classes) {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if largest == f64::NEG_INFINITY {
            row.fill(0.0);
            continue;
        }
        row.iter_mut()
            .for_each(|z| *z = ((*z - largest) / n_tables).exp());
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|p| *p /= sum);
    }
    pooled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_are_as_sure_as_the_geometric_mean_of_their_odds() {
        // Odds of 9 and of 1: together 3.
        let both = log_pool(vec![vec![0.9, 0.1], vec![0.5, 0.5]], 2);
        assert!((both[0] - 0.75).abs() < 1e-12 && (both[1] - 0.25).abs() < 1e-12);
        // Two that agree say nothing new, and neither is made less sure.
        let same = vec![0.7, 0.2, 0.1];
        for (pooled, said) in log_pool(vec![same.clone(), same.clone()], 3)
            .iter()
            .zip(&same)
        {
            assert!((pooled - said).abs() < 1e-12);
        }
    }

    #[test]
    fn what_one_rules_out_is_out_and_one_alone_is_itself() {
        let both = log_pool(vec![vec![0.5, 0.5, 0.0], vec![0.2, 0.6, 0.2]], 3);
        assert_eq!(both[2], 0.0);
        assert!((both.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let alone = vec![0.1 + 0.2, 0.7];
        assert_eq!(log_pool(vec![alone.clone()], 2), alone);
        assert_eq!(log_pool(vec![vec![0.0; 4], vec![0.0; 4]], 2), [0.0; 4]);
        // Far below what a probability can be apart from its logarithm.
        let tiny = log_pool(vec![vec![1e-300, 1.0], vec![1e-300, 1.0]], 2);
        assert!(tiny[0] > 0.0 && tiny[1] == 1.0);
    }
}
