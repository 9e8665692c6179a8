//! Random numbers for every pixel, fast and the same on every machine.

use crate::wide::wide;

/// Adds to each value a draw from a bell curve with the standard deviation that `sigma` gives it, in levels. `key` tells draws apart.
///
/// A draw is the sum of four bytes of a hash of the place: its tails end at 3.45 standard deviations, and its kurtosis is 2.7 where that of
/// a normal one is 3, which no eye sees.
#[inline(always)]
pub(super) fn add_noise(values: &mut [u8], key: u64, sigma: impl Fn(u8) -> f32) {
    let key = key as u32 ^ (key >> 32) as u32;
    wide(|| {
        for (place, value) in values.iter_mut().enumerate() {
            let noise = sigma(*value) * normal(place as u32, key);
            *value = level(f32::from(*value) + noise);
        }
    });
}

/// About a standard normal draw for a place.
#[inline(always)]
pub(super) fn normal(place: u32, key: u32) -> f32 {
    // The mean of four bytes' sum, and one over its standard deviation: 4 · (256² − 1)/12.
    const MEAN: f32 = 510.0;
    const SCALE: f32 = 1.0 / 147.8;
    let bits = hash(place ^ key);
    let pairs = (bits & 0x00ff_00ff) + ((bits >> 8) & 0x00ff_00ff);
    let sum = (pairs & 0xffff) + (pairs >> 16);
    (sum as f32 - MEAN) * SCALE
}

/// A bijection of 32 bits that leaves no pattern (C. Wellons, "Prospecting for hash functions", 2018: `lowbias32`).
#[inline(always)]
fn hash(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(0x7feb_352d);
    x ^= x >> 15;
    x = x.wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

/// The nearest level.
#[inline(always)]
fn level(value: f32) -> u8 {
    (value.clamp(0.0, 255.0) + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_mean_0_and_variance_1_and_neighbours_know_nothing_of_each_other() {
        const N: u32 = 100_000;
        let draws: Vec<f64> = (0..N).map(|i| f64::from(normal(i, 77))).collect();
        let mean = draws.iter().sum::<f64>() / f64::from(N);
        let variance = draws.iter().map(|d| d * d).sum::<f64>() / f64::from(N);
        let next = draws.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / f64::from(N);
        // Five standard errors: 1/√N, √2/√N, 1/√N.
        let se = 1.0 / f64::from(N).sqrt();
        assert!(mean.abs() < 5.0 * se, "{mean}");
        assert!((variance - 1.0).abs() < 5.0 * 1.5 * se, "{variance}");
        assert!(next.abs() < 5.0 * se, "{next}");
    }
}
