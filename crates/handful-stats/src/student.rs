//! Student's t distribution: what a mean of few numbers of unknown spread may be.

/// P(T ≤ t) with `df` degrees of freedom, above 0. Absolute error below 1e-12.
pub(crate) fn cdf(t: f64, df: f64) -> f64 {
    let tail = 0.5 * incomplete_beta(df / (df + t * t), df / 2.0, 0.5);
    if t > 0.0 { 1.0 - tail } else { tail }
}

/// t with P(T ≤ t) = `p`, for `p` in (0, 1). Relative error below 1e-12.
pub(crate) fn quantile(p: f64, df: f64) -> f64 {
    if p < 0.5 {
        return -quantile(1.0 - p, df);
    }
    let mut high = 1.0;
    while cdf(high, df) < p {
        high *= 2.0;
    }
    // Halving ends at the last bit and needs no care, and there are a few of these a run.
    let mut low = 0.0;
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return middle;
        }
        if cdf(middle, df) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// I_x(a, b), the regularised incomplete beta function, by its continued fraction.
///
/// # Source
/// NIST Digital Library of Mathematical Functions, 8.17.22, evaluated by W. Lentz's method.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return f64::from(u8::from(x >= 1.0));
    }
    // The fraction converges fast on one side only; the other one mirrors it.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let front =
        (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp() / a;
    let safe = |v: f64| if v.abs() < 1e-300 { 1e-300 } else { v };
    let (mut c, mut d) = (1.0, 1.0 / safe(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for m in 1..10_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            d = 1.0 / safe(1.0 + term * d);
            c = safe(1.0 + term / c);
            change = c * d;
            fraction *= change;
        }
        if (change - 1.0).abs() < 1e-16 {
            break;
        }
    }
    front * fraction
}

/// ln Γ(x) for x > 0.
///
/// # Source
/// C. Lanczos, SIAM J. Numer. Anal. 1 (1964), 86–96, with g = 7 and nine terms.
fn ln_gamma(x: f64) -> f64 {
    const G: f64 = 7.0;
    const TERMS: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        let pi = std::f64::consts::PI;
        return (pi / (pi * x).sin()).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let sum = TERMS[0]
        + (1..TERMS.len())
            .map(|i| TERMS[i] / (x + i as f64))
            .sum::<f64>();
    let t = x + G + 0.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_scipys() {
        // scipy.stats.t 1.16: df, cdf at 0.5, 2 and 4.7, ppf at 0.975 and 0.8.
        for (df, at, quantiles) in [
            (
                1.0,
                [0.6475836176504333, 0.8524163823495667, 0.933269564520192],
                [12.706204736174694, 1.3763819204711738],
            ),
            (
                4.0,
                [0.6783350184090684, 0.9419417382415922, 0.9953457975240853],
                [2.7764451051977934, 0.9409645772351816],
            ),
            (
                9.0,
                [0.6854643500869868, 0.9617235881146495, 0.9994399147742901],
                [2.262157162798205, 0.8834038596855346],
            ),
            (
                49.0,
                [0.6903434068949343, 0.974470425871291, 0.9999892684294724],
                [2.0095752371292392, 0.8490183985380773],
            ),
        ] {
            for (t, p) in [0.5, 2.0, 4.7].into_iter().zip(at) {
                assert!((cdf(t, df) - p).abs() < 1e-12, "{df} {t}: {}", cdf(t, df));
                assert!((cdf(-t, df) - (1.0 - p)).abs() < 1e-12);
            }
            for (p, t) in [0.975, 0.8].into_iter().zip(quantiles) {
                assert!((quantile(p, df) / t - 1.0).abs() < 1e-11, "{df} {p}");
                assert!((quantile(1.0 - p, df) + quantile(p, df)).abs() < 1e-12);
            }
        }
        assert!((cdf(0.0, 3.0) - 0.5).abs() < 1e-15);
    }
}
