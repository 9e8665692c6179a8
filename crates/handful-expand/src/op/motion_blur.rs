//! The camera or the thing moved.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::blur::{fixed, sum_of};
use super::{Change, Kind, Op};
use crate::range::Range;

/// The mean along a straight line of so many hundredths of the shorter side, in any direction.
pub struct MotionBlur;

impl Op for MotionBlur {
    fn name(&self) -> &'static str {
        "motion_blur"
    }

    fn summary(&self) -> &'static str {
        "blurs along a line"
    }

    fn kind(&self) -> Kind {
        Kind::Quality
    }

    fn range(&self) -> Range {
        Range::up_to(12.0, "% of the side")
    }

    fn change(&self, amount: f32, [width, height]: [usize; 2], random: &mut ChaCha8Rng) -> Change {
        let angle = random.random_range(0.0..std::f64::consts::PI);
        let length_px = f64::from(amount) / 100.0 * width.min(height) as f64;
        let half = (length_px / 2.0).round() as i64;
        if half == 0 {
            return Change::Nothing;
        }
        let (sin, cos) = angle.sin_cos();
        let step = |i: i64| [cos, sin].map(|part| (i as f64 * part).round() as i64);
        let weights = fixed(&vec![1.0; 2 * half as usize + 1]);
        let taps: Vec<([i64; 2], u32)> = (-half..=half).map(step).zip(weights).collect();
        Change::values(move |image| sum_of(image, &taps))
    }
}
