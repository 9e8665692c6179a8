//! Another light on whatever lies around the thing.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::veil::{each, smooth_step};
use super::{Change, Kind, Op};
use crate::range::Range;

/// Share of the way from the middle to the edge at which the change is half of what it is at the edge.
const HALF_AT: f32 = 0.8;
/// Levels by which a channel is moved at most.
const LEVELS: f32 = 96.0;

/// Shifts each channel by its own draw of up to this share of 96 levels, fully at the edge and not at all in the middle: as far as it goes
/// without knowing where the thing ends. Composing things onto other backgrounds needs their outlines and is another matter.
pub struct BackgroundJitter;

impl Op for BackgroundJitter {
    fn name(&self) -> &'static str {
        "background_jitter"
    }

    fn summary(&self) -> &'static str {
        "changes light and colour around the middle"
    }

    fn kind(&self) -> Kind {
        Kind::Cover
    }

    fn range(&self) -> Range {
        Range::up_to(1.0, "of 96 levels")
    }

    fn change(&self, amount: f32, _: [usize; 2], random: &mut ChaCha8Rng) -> Change {
        let shifts: [f32; 3] = std::array::from_fn(|_| LEVELS * random.random_range(-1.0..=1.0f32));
        let shifts = shifts.map(|shift| (shift * amount).round() as i32);
        if shifts == [0; 3] {
            return Change::Nothing;
        }
        Change::values(move |image| {
            let around = |x: f32, y: f32| smooth_step((x * x + y * y).sqrt() - HALF_AT);
            each(image, around, |value, channel, share| {
                i32::from(value) + ((shifts[channel] * share + 128) >> 8)
            });
        })
    }
}
