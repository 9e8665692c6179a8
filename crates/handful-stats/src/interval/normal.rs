//! Quantiles of the normal distribution.

/// z with P(|Z| ≤ z) = `level` for a standard normal Z; `level` in (0, 1). Absolute error below 1e-12.
pub(super) fn two_sided(level: f64) -> f64 {
    // Newton on the distribution function; it is concave right of 0, so that from 0 no step overshoots.
    let target = level / 2.0;
    let mut z = 0.0f64;
    for _ in 0..200 {
        let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let step = (target - between_zero_and(z)) / density;
        z += step;
        if step.abs() < 1e-14 {
            break;
        }
    }
    z
}

/// P(0 ≤ Z ≤ z) for z ≥ 0, by the series φ(z)·Σ z^(2k+1)/(1·3·5···(2k+1)), all of whose terms are positive.
fn between_zero_and(z: f64) -> f64 {
    let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let (mut term, mut sum, mut odd) = (z, z, 1.0);
    while term > sum * 1e-17 && term > 0.0 {
        odd += 2.0;
        term *= z * z / odd;
        sum += term;
    }
    density * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (level, z) in [
            (0.5, 0.674489750196082),
            (0.95, 1.959963984540054),
            (0.99, 2.575829303548901),
            (0.999, 3.290526731491926),
        ] {
            assert!(
                (two_sided(level) - z).abs() < 1e-12,
                "{level}: {}",
                two_sided(level)
            );
        }
    }
}
