//! Out of focus.

use handful_image::Pixels;
use rand::rngs::ChaCha8Rng;

use super::blur::{fixed, sum_of};
use super::{Change, Kind, Op};
use crate::range::Range;

/// Weights further away than so many standard deviations are left out, as by torchvision's usual sizes of kernels.
const REACH: f64 = 3.0;

/// A bell curve across and then down, with a standard deviation of so many hundredths of the shorter side.
pub struct GaussianBlur;

impl Op for GaussianBlur {
    fn name(&self) -> &'static str {
        "gaussian_blur"
    }

    fn summary(&self) -> &'static str {
        "blurs as a lens out of focus"
    }

    fn kind(&self) -> Kind {
        Kind::Quality
    }

    fn range(&self) -> Range {
        Range::up_to(4.0, "% of the side")
    }

    fn change(&self, amount: f32, [width, height]: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        let sigma_px = f64::from(amount) / 100.0 * width.min(height) as f64;
        if sigma_px <= 0.0 {
            return Change::Nothing;
        }
        Change::values(move |image| blur(image, sigma_px))
    }
}

/// With a standard deviation of `sigma_px`, mirrored beyond the edge.
pub(super) fn blur(image: &mut Pixels, sigma_px: f64) {
    let reach = (REACH * sigma_px).ceil() as i64;
    let weights: Vec<f64> = (-reach..=reach)
        .map(|i| (-0.5 * (i as f64 / sigma_px).powi(2)).exp())
        .collect();
    let weights = fixed(&weights);
    let taps = |of: fn(i64) -> [i64; 2]| -> Vec<([i64; 2], u32)> {
        (-reach..=reach)
            .map(of)
            .zip(weights.iter().copied())
            .collect()
    };
    sum_of(image, &taps(|i| [i, 0]));
    sum_of(image, &taps(|i| [0, i]));
}
