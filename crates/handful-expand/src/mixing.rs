//! Two photos in one, with labels to match: mixup and CutMix.

use handful_image::Pixels;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

/// How two photos become one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mix {
    /// Each pixel is this share of the first photo's, and the rest of the second's.
    ///
    /// Source: H. Zhang et al., "mixup: beyond empirical risk minimization" (ICLR 2018), equation 1.
    Blend {
        /// Of the first photo, 0..=1.
        share: f32,
    },
    /// A rectangle of the second photo lies on the first.
    ///
    /// Source: S. Yun et al., "CutMix" (ICCV 2019), equations 1 and 2.
    Paste {
        /// First column, and the one behind the last.
        columns: [usize; 2],
        /// First row, and the one behind the last.
        rows: [usize; 2],
    },
}

impl Mix {
    /// A blend with a share from Beta(α, α).
    ///
    /// # Panics
    /// When α is not above 0.
    pub fn mixup(alpha: f64, random: &mut ChaCha8Rng) -> Mix {
        assert!(alpha > 0.0, "a Beta distribution has α above 0");
        Mix::Blend {
            share: beta(alpha, random) as f32,
        }
    }

    /// A rectangle of any area, uniform in 0..=1 before it is cut at the edge, with the proportions of the photo.
    pub fn cutmix([width, height]: [usize; 2], random: &mut ChaCha8Rng) -> Mix {
        let kept: f64 = random.random_range(0.0..=1.0);
        let side = (1.0 - kept).sqrt();
        let mut cut = |of: usize| {
            let middle = random.random_range(0.0..=of as f64);
            let half = of as f64 * side / 2.0;
            [middle - half, middle + half].map(|at| at.round().clamp(0.0, of as f64) as usize)
        };
        Mix::Paste {
            columns: cut(width),
            rows: cut(height),
        }
    }

    /// Two photos of one size in one.
    ///
    /// # Panics
    /// When their sizes differ.
    pub fn apply(&self, first: &Pixels, second: &Pixels) -> Pixels {
        let size = |photo: &Pixels| [photo.width, photo.height];
        assert_eq!(size(first), size(second), "photos of one size are mixed");
        let mut mixed = first.clone();
        match *self {
            Mix::Blend { share } => {
                let share = (share * 256.0).round() as i32;
                for (out, other) in mixed.data.iter_mut().zip(&second.data) {
                    let sum = i32::from(*out) * share + i32::from(*other) * (256 - share);
                    *out = ((sum + 128) >> 8) as u8;
                }
            }
            Mix::Paste { columns, rows } => {
                for y in rows[0]..rows[1] {
                    let line = |x: usize| 3 * (y * first.width + x);
                    let part = line(columns[0])..line(columns[1]);
                    mixed.data[part.clone()].copy_from_slice(&second.data[part]);
                }
            }
        }
        mixed
    }

    /// What the first photo's label counts, 0..=1, where photos are of this width and height; the second's counts the rest.
    pub fn share(&self, [width, height]: [usize; 2]) -> f32 {
        match *self {
            Mix::Blend { share } => share,
            Mix::Paste { columns, rows } => {
                let covered = (columns[1] - columns[0]) * (rows[1] - rows[0]);
                1.0 - covered as f32 / (width * height).max(1) as f32
            }
        }
    }
}

/// The label of a mixed photo, `[n_classes]`.
///
/// # Panics
/// When a class is not below `n_classes`.
pub fn soft_label(first: usize, second: usize, share: f32, n_classes: usize) -> Vec<f32> {
    let mut label = vec![0.0; n_classes];
    label[first] += share;
    label[second] += 1.0 - share;
    label
}

/// A draw from Beta(α, α): of two draws from Gamma(α), the share of the first.
fn beta(alpha: f64, random: &mut ChaCha8Rng) -> f64 {
    let (a, b) = (gamma(alpha, random), gamma(alpha, random));
    match a + b > 0.0 {
        true => a / (a + b),
        // Both are below the smallest number: either end is as likely.
        false => f64::from(random.random_range(0..=1u8)),
    }
}

/// A draw from Gamma(α) with scale 1.
///
/// Source: G. Marsaglia, W. W. Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000), 363–372; below 1 by their
/// note on page 371.
fn gamma(alpha: f64, random: &mut ChaCha8Rng) -> f64 {
    if alpha < 1.0 {
        let power: f64 = random.random_range(f64::MIN_POSITIVE..1.0);
        return gamma(alpha + 1.0, random) * power.powf(1.0 / alpha);
    }
    let d = alpha - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(random);
        let v = (1.0 + c * x).powi(3);
        let u: f64 = random.random_range(f64::MIN_POSITIVE..1.0);
        if v > 0.0 && u.ln() < 0.5 * x * x + d * (1.0 - v + v.ln()) {
            return d * v;
        }
    }
}

/// A standard normal draw (G. Box, M. Muller, Ann. Math. Stat. 29 (1958), 610–611).
fn normal(random: &mut ChaCha8Rng) -> f64 {
    let u: f64 = random.random_range(f64::MIN_POSITIVE..1.0);
    let angle = std::f64::consts::TAU * random.random_range(0.0..1.0f64);
    (-2.0 * u.ln()).sqrt() * angle.cos()
}

#[cfg(test)]
mod tests {
    use handful_stats::Seed;

    use super::*;

    #[test]
    fn shares_come_from_the_beta_distribution() {
        const N: usize = 20_000;
        for alpha in [0.1, 0.4, 1.0, 3.0] {
            let mut random = Seed(1).stream("beta", 0);
            let draws: Vec<f64> = (0..N).map(|_| beta(alpha, &mut random)).collect();
            let mean = draws.iter().sum::<f64>() / N as f64;
            let variance = draws.iter().map(|d| (d - 0.5).powi(2)).sum::<f64>() / N as f64;
            // Of Beta(α, α): mean ½, variance 1 / (4 (2α + 1)).
            let should = 1.0 / (4.0 * (2.0 * alpha + 1.0));
            let five_se = 5.0 * (should / N as f64).sqrt();
            assert!((mean - 0.5).abs() < five_se, "{alpha}: {mean}");
            // (d − ½)² lies in 0..=¼: its own standard error is at most ⅛ / √n.
            assert!((variance - should).abs() < 5.0 * 0.125 / (N as f64).sqrt());
        }
    }

    #[test]
    fn labels_are_mixed_as_pixels_are() {
        let (black, white) = (
            Pixels::filled(40, 20, [0; 3]),
            Pixels::filled(40, 20, [255; 3]),
        );
        let mut random = Seed(2).stream("cut", 0);
        let mut shares = 0.0;
        for _ in 0..400 {
            let mix = Mix::cutmix([40, 20], &mut random);
            let share = mix.share([40, 20]);
            let mixed = mix.apply(&white, &black);
            let is = mixed.data.iter().map(|v| f64::from(*v)).sum::<f64>() / (255.0 * 2400.0);
            assert!((is - f64::from(share)).abs() < 1e-6);
            shares += share / 400.0;
        }
        // Half before rectangles are cut at the edge, more after.
        assert!((0.5..0.75).contains(&shares), "{shares}");
        let blend = Mix::Blend { share: 0.25 };
        assert_eq!(blend.apply(&white, &black), Pixels::filled(40, 20, [64; 3]));
        assert_eq!(soft_label(2, 0, 0.25, 3), [0.75, 0.0, 0.25]);
        assert_eq!(soft_label(1, 1, 0.25, 2), [0.0, 1.0]);
    }
}
