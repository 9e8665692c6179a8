//! How light and dark is a picture, and how much of it is lost in black or white?

use super::luma::Luma;

/// Levels counted as pure black: JPEG moves 0 by a level or two.
const BLACK: usize = 2;

/// Levels from this one on count as pure white.
const WHITE: usize = 253;

/// Brightness over all pixels, in levels 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brightness {
    /// The level that 5 % of the pixels don't exceed.
    pub quantile_5: f32,
    /// The median.
    pub quantile_50: f32,
    /// The level that 95 % of the pixels don't exceed.
    pub quantile_95: f32,
    /// Share of the pixels in pure black (levels 0 to 2), in 0..=1.
    pub clipped_black: f32,
    /// Share of the pixels in pure white (levels 253 to 255), in 0..=1.
    pub clipped_white: f32,
}

impl Brightness {
    pub(super) fn of(luma: &Luma) -> Brightness {
        let mut counts = [0_u64; 256];
        luma.data
            .iter()
            .for_each(|level| counts[usize::from(*level)] += 1);
        let n = luma.data.len() as u64;
        let quantile = |percent: u64| {
            let mut below = 0;
            let level = counts.iter().position(|count| {
                below += count;
                below * 100 >= n * percent
            });
            level.unwrap_or(0) as f32
        };
        let share = |levels: &[u64]| levels.iter().sum::<u64>() as f32 / n as f32;
        Brightness {
            quantile_5: quantile(5),
            quantile_50: quantile(50),
            quantile_95: quantile(95),
            clipped_black: share(&counts[..=BLACK]),
            clipped_white: share(&counts[WHITE..]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_has_its_levels_as_quantiles() {
        let ramp = Luma {
            width: 256,
            height: 4,
            data: (0..1024).map(|i| (i % 256) as u8).collect(),
        };
        let of = Brightness::of(&ramp);
        assert_eq!(
            (of.quantile_5, of.quantile_50, of.quantile_95),
            (12.0, 127.0, 243.0)
        );
        assert_eq!(
            (of.clipped_black, of.clipped_white),
            (3.0 / 256.0, 3.0 / 256.0)
        );
    }

    #[test]
    fn one_pixel_is_all_of_its_quantiles() {
        let of = Brightness::of(&Luma {
            width: 1,
            height: 1,
            data: vec![254],
        });
        assert_eq!(
            (of.quantile_5, of.quantile_95, of.clipped_white),
            (254.0, 254.0, 1.0)
        );
    }
}
